#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the lab against its own promises: it releases keys of every type to an unrelated client (client.py), refuses
what the vault, IMDS and Entra refuse, and misbehaves when and only when it is told to. (What deviates in the evidence:
tests/lib/python/tamper.py.)

    check.py PATH_OF_KEYWARD_LAB

Prints one line for each check, "ok NAME" or "not ok NAME". Runs in a network namespace of its own that has nothing but
loopback, unless KEYWARD_IN_NETWORK says that it is in one.
"""
import base64, datetime, http.client, json, os, shutil, signal, ssl, struct, subprocess, sys, tempfile, time
import urllib.error, urllib.parse, urllib.request

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

import client
from client import Refused, Tpm, Web, b64url, unb64url

failed = []


def check(name, condition, detail=""):
    print(f"ok {name}" if condition else f"not ok {name}\n#   {detail}", flush=True)
    if not condition:
        failed.append(name)


class Lab:
    def __init__(self, binary, *options):
        self.binary, self.dir = binary, tempfile.mkdtemp(prefix="keyward-lab-")
        cache = os.environ.get("KEYWARD_PKI_CACHE", "")
        if os.path.isdir(cache): # RSA-4096 keys take seconds
            shutil.copytree(cache, self.dir + "/pki")
        self.process = subprocess.Popen([binary, "up", "--dir", self.dir, *options], stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        self.at = json.loads(line)
        assert self.at == json.load(open(self.dir + "/lab.json")), "the ready line is not lab.json"
        self.web = Web(self.at["ca"])

    def command(self, *words):
        return subprocess.run([self.binary, words[0], "--dir", self.dir, *words[1:]], capture_output=True, text=True,
                              timeout=60)

    def fault(self, *words):
        done = self.command("fault", *words)
        assert done.returncode == 0, done.stderr

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(timeout=60)
        check("given SIGTERM, the lab ends cleanly", status == 0 and not os.path.exists(self.dir + "/lab.json"), status)
        shutil.rmtree(self.dir)


class Machine:
    """Evidence of the lab's machine, taken once."""

    def __init__(self, lab):
        self.lab, self.tpm, self.nonce = lab, Tpm(lab.at["tcti"]), "a nonce"
        self.info, self.key, self.pcrs = client.evidence(lab.at, self.tpm, lab.web, os.urandom(256), self.nonce)
        proof = json.loads(base64.b64decode(self.info["IsolationInfo"]["Evidence"]["Proof"]))
        self.report = unb64url(proof["SnpReport"])
        self.chain = base64.b64decode(proof["VcekCertChain"]).decode()

    def post(self, info, version="2020-10-01", member="AttestationInfo"):
        return self.lab.web(f"{self.lab.at['maa']}/attest/AzureGuest?api-version={version}",
                            {member: b64url(json.dumps(info).encode())})

    def token(self):
        return client.attest(self.lab.at, self.tpm, self.lab.web, self.info, self.key, self.pcrs, self.nonce)

    def pki(self, name):
        return serialization.load_pem_private_key(open(f"{self.lab.dir}/pki/{name}.key", "rb").read(), None)


def time_at(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).replace(tzinfo=None)


def flipped(data, at=-1):
    data = bytearray(data)
    data[at] ^= 1
    return bytes(data)


def expect_refusal(name, status, call, code=None, inner=None, says=""):
    try:
        call()
        check(name, False, "it was accepted")
    except Refused as e:
        error = (e.body or {}).get("error", {})
        error = error if isinstance(error, dict) else {"code": error, "message": e.body.get("error_description", "")}
        check(name, e.status == status and (code is None or error.get("code") == code)
              and (inner is None or error.get("innererror", {}).get("code") == inner)
              and says in error.get("message", ""), str(e))


def check_release(m):
    lab, jwt = m.lab, m.token()
    kinds = [("rsa2", "RSA", "--size", "2048"), ("rsa3", "RSA", "--size", "3072"), ("p256", "EC", "--curve", "P-256"),
             ("p384", "EC", "--curve", "P-384"), ("p521", "EC", "--curve", "P-521"), ("p256k", "EC", "--curve", "P-256K"),
             ("oct1", "oct", "--size", "128"), ("oct2", "oct", "--size", "256")]
    for name, kty, *option in kinds:
        made = lab.command("key", name, "--kty", kty, *option)
        check(f"key {name} is made", made.returncode == 0
              and json.loads(made.stdout)["kid"].startswith(f"{lab.at['vault']}/keys/{name}/"), made.stderr)
        for enc in client.OAEP:
            jwk, plain = client.release(lab.at, m.tpm, lab.web, name, jwt, m.key, m.pcrs, enc)
            client.compared(lab.dir, jwk, plain)
            check(f"{name} is released with {enc}", True)


