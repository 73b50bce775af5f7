#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The parts of test_operations: operations.py PART. The judges are jose, openssl and python3-cryptography."""
import base64
import json
import os
import pathlib
import re
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
import ssl

import yaml
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

LAB, WORK = pathlib.Path(os.environ["LAB"]), pathlib.Path(os.environ["WORK"])
ROOT = pathlib.Path(__file__).resolve().parents[3]
AT = json.loads((LAB / "lab.json").read_text())
TCP, SOCKET = "http://127.0.0.1:8080", WORK / "keyward.sock"
RAW = {"kek": bytes.fromhex("feffe9928665731c6d6a8f9467308308"), "wrapper": bytes(range(16)),
       "wrapper192": bytes(range(24)), "wrapper256": bytes(range(32)), "oct192": bytes(range(24)), "oct256": bytes(range(32))}
ASYMMETRIC = {"rsa": ("RSA", "--size", "2048"), "ec256": ("EC", "--curve", "P-256"), "ec384": ("EC", "--curve", "P-384"),
              "ec521": ("EC", "--curve", "P-521"), "ec256k": ("EC", "--curve", "P-256K"), "turning": ("RSA", "--size", "2048"),
              "doomed": ("EC", "--curve", "P-256")}
failed = 0


def check(name, good, found=""):
    global failed
    failed += not good
    print(("ok " if good else "not ok ") + name + ("" if good else f"\n#   found: {str(found)[:600]}"))


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Answer:
    def __init__(self, raw):
        head, _, self.body = raw.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        self.status = int(lines[0].split()[1]) if lines[0] else 0
        self.headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines[1:] if ": " in line)}

    def json(self):
        return json.loads(self.body)

    def id(self):
        return self.json().get("id") if self.body else None


def call(method, path, body=None, caller="tcp", headers=()):
    """One request by curl, as one of CALLERS."""
    args = ["curl", "-s", "-i", "-X", method, "--max-time", "20", "-H", "Expect:"]
    for header in headers:
        args += ["-H", header]
    if body is not None:
        args += ["--data-binary", "@-"]
    as_user = {"user": 65534, "group": 65534, "extra_groups": []} if caller == "socket, uid 65534" else {}
    if caller.startswith("socket"):
        args += ["--unix-socket", str(SOCKET), "http://localhost" + path]
    else:
        args += [TCP + path]
    if caller == "tcp, token app":
        args += ["-H", "Authorization: Bearer " + (WORK / "token").read_text().strip()]
    if caller == "tcp, wrong token":
        args += ["-H", "Authorization: Bearer " + "A" * 43]
    text = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(subprocess.run(args, input=text, stdout=subprocess.PIPE, check=False, **as_user).stdout)


def use(key, what, body, **more):
    return call("POST", f"/v1/keys/{key}/{what}", body, **more)


def shell(*args, text=None):
    return subprocess.run(args, input=text, capture_output=True, check=False)


# --- what is there -----------------------------------------------------------------------------------------------

def lab_key(name, *args):
    made = shell(os.environ["KEYWARD_LAB"], "key", "--dir", str(LAB), name, "--kty", *args)
    if made.returncode != 0:
        sys.exit(f"keyward-lab key {name}: {made.stderr.decode()}")


def vault(path, body, method="POST"):
    """A call as an administrator of the vault would make it."""
    token = json.load(urllib.request.urlopen(urllib.request.Request(
        f"{AT['imds']}/metadata/identity/oauth2/token?api-version=2018-02-01&resource="
        + urllib.parse.quote(AT["resource"], safe=""), headers={"Metadata": "true"})))["access_token"]
    trust = ssl.create_default_context(cafile=AT["ca"])
    return json.load(urllib.request.urlopen(urllib.request.Request(
        f"{AT['vault']}/keys/{path}?api-version=7.4", json.dumps(body).encode(), method=method,
        headers={"Authorization": "Bearer " + token, "Content-Type": "application/json"}), context=trust))


