# SPDX-License-Identifier: Apache-2.0
"""A guest of other hands: what it reads from its TPM with tpm2-tools, kept as structures, and what it sends.

Written from the published formats alone. Every structure can say itself again with one field changed (`but`), which is
how tamper.py makes its deviations; untampered, the guest attests and has a key released.

    guest.py D WORK     prints the attestation token; WORK/key is the context of the key that it is for
"""
import base64, copy, hashlib, json, os, struct, subprocess, sys, urllib.error, urllib.request

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap_with_padding

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lab"))
import client  # noqa: E402: the raw TPM commands and the encodings are those of the lab's own foreign client
from client import b64, b64url, tpm2b, unb64url  # noqa: E402

AK, REPORT_INDEX, AK_CERT_INDEX = 0x81000003, 0x01400001, 0x01C101D0
PCRS = "sha256:0,1,2,3,4,5,6,7"
SELECTION = bytes.fromhex("00000001000b03ff0000")
CERTIFY, QUOTE = 0x8017, 0x8018


def sha256(data):
    return hashlib.sha256(data).digest()


def policy_pcr(pcrs, selection=SELECTION):
    """The digest of PolicyPCR over the values given."""
    return sha256(bytes(32) + bytes.fromhex("0000017f") + selection + sha256(b"".join(pcrs)))


class Struct:
    """Named fields over bytes. A kind is a format of the struct module, "2b" for bytes with a 16-bit size in front, or
    a number of bytes."""

    ORDER, FIELDS = ">", ()

    def __init__(self, **fields):
        self.__dict__.update(fields)

    @classmethod
    def parse(cls, data):
        fields, at = {}, 0
        for name, kind in cls.FIELDS:
            if kind == "2b":
                size, = struct.unpack_from(">H", data, at)
                fields[name], at = data[at + 2:at + 2 + size], at + 2 + size
            else:
                fields[name], = struct.unpack_from(cls.ORDER + kind, data, at)
                at += struct.calcsize(cls.ORDER + kind)
        assert at == len(data), f"{len(data) - at} bytes behind a {cls.__name__}"
        return cls(**fields)

    def but(self, **changes):
        """A copy with other fields; a function is applied to what was there."""
        other = copy.copy(self)
        for name, value in changes.items():
            old = getattr(other, name)
            setattr(other, name, value(old) if callable(value) else value)
        return other

    def pack(self):
        return b"".join(tpm2b(getattr(self, name)) if kind == "2b" else
                        struct.pack(self.ORDER + kind, getattr(self, name)) for name, kind in self.FIELDS)


class Hcl(Struct):
    """Guest attestation 2: what the index 0x01400001 holds; `rest` is the claims and the zeros behind."""

    ORDER = "<"
    FIELDS = (("signature", "4s"), ("version", "I"), ("report_size", "I"), ("request_type", "I"), ("status", "I"),
              ("reserved", "12s"), ("report", "1184s"), ("data_size", "I"), ("runtime_version", "I"),
              ("report_type", "I"), ("hash_type", "I"), ("claims_size", "I"))

    @classmethod
    def parse(cls, data):
        hcl = super().parse(data[:1236])
        hcl.rest = data[1236:]
        return hcl

    def runtime(self):
        """The claims as the header says: version 2 has a bitmap of 4 bytes before them."""
        start = 4 if self.runtime_version == 2 else 0
        return self.rest[start:start + self.claims_size]

    def isolation(self):
        """The isolation type of the request, by the report type."""
        return {2: "SevSnp", 3: "TrustedLaunch", 4: "Tdx"}[self.report_type]


class SnpReport(Struct):
    """Guest attestation 3."""

    ORDER = "<"
    FIELDS = (("version", "I"), ("guest_svn", "I"), ("policy", "Q"), ("family_id", "16s"), ("image_id", "16s"),
              ("vmpl", "I"), ("signature_algo", "I"), ("current_tcb", "8s"), ("platform_info", "Q"), ("key_info", "I"),
              ("reserved_4c", "4s"), ("report_data", "64s"), ("measurement", "48s"), ("host_data", "32s"),
              ("id_key_digest", "48s"), ("author_key_digest", "48s"), ("report_id", "32s"), ("report_id_ma", "32s"),
              ("reported_tcb", "8s"), ("family", "B"), ("model", "B"), ("stepping", "B"), ("reserved_18b", "21s"),
              ("chip_id", "64s"), ("committed_tcb", "8s"), ("current", "4s"), ("committed", "4s"),
              ("launch_tcb", "8s"), ("launch_mit", "8s"), ("current_mit", "8s"), ("reserved_208", "152s"),
              ("r", "72s"), ("s", "72s"), ("unsigned", "368s"))
    SIGNED = 0x2A0


class Public(Struct):
    """TPMT_PUBLIC of an RSA key with a scheme (AikPub); EncKeyPub has none and so no hash of it."""

    FIELDS = (("type", "H"), ("name_alg", "H"), ("attributes", "I"), ("policy", "2b"), ("symmetric", "H"),
              ("scheme", "H"), ("hash", "H"), ("bits", "H"), ("exponent", "I"), ("modulus", "2b"))

    def name(self):
        return struct.pack(">H", 0x0B) + sha256(self.pack())


