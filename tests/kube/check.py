#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The chart, the manifests and the kustomize component, without a cluster: tests/chart runs it with the tools in place.

check.py [--write] HELM KUBECTL NODE_MODULES KEYWARD     --write renews the golden files
"""

import copy
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import restricted  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
KUBE = ROOT / "tests/kube"
CHART = ROOT / "charts/keyward"
TYPES = {
    "PodMonitor": "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PodMonitor",
}


class Report:
    """One line per test."""

    failed = 0

    def say(self, name, wrong=""):
        """ok without words about what is wrong."""
        print(f"not ok {name}" if wrong else f"ok {name}")
        for line in str(wrong).splitlines()[:20]:
            print(f"#   {line}")
        self.failed += 1 if wrong else 0


class Helm:
    """The chart, and the example application that has it as a dependency."""

    def __init__(self, helm, work):
        self.helm, self.work = helm, work
        self.app = work / "helm-app"
        shutil.rmtree(self.app, ignore_errors=True)
        shutil.copytree(ROOT / "examples/helm-app", self.app)
        (self.app / "charts").mkdir(exist_ok=True)
        shutil.copytree(CHART, self.app / "charts/keyward")
        self.n = 0

    def run(self, *words):
        """(status, text) of one call."""
        done = subprocess.run([self.helm, *words], capture_output=True, text=True, cwd=self.work, check=False)
        return done.returncode, done.stdout if done.returncode == 0 else done.stderr

    def template(self, values, mode="sidecar", app=True):
        """Renders application and chart together, or the chart alone."""
        self.n += 1
        path = self.work / f"values-{self.n}.yaml"
        path.write_text(yaml.safe_dump({"app": {"mode": mode}, "keyward": values} if app else values))
        return self.run("template", "r", str(self.app if app else CHART), "-n", "prod", "-f", str(path),
                        "--api-versions", "monitoring.coreos.com/v1")


def merged(base, more):
    """More laid over base, as Helm does it."""
    out = copy.deepcopy(base)
    for key, value in more.items():
        out[key] = merged(out[key], value) if isinstance(value, dict) and isinstance(out.get(key), dict) else value
    return out


def nested(path, value):
    """{"a": {"b": value}} for a.b; a backslash keeps a dot."""
    for part in reversed([p.replace("\0", ".") for p in path.replace("\\.", "\0").split(".")]):
        value = {part: value}
    return value


def load(name):
    """One YAML file of this folder."""
    return yaml.safe_load((KUBE / name).read_text())


def documents(text):
    """The objects of a rendered text."""
    return [d for d in yaml.safe_load_all(text) if d]


def check_lint(report, helm, base):
    """helm lint --strict of the chart and of the application."""
    path = helm.work / "lint.yaml"
    path.write_text(yaml.safe_dump(base))
    for name, words in (("charts/keyward", (str(CHART), "-f", str(path))), ("examples/helm-app", (str(helm.app),))):
        status, text = helm.run("lint", "--strict", "--quiet", *words)
        report.say(f"helm lint --strict {name}", text if status else "")


def check_variations(report, helm, base, pool):
    """Every documented value has a variation, and it changes what is rendered."""
    sys.path.insert(0, str(ROOT / "charts"))
    from importlib.machinery import SourceFileLoader

    generate = SourceFileLoader("generate", str(ROOT / "charts/generate")).load_module()
    paths = [".".join(p.replace(".", "\\.") for p in path) for path, _, default in generate.values()]
    groups = {p for p in paths if any(q.startswith(p + ".") for q in paths)}
    variations = load("variations.yaml")
    missing = [p for p in paths if p not in variations and p not in groups]
    report.say("each documented value has a variation", "\n".join(missing))
    report.say("each variation is of a documented value", "\n".join(p for p in variations if p not in paths))

    def vary(path):
        row = variations[path]
        context = merged(base, row.get("with", {}))
        mode = row.get("mode", "sidecar")
        if row.get("permits"):
            without, given = helm.template(context), helm.template(merged(context, nested(path, True)))
            return path, given[1] if given[0] else "" if without[0] else "it is rendered without it too"
        for value in row["values"]:
            before = helm.template(context, mode)
            after = helm.template(merged(context, nested(path, value)), mode)
            if before[0] or after[0]:
                return path, (before if before[0] else after)[1]
            if before[1] == after[1]:
                return path, f"{json.dumps(value)} changes nothing in the render"
        return path, ""

    for path, wrong in pool.map(vary, [p for p in variations if p in paths]):
        report.say(f"given another {path}, the render differs", wrong)
    status, text = helm.template(merged(base, {"commonLabels": {}}))
    report.say("... and a value that is as before is found to change nothing", "" if text == helm.template(base)[1] else status)


def check_wrong(report, helm, base, pool):
    """Wrong values are refused, and the message says what is wrong."""
    rows = load("wrong.yaml")

    def refuse(row):
        status, text = helm.template(merged(base, row["values"]))
        if status == 0:
            return row, "it is rendered"
        return row, "" if row["says"] in re.sub(r"\s+", " ", text) else f"expected '{row['says']}' in: {text}"

    for row, wrong in pool.map(refuse, rows):
        report.say(f"given {row['name']}, it is refused by name", wrong)
    report.say("at least 20 wrong values", "" if len(rows) >= 20 else f"{len(rows)}")


def check_golden(report, helm, base, write):
    """What is rendered for each value set is what was reviewed."""
    rendered = {}
    for path in sorted((KUBE / "values").glob("*.yaml")):
        row = yaml.safe_load(path.read_text())
        status, text = helm.template(merged(base, row["values"]), row.get("mode", "sidecar"))
        golden = KUBE / "golden" / path.name
        if status == 0 and write:
            golden.write_text(text)
        rendered[path.stem] = text if status == 0 else ""
        wrong = text if status else "" if golden.exists() and golden.read_text() == text else f"differs from {golden}; tests/chart --write"
        report.say(f"the value set {path.stem} renders as reviewed", wrong)
    return rendered


def type_source(objects):
    """TypeScript that assigns each object as a literal to its API type: unknown fields are then errors."""
    imports, lines = {}, []
    for i, (name, o) in enumerate(objects):
        kind = o["kind"]
        group, _, version = o["apiVersion"].rpartition("/")
        path = TYPES.get(kind, f"kubernetes-models/{group + '/' if group else ''}{version}/{kind}")
        imports[f"I{kind}"] = f'import type {{ I{kind} }} from "{path}";'
        lines.append(f"// {name}\nexport const o{i}: I{kind} = {json.dumps(o)};")
    return "\n".join([*sorted(imports.values()), *lines]) + "\n"


def tsc(work, node_modules, source):
    """What the type checker says, or nothing."""
    folder = work / "types"
    folder.mkdir(exist_ok=True)
    link = folder / "node_modules"
    if not link.exists():
        link.symlink_to(node_modules)
    (folder / "package.json").write_text('{"type": "module"}\n')
    (folder / "objects.ts").write_text(source)
    done = subprocess.run(["node", str(node_modules / "typescript/bin/tsc"), "--strict", "--noEmit", "--skipLibCheck", "--module", "nodenext",
                           "--target", "es2022", "objects.ts"], capture_output=True, text=True, cwd=folder, check=False)
    return done.stdout + done.stderr if done.returncode else ""


def check_types(report, work, node_modules, objects):
    """All objects against the API types at once, and the same objects each with a field too many."""
    report.say(f"{len(objects)} objects have the types of the Kubernetes API", tsc(work, node_modules, type_source(objects)))
    bad = []
    for name, o in objects:
        o = copy.deepcopy(o)
        pod = restricted.pod_spec(o)
        target = pod["containers"][0].setdefault("securityContext", {}) if pod else o.get("spec", o)
        target["unknownField"] = True
        bad.append((name, o))
    found = set(re.findall(r"objects.ts\((\d+),", tsc(work, node_modules, type_source(bad))))
    report.say("... and a field that the API does not know is refused in each", "" if len(found) == len(bad) else f"{len(found)} of {len(bad)}")


def check_restricted(report, pods):
    """The restricted profile, field by field, over application pods; each field taken away is noticed."""
    for name, spec in pods:
        report.say(f"{name} passes the restricted profile", "\n".join(restricted.violations(spec)))
    unnoticed, n = [], 0
    for name, spec in pods:
        for what, broken in restricted.breakages(spec):
            n += 1
            if not restricted.violations(broken):
                unnoticed.append(f"{name}: {what}")
    report.say(f"... and {n} single breakages of it are noticed", "\n".join(unnoticed))


def check_beyond(report, pods):
    """What keyward promises beyond that profile: read-only root, memory volumes with limits, requests, no token, CVM nodes."""
    for name, spec in pods:
        report.say(f"{name} keeps what is promised beyond the profile", "\n".join(restricted.promises(spec)))
        unnoticed = [what for what, broken in restricted.broken_promises(spec) if not restricted.promises(broken)]
        report.say("... each noticed when broken", "\n".join(unnoticed))


def check_config(report, work, keyward, objects):
    """Every ConfigMap's keyward.yaml is one that keyward takes."""
    for name, o in objects:
        if o["kind"] != "ConfigMap" or "data" not in o:
            continue
        path = work / "keyward.yaml"
        path.write_text(o["data"]["keyward.yaml"])
        done = subprocess.run([keyward, "config", "check", "--no-files", "-c", str(path)], capture_output=True, text=True, check=False)
        report.say(f"keyward takes the configuration of {name}", done.stderr if done.returncode else "")


