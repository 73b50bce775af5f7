# SPDX-License-Identifier: Apache-2.0
"""Managed identities, workload identity, permissions. Words: what `up --identities` was given, or `limited`."""
import json, time, urllib.parse

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from client import b64url, unb64url
from tap import at, command, fault, fetch, finish, ok, path, refusal, web, words

SYSTEM, APP, READER = ("00000000-1111-4222-8333-444444444444", "11111111-2222-3333-4444-555555555555",
                       "22222222-3333-4444-5555-666666666666")
ARM = ("/subscriptions/00000000-0000-4000-8000-000000000001/resourcegroups/lab/providers/Microsoft.ManagedIdentity"
       "/userAssignedIdentities/")
ASSIGNED = {"system": [SYSTEM], "user": [APP], "both": [SYSTEM, APP, READER], "many": [APP, READER]}
NAMES = {SYSTEM: "system", APP: "app", READER: "reader"}
DEFAULT = {"system": SYSTEM, "user": APP, "both": SYSTEM, "many": None}


def imds(**query):
    query = urllib.parse.urlencode({"api-version": "2018-02-01", "resource": at["resource"], **query})
    return web(f"{at['imds']}/metadata/identity/oauth2/token?{query}", Metadata="true")


def whose(answer):
    return json.loads(unb64url(answer["access_token"].split(".")[1]))["appid"]


def check_managed(which):
    if DEFAULT[which]:
        ok(f"'{which}': without a selector it is {NAMES[DEFAULT[which]]}", whose(imds()) == DEFAULT[which])
    else:
        refusal(f"'{which}': without a selector there are too many", 400, imds, "invalid_request",
                says="Multiple user assigned identities exist")
    for client_id, name in NAMES.items():
        selectors = {"client_id": client_id, "object_id": client_id[:8] + "-aaaa-4bbb-8ccc-dddddddddddd",
                     "msi_res_id": ARM + name}
        for selector, value in selectors.items():
            if client_id in ASSIGNED[which]:
                ok(f"'{which}': {name} by {selector}", whose(imds(**{selector: value})) == client_id)
            else:
                refusal(f"'{which}': {name} by {selector} is not there", 400, lambda: imds(**{selector: value}),
                        "invalid_request", says="Identity not found")
    refusal("two selectors are one too many", 400, lambda: imds(client_id=ASSIGNED[which][0], object_id="x"),
            "invalid_request")


def check_workload():
    env = dict(line.split("=", 1) for line in open(at["workload"]).read().split())
    ready = open(env["AZURE_FEDERATED_TOKEN_FILE"]).read()
    url = f"{env['AZURE_AUTHORITY_HOST'].rstrip('/')}/{env['AZURE_TENANT_ID']}/oauth2/v2.0/token"
    key = serialization.load_pem_private_key(open(path("pki", "sa-issuer.key"), "rb").read(), None)
    part = lambda value: b64url(json.dumps(value).encode())
    now = int(time.time())
    good = {"iss": at["entra"] + "/cluster/", "sub": "system:serviceaccount:default:keyward",
            "aud": ["api://AzureADTokenExchange"], "iat": now, "nbf": now, "exp": now + 600}

    def assertion(signer=key, alg="RS256", **changes):
        text = f"{part({'alg': alg, 'typ': 'JWT'})}.{part({**good, **changes})}"
        return text + "." + b64url(signer.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))

    def ask(assertion, **changes):
        form = {"client_id": env["AZURE_CLIENT_ID"], "scope": at["resource"] + "/.default",
                "grant_type": "client_credentials", "client_assertion": assertion,
                "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", **changes}
        status, body, _ = fetch(url, urllib.parse.urlencode(form).encode())
        return status, json.loads(body)

    status, answer = ask(ready)
    ok("the ready assertion is exchanged", status == 200 and whose(answer) == APP and answer["expires_in"] == 3600, answer)
    ok("... for a token that the vault accepts", "key" in web(at["vault"] + "/keys/demo?api-version=7.4",
                                                              Authorization="Bearer " + answer["access_token"]))
    ok("one of the tester's own is too", ask(assertion())[0] == 200)
    ok("an audience may be a plain text", ask(assertion(aud="api://AzureADTokenExchange"))[0] == 200)
    other = rsa.generate_private_key(65537, 2048)
    rows = [
        ("another issuer", assertion(iss="https://x"), {}, 70021), ("another subject", assertion(sub="x"), {}, 700213),
        ("another audience", assertion(aud=["x"]), {}, 70021), ("a foreign key", assertion(other), {}, 700027),
        ("another alg", assertion(alg="RS512"), {}, 700027), ("alg none", ready.rsplit(".", 1)[0] + ".", {}, 700027),
        ("an expired assertion", assertion(exp=now - 1), {}, 700024),
        ("one of tomorrow", assertion(nbf=now + 3600), {}, 700024), ("no assertion", "x", {}, 50027),
        ("an unknown client", assertion(), {"client_id": "0"}, 700016),
        ("a client without credential", assertion(), {"client_id": READER}, 70025),
        ("an unknown scope", assertion(), {"scope": "https://x/.default"}, 500011),
        ("another grant", assertion(), {"grant_type": "password"}, 900144),
    ]
    for name, text, changes, number in rows:
        status, answer = ask(text, **changes)
        ok(f"given {name}, Entra says AADSTS{number}", status in (400, 401) and answer.get("error_codes") == [number]
           and f"AADSTS{number}" in answer["error_description"] and {"error", "trace_id", "timestamp"} <= set(answer),
           (status, answer))
    fault("entra", "status", "code=401", "number=70021", "error=invalid_client", "times=1")
    status, answer = ask(ready)
    ok("a status fault takes an AADSTS number", status == 401 and answer["error_codes"] == [70021], answer)
    ok("... once", ask(ready)[0] == 200)