def keys():
    for name, args in ASYMMETRIC.items():
        lab_key(name, *args)
    for name, raw in RAW.items():
        (WORK / name).write_bytes(raw)
        lab_key(name, "oct", "--import", str(WORK / name))
    policy = {"version": "1.0.0", "anyOf": [{"authority": AT["maa"], "allOf": [
        {"claim": "x-ms-isolation-tee.x-ms-attestation-type", "equals": "sevsnpvm"}]}]}
    vault("verifier/create", {"kty": "EC-HSM", "crv": "P-256", "key_ops": ["verify"], "attributes": {"exportable": True},
                              "release_policy": {"data": b64(json.dumps(policy).encode())}})
    config = yaml.safe_load((LAB / "keyward.yaml").read_text())
    at = lambda name: f"{AT['vault']}/keys/{name}"
    anyone = [{"any": True}]
    yaml.SafeDumper.ignore_aliases = lambda *_: True
    config["keys"] = [{"name": n, "url": at(n), "export": False, "allow": anyone, "required": True}
                      for n in [*RAW, "ec256", "ec384", "ec521", "ec256k", "verifier"]]
    config["keys"] += [
        {"name": "open", "url": at("kek"), "allow": anyone, "required": True},
        {"name": "sealed", "url": at("rsa"), "export": False, "allow": anyone, "required": True},
        {"name": "exported", "url": at("rsa"), "allow": anyone, "required": True},
        {"name": "own", "url": at("rsa"), "required": True},
        {"name": "bytoken", "url": at("rsa"), "allow": [{"token": "app"}], "required": True},
        {"name": "byuid", "url": at("rsa"), "allow": [{"uid": 65534}], "required": True},
        {"name": "turning", "url": at("turning"), "allow": anyone, "required": False, "refresh": "1s"},
        {"name": "doomed", "url": at("doomed"), "allow": anyone, "required": False, "refresh": "1s"},
        {"name": "later", "url": "https://localhost:1/keys/later", "allow": anyone, "required": False}]
    config["server"]["tokens"] = [{"name": "app", "file": str(WORK / "token")}]
    config["server"].update(attest={"allow": anyone}, failuresPerMinute=60000)
    config["server"]["socket"] = {"path": str(SOCKET), "mode": "0660"}
    config["audit"] = {"path": str(WORK / "audit"), "required": False}
    config["log"] = {"level": "debug", "format": "json"}
    (WORK / "keyward.yaml").write_text(yaml.safe_dump(config))


# --- the document ------------------------------------------------------------------------------------------------

