# SPDX-License-Identifier: Apache-2.0
"""Deviations of the release: requests to IMDS and the vault, the token that the vault is shown, release policies (key
release 1.1, 2.6, 3.2, 4, 5). A row is the clause, what differs, the deviation, the status that is due, words of the refusal.
The deviation is in REQUESTS a call that sends it, in TOKENS and COMPLIANCE a token to show, in POLICIES a policy and in
ATTRIBUTES the attributes of a key to make; `Vault` tries them."""
import json, time
from functools import partial

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from forge import Token, json_part, modulus, new_rsa
from guest import b64url, client, unb64url

KR = "key release"
JSON = {"Content-Type": "application/json"}
UNMET = "does not meet key release policy requirements"


def get(guest, path, *, method=None, data=None, **headers):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return guest.web.send(guest.lab["imds"] + path, data, method, headers)


def metadata(m, _):
    """IMDS and THIM."""
    token = "/metadata/identity/oauth2/token?"
    version, resource = "api-version=2018-02-01", "resource=" + m.guest.lab["resource"]
    good = token + version + "&" + resource
    thim = "/metadata/THIM/amd/certification"
    rows = [
        ("1.1", "THIM without Metadata", (thim,), {}, 400, "metadata header"),
        ("1.1", "THIM with Metadata: True", (thim,), dict(Metadata="True"), 400, "metadata header"),
        ("1.1", "THIM through a proxy", (thim,), dict(Metadata="true", X_Forwarded_For="10.0.0.1"), 400, "X-Forwarded-For"),
        ("1.1", "THIM with POST", (thim,), dict(Metadata="true", method="POST", data=b""), 405, "GET"),
        ("1.1", "THIM of Intel", ("/metadata/THIM/sgx/certification",), dict(Metadata="true"), 404, ""),
        ("3.2", "a token without Metadata", (good,), {}, 400, "metadata header"),
        ("3.2", "a token through a proxy", (good,), dict(Metadata="true", X_Forwarded_For="10.0.0.1"), 400, "X-Forwarded-For"),
        ("3.2", "a token without api-version", (token + resource,), dict(Metadata="true"), 400, "api-version"),
        ("3.2", "a token of another api-version", (token + "api-version=2017-01-01&" + resource,), dict(Metadata="true"),
         400, "api-version"),
        ("3.2", "a token without resource", (token + version,), dict(Metadata="true"), 400, "resource"),
        ("3.2", "a token for an unknown resource", (token + version + "&resource=https://x.example",),
         dict(Metadata="true"), 400, "was not found in the tenant"),
        ("3.2", "a resource with a slash behind", (good + "/",), dict(Metadata="true"), 400, "was not found"),
        ("3.2", "an identity that is not the node's", (good + "&client_id=0",), dict(Metadata="true"), 400,
         "Identity not found"),
        ("3.2", "two selectors", (good + "&client_id=11111111-2222-3333-4444-555555555555"
                                  "&object_id=bbbbbbbb-0000-4000-8000-000000000001",), dict(Metadata="true"), 400, ""),
        ("3.2", "POST for a token", (good,), dict(Metadata="true", method="POST", data=b""), 405, "GET"),
    ]
    return [(f"{KR} {clause}", what, partial(get, m.guest, *path, **how), status, words)
            for clause, what, path, how, status, words in rows]


