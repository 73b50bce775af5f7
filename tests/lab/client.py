#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""One release against a running lab, by hand: raw TPM commands, python's cryptography and json, nothing of keyward.

    client.py D [NAME] [--enc ENC]

What it prints is the released key (PEM, or hex for oct) after it was compared with the lab's own copy of it. That an
unrelated client gets through shows that the lab speaks the protocol and not a dialect that it shares with the agent.
"""
import argparse, base64, hashlib, json, os, socket, ssl, struct, urllib.error, urllib.parse, urllib.request

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap_with_padding

AK, OWNER, NULL, ENDORSEMENT, PW = 0x81000003, 0x40000001, 0x40000007, 0x4000000B, 0x40000009
SELECTION = bytes.fromhex("00000001000b03ff0000")
OAEP = {"CKM_RSA_AES_KEY_WRAP": 0x0004, "RSA_AES_KEY_WRAP_256": 0x000B, "RSA_AES_KEY_WRAP_384": 0x000C}


def b64(data):
    return base64.b64encode(data).decode()


def b64url(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def unb64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def tpm2b(data):
    return struct.pack(">H", len(data)) + data


class Tpm:
    def __init__(self, tcti):
        options = dict(pair.split("=") for pair in tcti.split(":", 1)[1].split(","))
        self.socket = socket.create_connection((options["host"], int(options["port"])))

    def exactly(self, n):
        data = b""
        while len(data) < n:
            more = self.socket.recv(n - len(data))
            if not more:
                raise EOFError("the TPM closed the connection")
            data += more
        return data

    def raw(self, tag, code, body):
        self.socket.sendall(struct.pack(">HII", tag, 10 + len(body), code) + body)
        tag, size, rc = struct.unpack(">HII", self.exactly(10))
        body = self.exactly(size - 10)
        if rc:
            raise RuntimeError(f"TPM command 0x{code:x}: 0x{rc:x}")
        return body

    def plain(self, code, body):
        return self.raw(0x8001, code, body)

    def authorised(self, code, handles, parameters, sessions=(PW,), out_handle=False):
        auth = b"".join(struct.pack(">IHBH", s, 0, 1 if s == PW else 0, 0) for s in sessions)
        body = b"".join(struct.pack(">I", h) for h in handles) + struct.pack(">I", len(auth)) + auth + parameters
        answer = self.raw(0x8002, code, body)
        at = 4 if out_handle else 0
        size = struct.unpack_from(">I", answer, at)[0]
        return answer[:at], answer[at + 4:at + 4 + size]

    def nv_read(self, index):
        size = struct.unpack(">H", self.nv_public(index)[-2:])[0]
        data = b""
        while len(data) < size:
            piece = struct.pack(">HH", min(512, size - len(data)), len(data))
            data += self.authorised(0x14E, (OWNER, index), piece)[1][2:]
        return data

    def nv_public(self, index):
        answer = self.plain(0x169, struct.pack(">I", index))
        return answer[2:2 + struct.unpack_from(">H", answer)[0]]

    def read_public(self, handle):
        answer = self.plain(0x173, struct.pack(">I", handle))
        return answer[:2 + struct.unpack_from(">H", answer)[0]]

    def pcrs(self):
        answer = self.plain(0x17E, SELECTION)
        at = 4 + len(SELECTION)
        count, = struct.unpack_from(">I", answer, at)
        assert count == 8
        return [answer[at + 4 + 34 * i + 2:at + 4 + 34 * i + 34] for i in range(8)]

    def attest(self, code, handles, parameters, sessions):
        out = self.authorised(code, handles, parameters, sessions)[1]
        size, = struct.unpack_from(">H", out)
        scheme, digest, length = struct.unpack_from(">HHH", out, 2 + size)
        assert (scheme, digest) == (0x14, 0x0B)
        return out[2:2 + size], out[8 + size:8 + size + length]

    def quote(self, extra=b"", selection=SELECTION):
        return self.attest(0x158, (AK,), tpm2b(extra) + struct.pack(">H", 0x10) + selection, (PW,))

    def certify(self, key, extra=b""):
        return self.attest(0x148, (key, AK), tpm2b(extra) + struct.pack(">H", 0x10), (PW, PW))

    def ephemeral(self, unique, pcrs, attributes=0x00020432, hierarchy=NULL):
        pcr_digest = hashlib.sha256(b"".join(pcrs)).digest()
        policy = hashlib.sha256(bytes(32) + struct.pack(">I", 0x17F) + SELECTION + pcr_digest).digest()
        public = (struct.pack(">HHI", 1, 0x0B, attributes) + tpm2b(policy) + struct.pack(">HHHI", 0x10, 0x10, 2048, 0)
                  + tpm2b(unique))
        parameters = tpm2b(tpm2b(b"") + tpm2b(b"")) + tpm2b(public) + tpm2b(b"") + struct.pack(">I", 0)
        handle, out = self.authorised(0x131, (hierarchy,), parameters, out_handle=True)
        return struct.unpack(">I", handle)[0], out[:2 + struct.unpack_from(">H", out)[0]]

    def decrypt(self, key, pcrs, ciphertext, scheme):
        out = self.plain(0x176, struct.pack(">II", NULL, NULL) + tpm2b(bytes(20)) + tpm2b(b"")
                         + struct.pack(">BHH", 1, 0x10, 0x0B))
        session, = struct.unpack_from(">I", out)
        self.plain(0x17F, struct.pack(">I", session) + tpm2b(hashlib.sha256(b"".join(pcrs)).digest()) + SELECTION)
        out = self.authorised(0x159, (key,), tpm2b(ciphertext) + scheme + tpm2b(b""), (session,))[1]
        return out[2:]


class Refused(Exception):
    """An HTTP status that is not 2xx; `body` is its JSON or None, `headers` those of the answer."""

    def __init__(self, url, error):
        self.status, self.headers, text = error.code, error.headers, error.read()
        try:
            self.body = json.loads(text)
        except ValueError:
            self.body = None
        super().__init__(f"{url}: {self.status} {text[:500].decode(errors='replace')}")


class Web:
    def __init__(self, ca):
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=ca)))

    def __call__(self, url, body=None, method=None, **headers):
        data = json.dumps(body).encode() if body is not None else None
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if data is not None:
            headers["Content-Type"] = "application/json"
        try:
            with self.opener.open(urllib.request.Request(url, data, headers, method=method), timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise Refused(url, error) from None


def evidence(lab, tpm, web, unique, nonce):
    hcl = tpm.nv_read(0x01400001)
    size, = struct.unpack_from("<I", hcl, 1232)
    pcrs = tpm.pcrs()
    quote, quote_signature = tpm.quote()
    key, key_pub = tpm.ephemeral(unique, pcrs)
    certify, certify_signature = tpm.certify(key)
    thim = web(lab["imds"] + "/metadata/THIM/amd/certification", Metadata="true")
    proof = {"SnpReport": b64url(hcl[32:1216]),
             "VcekCertChain": b64((thim["vcekCert"] + thim["certificateChain"]).encode())}
    info = {
        "AttestationProtocolVersion": "2.0", "OSType": b64(b"Linux"), "OSDistro": b64(b"Debian GNU/Linux"),
        "OSVersionMajor": 12, "OSVersionMinor": 0, "OSBuild": b64(b"NotApplication"),
        "TcgLogs": b64(open(lab["eventLog"], "rb").read()), "ClientPayload": {"nonce": b64(nonce.encode())},
        "TpmInfo": {
            "AikCert": b64(tpm.nv_read(0x01C101D0)), "AikPub": b64(tpm.read_public(AK)), "PcrQuote": b64(quote),
            "PcrSignature": b64(quote_signature), "PcrSet": list(range(8)),
            "PCRs": [{"Index": i, "Digest": b64(pcr)} for i, pcr in enumerate(pcrs)], "EncKeyPub": b64(key_pub),
            "EncKeyCertifyInfo": b64(certify), "EncKeyCertifyInfoSignature": b64(certify_signature)},
        "IsolationInfo": {"Type": "SevSnp", "Evidence": {"Proof": b64(json.dumps(proof).encode()),
                                                         "RunTimeData": b64(hcl[1236:1236 + size])}},
    }
    return info, key, pcrs


def verified(jws, certificate):
    head, payload, signature = jws.split(".")
    assert json.loads(unb64url(head))["alg"] == "RS256"
    certificate.public_key().verify(unb64url(signature), f"{head}.{payload}".encode(), padding.PKCS1v15(),
                                    hashes.SHA256())
    return json.loads(unb64url(payload))


def attest(lab, tpm, web, info, key, pcrs, nonce):
    answer = web(lab["maa"] + "/attest/AzureGuest?api-version=2020-10-01",
                 {"AttestationInfo": b64url(json.dumps(info).encode())})
    sealed = json.loads(unb64url(answer["token"]))
    inner = tpm.decrypt(key, pcrs, base64.b64decode(sealed["EncryptedInnerKey"]), struct.pack(">H", 0x15))
    jwt = AESGCM(inner).decrypt(base64.b64decode(sealed["EncryptionParams"]["Iv"]),
                                base64.b64decode(sealed["Jwt"]) + base64.b64decode(sealed["AuthenticationData"]),
                                b"Transport Key").decode()
    metadata = web(lab["maa"] + "/.well-known/openid-configuration")
    kid = json.loads(unb64url(jwt.split(".")[0]))["kid"]
    entry, = [k for k in web(metadata["jwks_uri"])["keys"] if k["kid"] == kid]
    claims = verified(jwt, x509.load_der_x509_certificate(base64.b64decode(entry["x5c"][0])))
    assert claims["iss"] == lab["maa"] == metadata["issuer"]
    assert base64.b64decode(claims["x-ms-runtime"]["client-payload"]["nonce"]).decode() == nonce
    assert claims["x-ms-isolation-tee"]["x-ms-compliance-status"] == "azure-compliant-cvm"
    return jwt


def bearer_token(lab, web, **identity):
    query = urllib.parse.urlencode({"api-version": "2018-02-01", "resource": lab["resource"], **identity})
    return web(f"{lab['imds']}/metadata/identity/oauth2/token?{query}", Metadata="true")["access_token"]


def release(lab, tpm, web, name, jwt, key, pcrs, enc):
    bearer = bearer_token(lab, web)
    nonce = b64url(os.urandom(16))
    answer = web(f"{lab['vault']}/keys/{name}/release?api-version=7.4", {"target": jwt, "nonce": nonce, "enc": enc},
                 Authorization="Bearer " + bearer)
    head = json.loads(unb64url(answer["value"].split(".")[0]))
    leaf = x509.load_der_x509_certificate(base64.b64decode(head["x5c"][0]))
    payload = verified(answer["value"], leaf)
    assert payload["request"]["nonce"] == nonce and payload["request"]["enc"] == enc
    hsm = json.loads(unb64url(payload["response"]["key"]["key"]["key_hsm"]))
    assert hsm["header"] == {"kid": "TpmEphemeralEncryptionKey", "alg": "dir", "enc": enc}
    wrapped = unb64url(hsm["ciphertext"])
    aes = tpm.decrypt(key, pcrs, wrapped[:256], struct.pack(">HH", 0x17, OAEP[enc]))
    assert len(aes) == 32
    return payload["response"]["key"]["key"], aes_key_unwrap_with_padding(aes, wrapped[256:])


def compared(directory, jwk, plain):
    """The released key as text, once it is found equal to the lab's own copy and to the public half of the answer."""
    own = open(os.path.join(directory, "vault", *jwk["kid"].split("/")[-2:]) + ".key", "rb").read()
    if jwk["kty"].startswith("oct"):
        assert plain == own, "the released bytes differ from the lab's"
        return plain.hex() + "\n"
    private = serialization.load_der_private_key(plain, None)
    numbers = private.private_numbers()
    assert numbers == serialization.load_pem_private_key(own, None).private_numbers()
    name, public = ("n", numbers.public_numbers.n) if jwk["kty"].startswith("RSA") else ("x", numbers.public_numbers.x)
    assert int.from_bytes(unb64url(jwk[name]), "big") == public, "the answer's public half is another"
    return private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                 serialization.NoEncryption()).decode()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dir")
    parser.add_argument("name", nargs="?", default="demo")
    parser.add_argument("--enc", default="RSA_AES_KEY_WRAP_256", choices=OAEP)
    args = parser.parse_args()
    lab = json.load(open(os.path.join(args.dir, "lab.json")))
    tpm, web = Tpm(lab["tcti"]), Web(lab["ca"])
    nonce = b64url(os.urandom(16))
    info, key, pcrs = evidence(lab, tpm, web, os.urandom(256), nonce)
    jwt = attest(lab, tpm, web, info, key, pcrs, nonce)
    jwk, plain = release(lab, tpm, web, args.name, jwt, key, pcrs, args.enc)
    print(compared(args.dir, jwk, plain), end="")


if __name__ == "__main__":
    main()