def check_permissions():
    bearer = "Bearer " + imds(client_id=READER)["access_token"]
    url = at["vault"] + "/keys/demo"
    release = lambda: web(url + "/release?api-version=7.4", {"target": "x"}, Authorization=bearer)
    get = lambda: web(url + "?api-version=7.4", Authorization=bearer)
    refusal("the reader may not release", 403, release, "Forbidden", "ForbiddenByPolicy")
    ok("... but read", "key" in get())
    ok("permit tells what it may then", command("permit", "reader", "release").stdout == "reader get release\n")
    refusal("... so that the token is looked at", 403, release, "Forbidden", says="cannot be verified")
    command("deny", READER, "get")
    refusal("deny by client id takes it away", 403, get, "Forbidden", "ForbiddenByPolicy")
    command("permit", "reader", "get")
    command("deny", "reader", "release")
    for words_, says in ((("permit", "nobody", "get"), "unknown identity"), (("deny", "app", "fly"), "unknown permission"),
                         (("permit", "app"), "name an identity")):
        done = command(*words_)
        ok(f"'{' '.join(words_)}' is refused", done.returncode == 64 and says in done.stderr, done.stderr)


def check_faults():
    fault("imds", "restart", "ms=700", "times=1")
    refusal("given restart, IMDS says 410", 410, imds)
    refusal("... for a while", 410, imds)
    ok("... not THIM", fetch(at["imds"] + "/metadata/THIM/amd/certification", Metadata="true")[0] == 200)
    time.sleep(0.8)
    ok("... and is back", whose(imds()))
    fault("imds", "status", "code=404", "times=2")
    ok("given 404 twice, the third is good", [fetch(at["imds"] + "/metadata/instance", Metadata="true")[0]
                                               for _ in range(3)] == [404, 404, 200])


def check_limited():
    """The lab is up with --imds-limit 5/1."""
    time.sleep(1.1)
    url = at["imds"] + "/metadata/instance"
    answers = [fetch(url, Metadata="true") for _ in range(6)]
    ok("the sixth request in a second is too many", [a[0] for a in answers] == [200] * 5 + [429], [a[0] for a in answers])
    ok("... and learns when to come back", answers[5][2]["Retry-After"] == "1"
       and json.loads(answers[5][1])["error"] == "too_many_requests")
    time.sleep(1.1)
    ok("... which is then so", fetch(url, Metadata="true")[0] == 200)


if words == ["limited"]:
    check_limited()
else:
    check_managed(words[0])
if words == ["both"]:
    check_workload()
    check_permissions()
    check_faults()
finish()
