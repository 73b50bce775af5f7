# SPDX-License-Identifier: Apache-2.0
"""Every fault that acts on the wire, at every service: it bites so often as it was asked to, and then no more."""
import http.client, socket, ssl, time, urllib.error, urllib.request

from tap import at, fault, finish, ok, web

PLACES = {"imds": at["imds"] + "/metadata/instance", "thim": at["imds"] + "/metadata/THIM/amd/certification",
          "entra": at["entra"] + "/x/oauth2/v2.0/token", "kds": at["kds"] + "/vcek/v1/Milan/cert_chain",
          "maa": at["maa"] + "/certs", "vault": at["vault"] + "/keys/demo?api-version=7.4"}
USUAL = {"imds": "200", "thim": "200", "entra": "400", "kds": "200", "maa": "200", "vault": "401"}


def outcome(service, timeout=10):
    """What a client sees, in a word; the body; the headers."""
    try:
        request = urllib.request.Request(PLACES[service], headers={"Metadata": "true"})
        with web.opener.open(request, timeout=timeout) as answer:
            return str(answer.status), answer.read(), answer.headers
    except urllib.error.HTTPError as error:
        try:
            return str(error.code), error.read(), error.headers
        except (http.client.HTTPException, OSError) as e:
            return type(e).__name__, b"", {}
    except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
        error = getattr(error, "reason", error)
        return ("reset" if isinstance(error, ConnectionResetError) else type(error).__name__), b"", {}


def check_service(service):
    tls = PLACES[service].startswith("https")
    usual = USUAL[service]
    rows = [(("status", "code=503", "retry-after=7"), {"503"}), (("status", "code=418"), {"418"}),
            (("throttle", "retry-after=1"), {"429"}), (("region-move",), {"503"}), (("truncate",), {"IncompleteRead"}),
            (("garbage",), {"200"}), (("garbage", "part=head"), {"BadStatusLine"}), (("reset",), {"reset", "SSLEOFError"}),
            (("oversize", "bytes=3000000"), {"200"})]
    if tls:
        rows += [(("tls-cert", "kind=" + kind), {"SSLCertVerificationError"})
                 for kind in ("expired", "wrong-host", "self-signed", "wrong-usage", "untrusted")]
        rows += [(("tls-version",), {"SSLError"})]
    for words, expected in rows:
        fault(service, *words, "times=2")
        seen = [outcome(service) for _ in range(3)]
        ok(f"{service} {' '.join(words)} times=2", {s[0] for s in seen[:2]} <= expected and seen[2][0] == usual,
           [s[0] for s in seen])
        if "retry-after=7" in words:
            ok("... with Retry-After", seen[0][2]["Retry-After"] == "7")
        if words[0] == "oversize":
            ok("... of that size", len(seen[0][1]) == 3000000)
    fault(service, "delay", "ms=300", "times=1")
    start = time.monotonic()
    ok(f"{service} delay", outcome(service)[0] == usual and time.monotonic() - start >= 0.3)
    start = time.monotonic()
    fault(service, "drip", "ms=1", "times=1")
    ok(f"{service} drip", outcome(service, 60)[0] == usual and time.monotonic() - start >= 0.2)
    fault(service, "status", "code=500")
    ok(f"{service}: without times it stays", [outcome(service)[0] for _ in range(4)] == ["500"] * 4)
    fault(service, "clear")
    ok("... until it is cleared", outcome(service)[0] == usual)


def check_drops():
    """A move to another region cuts the connections that are open."""
    name, port = at["maa"].removeprefix("https://").split(":")
    context = ssl.create_default_context(cafile=at["ca"])
    with context.wrap_socket(socket.create_connection((name, int(port))), server_hostname=name) as idle:
        fault("maa", "region-move", "times=1")
        outcome("maa")
        idle.settimeout(5)
        try:
            ended = idle.recv(1) == b""
        except OSError as error:
            ended = not isinstance(error, TimeoutError)
        ok("region-move cuts the other connections", ended)


for service in PLACES:
    check_service(service)
check_drops()
finish()
