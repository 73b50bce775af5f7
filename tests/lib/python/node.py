#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The parts of test_node: node.py PART. The kubelet's side is python3-grpcio; openssl judges certificates."""
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import ssl
import stat
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer

import grpc
import yaml

from kubelet import C, Kubelet

LAB, WORK, KEYWARD = (pathlib.Path(os.environ[n]) for n in ("LAB", "WORK", "KEYWARD"))
KEYWARD_LAB = KEYWARD.parent / "keyward-lab"
AT = json.loads((LAB / "lab.json").read_text())
DEVICE, OURS = WORK / "dev/tpmrm0", WORK / "device/tpmrm0"
PUBLISHED, PLUGINS = WORK / "node", WORK / "plugins"
GID, COUNT = 65532, 3
failed = 0


def check(name, good, found=""):
    global failed
    failed += not good
    print(("ok " if good else "not ok ") + name + ("" if good else f"\n#   found: {str(found)[:600]}"), flush=True)


def same(name, expected, found):
    check(name, expected == found, f"{found!r}, expected {expected!r}")


def until(what, test, seconds=30):
    """Polls; the last answer, whatever it is, when the time is over."""
    end = time.monotonic() + seconds
    while True:
        found = test()
        if found or time.monotonic() > end:
            return found
        time.sleep(0.02)


