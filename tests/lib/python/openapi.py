#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A strict look at the OpenAPI document, without a network: its structure, and every example against its schema.
openapi.py [FILE]"""
import json
import pathlib
import re
import sys

PATH = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parent.parent.parent.parent
                    / "agent/server/openapi.json")
FIELDS = {  # OpenAPI 3.1.0, section 4.8: what an object may have, and what it must
    "root": ({"openapi", "info", "servers", "security", "paths", "components", "tags"}, {"openapi", "info", "paths"}),
    "info": ({"title", "version", "summary", "description", "license", "contact"}, {"title", "version"}),
    "operation": ({"operationId", "summary", "description", "parameters", "requestBody", "responses", "security", "tags"},
                  {"operationId", "summary", "responses"}),
    "parameter": ({"name", "in", "required", "description", "schema", "examples"}, {"name", "in", "schema"}),
    "body": ({"required", "content", "description"}, {"content"}), "response": ({"description", "headers", "content"}, {"description"}),
    "media": ({"schema", "examples"}, {"schema"}), "example": ({"summary", "value"}, set()),
    "header": ({"description", "schema"}, {"schema"})}
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None), "integer": int, "number": (int, float)}
KEYWORDS = {"type", "properties", "required", "items", "enum", "const", "pattern", "format", "description", "additionalProperties",
            "minLength", "maxLength", "default", "contentEncoding", "contentMediaType", "$ref", "minimum", "maximum", "oneOf", "anyOf"}
found, used = [], set()


def complain(where, what):
    found.append(f"{where}: {what}")


def fields(kind, value, where):
    may, must = FIELDS[kind]
    for name in value.keys() - may:
        complain(where, f"'{name}' is not a field of it")
    for name in must - value.keys():
        complain(where, f"'{name}' is missing")


def resolve(schema, where):
    while isinstance(schema, dict) and "$ref" in schema:
        used.add(schema["$ref"])
        target = document
        for step in schema["$ref"].removeprefix("#/").split("/"):
            target = target.get(step) if isinstance(target, dict) else None
        if target is None:
            complain(where, f"{schema['$ref']} leads nowhere")
            return {}
        schema = target
    return schema


def look_at_schema(schema, where):
    if not isinstance(schema, dict):
        return complain(where, "a schema is an object here")
    for name in schema.keys() - KEYWORDS:
        complain(where, f"'{name}' is no keyword that this check knows")
    resolve(schema, where)
    for name in schema.get("required", []):
        if name not in schema.get("properties", {}):
            complain(where, f"'{name}' is required and not described")
    if "pattern" in schema:
        re.compile(schema["pattern"])
    for name, part in schema.get("properties", {}).items():
        look_at_schema(part, f"{where}/{name}")
    for part in [*([schema["items"]] if "items" in schema else []), *schema.get("oneOf", []), *schema.get("anyOf", [])]:
        look_at_schema(part, where + "/items")


def fits(value, schema, where):
    schema = resolve(schema, where)
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    if types and not any(isinstance(value, TYPES[t]) and not (t in ("integer", "number") and isinstance(value, bool)) for t in types):
        complain(where, f"the example is not of type {types}")
    if "enum" in schema and value not in schema["enum"] or "const" in schema and value != schema["const"]:
        complain(where, f"the example {value!r} is not among what is allowed")
    if isinstance(value, str) and "pattern" in schema and not re.search(schema["pattern"], value):
        complain(where, f"the example {value!r} does not match {schema['pattern']}")
    if isinstance(value, dict):
        for name in schema.get("required", []):
            if name not in value:
                complain(where, f"the example lacks '{name}'")
        for name, part in value.items():
            if name in schema.get("properties", {}):
                fits(part, schema["properties"][name], f"{where}/{name}")
            elif schema.get("additionalProperties", True) is False:
                complain(where, f"the example has '{name}'")
    for part in value if isinstance(value, list) else []:
        fits(part, schema.get("items", {}), where + "/items")


def media(content, where, judged):
    for kind, part in content.items():
        fields("media", part, f"{where}/{kind}")
        look_at_schema(part.get("schema", {}), f"{where}/{kind}")
        for name, example in part.get("examples", {}).items():
            fields("example", example, f"{where}/{name}")
            if "value" in example and judged:
                fits(example["value"], part["schema"], f"{where}/{name}")


def operation(path, method, op, where):
    fields("operation", op, where)
    named = {p.get("name") for p in op.get("parameters", []) if p.get("in") == "path"}
    if named != set(re.findall(r"\{(\w+)\}", path)):
        complain(where, f"path parameters are {named}")
    for p in op.get("parameters", []):
        fields("parameter", p, f"{where}/{p.get('name')}")
        look_at_schema(p.get("schema", {}), f"{where}/{p.get('name')}")
        if p.get("in") == "path" and p.get("required") is not True:
            complain(where, f"'{p['name']}' is in the path and not required")
    if "requestBody" in op:
        fields("body", op["requestBody"], where)
        if method in ("get", "head", "delete"):
            complain(where, "a body has no meaning")
        media(op["requestBody"].get("content", {}), where + "/body", judged=False)  # some are wrong on purpose
    for status, answer in op.get("responses", {}).items():
        if not re.fullmatch(r"[1-5]\d\d", status):
            complain(where, f"'{status}' is no status")
        fields("response", answer, f"{where}/{status}")
        for name, header in answer.get("headers", {}).items():
            fields("header", header, f"{where}/{status}/{name}")
        media(answer.get("content", {}), f"{where}/{status}", judged=True)
    if not any(s.startswith("2") for s in op.get("responses", {})):
        complain(where, "no answer is good")


document = json.loads(PATH.read_text(), object_pairs_hook=lambda pairs: dict(pairs) if len(dict(pairs)) == len(pairs)
                      else sys.exit(f"a member is there twice: {[k for k, _ in pairs]}"))
fields("root", document, "root")
fields("info", document["info"], "info")
if not re.fullmatch(r"3\.1\.\d+", document["openapi"]):
    complain("openapi", document["openapi"])
ids = [op.get("operationId") for item in document["paths"].values() for op in item.values()]
if len(set(ids)) != len(ids):
    complain("paths", "an operationId is there twice")
for at, item in document["paths"].items():
    if not at.startswith("/"):
        complain(at, "a path starts with a slash")
    for verb, what in item.items():
        if verb not in ("get", "post", "put", "delete", "head", "patch"):
            complain(at, f"'{verb}' is no method")
        operation(at, verb, what, f"{verb} {at}")
for title, part in document["components"]["schemas"].items():
    look_at_schema(part, title)
for title in document["components"]["schemas"]:
    if f"#/components/schemas/{title}" not in used:
        complain(title, "nobody uses this schema")
for line in found:
    print("not ok openapi: " + line)
if not found:
    print(f"ok openapi: {len(ids)} operations, {len(document['components']['schemas'])} schemas, every example fits")
sys.exit(bool(found))
