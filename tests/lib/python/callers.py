#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The parts of test_access and test_hostile: callers.py PART."""
import base64
import http.client
import json
import os
import pathlib
import socket
import sys

import yaml

LAB, WORK = pathlib.Path(os.environ["LAB"]), pathlib.Path(os.environ["WORK"])
AT = json.loads((LAB / "lab.json").read_text()) if (LAB / "lab.json").exists() else {}
SOCKET, HTTP, HEALTH = str(WORK / "keyward.sock"), ("127.0.0.1", 8080), ("127.0.0.1", 8081)
KEYS = {"open": [{"any": True}], "sealed": [{"any": True}], "own": None, "bytoken": [{"token": "app"}], "byuid": [{"uid": 65534}]}
RAW = {name: bytes([i + 1] * 5) + bytes(range(32 * i, 32 * i + 27)) for i, name in enumerate(KEYS)}
# Who may have which key; "wrong" shows a token that is none of ours.
CALLERS = {"tcp": {"open", "sealed"}, "tcp app": {"open", "sealed", "bytoken"}, "tcp wrong": set(),
           "socket 0": {"open", "sealed", "own"}, "socket 65534": {"open", "sealed", "byuid"}, "health": set()}
failed = 0


def check(name, good, found=""):
    global failed
    failed += not good
    print(("ok " if good else "not ok ") + name + ("" if good else f"\n#   found: {str(found)[:600]}"))


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Unix(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(20)
        self.sock.connect(SOCKET)


def as_user(uid, action):
    """In a child process, because the socket tells who asks."""
    if uid == os.geteuid():
        return action()
    out, into = os.pipe()
    if (pid := os.fork()) == 0:
        os.close(out)
        os.setgroups([]), os.setgid(uid), os.setuid(uid)
        status, body = action()
        os.write(into, status.to_bytes(2, "big") + body)
        os._exit(0)
    os.close(into)
    with os.fdopen(out, "rb") as pipe:
        answer = pipe.read()
    os.waitpid(pid, 0)
    return int.from_bytes(answer[:2], "big"), answer[2:]


def call(caller, method, path, body=None, headers=()):
    where, _, who = caller.partition(" ")
    headers = dict(headers)
    if who in ("app", "wrong"):
        headers["Authorization"] = "Bearer " + ((WORK / "token").read_text() if who == "app" else "A" * 43)

    def action():
        at = Unix("localhost") if where == "socket" else http.client.HTTPConnection(*(HEALTH if where == "health" else HTTP), timeout=20)
        at.request(method, path, None if body is None else json.dumps(body), headers)
        answer = at.getresponse()
        result = answer.status, answer.read()
        at.close()
        return result
    return as_user(int(who), action) if where == "socket" else action()


# --- what is there -----------------------------------------------------------------------------------------------

def setup(per_minute="60000"):
    import subprocess
    config = yaml.safe_load((LAB / "keyward.yaml").read_text())
    yaml.SafeDumper.ignore_aliases = lambda *_: True
    config["keys"] = []
    for name, allow in KEYS.items():
        (WORK / name).write_bytes(RAW[name])
        subprocess.run([os.environ["KEYWARD_LAB"], "key", "--dir", str(LAB), name, "--kty", "oct", "--import", str(WORK / name)],
                       check=True, stdout=subprocess.DEVNULL)
        key = {"name": name, "url": f"{AT['vault']}/keys/{name}", "export": name != "sealed", "required": True}
        config["keys"].append(key if allow is None else {**key, "allow": allow})
    config["server"].update(tokens=[{"name": "app", "file": str(WORK / "token")}], socket={"path": SOCKET, "mode": "0666"},
                            attest={"allow": [{"token": "app"}]}, failuresPerMinute=int(per_minute))
    config["log"] = {"level": "info", "format": "json"}
    (WORK / "keyward.yaml").write_text(yaml.safe_dump(config))


# --- who gets what -----------------------------------------------------------------------------------------------

def shows(body, name):
    """The key's bytes, however they are written."""
    raw = RAW[name]
    forms = [raw, raw.hex().encode(), raw.hex().upper().encode(), b64(raw).encode(), base64.b64encode(raw)[:40], raw[:16], b64(raw[:15]).encode()]
    return any(form in body for form in forms)


def routes(key):
    """Every route that exists, as this key's reader would ask it: route, method, path, body, headers."""
    host, maa = AT["vault"].split("//")[1], AT["maa"].split("//")[1]
    own = base64.b64encode(b'{"keys":[{"kty":"RSA"}]}').decode()
    table = [(f"GET key as {a}", "GET", f"/v1/keys/{key}", None, {"Accept": a})
             for a in ("application/jwk+json", "application/octet-stream", "application/x-pem-file", "*/*")]
    table += [(what, "POST", f"/v1/keys/{key}/{what}", {"alg": alg, "value": "AAAA", "iv": b64(bytes(12)), "tag": b64(bytes(16))}
               if what == "decrypt" else {"alg": alg, "value": b64(bytes(24))}, {})
              for what, alg in (("decrypt", "A256GCM"), ("unwrap", "A256KW"), ("sign", "PS256"))]
    table += [("release", "POST", "/key/release", {"maa_endpoint": maa, "akv_endpoint": host, "kid": key}, {}),
              ("explain", "POST", "/v1/explain", {"key": key}, {}),
              ("list", "GET", "/v1/keys", None, {}), ("status", "GET", "/status", None, {}), ("metrics", "GET", "/metrics", None, {}),
              ("livez", "GET", "/livez", None, {}), ("readyz", "GET", "/readyz", None, {}), ("startupz", "GET", "/startupz", None, {}),
              ("openapi", "GET", "/openapi.json", None, {}), ("collateral", "GET", "/v1/collateral", None, {}),
              ("attest keys", "POST", "/v1/attest", {"nonce": '{"keys":[]}'}, {}),
              ("attest/raw keys", "POST", "/attest/raw", {"runtime_data": own}, {}),
              ("attest/combined keys", "POST", "/attest/combined", {"runtime_data": own}, {}),
              ("attest/maa keys", "POST", "/attest/maa", {"maa_endpoint": maa, "runtime_data": own}, {})]
    return table


GIVING = ("GET key as application/jwk+json", "GET key as application/octet-stream", "GET key as */*", "release")
ON_HEALTH = (  # the metrics have the names of keys as labels
    "livez", "readyz", "startupz", "openapi", "metrics")


def access():
    n = 0
    for caller, mine in CALLERS.items():
        if caller.startswith("socket") and os.geteuid() != 0:
            print(f"skip {caller}: not root")
            continue
        wrong, given = [], set()
        for key in [*KEYS, "missing"]:
            for route, method, path, body, headers in routes(key):
                status, answer = call(caller, method, path, body, headers)
                n += 1
                may = key in mine and key != "sealed" and route in GIVING
                seen = {k for k in KEYS if shows(answer, k)}
                given |= seen
                if seen != ({key} if may else set()) or may != (status == 200 and route in GIVING):
                    wrong.append((route, key, status, seen, answer[:80]))
                if "keys" in route and "attest" in route and (status == 200 or b"token" in answer and b'"token":"' in answer):
                    wrong.append((route, status, answer[:80]))
                if caller == "health" and (route not in ON_HEALTH) != (status == 404):
                    wrong.append((route, key, status))
                if caller == "health" and route != "openapi" and any(
                        word.encode() in answer for word in (*(KEYS if route != "metrics" else ()), AT["vault"].split("//")[1],
                                                         AT["maa"].split("//")[1], "KW-")):
                    wrong.append((route, "says more than a state", answer[:200]))
        check(f"{caller}: {', '.join(sorted(given)) or 'no key'}, by the routes that give and no other",
              not wrong and given == mine - {"sealed"}, wrong[:4])
    for caller, status in (("tcp", 403), ("tcp wrong", 401), ("socket 0", 403), ("tcp app", 200)):
        got = call(caller, "POST", "/v1/attest", {"nonce": "n"})
        check(f"{caller}: attesting a nonce is {status}", got[0] == status, got)
        got = call(caller, "GET", "/v1/collateral")
        check(f"{caller}: the collateral is {status}", got[0] == status, got)
    for header, good in (("localhost", True), ("127.0.0.1:8080", True), ("[::1]:8080", True), ("evil.example", False),
                         ("localhost.evil.example", False), ("127.0.0.1.evil.example", False), ("", False)):
        got = call("tcp", "GET", "/v1/keys/open", headers={"Host": header})
        check(f"Host '{header}': {'accepted' if good else 'refused'}", (got[0] == 200) == good and (good or not shows(got[1], "open")), got)
    for origin in ("http://localhost:8080", "null", "https://evil.example"):
        got = call("tcp", "GET", "/v1/keys/open", headers={"Origin": origin})
        check(f"Origin {origin}: refused", got[0] == 403 and not shows(got[1], "open"), got)
    print(f"# {n} rows")


def rate():
    """With failuresPerMinute 5."""
    bad = {"alg": "A256GCM", "value": "AAAA", "iv": b64(bytes(12)), "tag": b64(bytes(16))}
    tries = [call("tcp", "POST", "/v1/keys/open/decrypt", bad)[0] for _ in range(7)]
    check("the sixth failed decryption of a minute is told to wait", tries == [422] * 5 + [429] * 2, tries)
    at = http.client.HTTPConnection(*HTTP, timeout=10)
    at.request("POST", "/v1/keys/open/decrypt", json.dumps(bad))
    answer = at.getresponse()
    check("... for how long", int(answer.getheader("Retry-After", "0")) >= 1, answer.getheaders())
    check("... its reads go on", call("tcp", "GET", "/v1/keys/open")[0] == 200)
    check("... and another caller's operations", call("tcp app", "POST", "/v1/keys/open/decrypt", bad)[0] == 422)
    guesses = [call("tcp wrong", "GET", "/v1/keys/bytoken")[0] for _ in range(7)]
    check("guessed tokens are told to wait", guesses == [401] * 5 + [429] * 2, guesses)
    check("... and the right one is not", call("tcp app", "GET", "/v1/keys/bytoken")[0] == 200)
    names = [call("socket 0", "GET", f"/v1/keys/name{i}")[0] for i in range(7)]
    check("guessed names are told to wait", names == [404] * 5 + [429] * 2, names)


def document():
    """The commands of docs/http-api.md, with this test's paths and names."""
    import re
    import subprocess
    text = (pathlib.Path(__file__).resolve().parent.parent.parent.parent / "docs/http-api.md").read_text()
    lines = [line for block in re.findall(r"```sh\n(.*?)```", text, re.S) for line in block.strip().splitlines()]
    for line in lines:
        command, expected = re.fullmatch(r"curl (.*?)\s+# (\d+)", line).groups()
        for here, there in (("/run/keyward/keyward.sock", SOCKET), ("/run/keyward-app/token", str(WORK / "token")),
                            ("/keys/db", "/keys/open"), ("/keys/inside", "/keys/sealed")):
            command = command.replace(here, there)
        done = subprocess.run(["bash", "-c", f"curl -s -o /dev/null -w '%{{http_code}}' --max-time 20 {command}"],
                              stdout=subprocess.PIPE, check=False)
        check(f"docs: {line}", done.stdout.decode() == expected, done.stdout)
    check("docs: there are examples", len(lines) > 10, lines)


# --- hostile -----------------------------------------------------------------------------------------------------

def raw(data, where=HTTP, wait=5.0):
    """What comes back for these bytes; b"" when the connection is closed without an answer."""
    with socket.create_connection(where, timeout=wait) as s:
        try:
            s.sendall(data)
            s.shutdown(socket.SHUT_WR)
            got = b""
            while chunk := s.recv(65536):
                got += chunk
        except OSError:
            got = b""
    return got


def status_of(answer):
    return int(answer.split()[1]) if answer.startswith(b"HTTP/1.1 ") else 0


def hostile():
    good = b"GET /v1/keys/open HTTP/1.1\r\nHost: localhost\r\n"
    end = b"Connection: close\r\n\r\n"
    post = lambda body, more=b"": (b"POST /v1/keys/open/decrypt HTTP/1.1\r\nHost: localhost\r\n" + more + b"Content-Length: "
                                   + str(len(body)).encode() + b"\r\n" + end + body)
    deep = b"[" * 100000 + b"]" * 100000
    table = [  # name, bytes, statuses that may come back; 0: the connection is closed
        ("random bytes", bytes(range(256)) * 16, {0, 400}), ("no request", b"\r\n" * 100, {0, 400}),
        ("no version", b"GET /v1/keys/open\r\n\r\n", {0, 400}), ("HTTP/0.9", b"GET /v1/keys/open HTTP/0.9\r\n\r\n", {0, 400, 505}),
        ("HTTP/9.9", b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n", {0, 400, 404, 505}),
        ("a NUL in the path", b"GET /v1/keys/op\0en HTTP/1.1\r\nHost: localhost\r\n" + end, {0, 400, 404}),
        ("a header of 20 KiB", good + b"X: " + b"a" * 20480 + b"\r\n" + end, {0, 413, 431}),
        ("a thousand headers", good + b"".join(b"X%d: a\r\n" % i for i in range(1000)) + end, {0, 413, 431}),
        ("a path of 20 KiB", b"GET /" + b"a" * 20480 + b" HTTP/1.1\r\nHost: localhost\r\n" + end, {0, 413, 414, 431}),
        ("no Host", b"GET /v1/keys/open HTTP/1.1\r\n" + end, {400, 403}),
        ("two lengths", b"POST /v1/keys/open/sign HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n" + end + b"ab", {0, 400}),
        ("a negative length", b"POST /v1/keys/open/sign HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n" + end, {0, 400, 413}),
        ("a length of 10^30", b"POST /v1/keys/open/sign HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1" + b"0" * 30 + b"\r\n" + end, {0, 400, 413}),
        ("length and chunks", post(b"{}", b"Transfer-Encoding: chunked\r\n"), {0, 400}),
        ("a bad chunk", b"POST /v1/keys/open/sign HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n" + end + b"zz\r\n", {0, 400}),
        ("a second request behind a GET's body", good + b"Content-Length: 3\r\n" + end + b"GET", {200, 400}),
        ("JSON of 100,000 levels", post(deep), {400}), ("a body of NUL bytes", post(bytes(1000)), {400}),
        ("a number of 100,000 digits", post(b'{"alg":' + b"9" * 100000 + b"}"), {400}),
        ("100,000 members", post(b"{" + b",".join(b'"%d":1' % i for i in range(100000)) + b"}"), {400, 413}),
        ("XML", post(b"<a/>", b"Content-Type: application/xml\r\n"), {400}),
        ("a form", post(b"alg=A256GCM", b"Content-Type: application/x-www-form-urlencoded\r\n"), {400}),
        ("multipart", post(b"--x\r\n\r\n--x--", b"Content-Type: multipart/form-data; boundary=x\r\n"), {400}),
        ("broken UTF-8", post(b'{"alg":"\xff\xfe"}'), {400}),
        ("a body over 1 MiB", post(b" " * (1 << 20) + b"{}"), {413}),
        ("a compat body over 1 MiB", b"POST /key/release HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1048578\r\n" + end + b" " * 1048578, {413}),
        ("Expect of something else", post(b"{}", b"Expect: teapot\r\n"), {400, 417}),
        ("an upgrade", good + b"Upgrade: h2c\r\n" + end, {200}),
        ("TLS", bytes.fromhex("16030100c8010000c40303") + bytes(200), {0, 400})]
    table += [(f"path {p.decode()}", b"GET " + p + b" HTTP/1.1\r\nHost: localhost\r\n" + end, {400, 404})
              for p in (b"/v1/keys/../../etc/passwd", b"/v1/keys/%2e%2e%2fopen", b"/v1/keys/own", b"/v1/keys//open", b"/v1/keys/open/", b"//v1/keys/open",
                        b"/V1/keys/open", b"/v1/keys/open%00", b"/v1/keys/open;x", b"/v1/keys/open%2fdecrypt", b"/v1/keys/*", b"/v1/keys/", b"*",
                        b"http://evil.example/v1/keys/own", b"/livez/../v1/keys/own")]
    for name, data, expected in table:
        got = status_of(raw(data))
        check(f"given {name}: {' or '.join(map(str, sorted(expected)))}", got in expected, got)
    answers = {raw(b"GET /v1/keys/%s HTTP/1.1\r\nHost: localhost\r\n" % k + end).split(b"\r\n\r\n")[1] for k in (b"own", b"byuid", b"missing", b"'", b"..")}
    check("forbidden and missing keys have one answer", len(answers) == 1, answers)
    slow = [socket.create_connection(HTTP) for _ in range(200)]
    for i, s in enumerate(slow):
        s.sendall((b"POST /v1/keys/open/decrypt HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{" if i % 2 else b"GET /v1/ke"))
    many = [call("tcp", "GET", "/v1/keys/open") for _ in range(50)]
    check("with 200 slow requests open, others are served", all(s == 200 and shows(b, "open") for s, b in many))
    check("... the probes too", call("health", "GET", "/livez")[0] == 200)
    for s in slow:
        s.close()
    check("after all of it the agent serves as before", call("tcp", "GET", "/v1/keys/open")[0] == 200)


# --- load --------------------------------------------------------------------------------------------------------

def counters():
    return json.loads(call("tcp", "GET", "/status")[1])["requests"]


def load(n_idle="10000", n_slow="1000", n_reads="10000"):
    n_idle, n_slow, n_reads = int(n_idle), int(n_slow), int(n_reads)
    import resource
    need, (soft, hard) = n_idle + n_slow + 200, resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < need:
        n_idle, n_slow = n_idle * (hard - 200) // need, n_slow * (hard - 200) // need
        print(f"# only {hard} descriptors: {n_idle} idle and {n_slow} slow connections")
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, need)), hard))

    def connect(i):
        if i % 2 == 0:
            return socket.create_connection(HTTP)
        s = socket.socket(socket.AF_UNIX)
        s.connect(SOCKET)
        return s
    idle = [connect(i) for i in range(n_idle)]
    slow = [connect(i) for i in range(n_slow)]
    for i, s in enumerate(slow):
        s.sendall(b"POST /v1/keys/open/decrypt HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{" if i % 3 else b"GET /v1/keys/op")
    before = counters()
    request = b"GET /v1/keys/open HTTP/1.1\r\nHost: localhost\r\n\r\n"
    reader, good, buffer = socket.create_connection(HTTP), 0, b""
    reader.settimeout(20)
    for _ in range(n_reads):
        reader.sendall(request)
        while b"\r\n\r\n" not in buffer or len(buffer) < len(buffer.split(b"\r\n\r\n")[0]) + 4 + int(
                buffer.lower().split(b"content-length: ")[1].split(b"\r\n")[0]):
            buffer += reader.recv(65536)
        good += buffer.startswith(b"HTTP/1.1 200 ") and shows(buffer, "open")
        buffer = b""
    after = counters()
    check(f"with {n_idle} idle connections (half on the socket) and {n_slow} slow ones, {n_reads} reads succeed", good == n_reads, good)
    check("... the server's own counters: it answered them all", after["answered"] - before["answered"] >= n_reads, (before, after))
    check("... and suspended none, so none waited for another", after["suspended"] == before["suspended"], (before, after))
    check("... while every slow one is still open", all(not s._closed for s in slow) and call("health", "GET", "/livez")[0] == 200)
    for s in idle + slow + [reader]:
        s.close()


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
    sys.exit(failed > 0)
