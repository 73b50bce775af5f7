# SPDX-License-Identifier: Apache-2.0
"""Key Vault and Managed HSM: keys of every kind, attributes, policies and their changes, foreign authorities."""
import base64, datetime, http.server, ipaddress, json, ssl, threading, time, urllib.parse

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap_with_padding

import client
from client import b64url, unb64url
from tap import at, command, fetch, finish, ok, path, refusal, web

mine = rsa.generate_private_key(65537, 2048)
STORES = {"vault": at["resource"], "mhsm": at["mhsmResource"]}


def pem_key(name):
    return serialization.load_pem_private_key(open(path("pki", name + ".key"), "rb").read(), None)


def number(n):
    return b64url(n.to_bytes((n.bit_length() + 7) // 8, "big"))


def token(issuer=None, key=None, kid=None, wrapping=mine, **claims):
    """An attestation token as only the platform could sign it."""
    kid = kid or web(at["maa"] + "/certs")["keys"][0]["kid"]
    public = wrapping.public_key().public_numbers()
    body = {"iss": issuer or at["maa"], "iat": int(time.time()), "nbf": int(time.time()), "exp": int(time.time()) + 600,
            "x-ms-attestation-type": "sevsnpvm", "tee": {"level": 3, "debug": False},
            "x-ms-runtime": {"keys": [{"kty": "RSA", "kid": "mine", "key_ops": ["encrypt"], "n": number(public.n), "e": "AQAB"}]},
            **claims}
    text = ".".join(b64url(json.dumps(part).encode()) for part in ({"alg": "RS256", "kid": kid, "typ": "JWT"}, body))
    return text + "." + b64url((key or pem_key("maa")).sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))


def bearer(store):
    query = urllib.parse.urlencode({"api-version": "2018-02-01", "resource": STORES[store]})
    return "Bearer " + web(f"{at['imds']}/metadata/identity/oauth2/token?{query}", Metadata="true")["access_token"]


BEARER = {store: bearer(store) for store in STORES}


def call(store, place, body=None, method=None, version="7.4"):
    return web(f"{at[store]}/keys/{place}?api-version={version}", body, method, Authorization=BEARER[store])


def policy(*conditions, authority=None, selector="allOf", **more):
    text = json.dumps({"version": "1.0.0", "anyOf": [{"authority": authority or at["maa"], selector: list(
        conditions or ({"claim": "x-ms-attestation-type", "equals": "sevsnpvm"},))}]})
    return {"contentType": "application/json; charset=utf-8", "data": b64url(text.encode()), **more}


def body_of(kty="oct-HSM", release_policy=None, exportable=True, **more):
    attributes = {"exportable": exportable, **more.pop("attributes", {})}
    return {"kty": kty, "attributes": attributes, "release_policy": release_policy or policy(), **more}


def create(store, name, *args, **more):
    return call(store, name + "/create", body_of(*args, **more), "POST")


def release(store, place, target=None, **more):
    answer = call(store, place + "/release", {"target": target or token(), "enc": "RSA_AES_KEY_WRAP_256", **more}, "POST")
    head, payload = (json.loads(unb64url(part)) for part in answer["value"].split(".")[:2])
    key = payload["response"]["key"]["key"]
    wrapped = unb64url(json.loads(unb64url(key["key_hsm"]))["ciphertext"])
    aes = mine.decrypt(wrapped[:256], padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None))
    return head, payload, key, aes_key_unwrap_with_padding(aes, wrapped[256:])


