# SPDX-License-Identifier: Apache-2.0
"""What only the platform could sign, made with the private keys that the lab lays below D/pki.

`Machine` is a machine in software, with an AK of its own: each of its structures can be bent in one field and is then
signed as the real one would be, so that a verifier sees exactly one deviation. `Token` does the same with what the
attestation service signs.
"""
import calendar, copy, hashlib, hmac, json, os, ssl, struct, time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from guest import (CERTIFY, QUOTE, Certify, EventLog, OpenPublic, Public, Quote, SnpReport, attestation_info, b64url,
                   policy_pcr, sha256, unb64url)

ENDORSEMENT, NULL = 0x4000000B, 0x40000007
SPKI = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def new_rsa(bits=2048):
    return rsa.generate_private_key(65537, bits)


def modulus(key):
    n = key.public_key().public_numbers().n
    return n.to_bytes((n.bit_length() + 7) // 8, "big")


def der(tag, *parts):
    content = b"".join(parts)
    size = len(content)
    long = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag]) + (bytes([size]) if size < 128 else bytes([0x80 | len(long)]) + long) + content


def der_oid(text):
    first, second, *rest = map(int, text.split("."))
    out = bytes([40 * first + second])
    for arc in rest:
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.insert(0, 0x80 | arc & 0x7F)
        out += bytes(groups)
    return der(0x06, out)


