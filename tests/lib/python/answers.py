# SPDX-License-Identifier: Apache-2.0
"""Deviations of answers that no request repeats, so that only an agent can refuse them: THIM, the envelope and the
claims of the attestation token, its key set, the access token, the release answer. A row is the clause, what differs,
the bends of between.py."""
import base64, copy, hashlib, time

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding

from forge import RSA_256, Certificate, der, der_oid, modulus, new_rsa
from guest import b64, b64url, unb64url
from release_answer import OAEP_256, x5c

GA, KR = "guest attestation", "key release"


def member(name, value):
    """The JSON object with a member changed; None takes it away."""
    def change(answer):
        old = answer.get(name)
        new = value(old) if callable(value) else value
        rest = {key: kept for key, kept in answer.items() if key != name}
        return rest if new is None else {**rest, name: new}
    return change


def members(bend, clause, rows):
    return [(clause, what, {bend: member(name, value)}) for what, name, value in rows]


def flip_b64(text):
    data = bytearray(base64.b64decode(text))
    data[0] ^= 1
    return b64(bytes(data))


def flip_b64url(text):
    data = bytearray(unb64url(text))
    data[-1] ^= 1
    return b64url(bytes(data))


def thim(m):
    return members("thim", f"{KR} 1.1", [
        ("no vcekCert", "vcekCert", None),
        ("vcekCert a list", "vcekCert", lambda pem: [pem]),
        ("vcekCert empty", "vcekCert", ""),
        ("no certificateChain", "certificateChain", None),
        ("certificateChain null", "certificateChain", lambda _: 0),
        ("no tcbm", "tcbm", None),
        ("tcbm not hex", "tcbm", lambda t: "X" + t[1:]),
        ("tcbm cut short", "tcbm", lambda t: t[:-2]),
        ("tcbm of another TCB", "tcbm", lambda t: t[:-1] + ("5" if t[-1] == "4" else "4")),
        ("tcbm a number", "tcbm", 5),
    ]) + [(f"{KR} 1.1", "an answer that is a list", {"thim": lambda a: b"[]"}),
          (f"{KR} 1.1", "an answer with bytes behind", {"thim": lambda a: b"{}{}"}),
          (f"{KR} 1.1", "an answer that is not JSON", {"thim": lambda a: b"<html>"})]


def envelope(m):
    params = lambda change: ("EncryptionParams", lambda p: change(dict(p)))
    rows = [
        ("no EncryptedInnerKey", "EncryptedInnerKey", None),
        ("EncryptedInnerKey of another length", "EncryptedInnerKey", lambda k: b64(base64.b64decode(k)[:-1])),
        ("EncryptedInnerKey changed", "EncryptedInnerKey", flip_b64),
        ("EncryptedInnerKey for another key", "EncryptedInnerKey",
         lambda _: b64(m.other.public_key().encrypt(bytes(32), padding.PKCS1v15()))),
        ("EncryptedInnerKey of 16 bytes inside", "EncryptedInnerKey",
         lambda _: b64(m.key.public_key().encrypt(bytes(16), padding.PKCS1v15()))),
        ("EncryptedInnerKey under OAEP", "EncryptedInnerKey",
         lambda _: b64(m.key.public_key().encrypt(bytes(32), OAEP_256))),
        ("EncryptedInnerKey in base64url", "EncryptedInnerKey", lambda k: "-" + k[1:]),
        ("no EncryptionParams", "EncryptionParams", None),
        ("no Iv", *params(lambda p: member("Iv", None)(p))),
        ("Iv of 8 bytes", *params(lambda p: {**p, "Iv": b64(bytes(8))})),
        ("Iv changed", *params(lambda p: {**p, "Iv": flip_b64(p["Iv"])})),
        ("no AuthenticationData", "AuthenticationData", None),
        ("AuthenticationData of 12 bytes", "AuthenticationData", lambda t: b64(base64.b64decode(t)[:12])),
        ("AuthenticationData changed", "AuthenticationData", flip_b64),
        ("no Jwt", "Jwt", None),
        ("Jwt empty", "Jwt", ""),
        ("Jwt changed", "Jwt", flip_b64),
        ("Jwt cut short", "Jwt", lambda t: b64(base64.b64decode(t)[:-1])),
    ]
    return members("sealed", f"{GA} 4.9", rows) + members("envelope", f"{GA} 4.9", [
        ("an answer without token", "token", None),
        ("a token that is a number", "token", 1),
        ("a token that is padded", "token", lambda t: t + "="),
        ("a token that is not base64url", "token", lambda t: "+" + t[1:])])