def check_azure(report, keyward):
    """The sample policy is one that a vault takes, and both templates make the same resources."""
    azure = ROOT / "examples/azure"
    done = subprocess.run([keyward, "policy", "lint", "--strict", str(azure / "policy.json")], capture_output=True, text=True, check=False)
    report.say("the sample release policy has no fault", done.stderr + done.stdout if done.returncode else "")
    arm = {f"{r['type']}@{r['apiVersion']}" for r in json.loads((azure / "azuredeploy.json").read_text())["resources"]}
    bicep = set(re.findall(r"^resource \w+ '([^']+)'", (azure / "main.bicep").read_text(), re.M))
    report.say("the ARM and the Bicep template make the same resources", "" if arm == bicep else f"{arm ^ bicep}")


def check_component(report, kubectl, work):
    """The component adds keyward to a foreign Deployment with the label, and to no other."""
    done = subprocess.run([kubectl, "kustomize", "--load-restrictor", "LoadRestrictionsNone", str(KUBE / "foreign")], capture_output=True,
                          text=True, cwd=work, check=False)
    if done.returncode:
        report.say("the component renders into a foreign Deployment", done.stderr)
        return []
    objects = documents(done.stdout)
    by_name = {o["metadata"]["name"]: o for o in objects if o["kind"] == "Deployment"}
    spec = by_name["shop"]["spec"]["template"]["spec"]
    names = [c["name"] for c in spec["initContainers"]]
    wrong = [] if names == ["migrate", "keyward"] or names == ["keyward", "migrate"] else [f"init containers are {names}"]
    config = next(o["metadata"]["name"] for o in objects if o["kind"] == "ConfigMap")
    used = next(v["configMap"]["name"] for v in spec["volumes"] if v["name"] == "keyward-config")
    if used != config:
        wrong.append(f"the volume names the ConfigMap {used}, which is {config}")
    if next(c for c in spec["initContainers"] if c["name"] == "keyward")["image"] != "registry.example/keyward:1":
        wrong.append("the image was not replaced")
    if "cache" not in [v["name"] for v in spec["volumes"]]:
        wrong.append("the Deployment's own volume is gone")
    report.say("the component renders into a foreign Deployment", "\n".join(wrong))
    report.say("... and leaves one without the label alone", "keyward" if "keyward" in json.dumps(by_name["other"]) else "")
    return [(f"component: {o['kind']} {o['metadata']['name']}", o) for o in objects]