def vault(m, path, body=None, method=None, token=None, query="api-version=7.4"):
    token = token or client.bearer_token(m.lab.at, m.lab.web)
    return m.lab.web(f"{m.lab.at['vault']}/keys/{path}?{query}", body, method, Authorization="Bearer " + token)


def policy_of(conditions, authority):
    text = json.dumps({"version": "1.0.0", "anyOf": [{"authority": authority, "allOf": conditions}]})
    return {"contentType": "application/json; charset=utf-8", "data": b64url(text.encode())}


def create(m, name, conditions=None, authority=None, **more):
    conditions = conditions or [{"claim": "x-ms-attestation-type", "equals": "azurevm"}]
    body = {"kty": "oct-HSM", "attributes": {"exportable": True},
            "release_policy": policy_of(conditions, authority or m.lab.at["maa"]), **more}
    return vault(m, name + "/create", body, "POST")


def check_policies(m):
    target = {"target": m.token()}
    tee = "x-ms-isolation-tee."
    rows = [
        ("a boolean as text", [{"claim": tee + "x-ms-sevsnpvm-is-debuggable", "equals": "false"}], True),
        ("a boolean", [{"claim": "secureboot", "equals": True}], True),
        ("a number as text", [{"claim": tee + "x-ms-sevsnpvm-vmpl", "equals": "0"}], True),
        ("another case", [{"claim": "x-ms-attestation-type", "equals": "AzureVM"}], False),
        ("a missing claim", [{"claim": "x-ms-compliance-status", "equals": "azure-compliant-cvm"}], False),
        ("an object", [{"claim": "x-ms-runtime", "equals": ""}], False),
        ("one of two", [{"anyOf": [{"claim": "nothing", "equals": 1}, {"claim": "x-ms-ver", "equals": "1.0"}]}], True),
        ("both of two", [{"allOf": [{"claim": "nothing", "equals": 1}, {"claim": "x-ms-ver", "equals": "1.0"}]}], False),
    ]
    for i, (name, conditions, allowed) in enumerate(rows):
        create(m, f"policy{i}", conditions)
        call = lambda: vault(m, f"policy{i}/release", target, "POST")
        if allowed:
            check(f"given {name}, the policy is met", "value" in call())
        else:
            expect_refusal(f"given {name}, the policy is not met", 403, call, "Forbidden", says="attestation does not meet")
    create(m, "slash", authority=m.lab.at["maa"].replace("localhost", "LOCALHOST") + "/")
    check("given a trailing slash and capitals, the authority is the issuer",
          "value" in vault(m, "slash/release", target, "POST"))
    create(m, "foreign", authority="https://other.attest.azure.net")
    expect_refusal("given another authority, the statement is not verified", 403,
                   lambda: vault(m, "foreign/release", target, "POST"), says="attestation statement cannot be verified")
    for name, broken in (("no authorities", {"version": "1.0.0", "anyOf": []}),
                         ("an operator", {"version": "1.0.0", "anyOf": [{"authority": m.lab.at["maa"], "allOf": [
                             {"claim": "a", "less": 1}]}]})):
        body = {"kty": "oct-HSM", "attributes": {"exportable": True},
                "release_policy": {"data": b64url(json.dumps(broken).encode())}}
        expect_refusal(f"given a policy with {name}, create refuses", 400, lambda: vault(m, "x/create", body, "POST"))
    expect_refusal("given an exportable key without policy, create refuses", 400, lambda: vault(
        m, "x/create", {"kty": "oct-HSM", "attributes": {"exportable": True}}, "POST"), says="AKV.SKR.1004")
    expect_refusal("given a policy on a key that stays, create refuses", 400, lambda: vault(
        m, "x/create", {"kty": "oct-HSM", "release_policy": policy_of([], "x")}, "POST"), says="AKV.SKR.1005")


