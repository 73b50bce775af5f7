# SPDX-License-Identifier: Apache-2.0
"""A vTPM in software (swtpm protocol): answers what an agent asks of it with the structures of one request.

`present()` takes what a machine would send to the attestation service (forge.Machine.info) and from then on the TPM
gives exactly that: NV indices, AK, PCR values, quote, certified key. So every structure that the lab is to refuse in a
request is also put before an agent, which must refuse it in its TPM's answer.
"""
import base64, hashlib, hmac, json, socketserver, struct, threading

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from guest import AK, AK_CERT_INDEX, REPORT_INDEX, client, sha256, tpm2b, unb64url

RC_COMMAND_CODE, RC_HANDLE, RC_FAILURE = 0x143, 0x18B, 0x101
KEY, SESSION = 0x80000000, 0x03000000
NV_BUFFER_MAX = struct.pack(">BIIII", 0, 6, 1, 0x12C, 1024)
CREATION = tpm2b(struct.pack(">I", 0) + tpm2b(b"") + b"\0" + struct.pack(">H", 0x10) + tpm2b(b"") * 3)
TICKET = struct.pack(">HIH", 0x8021, client.NULL, 0)
OAEP = {0x04: hashes.SHA1, 0x0B: hashes.SHA256, 0x0C: hashes.SHA384}


def hcl_of(hcl, info):
    """The report index of a machine that would send this request."""
    evidence = info["IsolationInfo"]["Evidence"]
    proof = json.loads(base64.b64decode(evidence["Proof"]))
    runtime = base64.b64decode(evidence["RunTimeData"])
    report = unb64url(proof["SnpReport"])
    size = len(runtime)
    packed = hcl.but(report_size=1236 + size, data_size=20 + size, claims_size=size).pack()
    return packed[:32] + report + packed[1216:] + runtime


def name_of(public):
    """TPMT_PUBLIC's name, with the hash that it names."""
    algorithm = public[2:4]
    digest = {b"\0\4": hashlib.sha1}.get(algorithm, hashlib.sha256)(public).digest()
    return tpm2b(algorithm + digest)