def shape(value):
    """Names and JSON types, without the values."""
    if isinstance(value, dict):
        return {k: shape(v) for k, v in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__


def like(expected, found, path=""):
    """What differs: shape, and the values that do not depend on the machine."""
    free = {"kid", "version", "age", "size", "used", "locked", "hidden", "trust", "pending", "ready", "stale", "revoked",
            "failed", "name", "customTrust", "answered", "suspended", "waiting", "endpoint", "expiry",
            "token", "vcekCert", "tcbm", "certificateChain", "authority", "issuer"}
    if path.rsplit("/", 1)[-1] in ("evidence", "checks") and type(expected) is type(found):
        return []  # of this machine
    if isinstance(expected, dict) and isinstance(found, dict):
        missing = [f"{path}/{k} is missing" for k in expected.keys() - found.keys()]
        return missing + [d for k in expected.keys() & found.keys() for d in like(expected[k], found[k], f"{path}/{k}")]
    if isinstance(expected, list) and isinstance(found, list):
        return like(expected[0], found[0], path + "/0") if expected and found else []
    if type(expected) is not type(found):
        return [f"{path}: {found!r} for {expected!r}"]
    return [] if path.rsplit("/", 1)[-1] in free or expected == found else [f"{path}: {found!r} for {expected!r}"]


def example_of(parameters, name, where):
    return {p["name"]: p["examples"][name]["value"] for p in parameters
            if p["in"] == where and name in p.get("examples", {})}


def execute(path, method, operation, name, status, media, example):
    parameters = operation.get("parameters", [])
    for key, value in example_of(parameters, name, "path").items():
        path = path.replace("{" + key + "}", urllib.parse.quote(value))
    query = urllib.parse.urlencode(example_of(parameters, name, "query"))
    headers = [f"{k}: {v}" for k, v in example_of(parameters, name, "header").items()]
    bodies = operation.get("requestBody", {"content": {"": {}}})["content"]
    body = next(iter(bodies.values())).get("examples", {}).get(name, {}).get("value")
    answer = call(method.upper(), path + ("?" + query if query else ""), body, headers=headers)
    title = f"example {operation['operationId']}/{name} answers {status}"
    if answer.status != int(status) or (media and answer.headers.get("content-type") != media):
        check(title, False, (answer.status, answer.headers, answer.body))
        return
    if media and "json" in media and example and "value" in example:
        expected, found = example["value"], answer.json()
        if operation["operationId"] == "sign" and status == "200":
            expected = {**expected, "value": found.get("value")}
        check(title, not like(expected, found), like(expected, found))
    else:
        check(title, True)


def examples():
    document = call("GET", "/openapi.json")
    check("the document is served as it lies in the tree",
          document.body == (ROOT / "agent/server/openapi.json").read_bytes(), document.status)
    doc = document.json()
    check("it is OpenAPI 3.1", doc["openapi"].startswith("3.1."), doc["openapi"])
    routes = re.findall(r'\{ "(GET|POST)", "([^"]+)", ', (ROOT / "agent/server/http.c").read_text())
    listed = sorted((m.upper(), p.replace("{name}", "*")) for p, item in doc["paths"].items() for m in item)
    check("it has every route that exists, and no other", listed == sorted(routes), (listed, sorted(routes)))
    for path, item in doc["paths"].items():
        for method, operation in item.items():
            for status, response in operation["responses"].items():
                for media, content in response.get("content", {None: {}}).items():
                    for name, example in content.get("examples", {}).items():
                        execute(path, method, operation, name, status, media, example)
    execute("/v1/keys/{name}", "get", doc["paths"]["/v1/keys/{name}"]["get"], "notModified", "304", None, None)
    used = {n for i in doc["paths"].values() for o in i.values() for r in o["responses"].values()
            for c in r.get("content", {}).values() for n in c.get("examples", {})} | {"notModified"}
    given = {n for i in doc["paths"].values() for o in i.values()
             for p in [*o.get("parameters", []), *o.get("requestBody", {}).get("content", {}).values()]
             for n in p.get("examples", {})}
    check("no example is left over", given <= used, given - used)


# --- interoperability --------------------------------------------------------------------------------------------

def public_key(name):
    return LAB / "kept" / f"{name}.public.jwk"


def sign():
    rows = [(a, "sealed", "rsa") for a in ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")]
    rows += [("ES256", "ec256", "ec256"), ("ES384", "ec384", "ec384"), ("ES512", "ec521", "ec521")]
    for alg, key, kept in rows:
        text = b64(json.dumps({"alg": alg}).encode()) + "." + b64(b"attested")
        answer = use(key, "sign", {"alg": alg, "value": b64(text.encode())})
        (WORK / "jws").write_text(text + "." + answer.json().get("value", ""))
        judged = shell("jose", "jws", "ver", "-i", str(WORK / "jws"), "-k", str(public_key(kept)), "-O-")
        check(f"jose verifies {alg}", judged.returncode == 0 and judged.stdout == b"attested",
              (answer.body, judged.stderr))
        (WORK / "jws").write_text(b64(json.dumps({"alg": alg}).encode()) + "." + b64(b"Attested") + "."
                                  + answer.json().get("value", ""))
        judged = shell("jose", "jws", "ver", "-i", str(WORK / "jws"), "-k", str(public_key(kept)))
        check(f"jose refuses {alg} over other bytes", judged.returncode != 0)
    answer = use("ec256k", "sign", {"alg": "ES256K", "value": b64(b"attested")})
    signature = unb64(answer.json()["value"])
    jwk = json.loads(public_key("ec256k").read_text())
    numbers = ec.EllipticCurvePublicNumbers(*(int.from_bytes(unb64(jwk[c]), "big") for c in "xy"), ec.SECP256K1())
    (WORK / "pub.pem").write_bytes(numbers.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))
    (WORK / "sig").write_bytes(utils.encode_dss_signature(*(int.from_bytes(signature[i:i + 32], "big") for i in (0, 32))))
    judged = shell("openssl", "dgst", "-sha256", "-verify", str(WORK / "pub.pem"), "-signature", str(WORK / "sig"),
                   text=b"attested")
    check("openssl verifies ES256K", len(signature) == 64 and judged.returncode == 0, judged.stdout)
    check("given RSA for ES256, 400", use("sealed", "sign", {"alg": "ES256", "value": ""}).id() == "KW-SRV-022")
    check("given P-256K for ES256, 400", use("ec256k", "sign", {"alg": "ES256", "value": ""}).id() == "KW-SRV-022")
    headers = use("sealed", "sign", {"alg": "RS256", "value": ""}).headers
    check("results are not cached", headers["cache-control"] == "no-store"
          and headers["x-content-type-options"] == "nosniff" and headers["content-type"] == "application/json", headers)


def jwe(alg, enc, key):
    template = {"protected": {"alg": alg, "enc": enc}}
    made = shell("jose", "jwe", "enc", "-i", json.dumps(template), "-I-", "-k", str(key), text=b"attested")
    return json.loads(made.stdout) if made.returncode == 0 else sys.exit(made.stderr.decode())


def oct_jwk(name):
    path = WORK / (name + ".jwk")
    path.write_text(json.dumps({"kty": "oct", "k": b64(RAW[name])}))
    return path


def decrypt():
    for alg, digest in (("RSA-OAEP", hashes.SHA1()), ("RSA-OAEP-256", hashes.SHA256())):  # jose's own OAEP fails on OpenSSL 3
        jwk = json.loads(public_key("rsa").read_text())
        public = rsa.RSAPublicNumbers(*(int.from_bytes(unb64(jwk[c]), "big") for c in "en")).public_key()
        wrapped = public.encrypt(b"content key of 32 bytes, wrapped", padding.OAEP(padding.MGF1(digest), digest, None))
        for what in ("unwrap", "decrypt"):
            cek = unb64(use("sealed", what, {"alg": alg, "value": b64(wrapped)}).json().get("value", ""))
            check(f"{what} opens the content key that python3-cryptography wrapped with {alg}",
                  cek == b"content key of 32 bytes, wrapped", cek)
    for alg, name in (("A128KW", "wrapper"), ("A192KW", "wrapper192"), ("A256KW", "wrapper256")):
        sealed = jwe(alg, "A128GCM", oct_jwk(name))
        cek = unb64(use(name, "unwrap", {"alg": alg, "value": sealed["encrypted_key"]}).json().get("value", ""))
        plain = AESGCM(cek).decrypt(unb64(sealed["iv"]), unb64(sealed["ciphertext"]) + unb64(sealed["tag"]),
                                    sealed["protected"].encode()) if len(cek) == 16 else b""
        check(f"unwrap opens the content key that jose wrapped with {alg}", plain == b"attested", cek)
    for enc, name in (("A128GCM", "kek"), ("A192GCM", "oct192"), ("A256GCM", "oct256")):
        sealed = jwe("dir", enc, oct_jwk(name))
        answer = use(name, "decrypt", {"alg": enc, "value": sealed["ciphertext"], "iv": sealed["iv"], "tag": sealed["tag"],
                                       "aad": b64(sealed["protected"].encode())})
        check(f"decrypt opens what jose encrypted with {enc}", unb64(answer.json().get("value", "")) == b"attested",
              answer.body)
    for what, alg in (("decrypt", "RSA1_5"), ("unwrap", "RSA1_5"), ("decrypt", "A128KW"), ("unwrap", "A128GCM")):
        check(f"given {alg} to {what}, 400", use("sealed", what, {"alg": alg, "value": "AAAA"}).id() == "KW-SRV-022")


# --- who gets what -----------------------------------------------------------------------------------------------

CALLERS = {  # who may use which key; in the first row nobody has shown anything
    "tcp": {"exported", "sealed"},
    "tcp, token app": {"exported", "sealed", "bytoken"},
    "tcp, wrong token": set(),
    "socket, own uid": {"exported", "sealed", "own"},
    "socket, uid 65534": {"exported", "sealed", "byuid"},
}


def oaep(plain=b"attested"):
    jwk = json.loads(public_key("rsa").read_text())
    from cryptography.hazmat.primitives.asymmetric import rsa
    key = rsa.RSAPublicNumbers(*(int.from_bytes(unb64(jwk[c]), "big") for c in "en")).public_key()
    return b64(key.encrypt(plain, padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)))