def token(m):
    """Claims about this machine, which the vault cannot know."""
    def claims(**changes):
        return {"token": lambda t: t.signed(claims=changes)}

    def isolation(**changes):
        return {"token": lambda t: t.isolation(**{"x-ms-sevsnpvm-" + name: value for name, value in changes.items()})}

    def ak(change):
        def bend(t):
            runtime = copy.deepcopy(t.claims["x-ms-isolation-tee"]["x-ms-runtime"])
            change(runtime)
            return t.isolation(**{"x-ms-runtime": runtime})
        return {"token": bend}

    def payload(value):
        change = member("client-payload", value)
        return {"token": lambda t: t.signed(claims={"x-ms-runtime": change(t.claims["x-ms-runtime"])})}

    def key_first(t):
        key = {"kid": "other", "kty": "RSA", "key_ops": ["encrypt"], "e": "AQAB", "n": b64url(modulus(m.other))}
        return t.runtime(lambda ours: [key, ours])

    rows = [
        ("attestation type of an enclave", claims(**{"x-ms-attestation-type": "sgx"})),
        ("no attestation type", {"token": lambda t: t.signed(drop=("x-ms-attestation-type",))}),
        ("no client payload", payload(None)),
        ("another nonce", payload({"nonce": b64(b"another")})),
        ("a nonce in another case", payload(lambda p: {"nonce": p["nonce"].swapcase()})),
        ("no nonce", payload({})),
        ("a key of somebody before ours", {"token": key_first}),
        ("a modulus of somebody", {"token": lambda t: t.runtime(lambda key: [{**key, "n": b64url(modulus(m.other))}])}),
        ("another exponent", {"token": lambda t: t.runtime(lambda key: [{**key, "e": "Aw"}])}),
        ("HCLAkPub of another machine", ak(lambda r: r["keys"][0].update(n=b64url(modulus(m.other))))),
        ("no HCLAkPub", ak(lambda r: r.update(keys=[]))),
        ("another report data", isolation(reportdata="0" * 128)),
        ("no report data", isolation(reportdata=None)),
        ("debuggable", isolation(**{"is-debuggable": True})),
        ("debuggable as text", isolation(**{"is-debuggable": "false"})),
        ("no word about debugging", isolation(**{"is-debuggable": None})),
        ("jku of another host", {"token": lambda t: t.signed(header=dict(jku="https://x.example/certs"))}),
        ("iat ahead", claims(iat=int(time.time()) + 900)),
    ]
    return [(f"{KR} 2.6", what, bends) for what, bends in rows]


def metadata(m):
    def certificate(**fields):
        def change(answer):
            real = Certificate(m.pki.certificate("maa"), RSA_256, m.pki.key("maa"))
            return {"keys": [{**answer["keys"][0], "x5c": x5c([real.but(**fields).der()])}]}
        return {"certs": change}

    def key(**changes):
        return {"certs": lambda a: {"keys": [{**a["keys"][0], **changes}]}}

    now = time.time()
    rows = [
        ("metadata of another issuer", {"openid": member("issuer", "https://x.example")}),
        ("metadata without issuer", {"openid": member("issuer", None)}),
        ("metadata with keys elsewhere", {"openid": member("jwks_uri", "https://x.example/certs")}),
        ("metadata without keys", {"openid": member("jwks_uri", None)}),
        ("metadata that is no object", {"openid": lambda _: b"[]"}),
        ("a key set that is no object", {"certs": lambda _: b"[]"}),
        ("a key set without keys", {"certs": lambda _: {"keys": []}}),
        ("a key of another id", key(kid="x")),
        ("a key of type EC", key(kty="EC")),
        ("a key without certificate", {"certs": lambda a: {"keys": [member("x5c", None)(a["keys"][0])]}}),
        ("a key with rubbish for a certificate", key(x5c=["AAAA"])),
        ("a certificate of another key", certificate(key=m.other.public_key())),
        ("a certificate that has expired", certificate(not_after=now - 86400)),
        ("a certificate of tomorrow", certificate(not_before=now + 86400)),
    ]
    return [(f"{KR} 2.6 6", what, bends) for what, bends in rows]