def check_vault(m):
    lab, jwt = m.lab, m.token()
    head, payload, signature = jwt.split(".")
    good = {"target": jwt}
    call = lambda body, path="demo/release", **more: (lambda: vault(m, path, body, "POST", **more))
    expect_refusal("given no bearer token, the vault refuses", 401, lambda: lab.web(
        f"{lab.at['vault']}/keys/demo/release?api-version=7.4", good), "Unauthorized")
    try:
        lab.web(f"{lab.at['vault']}/keys/demo?api-version=7.4")
    except Refused as e:
        check("a 401 names resource and authority", lab.at["resource"] in e.headers.get("WWW-Authenticate", "")
              and lab.at["entra"] in e.headers["WWW-Authenticate"])
    reader = client.bearer_token(lab.at, lab.web, client_id="22222222-3333-4444-5555-666666666666")
    expect_refusal("given an identity without permission, the vault refuses", 403, call(good, token=reader), "Forbidden",
                   "ForbiddenByPolicy")
    other = lab.web(f"{lab.at['imds']}/metadata/identity/oauth2/token?api-version=2018-02-01"
                    "&resource=https%3A%2F%2Fmanagedhsm.azure.net", Metadata="true")["access_token"]
    expect_refusal("given a token for another audience, the vault refuses", 401, call(good, token=other))
    expect_refusal("given the attestation token as bearer, the vault refuses", 401, call(good, token=jwt))
    expect_refusal("given an old api-version, release is not there", 400, call(good, query="api-version=7.2"))
    expect_refusal("given no api-version, the vault refuses", 400, call(good, query=""))
    expect_refusal("given an unknown key, it is not found", 404, call(good, "nothing/release"), "KeyNotFound")
    expect_refusal("given an unknown version, it is not found", 404, call(good, "demo/" + "0" * 32 + "/release"),
                   "KeyNotFound")
    expect_refusal("given no target, the vault refuses", 400, call({}), "BadParameter")
    expect_refusal("given an unknown enc, the vault refuses", 400, call({**good, "enc": "RSA1_5"}), "BadParameter")
    unverified = lambda text, why: expect_refusal(f"given {why}, the statement is not verified", 403, call(
        {"target": text}), "Forbidden", says="attestation statement cannot be verified")
    unverified(f"{head}.{payload}.{b64url(flipped(unb64url(signature)))}", "a broken signature")
    unverified(f"{head}.{payload}", "two parts")
    unverified(jwt + ".AA", "four parts")
    unverified(f"{b64url(json.dumps({'alg': 'none'}).encode())}.{payload}.", "alg none")
    unverified(forged(m, head, payload, exp=int(time.time()) - 1), "an expired token")
    unverified(forged(m, head, payload, nbf=int(time.time()) + 900), "a token of tomorrow")
    unverified(forged(m, head, payload, key=rsa.generate_private_key(65537, 2048)), "a foreign key")
    check("given a forgery with the lab's own key, it is believed", "value" in call({"target": forged(m, head, payload)})())
    claims = json.loads(unb64url(payload))
    theirs = claims["x-ms-runtime"]["keys"][0]
    mine = dict(theirs, kid="mine")
    for name, keys in (("use enc", [dict(theirs, key_ops=["sign"], kid="no"), {**strip(mine), "use": "enc"}]),
                       ("key_use enc", [{**strip(mine), "key_use": ["enc"]}, theirs]),
                       ("the first that encrypts", [{"kty": "EC", "kid": "ec", "key_ops": ["encrypt"]}, mine, theirs])):
        text = forged(m, head, payload, **{"x-ms-runtime": {"keys": keys}})
        answer = json.loads(unb64url(call({"target": text})()["value"].split(".")[1]))
        hsm = json.loads(unb64url(answer["response"]["key"]["key"]["key_hsm"]))
        check(f"given {name}, that key is wrapped for", hsm["header"]["kid"] == "mine", hsm["header"])
    nowhere = forged(m, head, payload, **{"x-ms-runtime": {"keys": []}})
    expect_refusal("given no wrapping key, the vault refuses", 400, call({"target": nowhere}))
    check_attributes(m, good)


def strip(jwk):
    return {name: value for name, value in jwk.items() if name != "key_ops"}


def forged(m, head, payload, key=None, **claims):
    """The token with other claims, signed with the key that lies below D."""
    payload = b64url(json.dumps({**json.loads(unb64url(payload)), **claims}).encode())
    signature = (key or m.pki("maa")).sign(f"{head}.{payload}".encode(), client.padding.PKCS1v15(), hashes.SHA256())
    return f"{head}.{payload}.{b64url(signature)}"