def callers():
    wrapped, n = oaep(), 0
    accepts = ["application/jwk+json", "application/x-pem-file", "application/pkcs8", "*/*"]
    vault_host, maa = AT["vault"].split("//")[1], AT["maa"].split("//")[1]
    for caller, mine in CALLERS.items():
        if caller == "socket, uid 65534" and os.geteuid() != 0:
            print(f"skip {caller}: not root")
            continue
        wrong = []
        for key in ("exported", "sealed", "own", "bytoken", "byuid", "missing"):
            refused = 401 if caller == "tcp, wrong token" else 404
            gets = 200 if key in mine and key != "sealed" else 403 if key in mine else refused
            rows = [("GET " + a, gets, call("GET", f"/v1/keys/{key}", caller=caller, headers=["Accept: " + a])) for a in accepts]
            rows += [(f"{what} {alg}", 200 if key in mine else refused, use(key, what, {"alg": alg, "value": value}, caller=caller))
                     for what, alg, value in (("sign", "PS256", "AAAA"), ("decrypt", "RSA-OAEP-256", wrapped),
                                              ("unwrap", "RSA-OAEP-256", wrapped))]
            # The name of the vault's key decides on this route: the first configured one that the caller may use.
            rows += [("GET list", key in mine, any(k["name"] == key for k in call("GET", "/v1/keys", caller=caller)
                                                   .json().get("keys", [])) if caller != "tcp, wrong token" else False)]
            for what, expected, found in rows:
                n += 1
                if isinstance(found, bool):
                    wrong += [(key, what)] if found != expected else []
                elif found.status != expected:
                    wrong += [(key, what, found.status, expected)]
                elif expected != 200 and (set(found.json()) & {"value", "kty", "key", "keys"} or b"PRIVATE" in found.body):
                    wrong += [(key, what, found.body)]
        check(f"{caller}: exactly the listed keys, and what is sealed never leaves", not wrong, wrong)
    unknown = call("GET", "/v1/keys/missing").body
    check("unknown and forbidden keys have one answer", all(
        call("GET", f"/v1/keys/{k}").body == unknown and use(k, "sign", {"alg": "RS256", "value": ""}).body == unknown
        for k in ("own", "bytoken", "missing")), unknown)
    release = call("POST", "/key/release", {"maa_endpoint": maa, "akv_endpoint": vault_host, "kid": "ec256"})
    check("export: false holds on the compat route", release.status == 403 and "key" not in release.json(), release.body)
    for method, path, allow in (("POST", "/v1/keys/open", "GET"), ("GET", "/v1/keys/open/sign", "POST"),
                                ("PUT", "/v1/keys/open/decrypt", "POST"), ("DELETE", "/v1/keys", "GET")):
        answer = call(method, path)
        check(f"{method} {path}: 405, Allow: {allow}", answer.status == 405 and answer.headers.get("allow") == allow,
              (answer.status, answer.headers))
    check("an unknown operation is 404", call("POST", "/v1/keys/open/encrypt").status == 404)
    print(f"# {n} rows")