def main():
    """All of it."""
    words = [w for w in sys.argv[1:] if w != "--write"]
    helm, kubectl, modules, keyward = words
    work = pathlib.Path(os.environ.get("KEYWARD_KUBE_WORK", ROOT / "build/kube/work"))
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    report, helm, base = Report(), Helm(helm, work), load("base.yaml")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        check_lint(report, helm, base)
        check_variations(report, helm, base, pool)
        check_wrong(report, helm, base, pool)
    rendered = check_golden(report, helm, base, "--write" in sys.argv)
    objects = [(f"{name}: {o['kind']} {o['metadata']['name']}", o) for name, text in rendered.items() for o in documents(text)]
    for path in sorted((ROOT / "manifests").rglob("*.yaml")):
        if "component" not in path.parts:
            objects += [(f"{path.relative_to(ROOT)}: {o['kind']}", o) for o in documents(path.read_text())]
    objects += check_component(report, kubectl, work)
    check_types(report, work, pathlib.Path(modules), objects)
    pods = [(name, restricted.pod_spec(o)) for name, o in objects if restricted.has_keyward(o) and not restricted.is_exempt(name, o)]
    check_restricted(report, pods)
    check_beyond(report, pods)
    check_config(report, work, keyward, objects)
    check_azure(report, keyward)
    loud = [name for name, o in objects if restricted.is_exempt(name, o) and restricted.violations(restricted.pod_spec(o))]
    print("# not restricted, and said to be so: " + "; ".join(loud))
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