class Vault:
    """The lab's vault with a good access token at hand, and the guest's attestation token."""

    def __init__(self, m, jwt):
        self.m, self.web, self.url = m, m.guest.web, m.guest.lab["vault"] + "/keys/"
        self.bearer = client.bearer_token(m.guest.lab, m.guest.web)
        self.entra = Token(self.bearer, m.pki.key("entra"), m.other)
        self.jwt = jwt
        self.token = Token(jwt, m.pki.key("maa"), m.other)

    def send(self, path, data, *, query="?api-version=7.4", method=None, headers=None, bearer=None):
        authorization = {"Authorization": "Bearer " + (bearer or self.bearer)}
        return self.web.send(self.url + path + query, data, method, {**JSON, **authorization} if headers is None else headers)

    def release(self, target=None, name="demo", bearer=None, **more):
        body = {"target": self.jwt if target is None else target, "nonce": "n", "enc": "RSA_AES_KEY_WRAP_256", **more}
        return self.send(name + "/release", json.dumps(body).encode(), bearer=bearer)

    def create(self, name, policy, **attributes):
        body = {"kty": "oct-HSM", "attributes": {"exportable": True, **attributes}}
        if policy is not None:
            data = policy if isinstance(policy, bytes) else json.dumps(policy).encode()
            body["release_policy"] = {"contentType": "application/json; charset=utf-8", "data": b64url(data)}
        return self.send(name + "/create", json.dumps(body).encode())

    def try_policy(self, policy, **attributes):
        """A key with it; where the vault makes one, its release."""
        made = self.create("tried", policy, **attributes)
        return self.release(name="tried") if made[0] == 200 else made

    def try_attributes(self, attributes):
        if not attributes.get("exportable", True):
            return self.try_policy(None, **attributes)
        return self.try_policy(self.policy({"claim": "x-ms-ver", "equals": "1.0"}), **attributes)

    def policy(self, *conditions, authority=None, selector="allOf"):
        return {"version": "1.0.0", "anyOf": [{"authority": authority or self.m.guest.lab["maa"], selector: list(conditions)}]}


def release_request(m, v):
    body = json.dumps({"target": v.jwt}).encode()
    post = lambda path="demo/release", data=body, **how: partial(v.send, path, data, **how)
    release = lambda *target, **more: partial(v.release, *target, **more)
    auth = {"Authorization": "Bearer " + v.bearer}
    reader = client.bearer_token(m.guest.lab, m.guest.web, client_id="22222222-3333-4444-5555-666666666666")
    now = int(time.time())
    rows = [
        ("4.2", "target missing", post(data=b"{}"), 400, "target"),
        ("4.2", "target empty", release(""), 400, "target"),
        ("4.2", "target a number", release(1), 400, "target"),
        ("4.2", "target a list", release([v.jwt]), 400, "target"),
        ("4.2", "nonce a number", release(nonce=1), 400, "nonce"),
        ("4.2", "enc unknown", release(enc="RSA1_5"), 400, "enc"),
        ("4.2", "enc in lower case", release(enc="rsa_aes_key_wrap_256"), 400, "enc"),
        ("4.2", "enc empty", release(enc=""), 400, "enc"),
        ("4.2", "enc a number", release(enc=256), 400, "enc"),
        ("4.2", "no body", post(data=b""), 400, "the body"),
        ("4.2", "a body that is not JSON", post(data=b"target=" + v.jwt.encode()), 400, "the body"),
        ("4.2", "a body that is a list", post(data=b"[" + body + b"]"), 400, ""),
        ("4.2", "a body with the member twice", post(data=body[:-1] + b"," + body[1:]), 400, "the body"),
        ("4.2", "a body with bytes behind", post(data=body + b"x"), 400, "the body"),
        ("4.2", "another Content-Type", post(headers={**auth, "Content-Type": "text/plain"}), 415, "Content-Type"),
        ("4.1", "no api-version", post(query=""), 400, "api-version"),
        ("4.1", "api-version 7.2", post(query="?api-version=7.2"), 400, "api-version"),
        ("4.1", "api-version 1", post(query="?api-version=1"), 400, "api-version"),
        ("4.1", "GET", post(data=None), 404, ""),
        ("4.1", "PUT", post(method="PUT"), 404, ""),
        ("4.1", "an unknown key", post("nothing/release"), 404, "not found"),
        ("4.1", "an unknown version", post("demo/" + "0" * 32 + "/release"), 404, "not found"),
        ("4.1", "a name with an underscore", post("de_mo/release"), 404, ""),
        ("4.1", "a name of 128 characters", post("d" * 128 + "/release"), 404, ""),
        ("4.1", "a part too many", post("demo/1/2/release"), 404, ""),
        ("4.2", "no Authorization", post(headers=JSON), 401, "there is none"),
        ("4.2", "Basic", post(headers={**JSON, "Authorization": "Basic " + v.bearer}), 401, "there is none"),
        ("3.4", "a bearer token of two parts", post(bearer=v.bearer.rsplit(".", 1)[0]), 401, "three parts"),
        ("3.4", "a bearer token of another key", post(bearer=v.entra.signed(key=m.other)), 401, "signature"),
        ("3.4", "a bearer token changed after signing", post(bearer=swap(v.bearer, oid="x")), 401, "signature"),
        ("3.4", "a bearer token of alg none", post(bearer=unsigned(v.entra)), 401, "alg"),
        ("3.4", "a bearer token of alg HS256", post(bearer=v.entra.with_hmac()), 401, "alg"),
        ("3.4", "an expired bearer token", post(bearer=v.entra.signed(claims=dict(exp=now - 1))), 401, "expired"),
        ("3.4", "a bearer token without exp", post(bearer=v.entra.signed(drop=("exp",))), 401, "expired"),
        ("3.4", "a bearer token of tomorrow", post(bearer=v.entra.signed(claims=dict(nbf=now + 86400))), 401, "not valid yet"),
        ("3.4", "a bearer token for the HSM", post(bearer=v.entra.signed(claims=dict(aud="https://managedhsm.azure.net"))),
         401, "audience"),
        ("3.4", "a bearer token for two audiences",
         post(bearer=v.entra.signed(claims=dict(aud=["https://vault.azure.net", "x"]))), 401, "audience"),
        ("3.4", "a bearer token of another tenant", post(bearer=v.entra.signed(claims=dict(iss="https://x.example"))), 401,
         "tenant"),
        ("3.4", "a bearer token of nobody", post(bearer=v.entra.signed(claims=dict(appid="0"))), 401, "unknown identity"),
        ("3.4", "the attestation token as bearer", post(bearer=v.jwt), 401, "signature"),
        ("3.6", "an identity that may only read", post(bearer=reader), 403, "permission"),
    ]
    return [(f"{KR} {clause}", what, call, status, words) for clause, what, call, status, words in rows]