def oracle():
    good = unb64(oaep())
    broken = {"a flipped bit": bytes([good[0] ^ 1]) + good[1:], "zeros": bytes(256), "ones": b"\xff" * 256, "one": bytes(255) + b"\1",
              "no bytes": b"", "one byte less": good[:-1], "one byte more": good + b"\0", "the other hash": None}
    answers = {}
    for what in ("decrypt", "unwrap"):
        for name, value in broken.items():
            alg = "RSA-OAEP" if value is None else "RSA-OAEP-256"
            a = use("sealed", what, {"alg": alg, "value": b64(good if value is None else value)})
            answers[what, name] = (a.status, a.body, {k: v for k, v in a.headers.items() if k != "date"})
    iv, tag = b64(bytes(12)), b64(bytes(16))
    for name, body in {"a wrong tag": {"value": "AAAA", "iv": iv, "tag": tag}, "a short tag": {"value": "AAAA", "iv": iv, "tag": "AAAA"},
                       "a short iv": {"value": "AAAA", "iv": "AAAA", "tag": tag}, "no iv": {"value": "", "iv": "", "tag": tag},
                       "other aad": {"value": "AAAA", "iv": iv, "tag": tag, "aad": "AAAA"}}.items():
        a = use("kek", "decrypt", {"alg": "A128GCM", **body})
        answers["gcm", name] = (a.status, a.body, {k: v for k, v in a.headers.items() if k != "date"})
    for name, value in {"zeros": bytes(24), "a short one": bytes(16), "an odd one": bytes(25), "nothing": b""}.items():
        a = use("wrapper", "unwrap", {"alg": "A128KW", "value": b64(value)})
        answers["kw", name] = (a.status, a.body, {k: v for k, v in a.headers.items() if k != "date"})
    first = next(iter(answers.values()))
    check(f"{len(answers)} ways to fail have one answer", all(a == first for a in answers.values()) and first[0] == 422,
          {k: v for k, v in answers.items() if v != first} or first)