class SoftTpm:
    def __init__(self, hcl, key):
        self.hcl, self.key = hcl, key

    def present(self, info, hcl=None):
        tpm = {name: base64.b64decode(value) if isinstance(value, str) else value
               for name, value in info["TpmInfo"].items()}
        report = hcl.pack() + hcl.rest if hcl else hcl_of(self.hcl, info)
        self.indices = {REPORT_INDEX: report, AK_CERT_INDEX: tpm["AikCert"]}
        self.ak, self.key_public = tpm["AikPub"], tpm["EncKeyPub"]
        self.pcrs = [base64.b64decode(pcr["Digest"]) for pcr in tpm["PCRs"]]
        self.quote, self.certify = (signed(tpm[message], tpm[signature]) for message, signature in (
            ("PcrQuote", "PcrSignature"), ("EncKeyCertifyInfo", "EncKeyCertifyInfoSignature")))

    def nv_public(self, body):
        index, = struct.unpack(">I", body)
        if index not in self.indices:
            return RC_HANDLE
        public = struct.pack(">IHIHH", index, 0x0B, 0x62060004, 0, len(self.indices[index]))
        return tpm2b(public) + tpm2b(b"\0\x0b" + hashlib.sha256(public).digest())

    def nv_read(self, body):
        index, = struct.unpack_from(">I", body, 4)
        size, at = struct.unpack(">HH", body[-4:])
        return parameters(tpm2b(self.indices[index][at:at + size]))

    def read_public(self, body):
        if struct.unpack(">I", body)[0] != AK:
            return RC_HANDLE
        return self.ak + name_of(self.ak[2:]) + tpm2b(b"")

    def pcr_read(self, body):
        return (struct.pack(">I", 1) + body + struct.pack(">I", len(self.pcrs))
                + b"".join(tpm2b(pcr) for pcr in self.pcrs))

    def create_primary(self, _):
        return struct.pack(">I", KEY) + parameters(
            self.key_public + CREATION + tpm2b(bytes(32)) + TICKET + name_of(self.key_public[2:]))

    def decrypt(self, body):
        """Handle, a policy session that has no secret, ciphertext, scheme, label."""
        at = 8 + struct.unpack_from(">I", body, 4)[0]
        nonce, attributes = caller(body[8:at])
        size, = struct.unpack_from(">H", body, at)
        cipher, (scheme, digest) = body[at + 2:at + 2 + size], struct.unpack_from(">HH", body, at + 2 + size)
        try:
            plain = (self.key.decrypt(cipher, padding.OAEP(padding.MGF1(OAEP[digest]()), OAEP[digest](), None))
                     if scheme == 0x17 else self.rsaes(cipher))
        except ValueError:
            return RC_FAILURE
        out = tpm2b(plain)
        said = sha256(struct.pack(">II", 0, 0x159) + out) + bytes(32) + nonce + attributes
        return (struct.pack(">I", len(out)) + out + tpm2b(bytes(32)) + attributes
                + tpm2b(hmac.digest(b"", said, "sha256")))

    def rsaes(self, cipher):
        """A TPM says so when the padding is wrong, which OpenSSL no longer does."""
        numbers = self.key.private_numbers()
        n = numbers.public_numbers.n
        block = pow(int.from_bytes(cipher, "big"), numbers.d, n).to_bytes(256, "big")
        end = block.find(b"\0", 2)
        if len(cipher) != 256 or block[:2] != b"\0\2" or end < 10:
            raise ValueError("padding")
        return block[end + 1:]

    def answer(self, command):
        code, body = struct.unpack_from(">I", command, 6)[0], command[10:]
        known = {0x17A: lambda _: NV_BUFFER_MAX, 0x169: self.nv_public, 0x14E: self.nv_read, 0x173: self.read_public,
                 0x17E: self.pcr_read, 0x131: self.create_primary, 0x159: self.decrypt,
                 0x158: lambda _: parameters(self.quote), 0x148: lambda _: parameters(self.certify, 2),
                 0x165: lambda _: b"", 0x17F: lambda _: b"",
                 0x176: lambda _: struct.pack(">I", SESSION) + tpm2b(bytes(32))}
        out = known[code](body) if code in known else RC_COMMAND_CODE
        if isinstance(out, int):
            return struct.pack(">HII", 0x8001, 10, out)
        return command[:2] + struct.pack(">II", 10 + len(out), 0) + out

    def serve(self, port):
        """Commands on the port, the control channel on the next one."""
        class Commands(socketserver.StreamRequestHandler):
            def handle(handler):
                while len(head := handler.rfile.read(10)) == 10:
                    size, = struct.unpack_from(">I", head, 2)
                    handler.wfile.write(self.answer(head + handler.rfile.read(size - 10)))

        class Control(socketserver.StreamRequestHandler):
            def handle(handler):
                while handler.rfile.read(4):
                    handler.wfile.write(bytes(4))

        for kind, at in ((Commands, port), (Control, port + 1)):
            threading.Thread(target=Server(("127.0.0.1", at), kind).serve_forever, daemon=True).start()


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True


def signed(message, signature):
    """What quote and certify answer: TPM2B_ATTEST, then RSASSA with SHA-256."""
    return tpm2b(message) + bytes.fromhex("0014000b") + tpm2b(signature)


def caller(session):
    """The nonce and the attributes of a session in a command."""
    size, = struct.unpack_from(">H", session, 4)
    return session[6:6 + size], session[6 + size:7 + size]


def parameters(data, sessions=1):
    """The parameter area, and the answer to each password session."""
    return struct.pack(">I", len(data)) + data + bytes.fromhex("0000010000") * sessions
