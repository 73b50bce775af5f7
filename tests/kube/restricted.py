# SPDX-License-Identifier: Apache-2.0
"""The restricted Pod Security Standard (Kubernetes 1.33) field by field, and what keyward promises beyond it."""

import copy

VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
SECCOMP = {"RuntimeDefault", "Localhost"}
SYSCTLS = {
    "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start", "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range", "net.ipv4.ip_local_reserved_ports", "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes",
}


def pod_spec(o):
    """The pod's spec of an object that makes pods."""
    if o["kind"] == "Pod":
        return o["spec"]
    return o["spec"]["template"]["spec"] if o["kind"] in ("Deployment", "DaemonSet", "Job", "StatefulSet") else None


def has_keyward(o):
    """Whether keyward runs in its pods."""
    spec = pod_spec(o)
    return spec is not None and any(c["name"].startswith("keyward") for c in containers(spec))


def is_exempt(name, o):
    """The node helper, and whatever says hostPath: not application pods, or privileged by an explicit choice."""
    return o["kind"] == "DaemonSet" or "hostpath" in name


def containers(spec):
    """All containers, whatever they are called."""
    return [c for kind in ("initContainers", "containers", "ephemeralContainers") for c in spec.get(kind, [])]


def violations(spec):
    """What the restricted profile would refuse, baseline included."""
    pod = spec.get("securityContext", {})
    found = [f"spec.{f} is on" for f in ("hostNetwork", "hostPID", "hostIPC") if spec.get(f)]
    for volume in spec.get("volumes", []):
        found += [f"volume {volume['name']} is a {kind}" for kind in volume if kind != "name" and kind not in VOLUMES]
    found += [f"sysctl {s['name']}" for s in pod.get("sysctls", []) if s["name"] not in SYSCTLS]
    if pod.get("runAsUser") == 0:
        found.append("pod: runAsUser is 0")
    for c in containers(spec):
        own = c.get("securityContext", {})
        name = c["name"]
        if own.get("privileged"):
            found.append(f"{name}: privileged")
        if own.get("allowPrivilegeEscalation") is not False:
            found.append(f"{name}: allowPrivilegeEscalation is not false")
        if not (own.get("runAsNonRoot") is True or (pod.get("runAsNonRoot") is True and own.get("runAsNonRoot") is not False)):
            found.append(f"{name}: runAsNonRoot is not true")
        if own.get("runAsUser") == 0:
            found.append(f"{name}: runAsUser is 0")
        if own.get("seccompProfile", pod.get("seccompProfile", {})).get("type") not in SECCOMP:
            found.append(f"{name}: seccompProfile is not RuntimeDefault")
        capabilities = own.get("capabilities", {})
        if "ALL" not in capabilities.get("drop", []):
            found.append(f"{name}: capabilities.drop is not ALL")
        if set(capabilities.get("add", [])) - {"NET_BIND_SERVICE"}:
            found.append(f"{name}: capabilities.add")
        if own.get("procMount", "Default") != "Default":
            found.append(f"{name}: procMount")
        if own.get("seLinuxOptions", {}).get("user") or own.get("seLinuxOptions", {}).get("role"):
            found.append(f"{name}: seLinuxOptions")
        if any(p.get("hostPort") for p in c.get("ports", [])):
            found.append(f"{name}: hostPort")
    return found


def breakages(spec):
    """(what, spec) with one field of the profile taken away or turned round in each place where it stands."""
    def broken(change):
        out = copy.deepcopy(spec)
        change(out)
        return out

    for field in ("hostNetwork", "hostPID", "hostIPC"):
        yield field, broken(lambda s, field=field: s.__setitem__(field, True))
    yield "hostPath volume", broken(lambda s: s.setdefault("volumes", []).append({"name": "x", "hostPath": {"path": "/"}}))
    yield "sysctl", broken(lambda s: s.setdefault("securityContext", {}).__setitem__("sysctls", [{"name": "kernel.msgmax", "value": "1"}]))

    def everywhere(field):
        def change(s):
            for holder in [s, *containers(s)]:
                holder.get("securityContext", {}).pop(field, None)
        return change

    for field in ("runAsNonRoot", "seccompProfile"):
        yield f"no {field}", broken(everywhere(field))
    for i, c in enumerate(containers(spec)):
        def on(change, i=i):
            return broken(lambda s: change(containers(s)[i].setdefault("securityContext", {})))

        for field in ("allowPrivilegeEscalation", "capabilities"):
            yield f"{c['name']}: no {field}", on(lambda own, field=field: own.pop(field, None))
        for field, value in (("privileged", True), ("runAsNonRoot", False), ("runAsUser", 0), ("seccompProfile", {"type": "Unconfined"}),
                             ("procMount", "Unmasked"), ("seLinuxOptions", {"role": "x"}), ("allowPrivilegeEscalation", True),
                             ("capabilities", {"drop": ["ALL"], "add": ["SYS_ADMIN"]})):
            yield f"{c['name']}: {field}", on(lambda own, field=field, value=value: own.__setitem__(field, value))


def promises(spec):
    """What is missing of keyward's own promises."""
    found = []
    if spec.get("automountServiceAccountToken") is not False:
        found.append("the service account's token is mounted")
    if spec.get("nodeSelector", {}).get("kubernetes.azure.com/security-type") != "ConfidentialVM":
        found.append("not bound to confidential nodes")
    for label in ("kubernetes.io/os", "kubernetes.io/arch"):
        if label not in spec.get("nodeSelector", {}):
            found.append(f"no {label} in nodeSelector")
    for volume in spec.get("volumes", []):
        if volume["name"].startswith("keyward-") and "emptyDir" in volume:
            if volume["emptyDir"].get("medium") != "Memory" or not volume["emptyDir"].get("sizeLimit"):
                found.append(f"volume {volume['name']} is not in memory with a limit")
    for c in containers(spec):
        if not c["name"].startswith("keyward"):
            continue
        if c["securityContext"].get("readOnlyRootFilesystem") is not True:
            found.append(f"{c['name']}: root is not read-only")
        if "memory" not in c.get("resources", {}).get("requests", {}) or "memory" not in c["resources"].get("limits", {}):
            found.append(f"{c['name']}: no memory request and limit")
    return found


def broken_promises(spec):
    """(what, spec) with one promise broken."""
    def broken(change):
        out = copy.deepcopy(spec)
        change(out)
        return out

    own = [i for i, c in enumerate(containers(spec)) if c["name"].startswith("keyward")]
    yield "token", broken(lambda s: s.pop("automountServiceAccountToken", None))
    for label in list(spec.get("nodeSelector", {})):
        yield label, broken(lambda s, label=label: s["nodeSelector"].pop(label))
    for i, volume in enumerate(spec.get("volumes", [])):
        for field in volume.get("emptyDir", {}) if volume["name"].startswith("keyward-") else []:
            yield f"{volume['name']} {field}", broken(lambda s, i=i, field=field: s["volumes"][i]["emptyDir"].pop(field))
    for i in own:
        yield "read-only root", broken(lambda s, i=i: containers(s)[i]["securityContext"].pop("readOnlyRootFilesystem", None))
        yield "resources", broken(lambda s, i=i: containers(s)[i].pop("resources", None))