class OpenPublic(Public):
    FIELDS = tuple(field for field in Public.FIELDS if field[0] != "hash")


ATTEST_HEAD = (("magic", "I"), ("type", "H"), ("signer", "2b"), ("extra", "2b"), ("clock", "Q"), ("resets", "I"),
               ("restarts", "I"), ("safe", "B"), ("firmware", "Q"))


class Quote(Struct):
    FIELDS = ATTEST_HEAD + (("selection", "10s"), ("digest", "2b"))


class Certify(Struct):
    FIELDS = ATTEST_HEAD + (("name", "2b"), ("qualified", "2b"))


class Event(Struct):
    """One entry of a crypto-agile event log; `digests` is a list of (algorithm, bytes)."""

    SIZES = {0x04: 20, 0x0B: 32, 0x0C: 48, 0x0D: 64}

    @classmethod
    def take(cls, log, at):
        pcr, kind, count = struct.unpack_from("<III", log, at)
        at, digests = at + 12, []
        for _ in range(count):
            algorithm, = struct.unpack_from("<H", log, at)
            digests.append((algorithm, log[at + 2:at + 2 + cls.SIZES[algorithm]]))
            at += 2 + cls.SIZES[algorithm]
        size, = struct.unpack_from("<I", log, at)
        return cls(pcr=pcr, kind=kind, digests=digests, data=log[at + 4:at + 4 + size]), at + 4 + size

    def pack(self):
        digests = b"".join(struct.pack("<H", algorithm) + digest for algorithm, digest in self.digests)
        return struct.pack("<III", self.pcr, self.kind, len(self.digests)) + digests + tpm_sized(self.data)


def tpm_sized(data):
    return struct.pack("<I", len(data)) + data


class EventLog(Struct):
    """The header event, whose digest is SHA-1 alone, and the events behind it."""

    @classmethod
    def parse(cls, data):
        pcr, kind, digest, size = struct.unpack_from("<II20sI", data)
        log, at = cls(pcr=pcr, kind=kind, digest=digest, spec=data[32:32 + size], events=[]), 32 + size
        while at < len(data):
            event, at = Event.take(data, at)
            log.events.append(event)
        return log

    def pack(self):
        head = struct.pack("<II20s", self.pcr, self.kind, self.digest) + tpm_sized(self.spec)
        return head + b"".join(event.pack() for event in self.events)


class Tools:
    """The machine's TPM by tpm2-tools, in a directory of their own."""

    def __init__(self, tcti, directory):
        self.directory, self.environment = directory, dict(os.environ, TPM2TOOLS_TCTI=tcti)

    def run(self, *words):
        return subprocess.run(words, cwd=self.directory, env=self.environment, check=True, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=60).stdout

    def path(self, name):
        return os.path.join(self.directory, name)

    def file(self, name, data=None):
        """Reads the file, or writes it."""
        with open(self.path(name), "rb" if data is None else "wb") as file:
            return file.read() if data is None else file.write(data)

    def nv(self, index):
        return self.run("tpm2_nvread", "-C", "o", hex(index))

    def public(self, what):
        self.run("tpm2_readpublic", "-c", what, "-f", "tss", "-o", "public")
        return self.file("public")

    def pcrs(self):
        self.run("tpm2_pcrread", PCRS, "-o", "pcrs")
        values = self.file("pcrs")
        return [values[at:at + 32] for at in range(0, len(values), 32)]

    def quote(self, *more, pcrs=PCRS):
        self.run("tpm2_quote", "-c", hex(AK), "-l", pcrs, "-m", "quote", "-s", "quote.sig", "-f", "plain", *more)
        return self.file("quote"), self.file("quote.sig")

    def make_key(self, unique, pcrs, hierarchy="n"):
        """TPM2_CreatePrimary: the same bytes in `unique` give the same key again."""
        self.file("policy", policy_pcr(pcrs))
        self.file("unique", struct.pack("<H", len(unique)) + unique)
        self.run("tpm2_createprimary", "-C", hierarchy, "-g", "sha256", "-G", "rsa2048:null:null", "-a",
                 "fixedtpm|fixedparent|sensitivedataorigin|noda|decrypt", "-L", "policy", "-u", "unique", "-c", "key")
        return self.public("key")

    def certify(self):
        """With the four bytes of qualifying data that tpm2_certify puts in."""
        self.run("tpm2_certify", "-c", "key", "-C", hex(AK), "-g", "sha256", "-f", "plain", "-o", "certify", "-s",
                 "certify.sig")
        return self.file("certify"), self.file("certify.sig")

    def decrypt(self, ciphertext, scheme):
        self.file("ciphertext", ciphertext)
        self.run("tpm2_startauthsession", "-S", "session", "--policy-session")
        self.run("tpm2_policypcr", "-S", "session", "-l", PCRS)
        self.run("tpm2_rsadecrypt", "-c", "key", "-p", "session:session", "-s", scheme, "-o", "plain", "ciphertext")
        self.run("tpm2_flushcontext", "session")
        return self.file("plain")