def der_int(number):
    return der(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def der_pss(hash_oid, mgf_oid, salt):
    digest = lambda oid: der(0x30, der_oid(oid), der(0x05))
    return der(0x30, der_oid("1.2.840.113549.1.1.10"),
               der(0x30, der(0xA0, digest(hash_oid)),
                   der(0xA1, der(0x30, der_oid("1.2.840.113549.1.1.8"), digest(mgf_oid))), der(0xA2, der_int(salt))))


SHA256_OID, SHA384_OID = "2.16.840.1.101.3.4.2.1", "2.16.840.1.101.3.4.2.2"
# How a certificate is signed: AlgorithmIdentifier, padding, hash.
PSS = (der_pss(SHA384_OID, SHA384_OID, 48), padding.PSS(padding.MGF1(hashes.SHA384()), 48), hashes.SHA384())
PSS_SALT_32 = (der_pss(SHA384_OID, SHA384_OID, 32), padding.PSS(padding.MGF1(hashes.SHA384()), 32), hashes.SHA384())
PSS_MGF_256 = (der_pss(SHA384_OID, SHA256_OID, 48), padding.PSS(padding.MGF1(hashes.SHA256()), 48), hashes.SHA384())
PSS_256 = (der_pss(SHA256_OID, SHA256_OID, 48), padding.PSS(padding.MGF1(hashes.SHA256()), 48), hashes.SHA256())
RSA_384 = (der(0x30, der_oid("1.2.840.113549.1.1.12"), der(0x05)), padding.PKCS1v15(), hashes.SHA384())
RSA_256 = (der(0x30, der_oid("1.2.840.113549.1.1.11"), der(0x05)), padding.PKCS1v15(), hashes.SHA256())


class Certificate:
    """An X.509 certificate by its fields; times are seconds since 1970, extensions {OID: (critical, bytes)}."""

    def __init__(self, like, how, issuer_key):
        self.version, self.serial, self.how, self.issuer_key = 3, like.serial_number, how, issuer_key
        self.issuer, self.subject = like.issuer, like.subject
        self.not_before, self.not_after = (calendar.timegm(at.timetuple()) for at in (
            like.not_valid_before, like.not_valid_after))
        self.key = like.public_key()
        self.extensions = {e.oid.dotted_string: (e.critical, e.value.public_bytes()) for e in like.extensions}

    def but(self, **changes):
        other = copy.copy(self)
        for name, value in changes.items():
            old = getattr(other, name)
            setattr(other, name, value(old) if callable(value) else value)
        return other

    def der(self):
        stamp = lambda at: der(0x18, time.strftime("%Y%m%d%H%M%SZ", time.gmtime(at)).encode())
        extensions = [der(0x30, der_oid(oid), der(0x01, b"\xff") if critical else b"", der(0x04, value))
                      for oid, (critical, value) in self.extensions.items()]
        extensions = der(0xA3, der(0x30, *extensions)) if self.version == 3 else b""
        version = der(0xA0, der_int(self.version - 1)) if self.version > 1 else b""
        body = der(0x30, version, der_int(self.serial), self.how[0],
                   self.issuer.public_bytes(), der(0x30, stamp(self.not_before), stamp(self.not_after)),
                   self.subject.public_bytes(), self.key.public_bytes(*SPKI), extensions)
        signature = self.issuer_key.sign(body, *self.how[1:])
        return der(0x30, body, self.how[0], der(0x03, b"\0" + signature))

    def pem(self):
        return ssl.DER_cert_to_PEM_cert(self.der())


def common_name(cn):
    """The name with another CN."""
    return lambda name: x509.Name([x509.NameAttribute(a.oid, cn) if a.oid == x509.NameOID.COMMON_NAME else a
                                   for a in name])


class Pki:
    """D/pki."""

    def __init__(self, directory):
        self.directory = os.path.join(directory, "pki")

    def read(self, name):
        with open(os.path.join(self.directory, name), "rb") as file:
            return file.read()

    def key(self, name):
        return serialization.load_pem_private_key(self.read(name + ".key"), None)

    def certificate(self, name):
        return x509.load_pem_x509_certificate(self.read(name + ".pem"))


class Evidence(dict):
    """The inner JSON of a request, and the HCL report that it was made of."""

    def __init__(self, info, hcl):
        super().__init__(info)
        self.hcl = hcl


class Machine:
    """The guest's machine with a software AK and a software ephemeral key in place of the TPM's."""

    def __init__(self, guest, pki):
        self.guest, self.pki, self.nonce = guest, pki, guest.nonce
        self.vcek_key, self.ask_key, self.ark_key = (pki.key(name) for name in ("vcek", "ask", "ark"))
        self.ak, self.key = new_rsa(), new_rsa()
        self.other = new_rsa()
        self.report = SnpReport.parse(guest.hcl.report)
        self.log = EventLog.parse(guest.log)
        self.claims = json.loads(guest.hcl.runtime())
        self.ark = Certificate(pki.certificate("ark"), PSS, self.ark_key)
        self.ask = Certificate(pki.certificate("ask"), PSS, self.ark_key)
        self.vcek = Certificate(pki.certificate("vcek"), PSS, self.ask_key)
        real = x509.load_der_x509_certificate(guest.ak_cert[:4 + int.from_bytes(guest.ak_cert[2:4], "big")])
        self.ak_cert = Certificate(real, RSA_256, pki.key("vtpm-ca")).but(key=self.ak.public_key())

    def sign_report(self, report, key):
        """R and S, 72 bytes each, little endian."""
        signature = key.sign(report.pack()[:SnpReport.SIGNED], ec.ECDSA(hashes.SHA384()))
        r, s = (n.to_bytes(72, "little") for n in utils.decode_dss_signature(signature))
        return report.but(r=r, s=s)

    def runtime(self, claims=None):
        """The claims with our AK in them; a function may change them first."""
        ours = copy.deepcopy(self.claims)
        for key in ours["keys"]:
            if key["kid"] == "HCLAkPub":
                key["n"] = b64url(modulus(self.ak))
        if claims:
            ours = claims(ours) or ours
        return ours if isinstance(ours, bytes) else json.dumps(ours).encode()

    def chain(self, bends):
        names = bends.get("chain", ("vcek", "ask", "ark"))
        made = {name: getattr(self, name).but(**bends.get(name, {})) for name in set(names)}
        return "".join(made[name].pem() if name in bends else self.pki.read(name + ".pem").decode() for name in names)

    def snp(self, runtime, bends):
        bound = self.report.but(report_data=sha256(runtime) + bytes(32)).but(**bends.get("report", {}))
        signed = self.sign_report(bound, bends.get("report_key", self.vcek_key))
        return signed.but(**bends.get("unsigned", {})).pack()

    def head(self, kind, ak):
        """What a quote and a certify structure begin with, of an AK in the endorsement hierarchy."""
        real = Quote.parse(self.guest.quote)
        return {**real.__dict__, "type": kind, "signer": qualified(ENDORSEMENT, ak.name())}

    def public(self, kind, key, **more):
        fields = dict(type=1, name_alg=0x0B, attributes=0x00050472, policy=b"", symmetric=0x10, scheme=0x14, hash=0x0B,
                      bits=2048, exponent=0, modulus=modulus(key))
        return kind(**{**fields, **more})

    def key_public(self, pcrs, bends):
        kind = Public if "scheme" in bends else OpenPublic
        return self.public(kind, self.key, attributes=0x00020432, scheme=0x10, policy=policy_pcr(pcrs)).but(**bends)

    def info(self, **bends):
        """The inner JSON of the request. A bend is named after its structure and holds the fields that differ."""
        pcrs = bends.get("pcrs", self.guest.pcrs)
        runtime = self.runtime(bends.get("claims"))
        ak = self.public(Public, self.ak).but(**bends.get("ak", {}))
        key = self.key_public(pcrs, bends.get("key", {}))
        quote = Quote(**self.head(QUOTE, ak)).but(digest=sha256(b"".join(pcrs))).but(**bends.get("quote", {}))
        certify = Certify(**self.head(CERTIFY, ak), name=key.name(), qualified=qualified(NULL, key.name())).but(
            **bends.get("certify", {}))
        log = copy.deepcopy(self.log)
        log = (bends["log"](log) or log) if "log" in bends else log
        sign = lambda message: self.ak.sign(message, padding.PKCS1v15(), hashes.SHA256())
        return attestation_info(
            nonce=self.nonce, log=log if isinstance(log, bytes) else log.pack(), pcrs=pcrs,
            report=self.snp(runtime, bends), chain=self.chain(bends), runtime=bends.get("runtime", runtime),
            AikCert=bends.get("ak_cert_der", self.ak_cert.but(**bends.get("ak_cert", {})).der()),
            AikPub=sized(ak.pack()), PcrQuote=quote.pack(), PcrSignature=sign(quote.pack()),
            EncKeyPub=sized(key.pack()), EncKeyCertifyInfo=certify.pack(),
            EncKeyCertifyInfoSignature=sign(certify.pack()))

    def of_hcl(self, **header):
        """What a guest sends that believes a header with these fields."""
        runtime = self.runtime()
        size = len(runtime)
        hcl = self.guest.hcl.but(claims_size=size, data_size=20 + size, report_size=1236 + size,
                                 report=self.snp(runtime, {}))
        hcl.rest = runtime + bytes(self.guest.hcl.data_size)
        hcl = hcl.but(**header)
        info = Evidence(self.info(runtime=hcl.runtime()), hcl=hcl)
        info["IsolationInfo"]["Type"] = hcl.isolation()
        return info


def sized(data):
    return struct.pack(">H", len(data)) + data


def qualified(hierarchy, name):
    """The qualified name of a primary key."""
    return struct.pack(">H", 0x0B) + sha256(struct.pack(">I", hierarchy) + name)


def json_part(value):
    return b64url(value if isinstance(value, bytes) else json.dumps(value).encode())


class Token:
    """A compact JWS that was issued, taken apart to be signed again."""

    def __init__(self, text, key, other):
        head, payload, _ = text.split(".")
        self.text, self.key, self.other = text, key, other
        self.header, self.claims = json.loads(unb64url(head)), json.loads(unb64url(payload))

    def signed(self, header=None, claims=None, key=None, drop=()):
        """With members added or changed, those in `drop` left out; bytes stand for the whole part."""
        def part(was, change):
            if isinstance(change, bytes):
                return json_part(change)
            return json_part({name: value for name, value in {**was, **(change or {})}.items() if name not in drop})
        text = part(self.header, header) + "." + part(self.claims, claims)
        return text + "." + b64url((key or self.key).sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))

    def with_hmac(self):
        """HS256 with the public key as the secret."""
        text = json_part({**self.header, "alg": "HS256"}) + "." + json_part(self.claims)
        secret = self.key.public_key().public_bytes(serialization.Encoding.PEM, SPKI[1])
        return text + "." + b64url(hmac.new(secret, text.encode(), hashlib.sha256).digest())

    def with_pss(self):
        text = json_part({**self.header, "alg": "PS256"}) + "." + json_part(self.claims)
        pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
        return text + "." + b64url(self.key.sign(text.encode(), pss, hashes.SHA256()))

    def runtime(self, change):
        """Signed, with the first key of x-ms-runtime changed by a function; what it returns replaces the list."""
        runtime = copy.deepcopy(self.claims["x-ms-runtime"])
        runtime["keys"] = change(runtime["keys"][0])
        return self.signed(claims={"x-ms-runtime": runtime})

    def isolation(self, **changes):
        """Signed, with claims below x-ms-isolation-tee changed."""
        return self.signed(claims={"x-ms-isolation-tee": {**self.claims["x-ms-isolation-tee"], **changes}})