def identity(m):
    return members("identity", f"{KR} 3.2", [
        ("no access_token", "access_token", None),
        ("access_token empty", "access_token", ""),
        ("access_token a number", "access_token", 1),
        ("access_token with a line break", "access_token", lambda t: t + "\r\nx: y"),
        ("token_type of another kind", "token_type", "mac"),
        ("expires_in not a number", "expires_in", "soon"),
    ]) + [(f"{KR} 3.2", "an identity answer that is a list", {"identity": lambda _: b"[]"})]


def changed(change):
    return {"release": lambda answer: answer.but(change)}


def attributes(**changes):
    """What an answer says of its key."""
    return changed(lambda a: a.payload["response"]["key"]["attributes"].update(changes))


def jws(m):
    def header(**changes):
        return changed(lambda a: [a.header.pop(n) if v is None else a.header.__setitem__(n, v) for n, v in changes.items()])

    def text(change):
        return changed(lambda a: setattr(a, "text", change))

    def chain(change):
        def bend(a):
            a.header["x5c"] = change(a.header["x5c"])
            leaf = base64.b64decode(a.header["x5c"][0]) if a.header["x5c"] else b""
            a.header["x5t#S256"] = b64url(hashlib.sha256(leaf).digest())
        return changed(bend)

    def leaf(signer=None, **fields):
        """The signer's certificate with other fields, issued by the lab's signing CA."""
        def bend(a):
            made = EcCertificate(m.pki.certificate("signer"), m.pki.key("signer-ca")).but(**fields).der()
            a.header["x5c"] = x5c([made]) + a.header["x5c"][1:]
            a.header["x5t#S256"] = b64url(hashlib.sha256(made).digest())
            a.signer = signer or a.signer
        return changed(bend)

    def san(*names):
        return lambda e: {**e, "2.5.29.17": (False, der(0x30, *(der(0x82, name) for name in names)))}

    def without(oid):
        return lambda e: {key: value for key, value in e.items() if key != oid}

    small, now = new_rsa(1024), time.time()
    part = lambda at, change: text(lambda t: ".".join(change(p) if i == at else p for i, p in enumerate(t.split("."))))
    rows = [
        ("two parts", text(lambda t: t.rsplit(".", 1)[0])),
        ("four parts", text(lambda t: t + ".AAAA")),
        ("a padded part", part(1, lambda p: p + "=")),
        ("a part in the other alphabet", part(0, lambda p: "+" + p[1:])),
        ("no signature", part(2, lambda _: "")),
        ("a bit of the signature", part(2, flip_b64url)),
        ("a signature cut short", part(2, lambda s: b64url(unb64url(s)[:-1]))),
        ("a payload changed after signing", part(1, lambda p: b64url(unb64url(p).replace(b"true", b"1234", 1)))),
        ("alg none", header(alg="none")),
        ("alg RS512", header(alg="RS512")),
        ("alg PS256", header(alg="PS256")),
        ("no alg", header(alg=None)),
        ("a crit that nobody knows", header(crit=["exp"])),
        ("no x5c", header(x5c=None)),
        ("an empty x5c", chain(lambda _: [])),
        ("x5c a text", header(x5c="AAAA")),
        ("x5c with rubbish in it", chain(lambda c: c[:1] + ["AAAA"])),
        ("x5c in base64url", changed(lambda a: a.header["x5c"].__setitem__(0, "-" + a.header["x5c"][0][1:]))),
        ("x5c with a byte behind a certificate", chain(lambda c: x5c([base64.b64decode(c[0]) + b"\0"]) + c[1:])),
        ("x5c of eleven", chain(lambda c: c + c[-1:] * 9)),
        ("the leaf alone", chain(lambda c: c[:1])),
        ("the issuer first", chain(lambda c: c[1:])),
        ("another certificate in x5t#S256", header(**{"x5t#S256": b64url(bytes(32))})),
        ("a signature of another key", changed(lambda a: setattr(a, "signer", m.other))),
        ("a leaf for another host", leaf(extensions=san(b"x.example"))),
        ("a leaf with the host in its name alone", leaf(extensions=without("2.5.29.17"))),
        ("a leaf for a host that ends so", leaf(extensions=san(b"xlocalhost"))),
        ("a leaf that has expired", leaf(not_after=now - 86400)),
        ("a leaf of tomorrow", leaf(not_before=now + 86400)),
        ("a leaf that no server uses", leaf(extensions=lambda e: {
            **e, "2.5.29.37": (False, bytes.fromhex("300a06082b06010505070302"))})),
        ("a leaf of RSA 1024", leaf(signer=small, key=small.public_key())),
        ("a leaf that somebody else signed", leaf(issuer_key=ec.generate_private_key(ec.SECP384R1()))),
    ]
    return [(f"{KR} 4.4", what, bends) for what, bends in rows]