def swap(token, **claims):
    """Other claims under the old signature."""
    head, payload, signature = token.split(".")
    return ".".join((head, json_part({**json.loads(unb64url(payload)), **claims}), signature))


def unsigned(token):
    return json_part({**token.header, "alg": "none"}) + "." + json_part(token.claims) + "."


def target(m, v):
    """2.6 and 5.5: the token that is shown, signed again where that belongs to it."""
    t, now = v.token, int(time.time())
    head, payload, signature = v.jwt.split(".")
    p384 = ec.generate_private_key(ec.SECP384R1())
    header = lambda **changes: t.signed(header=changes)
    claims = lambda **changes: t.signed(claims=changes)
    twice = json.dumps(t.claims)[:-1].encode() + b',"iss":"https://x.example"}'
    port = m.guest.lab["maa"].rsplit(":", 1)
    rows = [
        ("2.6 1", "two parts", head + "." + payload, "three parts"),
        ("2.6 1", "four parts", v.jwt + ".AAAA", "three parts"),
        ("2.6 1", "five parts, as a JWE has", ".".join((head, "", payload, signature, "")), "three parts"),
        ("2.6 1", "a padded part", head + "." + payload + "=." + signature, "unpadded base64url"),
        ("2.6 1", "a part in the other alphabet", "+" + head[1:] + "." + payload + "." + signature, "unpadded base64url"),
        ("2.6 1", "a blank in front", " " + v.jwt, "unpadded base64url"),
        ("2.6 1", "a line break behind", v.jwt + "\n", "unpadded base64url"),
        ("2.6 1", "a header that is a list", t.signed(header=b"[]"), "JSON object"),
        ("2.6 1", "a header that is not JSON", t.signed(header=b"RS256"), "JSON object"),
        ("2.6 1", "claims that are a text", t.signed(claims=b'"iss"'), "JSON object"),
        ("2.6 1", "claims with iss twice", t.signed(claims=twice), "JSON object"),
        ("2.6 1", "claims with bytes behind", t.signed(claims=json.dumps(t.claims).encode() + b"{}"), "JSON object"),
        ("2.6 2", "alg none", unsigned(t), "alg is not RS256"),
        ("2.6 2", "alg None", header(alg="None"), "alg is not RS256"),
        ("2.6 2", "alg HS256 with the public key", t.with_hmac(), "alg is not RS256"),
        ("2.6 2", "alg PS256", t.with_pss(), "alg is not RS256"),
        ("2.6 2", "alg RS384", header(alg="RS384"), "alg is not RS256"),
        ("2.6 2", "alg rs256", header(alg="rs256"), "alg is not RS256"),
        ("2.6 2", "alg missing", t.signed(drop=("alg",)), "alg is not RS256"),
        ("2.6 2", "alg a number", header(alg=256), "alg is not RS256"),
        ("2.6 2", "a crit that nobody knows", header(crit=["exp2"], exp2=1), "crit"),
        ("5.5 1", "iss missing", t.signed(drop=("iss",)), "not an authority"),
        ("5.5 1", "iss of another host", claims(iss="https://x.example"), "not an authority"),
        ("5.5 1", "iss with http", claims(iss=t.claims["iss"].replace("https", "http")), "not an authority"),
        ("5.5 1", "iss with a path", claims(iss=t.claims["iss"] + "/x"), "not an authority"),
        ("5.5 1", "iss with two slashes behind", claims(iss=t.claims["iss"] + "//"), "not an authority"),
        ("5.5 1", "iss with another port", claims(iss=f"{port[0]}:1"), "not an authority"),
        ("5.5 1", "iss with a user", claims(iss=t.claims["iss"].replace("//", "//x@")), "not an authority"),
        ("5.5 1", "iss with a query", claims(iss=t.claims["iss"] + "?x"), "not an authority"),
        ("5.5 1", "iss a list", claims(iss=[t.claims["iss"]]), "not an authority"),
        ("2.6 6", "kid missing", t.signed(drop=("kid",)), "kid"),
        ("2.6 6", "kid unknown", header(kid="x"), "kid"),
        ("2.6 6", "kid a number", header(kid=1), "kid"),
        ("2.6 7", "no signature", head + "." + payload + ".", "signature"),
        ("2.6 7", "a bit of the signature", head + "." + payload + "." + flip_text(signature), "signature"),
        ("2.6 7", "a signature cut short", head + "." + payload + "." + b64url(unb64url(signature)[:-1]), "signature"),
        ("2.6 7", "claims changed after signing", swap(v.jwt, secureboot=False), "signature"),
        ("2.6 7", "a foreign RSA key", t.signed(key=m.other), "signature"),
        ("2.6 7", "a foreign key offered in the header", t.signed(header=dict(jwk={
            "kty": "RSA", "n": b64url(modulus(m.other)), "e": "AQAB"}), key=m.other), "signature"),
        ("2.6 7", "the signature of another token", head + "." + payload + "." + claims(jti="x").split(".")[2], "signature"),
        ("2.6 7", "a P-384 signature", head + "." + payload + "." + b64url(ecdsa(p384, head + "." + payload)), "signature"),
        ("2.6 9", "exp passed", claims(exp=now - 1), "expired"),
        ("2.6 9", "exp now", claims(exp=now), "expired"),
        ("2.6 9", "exp missing", t.signed(drop=("exp",)), "expired"),
        ("2.6 9", "exp a text", claims(exp=str(now + 3600)), "expired"),
        ("2.6 9", "exp below zero", claims(exp=-1), "expired"),
        ("2.6 9", "nbf ahead", claims(nbf=now + 900), "not valid yet"),
    ]
    return [(f"{KR} {clause}", what, text, 403, words) for clause, what, text, words in rows]