def check_kinds(store):
    kinds = [("RSA-HSM", {"key_size": 2048}), ("RSA-HSM", {"key_size": 3072}), ("RSA-HSM", {"key_size": 4096}),
             *(("EC-HSM", {"crv": curve}) for curve in ("P-256", "P-384", "P-521", "P-256K")),
             *(("oct-HSM", {"key_size": size}) for size in (128, 192, 256))]
    for i, (kty, more) in enumerate(kinds):
        made = create(store, f"kind{i}", kty, **more)["key"]
        _, payload, key, plain = release(store, f"kind{i}")
        if kty == "oct-HSM":
            good = len(plain) * 8 == more["key_size"]
        else:
            numbers = serialization.load_der_private_key(plain, None).private_numbers().public_numbers
            good = (number(numbers.n) == made["n"] == key["n"] if kty == "RSA-HSM"
                    else numbers.x == int.from_bytes(unb64url(made["x"]), "big") and key["crv"] == more["crv"])
        ok(f"{store}: {kty} {list(more.values())[0]} is made and released", good and key["kty"] == kty)
        ok("... under its own name", key["kid"] == made["kid"] and made["kid"].startswith(f"{at[store]}/keys/kind{i}/")
           and payload["request"]["kid"] == f"{at[store]}/keys/kind{i}")
    raw = b"sixty-four bytes" * 4
    call(store, "imported", {"key": {"kty": "oct-HSM", "k": b64url(raw)}, "attributes": {"exportable": True},
                             "release_policy": policy()}, "PUT")
    ok(f"{store}: 64 bytes are imported and released", release(store, "imported")[3] == raw)
    numbers = ec.generate_private_key(ec.SECP256K1()).private_numbers()
    parts = {"d": numbers.private_value, "x": numbers.public_numbers.x, "y": numbers.public_numbers.y}
    jwk = {"kty": "EC-HSM", "crv": "P-256K", **{name: b64url(n.to_bytes(32, "big")) for name, n in parts.items()}}
    call(store, "imported", {"key": jwk, "attributes": {"exportable": True}, "release_policy": policy()}, "PUT")
    released = serialization.load_der_private_key(release(store, "imported")[3], None).private_numbers()
    ok(f"{store}: so is a P-256K key", released == numbers)
    listed = call(store, "imported/versions")["value"]
    ok("... as the newer of two versions", len(listed) == 2 and listed[0]["kid"] == call(store, "imported")["key"]["kid"])


def check_header(store):
    head, _, _, _ = release(store, "kind0")
    leaf = x509.load_der_x509_certificate(base64.b64decode(head["x5c"][0]))
    digest = leaf.fingerprint(hashes.SHA1() if store == "vault" else hashes.SHA256()).hex().upper()
    ok(f"{store}: the kid of the answer is a thumbprint of the leaf", head["kid"] == digest, head["kid"])
    ok("... whose certificate covers the host", "localhost" in leaf.extensions.get_extension_for_class(
        x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName))


def check_stores():
    create("mhsm", "apart", kty="RSA")
    ok("an HSM's keys are HSM keys", call("mhsm", "apart")["key"]["kty"] == "RSA-HSM")
    refusal("... and not the vault's", 404, lambda: call("vault", "apart"), "KeyNotFound")
    swap = lambda store, other: web(f"{at[store]}/keys/kind0?api-version=7.4", Authorization=BEARER[other])
    refusal("a vault's token does not open the HSM", 401, lambda: swap("mhsm", "vault"), "Unauthorized")
    refusal("nor the HSM's the vault", 401, lambda: swap("vault", "mhsm"), "Unauthorized")
    status, _, headers = fetch(f"{at['mhsm']}/keys/kind0?api-version=7.4")
    ok("a 401 names the resource of the HSM", status == 401 and at["mhsmResource"] in headers["WWW-Authenticate"])
    done = command("key", "made", "--kty", "oct", "--size", "256", "--store", "mhsm")
    ok("the command makes keys there, too", done.returncode == 0 and json.loads(done.stdout)["kid"].startswith(at["mhsm"]),
       done.stderr)