class EcCertificate(Certificate):
    """One that an EC key signs with SHA-256."""

    def __init__(self, like, issuer_key):
        super().__init__(like, (der(0x30, der_oid("1.2.840.10045.4.3.2")), ec.ECDSA(hashes.SHA256())), issuer_key)


def payload(m):
    def at(*path, value):
        def bend(a):
            place = a.payload
            for name in path[:-1]:
                place = place[name]
            new = value(place[path[-1]]) if callable(value) else value
            if new is None:
                del place[path[-1]]
            else:
                place[path[-1]] = new
            if path[0] == "response" and not (len(path) > 3 or path[-1] == "attributes"):
                a.key_hsm = None
        return changed(bend)

    request = lambda name, value: at("request", name, value=value)
    key = lambda name, value: at("response", "key", "key", name, value=value)
    rows = [
        ("no request", at("request", value=None)),
        ("request.enc of another wrapping", request("enc", "CKM_RSA_AES_KEY_WRAP")),
        ("no request.enc", request("enc", None)),
        ("another request.nonce", request("nonce", "another")),
        ("no request.nonce", request("nonce", None)),
        ("request.nonce a number", request("nonce", 1)),
        ("request.kid of another key", request("kid", lambda k: k + "2")),
        ("request.kid at another host", request("kid", lambda k: k.replace("localhost", "x.example"))),
        ("no request.kid", request("kid", None)),
        ("no response", at("response", value=None)),
        ("no response.key", at("response", "key", value=None)),
        ("no response.key.key", at("response", "key", "key", value=None)),
        ("kid of another key", key("kid", lambda k: k.replace("/demo/", "/demo2/"))),
        ("kid at another host", key("kid", lambda k: k.replace("localhost", "x.example"))),
        ("kid at another port", key("kid", lambda k: k.replace("/keys/", "1/keys/"))),
        ("kid with http", key("kid", lambda k: k.replace("https", "http"))),
        ("kid without version", key("kid", lambda k: k.rsplit("/", 1)[0])),
        ("no kid", key("kid", None)),
        ("kty of a key that stays", key("kty", "PQC")),
        ("kty EC", key("kty", "EC-HSM")),
        ("no kty", key("kty", None)),
        ("n of another key", key("n", lambda _: b64url(modulus(m.other)))),
        ("n not base64url", key("n", "%")),
        ("no n", key("n", None)),
        ("e of another key", key("e", "Aw")),
        ("no key_hsm", changed(lambda a: (a.jwk().pop("key_hsm"), setattr(a, "key_hsm", None)))),
        ("enabled a text", attributes(enabled="true")),
        ("no attributes", at("response", "key", "attributes", value=None)),
    ]
    outer = [
        ("an answer without value", changed(lambda a: setattr(a, "envelope", lambda _: {}))),
        ("a value that is a list", changed(lambda a: setattr(a, "envelope", lambda v: {"value": [v["value"]]}))),
    ]
    return [(f"{KR} 4.4", what, bends) for what, bends in rows] + [(f"{KR} 4.3", what, bends) for what, bends in outer]