def flip_text(text):
    return ("B" if text[0] == "A" else "A") + text[1:]


def ecdsa(key, text):
    return key.sign(text.encode(), ec.ECDSA(hashes.SHA256()))


def wrapping_key(m, v):
    """5.5 5: which key is wrapped for."""
    t = v.token
    none = "no key in x-ms-runtime.keys"
    rows = [
        ("no x-ms-runtime", t.signed(drop=("x-ms-runtime",)), none),
        ("no keys", t.signed(claims={"x-ms-runtime": {}}), none),
        ("keys empty", t.runtime(lambda key: []), none),
        ("keys an object", t.runtime(lambda key: {"0": dict(key, kty="EC")}), none),
        ("kty EC", t.runtime(lambda key: [dict(key, kty="EC")]), none),
        ("kty in lower case", t.runtime(lambda key: [dict(key, kty="rsa")]), none),
        ("no kid", t.runtime(lambda key: [{k: x for k, x in key.items() if k != "kid"}]), none),
        ("key_ops for signing", t.runtime(lambda key: [dict(key, key_ops=["sign"])]), none),
        ("use sig", t.runtime(lambda key: [dict(key, key_ops=[], use="sig")]), none),
        ("the key below x-ms-isolation-tee alone", t.signed(claims={
            "x-ms-isolation-tee": {**t.claims["x-ms-isolation-tee"], "x-ms-runtime": t.claims["x-ms-runtime"]},
            "x-ms-runtime": {}}), none),
        ("no n", t.runtime(lambda key: [{k: x for k, x in key.items() if k != "n"}]), "'n'"),
        ("n not base64url", t.runtime(lambda key: [dict(key, n="%")]), "'n'"),
        ("no e", t.runtime(lambda key: [{k: x for k, x in key.items() if k != "e"}]), "'e'"),
        ("e of 1", t.runtime(lambda key: [dict(key, e="AQ")]), "no RSA key"),
        ("n even", t.runtime(lambda key: [dict(key, n=key["n"][:-2] + "AA")]), "no RSA key"),
        ("a key of 1024 bits", t.runtime(lambda key: [dict(key, n=b64url(modulus(new_rsa(1024))))]), "2048"),
    ]
    return [(f"{KR} 5.5 5", what, text, 400, words) for what, text, words in rows]