def limits():
    row = lambda n: use("sealed", "sign", {"alg": "RS256", "value": b64(bytes(n))})
    check("given a value of 64 KiB, it is signed", row(65536).status == 200)
    check("given one byte more, 413", row(65537).id() == "KW-SRV-007")
    iv, sealed = bytes(12), None
    for n, status in ((65536, 200), (65537, 413)):
        sealed = AESGCM(RAW["kek"]).encrypt(iv, bytes(n), None)
        a = use("kek", "decrypt", {"alg": "A128GCM", "value": b64(sealed[:-16]), "iv": b64(iv), "tag": b64(sealed[-16:])})
        check(f"given {n} bytes to decrypt, {status}", a.status == status
              and (status != 200 or unb64(a.json()["value"]) == bytes(n)), a.status)
    check("given a body of over 1 MiB, 413", use("sealed", "sign", b" " * (1 << 20) + b"{}").status == 413)
    for name, body in {"no JSON": b"alg=RS256", "a repeated member": b'{"alg":"RS256","alg":"RS256","value":""}',
                       "bytes behind it": b'{"alg":"RS256","value":""} x', "a number": b'{"alg":1,"value":""}',
                       "no value": b'{"alg":"RS256"}', "a null": b'{"alg":"RS256","value":null}', "nothing": b"",
                       "standard base64": b'{"alg":"RS256","value":"+/+/"}', "padding": b'{"alg":"RS256","value":"AA=="}',
                       "an unknown member": b'{"alg":"RS256","value":"","key":"x"}', "capitals": b'{"ALG":"RS256","value":""}',
                       "a NUL": b'{"alg":"RS256\\u0000","value":""}'}.items():
        a = use("sealed", "sign", body)
        check(f"given {name}, 400", a.status == 400 and a.id() == "KW-SRV-009", a.body)
    results = []
    def many():
        for _ in range(10):
            results.append(use("sealed", "sign", {"alg": "PS256", "value": "AAAA"}).status)
    threads = [threading.Thread(target=many) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    check("80 signatures from 8 callers at once", results == [200] * 80, results)


# --- waiting -----------------------------------------------------------------------------------------------------

def timed(*args, **more):
    begun = time.monotonic()
    answer = call(*args, **more)
    return answer, time.monotonic() - begun


def waiting():
    etag = call("GET", "/v1/keys/turning").headers["etag"]
    held = ["If-None-Match: " + etag]
    answer, seconds = timed("GET", "/v1/keys/turning?wait=400ms", headers=held)
    check("given no new version, 304 after the wait", answer.status == 304 and 0.35 <= seconds < 3, (answer.status, seconds))
    answer, seconds = timed("GET", "/v1/keys/turning?wait=20s")
    check("given no If-None-Match, the answer comes at once", answer.status == 200 and seconds < 2, seconds)
    answer, seconds = timed("GET", "/v1/keys/turning?wait=20s", headers=['If-None-Match: "x.1"'])
    check("given another version held, the answer comes at once", answer.status == 200 and seconds < 2, seconds)
    turn = threading.Timer(0.5, lab_key, ("turning", *ASYMMETRIC["turning"]))
    turn.start()
    answer, seconds = timed("GET", "/v1/keys/turning?wait=15s", headers=held)
    turn.join()
    check("given a rotation, the new version comes", answer.status == 200 and answer.headers["etag"] != etag
          and 0.4 <= seconds < 14, (answer.status, seconds))
    listed = next(k for k in call("GET", "/v1/keys").json()["keys"] if k["name"] == "turning")
    old = etag.strip('"').split(".")[0]
    check("the list names the version before", listed.get("previous") == old, listed)
    answer = call("GET", f"/v1/keys/turning?version={old}")
    check("within grace the version before is there by name", answer.status == 200 and answer.headers["etag"] == etag, answer.headers)
    for kid in (old, f"{AT['vault']}/keys/turning/{old}"):
        answer = use("turning", "sign", {"alg": "RS256", "value": "", "kid": kid})
        check(f"... and is used, named {kid[-40:]}", answer.status == 200 and answer.json()["kid"].endswith(old), answer.body)
    check("a version that is not held is refused", call("GET", "/v1/keys/turning?version=1").id() == "KW-STO-005")
    check("... for an operation, too", use("turning", "sign", {"alg": "RS256", "value": "", "kid": "1"}).id() == "KW-STO-005")
    end = threading.Timer(0.5, vault, ("doomed", {"attributes": {"enabled": False}}, "PATCH"))
    end.start()
    answer, seconds = timed("GET", "/v1/keys/doomed?wait=15s", headers=["If-None-Match: *"])
    end.join()
    check("given a revocation, the waiter gets 410", answer.status == 410 and seconds < 14, (answer.status, seconds, answer.body))
    check("a revoked key signs no more", use("doomed", "sign", {"alg": "ES256", "value": ""}).status == 410)
    answer, seconds = timed("GET", "/v1/keys/later?wait=500ms")
    check("given a key in an outage, 503 after the wait", answer.id() == "KW-STO-001" and 0.45 <= seconds < 3
          and "retry-after" in answer.headers, (answer.body, seconds))
    check("a pending key signs not", use("later", "sign", {"alg": "RS256", "value": ""}).id() == "KW-STO-001")
    for text in ("", "5", "1y", "-1s", "1.5s", "99999999999999999999s", "5s%00"):
        answer = call("GET", f"/v1/keys/turning?wait={text}")
        check(f"given wait={text or 'nothing'}, 400", answer.id() == "KW-SRV-021", answer.body[:200])
    check("given wait without a value, 400", call("GET", "/v1/keys/turning?wait").id() == "KW-SRV-021")


# --- the record --------------------------------------------------------------------------------------------------

def audit():
    path = WORK / "audit"
    check("the audit file is 0600", path.stat().st_mode & 0o777 == 0o600, oct(path.stat().st_mode))
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    check("every line has time, caller, key, version, action, outcome", all(
        list(x) == ["time", "caller", "key", "version", "action", "outcome"] for x in lines), lines[:1])
    before = len(lines)
    use("sealed", "sign", {"alg": "RS256", "value": ""}, caller="socket, own uid")
    call("GET", "/v1/keys/bytoken", caller="tcp, token app")
    use("sealed", "decrypt", {"alg": "RSA-OAEP", "value": "AAAA"})
    call("GET", "/v1/keys/own")
    call("GET", "/v1/keys/%22%0a%7b")
    found = [json.loads(line) for line in path.read_text().splitlines()][before:]
    text = [(x["caller"], x["key"], x["action"], x["outcome"], x["version"] is not None) for x in found]
    tcp = {"listener": "tcp"}
    check("one record for each use, with who and how it ended", text == [
        ({"listener": "socket", "uid": os.geteuid(), "gid": os.getegid()}, "sealed", "sign", "ok", True),
        ({**tcp, "token": "app"}, "bytoken", "get", "ok", True), (tcp, "sealed", "decrypt", "KW-SRV-024", False),
        (tcp, "own", "get", "KW-SRV-001", False), (tcp, '"?{', "get", "KW-SRV-001", False)], text)
    call("GET", "/v1/keys"), call("GET", "/status")
    check("what touches no key leaves no record", len(path.read_text().splitlines()) == before + 5)


def unrecorded():
    for name, answer in {"GET": call("GET", "/v1/keys/open"), "sign": use("sealed", "sign", {"alg": "RS256", "value": ""}),
                         "decrypt": use("sealed", "decrypt", {"alg": "RSA-OAEP-256", "value": oaep()})}.items():
        check(f"given required and a full disk, {name} gives nothing", answer.status == 503 and answer.id() == "KW-SRV-025"
              and "value" not in answer.json(), answer.body)
    check("a refusal stands without a record", call("GET", "/v1/keys/own").status == 404)
    log = (WORK / "agent.log").read_text()
    check("the log says so, once", log.count('"event":"audit"') == 1, log.count('"event":"audit"'))


globals()[sys.argv[1]]()
sys.exit(failed > 0)