def wrapped_key(m):
    hsm = lambda **changes: changed(lambda a: a.key_hsm.update(changes))
    head = lambda **changes: changed(lambda a: a.key_hsm["header"].update(changes))
    again = lambda **how: changed(lambda a: a.key_hsm.update(ciphertext=a.rewrapped(**how)))
    ciphertext = lambda change: changed(
        lambda a: a.key_hsm.update(ciphertext=b64url(change(unb64url(a.key_hsm["ciphertext"])))))
    sha1 = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)
    mixed = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA256(), None)
    labelled = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), b"label")
    form = [
        ("schema_version 2.0", hsm(schema_version="2.0")),
        ("no schema_version", changed(lambda a: a.key_hsm.pop("schema_version"))),
        ("no header", changed(lambda a: a.key_hsm.pop("header"))),
        ("header.kid of another key", head(kid="other")),
        ("no header.kid", changed(lambda a: a.key_hsm["header"].pop("kid"))),
        ("header.alg of another kind", head(alg="RSA-OAEP")),
        ("header.enc of another wrapping", head(enc="CKM_RSA_AES_KEY_WRAP")),
        ("header.enc unknown", head(enc="RSA1_5")),
        ("no ciphertext", changed(lambda a: a.key_hsm.pop("ciphertext"))),
        ("ciphertext padded", changed(lambda a: a.key_hsm.update(ciphertext=a.key_hsm["ciphertext"] + "="))),
        ("key_hsm that is no JSON", changed(lambda a: (a.jwk().update(key_hsm="AAAA"), setattr(a, "key_hsm", None)))),
    ]
    inside = [
        ("ciphertext of the RSA part alone", ciphertext(lambda c: c[:256])),
        ("ciphertext of one block behind", ciphertext(lambda c: c[:264])),
        ("ciphertext with a byte behind", ciphertext(lambda c: c + b"\0")),
        ("ciphertext changed in the RSA part", ciphertext(lambda c: bytes([c[0] ^ 1]) + c[1:])),
        ("ciphertext changed behind", ciphertext(lambda c: c[:-1] + bytes([c[-1] ^ 1]))),
        ("ciphertext of zeros", ciphertext(lambda c: bytes(len(c)))),
        ("wrapped for another key", again(key=m.other)),
        ("wrapped under AES-128", again(aes=16)),
        ("wrapped with SHA-1 in the OAEP", again(oaep=sha1)),
        ("wrapped with SHA-1 in the MGF alone", again(oaep=mixed)),
        ("wrapped with a label", again(oaep=labelled)),
        ("a key with a byte behind", again(plain=lambda p: p + b"\0")),
        ("a key cut short", again(plain=lambda p: p[:-1])),
        ("rubbish for a key", again(plain=lambda _: b"key" * 8)),
    ]
    return [(f"{KR} 4.5", what, bends) for what, bends in form] + [(f"{KR} 4.6", what, bends) for what, bends in inside]


PARTS = (("thim", thim), ("maa", envelope), ("maa", token), ("maa", metadata), ("vault", identity), ("vault", jws),
         ("vault", payload), ("vault", wrapped_key))


def rows(m):
    """The last service that an agent may have asked when it refuses, then the row."""
    return [(service, *row) for service, part in PARTS for row in part(m)]