def check_attributes(store):
    now = int(time.time())
    for name, attributes, inner in (("disabled", {"enabled": False}, "KeyDisabled"),
                                    ("expired", {"exp": now - 1}, None), ("early", {"nbf": now + 600}, None)):
        create(store, name, attributes=attributes)
        refusal(f"{store}: a key that is {name} is not released", 403, lambda: release(store, name), "Forbidden", inner)
        call(store, name, {"attributes": {"enabled": True, "exp": now + 600, "nbf": now - 1}}, "PATCH")
        ok("... and is once that is mended", release(store, name)[3])
    bent = [
        ("no policy", {"kty": "oct-HSM", "attributes": {"exportable": True}}, "AKV.SKR.1004"),
        ("a policy on what stays", body_of(exportable=False), "AKV.SKR.1005"),
        ("an unknown type", body_of("OKP"), "kty"), ("an unknown curve", body_of("EC-HSM", crv="P-1"), "curves"),
        ("an RSA key of 1024 bits", body_of("RSA-HSM", key_size=1024), "2048"),
        ("a policy without authorities", body_of(release_policy={"data": b64url(b'{"version":"1.0.0","anyOf":[]}')}), "anyOf"),
        ("a policy that is no JSON", body_of(release_policy={"data": b64url(b"{")}), "policy"),
        ("a policy with http", body_of(release_policy=policy(authority="http://x")), "https"),
    ] + ([("a software key", body_of("RSA"), "AKV.SKR.1006")] if store == "vault" else [])
    for name, body, says in bent:
        refusal(f"{store}: given {name}, create refuses", 400, lambda: call(store, "bent/create", body, "POST"),
                "BadParameter", says=says)


def check_policies(store):
    level = lambda n: {"claim": "tee.level", "equals": n}
    rows = [
        ("a number below an object", policy(level(3)), True), ("its text", policy(level("3")), True),
        ("another", policy(level(4)), False), ("a boolean's text", policy({"claim": "tee.debug", "equals": "false"}), True),
        ("one of", policy(level(4), level(3), selector="anyOf"), True),
        ("nested", policy({"anyOf": [level(4), {"allOf": [level(3), {"claim": "tee.debug", "equals": False}]}]}), True),
        ("nested in vain", policy({"anyOf": [level(4), {"allOf": [level(3), {"claim": "tee.debug", "equals": True}]}]}), False),
        ("lower case selectors", policy(level(3), selector="allof"), True),
        ("a missing claim", policy({"claim": "tee.nothing", "equals": ""}), False),
        ("an object", policy({"claim": "tee", "equals": "{}"}), False),
        ("padded base64", {**policy(level(3)), "data": base64.b64encode(unb64url(policy(level(3))["data"])).decode()}, True),
    ]
    for i, (name, text, met) in enumerate(rows):
        create(store, f"policy{i}", release_policy=text)
        if met:
            ok(f"{store}: {name}: met", release(store, f"policy{i}")[3])
        else:
            refusal(f"{store}: {name}: not met", 403, lambda: release(store, f"policy{i}"), "Forbidden",
                    says="does not meet")
    made = create(store, "turning", release_policy=policy(level(4)))["key"]["kid"].rsplit("/", 1)[1]
    patch = lambda place, body: lambda: call(store, place, body, "PATCH")
    refusal("a policy is not changed on a version", 400, patch("turning/" + made, {"release_policy": policy()}),
            "BadParameter", says="AKV.SKR.1016")
    refusal("exportable does not change", 400, patch("turning", {"attributes": {"exportable": False}}), "BadParameter",
            says="AKV.SKR.1003")
    patch("turning", {"release_policy": policy(level(3), immutable=True)})()
    ok("a policy is changed on the key", release(store, "turning")[3])
    refusal("... and no more once it is immutable", 400, patch("turning", {"release_policy": policy()}), "BadParameter",
            says="AKV.SKR.1020")