class Web(client.Web):
    """As the lab's client has it, and with bodies as they are."""

    def send(self, url, data=None, method=None, headers=None):
        """Status and body."""
        request = urllib.request.Request(url, data, headers or {}, method=method)
        try:
            with self.opener.open(request, timeout=30) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()


class Guest:
    """The machine that a lab gives, by tpm2-tools."""

    def __init__(self, directory, work):
        self.directory, self.work = directory, work
        with open(os.path.join(directory, "lab.json"), encoding="ascii") as file:
            self.lab = json.load(file)
        self.tools, self.web = Tools(self.lab["tcti"], work), Web(self.lab["ca"])
        self.unique, self.nonce = os.urandom(256), b64url(os.urandom(16))
        self.collect()

    def collect(self):
        tools = self.tools
        self.hcl = Hcl.parse(tools.nv(REPORT_INDEX))
        self.ak_cert, self.ak_pub = tools.nv(AK_CERT_INDEX), tools.public(hex(AK))
        self.pcrs = tools.pcrs()
        self.quote, self.quote_signature = tools.quote()
        self.key_pub = tools.make_key(self.unique, self.pcrs)
        self.certify, self.certify_signature = self.certify_plain()
        with open(self.lab["eventLog"], "rb") as file:
            self.log = file.read()
        self.thim = self.web(self.lab["imds"] + "/metadata/THIM/amd/certification", Metadata="true")

    def certify_plain(self):
        """Without qualifying data, which tpm2_certify cannot leave out; the key is made again for it."""
        tpm = client.Tpm(self.lab["tcti"])
        key, public = tpm.ephemeral(self.unique, self.pcrs)
        assert public == self.key_pub, "the same template gave another key"
        return tpm.certify(key)

    def chain(self):
        return self.thim["vcekCert"] + self.thim["certificateChain"]

    def info(self):
        """Guest attestation 4.3: the request's inner JSON."""
        return attestation_info(
            nonce=self.nonce, log=self.log, pcrs=self.pcrs, report=self.hcl.report, chain=self.chain(),
            runtime=self.hcl.runtime(), isolation=self.hcl.isolation(), AikCert=self.ak_cert, AikPub=self.ak_pub,
            PcrQuote=self.quote, PcrSignature=self.quote_signature, EncKeyPub=self.key_pub,
            EncKeyCertifyInfo=self.certify, EncKeyCertifyInfoSignature=self.certify_signature)

    def attest(self, info):
        """Posts the evidence and opens the sealed token (4.9)."""
        status, body = self.web.send(self.lab["maa"] + "/attest/AzureGuest?api-version=2020-10-01",
                                     json.dumps({"AttestationInfo": b64url(json.dumps(info).encode())}).encode(),
                                     headers={"Content-Type": "application/json"})
        assert status == 200, body
        return opened(body, lambda wrapped: self.tools.decrypt(wrapped, "rsaes"))

    def unwrap(self, answer, enc="oaep-sha256"):
        """The released bytes out of a release answer, with the TPM's key (key release 4.6)."""
        payload = json.loads(unb64url(json.loads(answer)["value"].split(".")[1]))
        hsm = json.loads(unb64url(payload["response"]["key"]["key"]["key_hsm"]))
        wrapped = unb64url(hsm["ciphertext"])
        return aes_key_unwrap_with_padding(self.tools.decrypt(wrapped[:256], enc), wrapped[256:])


def opened(answer, decrypt):
    """The token in an answer of MAA; `decrypt` takes RSAES away."""
    sealed = json.loads(unb64url(json.loads(answer)["token"]))
    key = decrypt(base64.b64decode(sealed["EncryptedInnerKey"]))
    text = base64.b64decode(sealed["Jwt"]) + base64.b64decode(sealed["AuthenticationData"])
    return AESGCM(key).decrypt(base64.b64decode(sealed["EncryptionParams"]["Iv"]), text, b"Transport Key").decode()


def attestation_info(*, nonce, log, pcrs, report, chain, runtime, isolation="SevSnp", **tpm):
    proof = {"SnpReport": b64url(report), "VcekCertChain": b64(chain.encode())}
    return {
        "AttestationProtocolVersion": "2.0", "OSType": b64(b"Linux"), "OSDistro": b64(b"Debian GNU/Linux"),
        "OSVersionMajor": 12, "OSVersionMinor": 0, "OSBuild": b64(b"NotApplication"), "TcgLogs": b64(log),
        "ClientPayload": {"nonce": b64(nonce.encode())},
        "TpmInfo": {"PcrSet": list(range(8)), "PCRs": [{"Index": i, "Digest": b64(pcr)} for i, pcr in enumerate(pcrs)],
                    **{name: b64(data) for name, data in tpm.items()}},
        "IsolationInfo": {"Type": isolation, "Evidence": {"Proof": b64(json.dumps(proof).encode()),
                                                          "RunTimeData": b64(runtime)}},
    }


if __name__ == "__main__":
    guest = Guest(*sys.argv[1:])
    print(guest.attest(guest.info()))
