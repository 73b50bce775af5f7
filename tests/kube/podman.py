#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Turns manifests into what podman 4.3 plays, and says what it had to take out.

podman.py FILE NAME KIND/OBJECT CONFIG LAB TERMINATION [COMMAND]

Reads objects from FILE (- is standard input) and writes one ConfigMap and one Pod NAME. CONFIG is the keyward.yaml of the lab, LAB the folder
that it refers to, TERMINATION a file for the termination message, COMMAND what the application runs in bash.

podman 4.3 has no extended resources, projected volumes, memory-backed emptyDirs, fsGroup, or native sidecars. These are static checks
(tests/chart); here the device is the lab's, the identity is managed, volumes in memory are folders of a tmpfs that belong to the group, and
the sidecar is a plain container. Ports go, because network none takes none. The pod's security contexts, mounts, arguments, probes and images are left as they are.
"""

import json
import os
import pathlib
import sys

import yaml


def find(objects, wanted):
    """The pod's spec and the labels of KIND/NAME."""
    kind, name = wanted.split("/")
    o = next(o for o in objects if o and o["kind"] == kind and o["metadata"]["name"] == name)
    return o["spec"] if kind == "Pod" else o["spec"]["template"]["spec"]


def memory_folder(lab, pod, volume, group):
    """What an emptyDir in memory with fsGroup is: a folder of a tmpfs, of the group, set-gid."""
    path = pathlib.Path(lab).parent / "volumes" / pod / volume
    path.mkdir(parents=True, exist_ok=True)
    os.chown(path, 0, group)
    path.chmod(0o2770)
    return {"name": volume, "hostPath": {"path": str(path), "type": "Directory"}}


def volumes(spec, pod, lab):
    """The pod's volumes as podman has them, and the names of those it has not."""
    kept, gone = [], []
    for volume in spec.get("volumes", []):
        if "projected" in volume:
            gone.append(volume["name"])
        elif "emptyDir" in volume:
            kept.append(memory_folder(lab, pod, volume["name"], spec["securityContext"]["fsGroup"]))
        else:
            kept.append(volume)
    return kept, gone


def container(c, spec, gone, lab, termination, command):
    """One container; keyward's own gets the lab's files and a termination message."""
    c.pop("imagePullPolicy", None)
    c.pop("restartPolicy", None)
    c.pop("ports", None)
    c.get("resources", {}).get("limits", {}).pop("keyward.dev/tpm", None)
    c["volumeMounts"] = [m for m in c.get("volumeMounts", []) if m["name"] not in gone]
    if c["name"].startswith("keyward"):
        c["env"] = [e for e in c.get("env", []) if not e["name"].startswith("AZURE_")]
        c["image"] = os.environ["KEYWARD_IMAGE"]
        c["volumeMounts"] += [{"name": "lab", "mountPath": lab, "readOnly": True},
                              {"name": "termination", "mountPath": "/dev/termination-log"}]
        c["securityContext"].setdefault("runAsGroup", 65532)
    else:
        c["image"] = os.environ["APP_IMAGE"]
        c["command"] = ["/bin/bash", "-c", command.strip()]  # podman's YAML cannot begin a text with a new line
        c["securityContext"]["runAsGroup"] = spec["securityContext"]["fsGroup"]  # what fsGroup gives
    return c


def main():
    """The two objects on standard output."""
    path, pod, wanted, config, lab, termination, *rest = sys.argv[1:]
    objects = list(yaml.safe_load_all(sys.stdin if path == "-" else open(path, encoding="utf-8")))
    spec = find(objects, wanted)
    kept, gone = volumes(spec, pod, lab)
    sidecars = [c for c in spec.get("initContainers", []) if c.get("restartPolicy") == "Always"]
    spec["initContainers"] = [c for c in spec.get("initContainers", []) if c not in sidecars]
    spec["containers"] = sidecars + spec["containers"]
    for kind in ("initContainers", "containers"):
        spec[kind] = [container(c, spec, gone, lab, termination, *(rest or [""])) for c in spec[kind]]
    name = next(v["configMap"]["name"] for v in kept if "configMap" in v)
    kept += [{"name": "lab", "hostPath": {"path": lab, "type": "Directory"}}, {"name": "termination", "hostPath": {"path": termination, "type": "File"}}]
    spec["volumes"] = kept
    spec["restartPolicy"] = "Never"
    for member in ("nodeSelector", "serviceAccountName", "automountServiceAccountToken", "enableServiceLinks", "tolerations"):
        spec.pop(member, None)
    config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name},
                  "data": {"keyward.yaml": pathlib.Path(config).read_text(encoding="utf-8")}}
    print(json.dumps(config_map), json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": pod}, "spec": spec}), sep="\n---\n")


if __name__ == "__main__":
    main()