def check_release(store):
    t = token()
    rows = [
        ("no target", {}, 400, "BadParameter"), ("a target that is empty", {"target": ""}, 400, "BadParameter"),
        ("a target that is no token", {"target": "x"}, 403, "Forbidden"),
        ("an enc of nobody", {"target": t, "enc": "RSA1_5"}, 400, "BadParameter"),
        ("a nonce that is a number", {"target": t, "nonce": 1}, 400, "BadParameter"),
        ("an expired target", {"target": token(exp=int(time.time()) - 1)}, 403, "Forbidden"),
        ("a target without exp", {"target": token(exp=None)}, 403, "Forbidden"),
        ("a target of another key", {"target": token(key=mine)}, 403, "Forbidden"),
        ("a target of an unknown kid", {"target": token(kid="x")}, 403, "Forbidden"),
        ("a target of another issuer", {"target": token("https://other.example")}, 403, "Forbidden"),
        ("no wrapping key", {"target": token(**{"x-ms-runtime": {"keys": []}})}, 400, "BadParameter"),
        ("no runtime", {"target": token(**{"x-ms-runtime": None})}, 400, "BadParameter"),
    ]
    for name, body, status, code in rows:
        refusal(f"{store}: given {name}, release refuses", status, lambda: call(store, "kind0/release", body, "POST"), code)
    for version in ("7.3", "7.5", "7.6", "2025-07-01", "2026-04-01"):
        ok(f"{store}: api-version {version} releases", call(store, "kind0/release", {"target": t}, "POST", version)["value"])
    for version in ("7.2", "", "8"):
        refusal(f"{store}: api-version '{version}' does not", 400, lambda: call(store, "kind0/release", {"target": t}, "POST",
                                                                                version), "BadParameter")
    call(store, "kind1", method="DELETE")
    refusal(f"{store}: a deleted key is not found", 404, lambda: release(store, "kind1"), "KeyNotFound")


class Authority:
    """Home-made: two documents over TLS, its certificate signed by `signer`."""

    def __init__(self, signer, signer_name, keys, path_of_keys="/keys"):
        key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.utcnow()
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "authority")])
        names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        cert = x509.CertificateBuilder(signer_name, name, key.public_key(), 7, now - datetime.timedelta(1),
                                       now + datetime.timedelta(1)).add_extension(
            x509.SubjectAlternativeName(names), False).sign(signer, hashes.SHA256())
        file = path("authority.pem")
        open(file, "wb").write(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                                 serialization.NoEncryption())
                               + cert.public_bytes(serialization.Encoding.PEM))
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                known = {"/.well-known/openid-configuration": {"issuer": outer.url, "jwks_uri": outer.url + path_of_keys},
                         "/keys": {"keys": keys}}
                body = json.dumps(known.get(self.path, {})).encode()
                self.send_response(200 if self.path in known else 404)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            def handle_error(self, *_):  # a client that does not trust us
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"https://localhost:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def check_authorities(store):
    theirs, now = rsa.generate_private_key(65537, 2048), datetime.datetime.utcnow()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "signer")])
    cert = x509.CertificateBuilder(name, name, theirs.public_key(), 1, now - datetime.timedelta(1),
                                   now + datetime.timedelta(1)).sign(theirs, hashes.SHA256())
    entry = {"kid": "theirs", "kty": "RSA",
             "x5c": [base64.b64encode(cert.public_bytes(serialization.Encoding.DER)).decode()]}
    ca = x509.load_pem_x509_certificate(open(at["ca"], "rb").read())
    good = Authority(pem_key("ca"), ca.subject, [entry])
    signed = lambda url, **more: token(url, theirs, "theirs", **more)
    create(store, "elsewhere", release_policy=policy(authority=good.url))
    ok(f"{store}: a foreign authority's token is believed", release(store, "elsewhere", signed(good.url))[3])
    refusal("... the lab's own is not", 403, lambda: release(store, "elsewhere"), "Forbidden", says="cannot be verified")
    refusal("... nor one of another key", 403, lambda: release(store, "elsewhere", signed(good.url, wrapping=mine)[:-8] + "AAAAAAAA"),
            "Forbidden", says="cannot be verified")
    bad = [("with a TLS certificate of its own", Authority(theirs, name, [entry])),
           ("whose keys have no x5c", Authority(pem_key("ca"), ca.subject, [{"kid": "theirs", "kty": "RSA"}])),
           ("whose keys are not there", Authority(pem_key("ca"), ca.subject, [entry], "/nothing")),
           ("without keys", Authority(pem_key("ca"), ca.subject, []))]
    for i, (words, authority) in enumerate(bad):
        create(store, f"elsewhere{i}", release_policy=policy(authority=authority.url))
        refusal(f"an authority {words} is not believed", 403, lambda: release(store, f"elsewhere{i}", signed(authority.url)),
                "Forbidden", says="cannot be verified")


for store in STORES:
    check_kinds(store)
    check_header(store)
    check_attributes(store)
    check_policies(store)
    check_release(store)
    check_authorities(store)
check_stores()
finish()
