#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs inside the virtual machine of tests/vm: `keyward node` on the machine's own TPM and event log, and containers that
runc makes from exactly what Allocate answered, with device owner, group and mode as a container runtime copies them."""
import json
import os
import pathlib
import stat
import subprocess
import time
import urllib.request

from kubelet import Kubelet

GID = 65532
failed = 0


def check(name, good, found=""):
    global failed
    failed += not good
    print(("ok " if good else "not ok ") + name + ("" if good else f"\n#   found: {str(found)[:900]}"), flush=True)


def readyz():
    try:
        return urllib.request.urlopen("http://127.0.0.1:8082/readyz", timeout=5).read().decode()
    except OSError as error:
        return str(getattr(error, "read", lambda: error)())


def device_of(spec):
    """As containerd and CRI-O do it: number, owner, group and mode of the node at host_path."""
    st = os.stat(spec.host_path)
    return {"path": spec.container_path, "type": "c", "major": os.major(st.st_rdev), "minor": os.minor(st.st_rdev),
            "fileMode": stat.S_IMODE(st.st_mode), "uid": st.st_uid, "gid": st.st_gid}


def bundle(name, answer, gid, arguments):
    """No capability, no new privilege, a read-only root, user 65532; nothing is mounted but what Allocate names and the system's
    own: /proc, and /usr and /lib for the program's libraries, as an image would bring them."""
    root = pathlib.Path("/bundles") / name
    for directory in ("proc", "dev", "usr", "lib", "lib64", "bin", "etc", "tmp", "config", "run/keyward/node"):
        (root / "rootfs" / directory).mkdir(parents=True, exist_ok=True)
    devices = [device_of(d) for d in answer.devices]
    mounts = [{"destination": "/proc", "type": "proc", "source": "proc"},
              {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755"]}]
    mounts += [{"destination": m.container_path, "type": "none", "source": m.host_path,
                "options": ["bind", "ro" if m.read_only else "rw"]} for m in answer.mounts]
    mounts += [{"destination": d, "type": "none", "source": d, "options": ["rbind", "ro"]} for d in ("/usr", "/lib", "/lib64", "/bin", "/config")]
    config = {
        "ociVersion": "1.0.2", "hostname": name, "root": {"path": "rootfs", "readonly": True}, "mounts": mounts,
        "process": {"user": {"uid": 65532, "gid": gid, "additionalGids": []}, "cwd": "/", "args": arguments, "env": ["PATH=/usr/bin:/bin"],
                    "capabilities": {k: [] for k in ("bounding", "effective", "permitted", "inheritable", "ambient")},
                    "noNewPrivileges": True, "terminal": False},
        "linux": {"namespaces": [{"type": t} for t in ("mount", "pid", "ipc", "uts")], "devices": devices, "cgroupsPath": "/" + name,
                  "resources": {"devices": [{"allow": False, "access": "rwm"}] + [
                      {"allow": True, "type": "c", "major": d["major"], "minor": d["minor"], "access": s.permissions}
                      for d, s in zip(devices, answer.devices)]}},
    }
    (root / "config.json").write_text(json.dumps(config))
    return subprocess.run(["runc", "run", "--no-pivot", "--bundle", root, name], capture_output=True, text=True)


def main():
    check("the machine has a TPM", stat.S_ISCHR(os.stat("/dev/tpmrm0").st_mode))
    os.chmod("/dev/tpmrm0", 0o600)  # root's alone, as on nodes without a group for it
    log = pathlib.Path("/sys/kernel/security/tpm0/binary_bios_measurements")
    check("the machine has an event log", log.stat() and len(log.read_bytes()) > 1000)
    kubelet = Kubelet("/var/lib/kubelet/device-plugins")
    kubelet.start()
    node = subprocess.Popen(["/bin/keyward", "node", "-c", "/config/node.yaml"])
    kubelet.wait_registered(120)
    until = time.monotonic() + 120
    while "failed" in readyz() or "pending" in readyz() or "refused" in readyz():
        if time.monotonic() > until:
            break
        time.sleep(0.5)
    found = readyz()
    check("the helper is ready: device, kubelet, TPM, event log, collateral",
          all(f"{part}: ok" in found for part in ("device", "kubelet", "tpm", "eventlog", "collateral")), found)
    check("the published log is the machine's", pathlib.Path("/run/keyward/node/eventlog").read_bytes() == log.read_bytes())
    state = json.loads(pathlib.Path("/run/keyward/node/node.json").read_text())
    check("it replays to the machine's PCRs", state["eventLog"]["state"] == "replays", state)
    answer = kubelet.plugin.allocate(["tpm-0"]).container_responses[0]
    made = os.stat(answer.devices[0].host_path)
    check("the device node is the TPM, for its group", (made.st_rdev, made.st_gid, stat.S_IMODE(made.st_mode)) ==
          (os.stat("/dev/tpmrm0").st_rdev, GID, 0o660), made)

    attest = ["/bin/keyward", "attest", "-c", "/config/pod.yaml"]
    run = bundle("with-group", answer, GID, attest)
    check("given the group, a container without privilege attests", (run.returncode, run.stdout.strip()) == (0, "true"), run)
    release = bundle("release", answer, GID, ["/bin/keyward", "release", "demo", "-c", "/config/pod.yaml", "--format", "jwk"])
    check("... and gets its key", release.returncode == 0 and "kty" in release.stdout, release.stderr or release.returncode)
    run = bundle("without-group", answer, GID + 1, attest)
    check("without the group it cannot open the TPM", run.returncode != 0 and "ermission denied" in run.stderr, run)
    del answer.devices[:]
    run = bundle("without-device", answer, GID, attest)
    check("without the device there is none", run.returncode != 0 and "true" not in run.stdout, run)
    node.terminate()
    check("the helper ends with 0", node.wait(20) == 0)
    print("vm: done" if failed == 0 else f"vm: {failed} failed", flush=True)


main()