def compliance(m, v):
    """5.4: what the policy of `demo` alone wants."""
    t = v.token
    rows = [
        ("another compliance status", t.isolation(**{"x-ms-compliance-status": "azure-compliant-uvm"})),
        ("no compliance status", t.isolation(**{"x-ms-compliance-status": None})),
    ]
    return [(f"{KR} 5.4", what, text, 403, UNMET) for what, text in rows]


def isolation(m, v):
    """5.4: claims that the policy of `demo` wants otherwise, and an agent too."""
    t = v.token
    rows = [
        ("another isolation type", t.isolation(**{"x-ms-attestation-type": "tdxvm"})),
        ("another case", t.isolation(**{"x-ms-attestation-type": "SevSnpVm"})),
        ("a blank behind", t.isolation(**{"x-ms-attestation-type": "sevsnpvm "})),
        ("a list for a text", t.isolation(**{"x-ms-attestation-type": ["sevsnpvm"]})),
        ("no x-ms-isolation-tee", t.signed(drop=("x-ms-isolation-tee",))),
        ("the claims at top level alone", t.signed(claims=t.claims["x-ms-isolation-tee"], drop=("x-ms-isolation-tee",))),
    ]
    return [(f"{KR} 5.4", what, text, 403, UNMET) for what, text in rows]


def policy_mismatches(m, v):
    tee = "x-ms-isolation-tee."
    claim = lambda path, value: {"claim": path, "equals": value}
    true, false = claim("x-ms-ver", "1.0"), claim("x-ms-ver", "2.0")
    rows = [
        ("Secure Boot off", [claim("secureboot", False)], "'secureboot'"),
        ("debugging on, as text", [claim(tee + "x-ms-sevsnpvm-is-debuggable", "true")], "is-debuggable"),
        ("VMPL 1", [claim(tee + "x-ms-sevsnpvm-vmpl", 1)], "vmpl"),
        ("another measurement", [claim(tee + "x-ms-sevsnpvm-launchmeasurement", "0" * 96)], "launchmeasurement"),
        ("a digest in upper case", [claim(tee + "x-ms-sevsnpvm-launchmeasurement",
                                          m.report.measurement.hex().upper())], "launchmeasurement"),
        ("a claim without its prefix", [claim("x-ms-sevsnpvm-vmpl", 0)], "missing"),
        ("a claim with the prefix twice", [claim(tee + tee + "x-ms-sevsnpvm-vmpl", 0)], "missing"),
        ("an object", [claim("x-ms-isolation-tee", "")], "not a scalar"),
        ("an element of a list", [claim("x-ms-runtime.keys.0.kty", "RSA")], "missing"),
        ("a path that goes on behind a scalar", [claim("iss.x", "")], "missing"),
        ("allOf with one false", [true, false], "x-ms-ver"),
        ("a nested allOf with one false", [{"allOf": [true, false]}], "x-ms-ver"),
        ("anyOf in lower case with none true", [{"anyof": [false, false]}], "x-ms-ver"),
    ]
    rows = [("5.4", "a policy wants " + what, v.policy(*conditions), 403, words) for what, conditions, words in rows]
    fraction = v.policy({"anyOf": [false, claim("x-ms-ver", 1.5)]})
    rows += [("5.2", "a nested anyOf with a fraction in it", fraction, 400, "equals"),
             ("5.5 1", "a policy of another authority", v.policy(true, authority="https://x.example"), 403, "not an authority")]
    return [(f"{KR} {clause}", *row) for clause, *row in rows]