def check_attributes(m, good):
    first = create(m, "turning")["key"]["kid"].split("/")[-1]
    second = create(m, "turning")["key"]["kid"].split("/")[-1]
    kid = lambda path: json.loads(unb64url(vault(m, path, good, "POST")["value"].split(".")[1]))["response"]["key"]["key"][
        "kid"]
    check("given no version, the newest is released", kid("turning/release").endswith(second))
    check("given a version, that one is released", kid(f"turning/{first}/release").endswith(first))
    listed = vault(m, "turning/versions")["value"]
    check("both versions are listed", [one["kid"].split("/")[-1] for one in listed] == [second, first], listed)
    now = int(time.time())
    for name, attributes in (("disabled", {"enabled": False}), ("expired", {"enabled": True, "exp": now - 1}),
                             ("early", {"enabled": True, "exp": now + 900, "nbf": now + 300})):
        vault(m, "turning/" + second, {"attributes": attributes}, "PATCH")
        expect_refusal(f"given a key that is {name}, the vault refuses", 403, lambda: vault(
            m, "turning/release", good, "POST"), "Forbidden")
    vault(m, "turning", method="DELETE")
    expect_refusal("given a deleted key, it is not found", 404, lambda: vault(m, "turning/release", good, "POST"))
    numbers = rsa.generate_private_key(65537, 2048).private_numbers()
    whole = {"n": numbers.public_numbers.n, "e": numbers.public_numbers.e, "d": numbers.d, "p": numbers.p, "q": numbers.q,
             "dp": numbers.dmp1, "dq": numbers.dmq1, "qi": numbers.iqmp}
    jwk = {name: b64url(n.to_bytes((n.bit_length() + 7) // 8, "big")) for name, n in whole.items()}
    body = {"key": {"kty": "RSA-HSM", **jwk}, "attributes": {"exportable": True},
            "release_policy": policy_of([{"claim": "x-ms-ver", "equals": "1.0"}], m.lab.at["maa"])}
    check("a key is imported", vault(m, "imported", body, "PUT")["key"]["n"] == jwk["n"])
    check("and read", vault(m, "imported")["release_policy"]["data"] == body["release_policy"]["data"])
    imported, plain = client.release(m.lab.at, m.tpm, m.lab.web, "imported", good["target"], m.key, m.pcrs,
                                     "RSA_AES_KEY_WRAP_256")
    check("and released", serialization.load_der_private_key(plain, None).private_numbers() == numbers)


def check_identities(m):
    lab, web = m.lab, m.lab.web
    url = f"{lab.at['imds']}/metadata/identity/oauth2/token?api-version=2018-02-01&resource="
    expect_refusal("given no Metadata header, IMDS refuses", 400, lambda: web(url + "x"), "bad_request_102")
    expect_refusal("given X-Forwarded-For, IMDS refuses", 400, lambda: web(url + "x", Metadata="true", X_Forwarded_For="x"))
    expect_refusal("given an unknown resource, IMDS refuses", 400, lambda: web(url + "x", Metadata="true"),
                   "invalid_resource")
    expect_refusal("given an unknown identity, IMDS refuses", 400, lambda: web(
        url + lab.at["resource"] + "&client_id=0", Metadata="true"), "invalid_request")
    answer = web(url + lab.at["resource"], METADATA="true")
    check("IMDS gives numbers as strings", isinstance(answer["expires_on"], str) and isinstance(answer["expires_in"], str))
    check("the vm id is that of the token", web(lab.at["imds"] + "/metadata/instance?api-version=2021-02-01",
                                                Metadata="true")["compute"]["vmId"])
    kds = f"{lab.at['kds']}/vcek/v1/Milan/"
    chip, tcb = m.report[0x1A0:0x1E0].hex(), m.report[0x180:0x188]
    query = f"?blSPL={tcb[0]:02}&teeSPL={tcb[1]:02}&snpSPL={tcb[6]:02}&ucodeSPL={tcb[7]:02}"
    with web.opener.open(kds + chip + query) as answer:
        check("KDS has the VCEK", answer.read() == ssl.PEM_cert_to_DER_cert(open(lab.dir + "/pki/vcek.pem").read()))
    with web.opener.open(kds + "cert_chain") as answer:
        check("KDS has the chain", m.chain.endswith(answer.read().decode()))
    expect_refusal("given another chip, KDS has nothing", 404, lambda: web(kds + "0" * 128 + query))
    check_entra(m)


def check_entra(m):
    tenant = "72f988bf-0000-4000-8000-00000000d1ab"
    url = f"{m.lab.at['entra']}/{tenant}/oauth2/v2.0/token"
    part = lambda value: b64url(json.dumps(value).encode())
    issuer = serialization.load_pem_private_key(open(m.lab.dir + "/pki/sa-issuer.key", "rb").read(), None)
    claims = {"aud": ["api://AzureADTokenExchange"], "exp": int(time.time()) + 600, "iss": m.lab.at["entra"] + "/cluster/",
              "sub": "system:serviceaccount:default:keyward"}

    def assertion(**changes):
        text = f"{part({'alg': 'RS256'})}.{part({**claims, **changes})}"
        return text + "." + b64url(issuer.sign(text.encode(), client.padding.PKCS1v15(), hashes.SHA256()))

    form = {"client_id": "11111111-2222-3333-4444-555555555555", "scope": m.lab.at["resource"] + "/.default",
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": assertion()}

    def ask(url=url, **changes):
        data = urllib.parse.urlencode({**form, **changes}).encode()
        try:
            with m.lab.web.opener.open(urllib.request.Request(url, data)) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            return json.load(error)

    token = ask()["access_token"]
    check("Entra's token opens the vault", "key" in vault(m, "demo", token=token))
    check("given a stale assertion, Entra refuses", ask(client_assertion=assertion(exp=1))["error_codes"] == [700024])
    check("given an unknown client, Entra refuses", ask(client_id="0")["error_codes"] == [700016])
    check("given another scope, Entra refuses", ask(scope="x/.default")["error_codes"] == [500011])
    check("given another tenant, Entra refuses", ask(url.replace(tenant, "common"))["error_codes"] == [90002])


def get(lab, url, timeout=5):
    """Outcome of a GET in a word: status, or the name of what went wrong."""
    try:
        with lab.web.opener.open(url, timeout=timeout) as answer:
            return str(answer.status), answer.read()
    except urllib.error.HTTPError as error:
        return str(error.code), error.read()
    except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
        error = getattr(error, "reason", error)
        return ("reset" if isinstance(error, ConnectionResetError) else type(error).__name__), b""


def check_wire(m):
    lab = m.lab
    url = lab.at["maa"] + "/certs"
    for words, expected in ((("status", "code=503", "retry-after=7"), "503"), (("throttle",), "429"),
                            (("region-move",), "503"), (("truncate",), "IncompleteRead"), (("garbage",), "200"),
                            (("garbage", "part=head"), "BadStatusLine"), (("reset",), "reset"),
                            (("tls-cert", "kind=expired"), "SSLCertVerificationError"),
                            (("tls-cert", "kind=wrong-host"), "SSLCertVerificationError"),
                            (("tls-cert", "kind=self-signed"), "SSLCertVerificationError"),
                            (("tls-cert", "kind=wrong-usage"), "SSLCertVerificationError"),
                            (("tls-version",), "SSLError"), (("oversize", "bytes=9000000"), "200")):
        lab.fault("maa", *words, "times=1")
        outcome, body = get(lab, url)
        check(f"given {' '.join(words)}, a client sees {expected}", outcome == expected, (outcome, body[:80]))
        if words[0] == "oversize":
            check("oversize is of the wanted size and JSON", len(body) == 9000000 and len(json.loads(body)) == 8999998)
        check(f"given {' '.join(words)} is used up, all is well", get(lab, url)[0] == "200")
    lab.fault("maa", "delay", "ms=400", "times=1")
    start = time.monotonic()
    check("given a delay, the answer comes later", get(lab, url)[0] == "200" and time.monotonic() - start >= 0.4)
    lab.fault("maa", "drip", "ms=1", "times=1")
    check("given a drip, the answer comes", get(lab, url, 30)[0] == "200")
    lab.fault("vault", "status", "code=403", "error=Forbidden", "inner=ForbiddenByFirewall", "message=network rules")
    expect_refusal("a status takes code and text", 403, lambda: vault(m, "demo"), "Forbidden", "ForbiddenByFirewall",
                   "network rules")
    lab.fault("vault", "clear")
    lab.fault("imds", "status", "code=410", "path=/oauth2/")
    check("a fault with a path leaves the rest alone", get(lab, lab.at["imds"] + "/metadata/instance")[0] == "400")
    expect_refusal("and bends what it names", 410, lambda: client.bearer_token(lab.at, lab.web))
    check("faults are listed", "imds status code=410 path=/oauth2/" in lab.command("fault", "list").stdout)
    lab.fault("clear")
    check("cleared faults are gone", lab.command("fault", "list").stdout == "")
    lab.fault("thim", "status", "code=500", "times=-1")
    check("thim is a service of its own", bool(client.bearer_token(lab.at, lab.web)))
    lab.fault("clear")
    for words, says in ((("mma", "reset"), "unknown service"), (("maa", "resett"), "did you mean 'reset'"),
                        (("maa", "jws-host"), "does not apply"), (("maa", "status", "kode=1"), "does not know"),
                        (("maa", "tamper", "field=isss"), "did you mean 'iss'"), (("maa", "reset", "times=0"), "above 0"),
                        (("tpm", "tamper", "field=quote-majic"), "did you mean 'quote-magic'")):
        refused = lab.command("fault", *words)
        check(f"given '{' '.join(words)}', the command refuses", refused.returncode == 64 and says in refused.stderr,
              refused.stderr)
    check("the vault's own look at MAA uses up no fault", survives_fault(m))


def survives_fault(m):
    jwt = m.token()
    m.lab.fault("maa", "status", "code=500", "times=1")
    released = vault(m, "demo/release", {"target": jwt}, "POST")
    outcome = get(m.lab, m.lab.at["maa"] + "/certs")[0]
    return "value" in released and outcome == "500"


def opened(m, answer):
    sealed = json.loads(unb64url(answer["token"]))
    inner = m.tpm.decrypt(m.key, m.pcrs, base64.b64decode(sealed["EncryptedInnerKey"]), struct.pack(">H", 0x15))
    jwt = client.AESGCM(inner).decrypt(base64.b64decode(sealed["EncryptionParams"]["Iv"]), base64.b64decode(
        sealed["Jwt"]) + base64.b64decode(sealed["AuthenticationData"]), b"Transport Key").decode()
    head, payload, signature = (jwt.split(".") + ["", ""])[:3]
    return jwt, json.loads(unb64url(head)), json.loads(unb64url(payload)), unb64url(signature)


def check_maa_faults(m):
    now, key = time.time(), x509.load_pem_x509_certificate(open(m.lab.dir + "/pki/maa.pem", "rb").read()).public_key()

    def signed(jwt):
        head, payload, signature = jwt.split(".")[:3]
        try:
            key.verify(unb64url(signature), f"{head}.{payload}".encode(), client.padding.PKCS1v15(), hashes.SHA256())
            return True
        except Exception:
            return False

    mine = json.loads(unb64url(m.token().split(".")[1]))
    tee = "x-ms-isolation-tee"
    rows = [
        (("token-expired",), lambda j, h, c, s: c["exp"] < now and signed(j)),
        (("token-future",), lambda j, h, c, s: c["nbf"] > now + 600 and signed(j)),
        (("token-foreign-key",), lambda j, h, c, s: not signed(j) and len(s) == 256),
        (("token-alg-none",), lambda j, h, c, s: h["alg"] == "none" and s == b""),
        (("token-payload",), lambda j, h, c, s: c["x-ms-runtime"]["client-payload"] != mine["x-ms-runtime"]["client-payload"]),
        (("token-wrapping-key",), lambda j, h, c, s: c["x-ms-runtime"]["keys"] != mine["x-ms-runtime"]["keys"]),
        (("tamper", "field=iss"), lambda j, h, c, s: c["iss"] != mine["iss"] and signed(j)),
        (("tamper", "field=jku"), lambda j, h, c, s: not h["jku"].startswith(mine["iss"])),
        (("tamper", "field=kid"), lambda j, h, c, s: h["kid"] == "unknown" and signed(j)),
        (("tamper", "field=signature"), lambda j, h, c, s: not signed(j)),
        (("tamper", "field=no-exp"), lambda j, h, c, s: "exp" not in c and signed(j)),
        (("tamper", "field=type"), lambda j, h, c, s: c["x-ms-attestation-type"] == "tpm"),
        (("tamper", "field=ak"), lambda j, h, c, s: c[tee]["x-ms-runtime"]["keys"] != mine[tee]["x-ms-runtime"]["keys"]),
        (("tamper", "field=reportdata"),
         lambda j, h, c, s: c[tee]["x-ms-sevsnpvm-reportdata"] != mine[tee]["x-ms-sevsnpvm-reportdata"]),
        (("tamper", "field=debuggable"), lambda j, h, c, s: c[tee]["x-ms-sevsnpvm-is-debuggable"]),
        (("tamper", "field=alg-hs256"), lambda j, h, c, s: h["alg"] == "HS256" and len(s) == 32),
        (("tamper", "field=four-parts"), lambda j, h, c, s: j.count(".") == 3),
    ]
    for words, holds in rows:
        m.lab.fault("maa", *words, "times=1")
        bent = opened(m, m.post(m.info))
        check(f"given {' '.join(words)}, the token is so", holds(*bent), (bent[1], bent[2]))
    for words in (("seal-tag",), ("seal-aad",), ("tamper", "field=envelope"), ("tamper", "field=inner-key")):
        m.lab.fault("maa", *words, "times=1")
        answer = m.post(m.info)
        try:
            opened(m, answer)
            check(f"given {' '.join(words)}, the envelope does not open", False)
        except Exception:
            check(f"given {' '.join(words)}, the envelope does not open", True)
    m.lab.fault("maa", "tamper", "field=iv-short", "times=1")
    sealed = json.loads(unb64url(m.post(m.info)["token"]))
    check("given iv-short, the IV is short", len(base64.b64decode(sealed["EncryptionParams"]["Iv"])) < 12)
    metadata = m.lab.at["maa"] + "/.well-known/openid-configuration"
    m.lab.fault("maa", "tamper", "field=openid-issuer", "times=1")
    check("given openid-issuer, it is another", m.lab.web(metadata)["issuer"] != m.lab.at["maa"])
    m.lab.fault("maa", "tamper", "field=jwks-uri", "times=1")
    check("given jwks-uri, it is elsewhere", not m.lab.web(metadata)["jwks_uri"].startswith(m.lab.at["maa"]))
    check("no fault is left", m.lab.command("fault", "list").stdout == "")


def released(m, jwt, name):
    """Header, payload, signature check, key_hsm and the attempt to unwrap of one release."""
    answer = vault(m, name + "/release", {"target": jwt, "nonce": "mine", "enc": "RSA_AES_KEY_WRAP_256"}, "POST")
    head, payload, signature = answer["value"].split(".")
    head_json, payload_json = json.loads(unb64url(head)), json.loads(unb64url(payload))
    chain = [x509.load_der_x509_certificate(base64.b64decode(c)) for c in head_json["x5c"]]
    try:
        chain[0].public_key().verify(unb64url(signature), f"{head}.{payload}".encode(), client.padding.PKCS1v15(),
                                     hashes.SHA256())
        good = True
    except Exception:
        good = False
    key = payload_json["response"]["key"]["key"]
    hsm = json.loads(unb64url(key["key_hsm"]))
    wrapped, plain = unb64url(hsm["ciphertext"]), None
    aes = m.tpm.decrypt(m.key, m.pcrs, wrapped[:256], struct.pack(">HH", 0x17, 0x0B))
    try:
        plain = client.aes_key_unwrap_with_padding(aes, wrapped[256:])
    except Exception:
        pass
    return dict(head=head_json, payload=payload_json, chain=chain, good=good, key=key, hsm=hsm, wrapped=wrapped, aes=aes,
                plain=plain, response=payload_json["response"]["key"], request=payload_json["request"])


def check_vault_faults(m):
    jwt = m.token()
    usual = released(m, jwt, "demo")
    root = x509.load_pem_x509_certificate(open(m.lab.dir + "/pki/signer-root.pem", "rb").read())
    names = lambda a: a["chain"][0].extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(
        x509.DNSName)
    digest = lambda a: b64url(a["chain"][0].fingerprint(hashes.SHA256()))
    check("the usual answer is good", usual["good"] and usual["plain"] and "localhost" in names(usual)
          and usual["chain"][-1] == root and usual["head"]["x5t#S256"] == digest(usual))
    rows = [
        (("jws-chain",), lambda a: a["good"] and root not in a["chain"]),
        (("jws-host",), lambda a: a["good"] and "localhost" not in names(a) and root in a["chain"]),
        (("jws-enc",), lambda a: a["good"] and a["request"]["enc"] != "RSA_AES_KEY_WRAP_256"),
        (("jws-nonce",), lambda a: a["good"] and a["request"]["nonce"] != "mine"),
        (("jws-kid",), lambda a: a["good"] and not a["key"]["kid"].startswith(m.lab.at["vault"])),
        (("ciphertext",), lambda a: a["good"] and a["aes"] and a["plain"] is None),
        (("tamper", "field=jws-alg"), lambda a: a["head"]["alg"] != "RS256"),
        (("tamper", "field=jws-signature"), lambda a: not a["good"]),
        (("tamper", "field=jws-x5t"), lambda a: a["good"] and a["head"]["x5t#S256"] != digest(a)),
        (("tamper", "field=jws-expired"), lambda a: a["good"] and a["chain"][0].not_valid_after < time_at(time.time())),
        (("tamper", "field=jws-leaf-only"), lambda a: a["good"] and len(a["chain"]) == 1),
        (("tamper", "field=request-kid"), lambda a: a["good"] and not a["request"]["kid"].endswith("/demo")),
        (("tamper", "field=response-kid"), lambda a: a["key"]["kid"].endswith("f" * 32)),
        (("tamper", "field=response-name"), lambda a: "/keys/demo/" not in a["key"]["kid"]),
        (("tamper", "field=disabled"), lambda a: a["response"]["attributes"]["enabled"] is False),
        (("tamper", "field=schema"), lambda a: a["hsm"]["schema_version"] != "1.0"),
        (("tamper", "field=wrapping-kid"), lambda a: a["hsm"]["header"]["kid"] == "another"),
        (("tamper", "field=key-hsm-enc"), lambda a: a["hsm"]["header"]["enc"] != a["request"]["enc"]),
        (("tamper", "field=ciphertext-short"), lambda a: len(a["wrapped"]) == 264),
        (("tamper", "field=ciphertext-odd"), lambda a: len(a["wrapped"]) % 8 == 7),
        (("tamper", "field=other-key"), lambda a: a["plain"] and a["plain"] != usual["plain"]),
        (("tamper", "field=public-missing"), lambda a: a["good"] and "n" not in a["key"] and a["plain"]),
        (("tamper", "field=pkcs8-trailing"), lambda a: a["plain"] == usual["plain"] + b"\0"),
        (("tamper", "field=aes-key-size"), lambda a: len(a["aes"]) == 16 and a["plain"]),
    ]
    for words, holds in rows:
        m.lab.fault("vault", *words, "times=1")
        answer = released(m, jwt, "demo")
        check(f"given {' '.join(words)}, the answer is so", holds(answer), (answer["head"].get("alg"), answer["request"]))
    for field in ("audience", "expired"):
        m.lab.fault("imds", "tamper", "field=" + field, "times=1")
        expect_refusal(f"given an access token with {field}, the vault refuses", 401, lambda: vault(m, "demo"))
    m.lab.fault("imds", "tamper", "field=no-token", "times=1")
    try:
        client.bearer_token(m.lab.at, m.lab.web)
        check("given no-token, there is none", False)
    except KeyError:
        check("given no-token, there is none", True)
    check("no fault is left", m.lab.command("fault", "list").stdout == "")


def check_commands(m):
    lab = m.lab
    raw = lab.dir + "/raw"
    open(raw, "wb").write(b"sixteen bytes...")
    check("raw bytes are imported", lab.command("key", "raw", "--kty", "oct", "--import", raw).returncode == 0)
    jwk, plain = client.release(lab.at, m.tpm, lab.web, "raw", m.token(), m.key, m.pcrs, "RSA_AES_KEY_WRAP_256")
    check("and released", plain == b"sixteen bytes...")
    policy = lab.dir + "/policy"
    open(policy, "w").write('{"version":"1.0.0","anyOf":[]}')
    for words in (("key", "x", "--kty", "DSA"), ("key", "x_", "--kty", "RSA"), ("key", "x"), ("key", "--kty", "RSA"),
                  ("key", "x", "--kty", "RSA", "--size", "1024"), ("key", "x", "--kty", "EC", "--curve", "P-1"),
                  ("key", "x", "--kty", "RSA", "--import", raw), ("key", "x", "--kty", "oct", "--policy", policy),
                  ("key", "x", "--kty", "oct", "--sise", "1"), ("log", "x"), ("up", "--product", "rome")):
        done = lab.command(*words)
        check(f"given '{' '.join(words)}', it is refused with 64", done.returncode == 64 and done.stderr.count("\n") == 1,
              (done.returncode, done.stderr))
    twice = subprocess.run([lab.binary, "up", "--dir", lab.dir], capture_output=True, timeout=60)
    check("a second lab in the same directory is refused", twice.returncode == 75)
    nobody = subprocess.run([lab.binary, "fault", "--dir", "/nonexistent", "list"], capture_output=True, timeout=60)
    check("given no lab, a command says so", nobody.returncode == 69)
    help_text = subprocess.run([lab.binary, "up", "--help"], capture_output=True, text=True, timeout=60).stdout.splitlines()
    check("the help fits a screen", len(help_text) <= 24 and max(map(len, help_text)) <= 80)
    log = lab.command("log").stdout
    check("the log names services and reasons", any(
        " vault POST /keys/demo/release 403 " in line and "the token has expired" in line for line in log.splitlines()), log[-400:])
    token = client.bearer_token(lab.at, lab.web)
    check("the log has no token", token.split(".")[2] not in log and "lab-token-" not in log and "eyJ" not in log)


def check_again(binary):
    """Keys outlive the lab; what the first one wrote is read by a second in the same directory."""
    first = Lab(binary)
    kept = json.loads(first.command("key", "kept", "--kty", "EC").stdout)
    first.process.send_signal(signal.SIGTERM)
    first.process.wait(timeout=60)
    again = Lab.__new__(Lab)
    again.binary, again.dir = binary, first.dir
    again.process = subprocess.Popen([binary, "up", "--dir", first.dir, "--time-offset", "7200", "--token-life", "60",
                                      "--secure-boot", "off"], stdout=subprocess.PIPE, text=True)
    again.at = json.loads(again.process.stdout.readline())
    again.web = Web(again.at["ca"])
    m = Machine(again)
    claims = json.loads(unb64url(m.token().split(".")[1]))
    check("a token has the life that was asked for", claims["exp"] - claims["iat"] == 60)
    check("and the platform's time", claims["iat"] >= time.time() + 7100)
    check("Secure Boot can be off", claims["secureboot"] is False)
    check("a key is still there", vault(m, "kept")["key"]["x"] == kept["key"]["x"])
    jwk, plain = client.release(again.at, m.tpm, again.web, "demo", m.token(), m.key, m.pcrs, "RSA_AES_KEY_WRAP_256")
    check("demo is released by the second lab", client.compared(again.dir, jwk, plain))
    again.stop()


def main():
    binary = os.path.abspath(sys.argv[1])
    if "KEYWARD_IN_NETWORK" not in os.environ:
        os.environ["KEYWARD_IN_NETWORK"] = "1"
        namespace = "-n" if os.geteuid() == 0 else "-rn"
        os.execvp("unshare", ["unshare", namespace, "--", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", sys.executable,
                              os.path.abspath(__file__), binary])
    lab = Lab(binary)
    try:
        m = Machine(lab)
        for part in (check_release, check_policies, check_vault, check_identities, check_wire,
                     check_maa_faults, check_vault_faults, check_commands):
            part(m)
    finally:
        lab.stop()
    check_again(binary)
    sys.exit(len(failed) > 0)


if __name__ == "__main__":
    main()