def get(path):
    try:
        with urllib.request.urlopen("http://127.0.0.1:8082" + path, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


def ready():
    return dict(line.split(": ", 1) for line in get("/readyz")[1].splitlines())


def metrics():
    return dict(line.rsplit(" ", 1) for line in get("/metrics")[1].splitlines() if not line.startswith("#"))


class Node:
    """A running `keyward node`."""

    def __init__(self, env=None, **settings):
        config = yaml.safe_load((LAB / "keyward.yaml").read_text())
        config["node"] = {"kubelet": str(PLUGINS), "device": str(DEVICE), "deviceDirectory": str(OURS.parent), "gid": GID,
                          "count": COUNT, "directory": str(PUBLISHED), "eventLog": AT["eventLog"], "interval": "1s", **settings}
        (WORK / "node.yaml").write_text(yaml.safe_dump(config))
        self.log = open(WORK / "node.log", "w")
        self.process = subprocess.Popen([KEYWARD, "node", "-c", WORK / "node.yaml"], stderr=self.log,
                                        env={**os.environ, **(env or {})})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.code = self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.code = "killed"

    def says(self, words):
        return words in (WORK / "node.log").read_text()


def make_device(minor=3):
    DEVICE.parent.mkdir(exist_ok=True)
    draft = DEVICE.with_name("draft")
    os.mknod(draft, 0o600 | stat.S_IFCHR, os.makedev(1, minor))
    os.rename(draft, DEVICE)


def lab_log(service):
    text = subprocess.run([KEYWARD_LAB, "log", "--dir", LAB], capture_output=True, text=True, check=True).stdout
    return [line for line in text.splitlines() if line.split()[1] == service]


def fault(*words):
    subprocess.run([KEYWARD_LAB, "fault", "--dir", LAB, *words], check=True, stdout=subprocess.DEVNULL)


def code_of(call, *arguments):
    try:
        call(*arguments)
    except grpc.RpcError as error:
        return error.code()
    return grpc.StatusCode.OK


def plugin():
    """Registers, lists, allocates; the device comes and goes; the kubelet restarts, refuses, says nothing."""
    kubelet = Kubelet(PLUGINS)
    make_device()
    with Node() as node:
        until("it runs", lambda: get("/livez")[0] == 200)
        check("given no kubelet yet, readiness names that", until("", lambda: "KW-SRV" in ready().get("kubelet", "")), ready())
        kubelet.start()
        request = kubelet.wait_registered()
        same("it registers by the API's version", ("v1beta1", "keyward.dev/tpm"), (request.version, request.resource_name))
        same("its options ask for nothing", (False, False), (kubelet.plugin.options.pre_start_required,
                                                             kubelet.plugin.options.get_preferred_allocation_available))
        same("it lists its devices", [(f"tpm-{i}", "Healthy") for i in range(COUNT)], kubelet.first_list)
        answer = kubelet.plugin.allocate(["tpm-1"], ["tpm-0", "tpm-2"])
        same("each container gets an answer of its own", 2, len(answer.container_responses))
        one = answer.container_responses[0]
        same("it gets one device", [(str(DEVICE), str(OURS), "rw")],
             [(d.container_path, d.host_path, d.permissions) for d in one.devices])
        same("it gets the published files, read-only", [(str(PUBLISHED), str(PUBLISHED), True)],
             [(m.container_path, m.host_path, m.read_only) for m in one.mounts])
        same("and nothing else", (0, 0, 0), (len(one.envs), len(one.annotations), len(one.cdi_devices)))
        made, source = os.stat(OURS), os.stat(DEVICE)
        same("the node leads to the same device", source.st_rdev, made.st_rdev)
        same("its group and mode are those of the configuration", (GID, 0o660), (made.st_gid, stat.S_IMODE(made.st_mode)))
        same("an id that nobody listed is refused", grpc.StatusCode.NOT_FOUND, code_of(kubelet.plugin.allocate, ["tpm-9"]))
        same("a container without ids is refused", grpc.StatusCode.INVALID_ARGUMENT, code_of(kubelet.plugin.allocate, []))
        same("PreStartContainer answers", grpc.StatusCode.OK,
             code_of(kubelet.plugin.call, "PreStartContainer", C["PreStartContainerRequest"](devices_ids=["tpm-0"])))
        same("a method of another version is refused", grpc.StatusCode.UNIMPLEMENTED,
             code_of(kubelet.plugin.call, "GetPreferredAllocation", C["Empty"]()))
        same("what was handed out is counted", "3", metrics()["keyward_node_devices_handed_out_total"])
        check("everything is well", until("", lambda: get("/readyz")[0] == 200), get("/readyz"))
        shown = ("keyward_node_ready", 'keyward_node_part_ok{part="device"}', "keyward_node_devices_healthy")
        same("... and shown", ["1", "1", str(COUNT)], [metrics()[name] for name in shown])
        check("the registration is counted", int(metrics()['keyward_node_registrations_total{outcome="ok"}']) > 0, metrics())

        DEVICE.unlink()
        same("the device goes: the kubelet is told", {"Unhealthy"}, {h for _, h in kubelet.plugin.lists.get(timeout=20)})
        check("... readiness names it", until("", lambda: "KW-SYS-010" in ready()["device"]), ready())
        same("... metrics show it", ["0", "0", "0"], [metrics()[name] for name in shown])
        check("... its node is gone", not OURS.exists())
        same("... nothing is allocated", grpc.StatusCode.UNAVAILABLE, code_of(kubelet.plugin.allocate, ["tpm-0"]))
        make_device(5)
        same("another comes: the kubelet is told", {"Healthy"}, {h for _, h in kubelet.plugin.lists.get(timeout=20)})
        same("... the node leads there", os.makedev(1, 5), os.stat(OURS).st_rdev)

        kubelet.stop()
        check("the kubelet goes: readiness names that", until("", lambda: "KW-SRV-030" in ready()["kubelet"]), ready())
        kubelet.start()  # which empties the directory
        kubelet.wait_registered()
        same("it comes again: it is registered again", COUNT, len(kubelet.first_list))
        kubelet.plugin.close()
        kubelet.plugin = None
        kubelet.wait_registered()
        check("it stops watching: it is registered again", True)
        kubelet.stop()
        kubelet.refuse = (grpc.StatusCode.UNKNOWN, "the requested API version is not supported")
        kubelet.start()
        kubelet.registrations.get(timeout=30)
        check("a refusal is told in the kubelet's words", until("", lambda: node.says("API version is not supported")))
        kubelet.refuse = None
        kubelet.wait_registered(60)
        check("... and asked again", True)
        kubelet.stop()

        with socket.socket(socket.AF_UNIX) as nonsense:
            nonsense.bind(str(PLUGINS / "kubelet.sock"))
            nonsense.listen()
            nonsense.settimeout(60)
            for words in (b"HTTP/1.1 400 Bad Request\r\n\r\n", bytes(range(256)) * 16, b""):
                connection, _ = nonsense.accept()
                connection.sendall(words)
                connection.close()
        check("nonsense for an answer is no registration", until("", lambda: "KW-SRV-030" in ready()["kubelet"]), ready())
        os.rename(PLUGINS, WORK / "moved")
        kubelet.start()
        kubelet.wait_registered(60)
        check("a directory that was moved away and made again is found", True)
        kubelet.stop()
    same("SIGTERM ends it with 0", 0, node.code)
    check("... and its socket is gone", not (PLUGINS / "keyward-tpm.sock").exists())


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def frame(kind, flags, stream, body=b""):
    return len(body).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + body


def literal(name, value):
    return b"\x00" + bytes([len(name)]) + name + bytes([len(value)]) + value


def headers(path=b"/v1beta1.DevicePlugin/Allocate", method=b"POST", kind=b"application/grpc"):
    return (literal(b":method", method) + literal(b":scheme", b"http") + literal(b":path", path)
            + literal(b":authority", b"localhost") + literal(b"content-type", kind) + literal(b"te", b"trailers"))


def hostile():
    """Malformed frames and messages on the plugin's socket: none of them ends or stops it."""
    kubelet = Kubelet(PLUGINS)
    make_device()
    with Node() as node:
        kubelet.start()
        kubelet.wait_registered()

        def send(*frames, enough=lambda got: False, preface=PREFACE + frame(4, 0, 0)):
            with socket.socket(socket.AF_UNIX) as s:
                s.connect(str(PLUGINS / "keyward-tpm.sock"))
                s.settimeout(15)
                got = b""
                try:
                    s.sendall(preface + b"".join(frames))
                    while not enough(got):
                        more = s.recv(65536)
                        if not more:
                            break
                        got += more
                except (BrokenPipeError, ConnectionResetError):
                    pass
                return got

        ended = [("not HTTP/2", (b"GET / HTTP/1.1\r\n\r\n",), b""), ("a frame over the limit", (frame(0, 0, 1, bytes(20000)),), None),
                 ("DATA without a stream", (frame(0, 1, 1, b"x"),), None), ("a stream of ours", (frame(1, 5, 2, headers()),), None),
                 ("SETTINGS of a wrong size", (frame(4, 0, 0, b"12345"),), None), ("broken HPACK", (frame(1, 5, 1, b"\xff" * 20),), None),
                 ("CONTINUATION alone", (frame(9, 4, 1, b"x"),), None), ("a window of zero", (frame(8, 0, 0, bytes(4)),), None)]
        for name, frames, preface in ended:
            got = send(*frames, **({"preface": preface} if preface is not None else {}))
            check(f"{name}: the connection ends", b"grpc-status" not in got, got)

        def bent(body, method="Allocate"):
            stub = kubelet.plugin.channel.unary_unary("/v1beta1.DevicePlugin/" + method)
            return code_of(lambda: stub(body, timeout=5))

        same("bytes that are no message are refused", grpc.StatusCode.INVALID_ARGUMENT, bent(b"\x0a\x7f"))
        same("a message over the limit is refused", grpc.StatusCode.RESOURCE_EXHAUSTED, bent(bytes(65537)))
        same("an unknown method is refused", grpc.StatusCode.UNIMPLEMENTED, bent(b"", "Nothing"))
        def kinds(got):
            at, found = 0, set()
            while at + 9 <= len(got):
                found.add((got[at + 3], got[at + 4] & 1, int.from_bytes(got[at + 5:at + 9], "big")))
                at += 9 + int.from_bytes(got[at:at + 3], "big")
            return found

        def refused(body):
            """An answer that ends with its headers (so it is a status alone), on a connection that still answers a PING."""
            answered = {(1, 1, 1), (6, 1, 0)}
            got = send(frame(1, 4, 1, headers()), frame(0, 1, 1, body), frame(6, 0, 0, b"12345678"),
                       enough=lambda so_far: answered <= kinds(so_far))
            return answered <= kinds(got) and not {(0, 0, 1), (0, 1, 1)} & kinds(got)

        for name, body in (("no message at all", b""), ("half of a prefix", bytes(3)), ("a length that is not kept", b"\0\0\0\0\x09ab"),
                           ("two messages", bytes(10)), ("an unknown flag", b"\x07\0\0\0\0"), ("compression", b"\x01\0\0\0\0")):
            check(f"{name}: refused, and the connection lives", refused(body))
        chance = random.Random(1)
        for _ in range(60):
            with socket.socket(socket.AF_UNIX) as s:
                s.connect(str(PLUGINS / "keyward-tpm.sock"))
                try:
                    s.sendall(PREFACE + frame(4, 0, 0) + b"".join(
                        frame(chance.randrange(12), chance.randrange(256), chance.randrange(5), chance.randbytes(chance.randrange(60)))
                        for _ in range(20)))
                except (BrokenPipeError, ConnectionResetError):
                    pass
        idle = []
        for _ in range(30):
            s = socket.socket(socket.AF_UNIX)
            s.connect(str(PLUGINS / "keyward-tpm.sock"))
            idle.append(s)
        same("after all that, with thirty idle peers, it allocates", grpc.StatusCode.OK, code_of(kubelet.plugin.allocate, ["tpm-0"]))
        for s in idle:
            s.close()
        same("it is still the same process", None, node.process.poll())
        kubelet.stop()


def chip_file():
    found = list((PUBLISHED / "collateral").glob("*.json"))
    return found[0] if len(found) == 1 else None


def state():
    try:
        return json.loads((PUBLISHED / "node.json").read_text())
    except FileNotFoundError:
        return {}


def files():
    """Event log and collateral: what they are, who may read them, what happens when they cannot be had or written."""
    kubelet = Kubelet(PLUGINS)
    kubelet.start()
    make_device()
    with Node() as node:
        check("everything is well", until("", lambda: get("/readyz")[0] == 200), get("/readyz"))
        same("the event log is the firmware's", pathlib.Path(AT["eventLog"]).read_bytes(), (PUBLISHED / "eventlog").read_bytes())
        same("it is said to replay", "replays", state()["eventLog"]["state"])
        document = json.loads(chip_file().read_text())
        same("collateral has THIM's members", ["cacheControl", "certificateChain", "tcbm", "vcekCert"], sorted(document))
        (WORK / "leaf.pem").write_text(document["vcekCert"])
        (WORK / "chain.pem").write_text(document["certificateChain"])
        verdict = subprocess.run(["openssl", "verify", "-check_ss_sig", "-CAfile", AT["amdRoots"], "-untrusted", WORK / "chain.pem",
                                  WORK / "leaf.pem"], capture_output=True, text=True)
        same("openssl verifies it", 0, verdict.returncode)
        hwid = subprocess.run(["openssl", "x509", "-in", WORK / "leaf.pem", "-noout", "-text"], capture_output=True, text=True).stdout
        check("the file is called after the chip", len(chip_file().stem) == 128 and "1.3.6.1.4.1.3704.1.4" in hwid)
        for path in (PUBLISHED / "eventlog", chip_file(), PUBLISHED / "node.json"):
            same(f"{path.name[:12]} may be read by all", 0o644, stat.S_IMODE(path.stat().st_mode))
        same("THIM was asked once", ("1", "1"), (metrics()["keyward_node_thim_calls_total"],
                                                 metrics()["keyward_node_thim_attempts_total"]))
        check("the age of both files is shown", all(f'keyward_node_file_age_seconds{{file="{name}"}}' in metrics()
                                                    for name in ("eventlog", "collateral")), metrics())
        chip_file().unlink()
        check("a file that somebody removed comes back", until("", chip_file))
        (PUBLISHED / "eventlog").write_bytes(b"changed")
        check("a file that somebody changed is made good", until("", lambda: (PUBLISHED / "eventlog").read_bytes() ==
                                                                 pathlib.Path(AT["eventLog"]).read_bytes()))
        same("... without asking THIM", "1", metrics()["keyward_node_thim_calls_total"])
        status = pathlib.Path(f"/proc/{node.process.pid}/status").read_text()
        caps = {k: int(v, 16) for k, v in (line.split(":\t") for line in status.splitlines() if line.startswith("Cap"))}
        same("it keeps three capabilities and no more", 1 | 2 | 1 << 27, caps["CapPrm"] | caps["CapEff"] | caps["CapInh"] | caps["CapBnd"])

        fault("tpm", "pcr-extend", "pcr=4")
        check("a PCR that a neighbour extends is counted", until("", lambda: metrics()['keyward_node_pcr_changes_total{pcr="4"}'] == "1"))
        check("... the log is marked", until("", lambda: state()["eventLog"] == {"state": "differs", "pcrs": [4]}), state())
        same("... and shown", ("0", "1"), (metrics()["keyward_node_event_log_replays"],
                                           metrics()['keyward_node_pcr_differs_from_log{pcr="4"}']))
    with Node(eventLog=str(WORK / "nowhere")) as node:
        check("a log that is not there is named", until("", lambda: "KW-TPM" in ready().get("eventlog", "")), ready())
    shutil.rmtree(PUBLISHED)
    fault("thim", "status", "code=403", "times=2")
    with Node() as node:
        check("THIM refuses: named", until("", lambda: "KW-COL" in ready().get("collateral", "")), ready())
        check("... and nothing is published", chip_file() is None)
        check("... it is asked again", until("", chip_file))
    shutil.rmtree(PUBLISHED)
    fault("thim", "tamper", "field=chain-foreign", "times=1")
    with Node() as node:
        check("a foreign chain is not published", until("", lambda: "KW-COL" in ready().get("collateral", "")) and not chip_file(), ready())
        check("... the right one is, later", until("", chip_file))
    shutil.rmtree(PUBLISHED)

    PUBLISHED.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k,nr_inodes=3", "tmpfs", PUBLISHED], check=True)
    with Node() as node:
        check("a full directory is named", until("", lambda: "KW-OUT-001" in ready().get("eventlog", "")), ready())
        left = {f.name for f in PUBLISHED.rglob("*") if f.is_file()}
        check("... and nothing is half-written", left <= {"node.json"} and (not left or state()), left)
        subprocess.run(["mount", "-o", "remount,size=1m,nr_inodes=100", PUBLISHED], check=True)
        check("... with room again all is written", until("", lambda: chip_file() and get("/readyz")[0] == 200), get("/readyz"))
        subprocess.run(["mount", "-o", "remount,ro", PUBLISHED], check=True)
        content = chip_file().read_text()
        same("read-only: what was written stays", content, chip_file().read_text())
    subprocess.run(["umount", PUBLISHED], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", PUBLISHED], check=True)
    with Node() as node:
        check("a read-only directory is named", until("", lambda: "KW-OUT-001" in ready().get("collateral", "")), ready())
    subprocess.run(["umount", PUBLISHED], check=True)
    kubelet.stop()


class Api(BaseHTTPRequestHandler):
    seen, answer = [], 200

    def do_PATCH(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if Api.answer == 0:  # no HTTP at all
            self.wfile.write(b"\x00 no answer of an API\r\n\r\n")
            self.close_connection = True
            return
        Api.seen.append((self.path, self.headers["Content-Type"], self.headers["Authorization"], body))
        text = json.dumps({"kind": "Status", "message": "words of the API"}).encode()
        self.send_response(Api.answer)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


def configmap():
    """One data key of one ConfigMap, by patch alone."""
    kubelet = Kubelet(PLUGINS)
    kubelet.start()
    make_device()
    account = WORK / "account"
    account.mkdir()
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1",
                    "-subj", "/CN=api", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", WORK / "api.key", "-out", account / "ca.crt"],
                   check=True, stderr=subprocess.DEVNULL)
    (account / "token").write_text("the-token\n")
    server = HTTPServer(("127.0.0.1", 0), Api)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(account / "ca.crt", WORK / "api.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    env = {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(server.server_port)}
    at = {"configMap": {"namespace": "kube-system", "name": "keyward-pool", "account": str(account)}}
    Api.answer = 403
    with Node(env, **at) as node:
        check("a refusal of the API is named", until("", lambda: "KW-OUT-014" in ready().get("configmap", "")), ready())
        check("... with its words in the log", node.says("words of the API"))
        Api.answer = 200
        check("it is asked again", until("", lambda: get("/readyz")[0] == 200, 60), get("/readyz"))
        path, kind, bearer, body = Api.seen[-1]
        same("it patches that ConfigMap", "/api/v1/namespaces/kube-system/configmaps/keyward-pool", path)
        same("... as a merge patch, as the service account", ("application/merge-patch+json", "Bearer the-token"), (kind, bearer))
        same("... with one key per chip, the same as the file", {"data": {chip_file().name: chip_file().read_text()}}, json.loads(body))
        n = len(Api.seen)
        looks = len([line for line in lab_log("tpm") if "TPM2_PCR_Read" in line])
        until("", lambda: len([line for line in lab_log("tpm") if "TPM2_PCR_Read" in line]) >= looks + 2)
        same("it patches no more while nothing changes", n, len(Api.seen))
        patches = [int(metrics()[f'keyward_node_configmap_patches_total{{outcome="{outcome}"}}']) for outcome in ("ok", "failed")]
        check("one patch is counted, and the refusals", patches[0] == 1 and patches[1] > 0, patches)
    for what, port, answer, error in (("an API that is busy", server.server_port, 503, "KW-OUT-013"),
                                      ("an API that speaks no HTTP", server.server_port, 0, "KW-OUT-012"),
                                      ("an API that is not there", 9, 200, "KW-OUT-010")):
        Api.answer = answer
        with Node({**env, "KUBERNETES_SERVICE_PORT": str(port)}, **at):
            check(what + " is named", until("", lambda: error in ready().get("configmap", ""), 60), ready())
    n = len(Api.seen)
    shutil.copy(LAB / "pki/ca.pem", account / "ca.crt")
    with Node(env, **at) as node:
        check("an API with another CA is not trusted", until("", lambda: "KW-OUT-011" in ready().get("configmap", "")), ready())
        same("... and gets no token", n, len(Api.seen))
    kubelet.stop()


def sidecars(count=60 if os.environ.get("KEYWARD_LONG") else 10):
    """Agents that take collateral from the published files ask THIM for nothing."""
    kubelet = Kubelet(PLUGINS)
    kubelet.start()
    make_device()
    with Node():
        check("everything is well", until("", lambda: get("/readyz")[0] == 200), get("/readyz"))
        before = len(lab_log("thim"))
        config = yaml.safe_load((LAB / "keyward.yaml").read_text())
        config["collateral"].update(sources=["file"], file=str(PUBLISHED / "collateral"))
        config["evidence"]["eventLog"] = str(PUBLISHED / "eventlog")
        running = []
        for i in range(count):
            config["server"] = {"http": "", "health": "", "socket": {"path": str(WORK / f"sidecar-{i}.sock")}}
            (WORK / f"sidecar-{i}.yaml").write_text(yaml.safe_dump(config))
            log = open(WORK / f"sidecar-{i}.log", "w")
            running.append(subprocess.Popen([KEYWARD, "serve", "-c", WORK / f"sidecar-{i}.yaml"], stderr=log))
        released = until("", lambda: sum('"released"' in (WORK / f"sidecar-{i}.log").read_text() for i in range(count)) == count, 240)
        check(f"{count} sidecars release their key", released)
        same("... with no call to THIM of their own", before, len(lab_log("thim")))
        for process in running:
            process.terminate()
        for process in running:
            process.wait(10)
    kubelet.stop()


def container():
    """A container that podman makes from exactly what Allocate answered: user 65532, no capability, a read-only root."""
    if not shutil.which("podman") or not shutil.which("runc"):
        return print("skip a container with the device: podman or runc is not installed")
    kubelet = Kubelet(PLUGINS)
    kubelet.start()
    device = pathlib.Path("/mnt/tpmrm0")  # in this test's own mount namespace
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", device.parent], check=True)
    os.mknod(device, 0o600 | stat.S_IFCHR, os.makedev(1, 5))  # /dev/zero for the TPM; tests/vm has a real one
    root, settings = WORK / "rootfs", WORK / "config"
    for directory in ("usr", "lib", "lib64", "bin", "proc", "sys", "dev", "etc", "tmp", "run", "mnt", "config"):
        (root / directory).mkdir(parents=True)
    settings.mkdir()
    config = yaml.safe_load((LAB / "keyward.yaml").read_text())
    for name, source in (("ca.pem", AT["ca"]), ("ark.pem", AT["amdRoots"]), ("signer.pem", LAB / "pki/signer-root.pem")):
        shutil.copy(source, settings / name)
    config["tls"]["caFile"], config["release"]["signerRoots"] = "/config/ca.pem", "/config/signer.pem"
    config["collateral"] = {"sources": ["file"], "file": str(PUBLISHED / "collateral"), "trustedRoots": "/config/ark.pem"}
    config["evidence"]["eventLog"] = str(PUBLISHED / "eventlog")
    (settings / "keyward.yaml").write_text(yaml.safe_dump(config))
    for path in (settings, *settings.iterdir()):
        path.chmod(0o755 if path.is_dir() else 0o644)
    limits = WORK / "containers.conf"
    limits.write_text('[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1000:1000"]\n')

    def run(answer, gid, *arguments):
        command = ["podman", "--root", WORK / "storage", "--runroot", WORK / "runroot", "--runtime", "runc", "run", "--rm", "--network",
                   "host", "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--user", f"65532:{gid}"]
        for d in answer.devices:
            command += ["--device", f"{d.host_path}:{d.container_path}:{d.permissions}"]
        for m in answer.mounts:
            command += ["-v", f"{m.host_path}:{m.container_path}" + (":ro" if m.read_only else "")]
        for own in ("/usr", "/lib", "/lib64", "/bin"):  # what an image would bring
            command += ["-v", f"{own}:{own}:ro"]
        command += ["-v", f"{settings}:/config:ro", "-v", f"{KEYWARD}:/run/keyward-bin:ro", "--rootfs", root, *arguments]
        return subprocess.run(command, capture_output=True, text=True, env={**os.environ, "CONTAINERS_CONF": str(limits)})

    with Node(device=str(device)):
        kubelet.wait_registered()
        check("everything is well", until("", lambda: get("/readyz")[0] == 200), get("/readyz"))
        answer = kubelet.plugin.allocate(["tpm-0"]).container_responses[0]
        got = run(answer, GID, "head", "-c", "3", device)
        check("given the group, the container opens the device", (got.returncode, got.stdout) == (0, "\0\0\0"), got)
        got = run(answer, GID + 1, "head", "-c", "3", device)
        check("without the group it cannot", got.returncode != 0 and "Permission denied" in got.stderr, got)
        got = run(answer, GID, "sh", "-c", f"echo x > {PUBLISHED}/eventlog")
        check("the published files are read-only", got.returncode != 0 and "Read-only file system" in got.stderr, got)
        got = run(answer, GID, "/run/keyward-bin", "attest", "-c", "/config/keyward.yaml")
        same("it attests with the published files", (0, "true"), (got.returncode, got.stdout.strip()))
    kubelet.stop()
    subprocess.run(["umount", device.parent], check=True)


if __name__ == "__main__":
    {"container": container, "plugin": plugin, "hostile": hostile, "files": files, "configmap": configmap, "sidecars": sidecars}[sys.argv[1]]()
    sys.exit(1 if failed else 0)