def policy_grammar(m, v):
    authority = m.guest.lab["maa"]
    good = {"claim": "x-ms-ver", "equals": "1.0"}
    one = lambda **entry: {"version": "1.0.0", "anyOf": [{"authority": authority, **entry}]}
    rows = [
        ("5.2", "not JSON", b"{", "release policy"),
        ("5.2", "a member twice", b'{"version":"1.0.0","version":"1.0.0","anyOf":[]}', "release policy"),
        ("5.2", "no version", {"anyOf": one(allOf=[good])["anyOf"]}, "version"),
        ("5.2", "no anyOf", {"version": "1.0.0"}, "anyOf"),
        ("5.2", "no authority in anyOf", {"version": "1.0.0", "anyOf": []}, "anyOf"),
        ("5.2", "allOf at the top", {"version": "1.0.0", "allOf": one(allOf=[good])["anyOf"]}, "anyOf"),
        ("5.2", "an authority that is no URL", {"version": "1.0.0", "anyOf": [{"authority": "x", "allOf": [good]}]}, "https"),
        ("5.2", "an authority with http", {"version": "1.0.0", "anyOf": [
            {"authority": authority.replace("https", "http"), "allOf": [good]}]}, "https"),
        ("5.2", "an authority without conditions", one(), "exactly one"),
        ("5.2", "both selectors", one(allOf=[good], anyOf=[good]), "exactly one"),
        ("5.2", "a selector without conditions", one(allOf=[]), "list with members"),
        ("5.2", "a selector that is an object", one(allOf=good), "list with members"),
        ("5.2", "a condition without claim", one(allOf=[{"equals": "1.0"}]), "claim"),
        ("5.2", "a condition without equals", one(allOf=[{"claim": "x-ms-ver"}]), "equals"),
        ("5.2", "the operator less", one(allOf=[{"claim": "x-ms-ver", "less": 2}]), "equals"),
        ("5.2", "a value that is a list", one(allOf=[{"claim": "x-ms-ver", "equals": ["1.0"]}]), "equals"),
        ("5.2", "a selector beside a claim", one(allOf=[{**good, "anyOf": [good]}]), "other members"),
    ]
    return [(f"{KR} {clause}", f"a policy with {what}", policy, 400, words) for clause, what, policy, words in rows]


def keys_and_policies(m, v):
    good = v.policy({"claim": "x-ms-ver", "equals": "1.0"})
    return [
        (f"{KR} 4.8", "an exportable key without policy", partial(v.try_policy, None), 400, "AKV.SKR.1004"),
        (f"{KR} 4.8", "a policy on a key that stays", partial(v.try_policy, good, exportable=False), 400, "AKV.SKR.1005"),
    ]


def key_attributes(m, v):
    now = int(time.time())
    rows = [
        ("is disabled", dict(enabled=False), 403, "disabled"),
        ("has expired", dict(exp=now - 1), 403, "expired"),
        ("is not valid yet", dict(nbf=now + 900, exp=now + 1800), 403, "not valid yet"),
        ("is not exportable", dict(exportable=False), 400, "not exportable"),
    ]
    return [(f"{KR} 4.8", f"a key that {what}", attributes, status, words) for what, attributes, status, words in rows]


REQUESTS = (metadata, release_request, keys_and_policies)
TOKENS = (target, wrapping_key, isolation)
COMPLIANCE = (compliance,)
POLICIES = (policy_mismatches, policy_grammar)
ATTRIBUTES = (key_attributes,)
