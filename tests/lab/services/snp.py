# SPDX-License-Identifier: Apache-2.0
"""The SNP device, the security context, attest/SevSnpVm and a release with a key that lives in memory."""
import base64, errno, hashlib, json, os, struct, time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap_with_padding

import client
from client import Refused, b64url, unb64url
from tap import at, command, fault, finish, ok, path, refusal, web, words

vlek = "vlek" in words
BASE = at["tsm"]


def errno_of(call):
    try:
        call()
        return 0
    except OSError as error:
        return error.errno


def read(name):
    handle, data = os.open(name, os.O_RDONLY), b""
    try:
        while piece := os.read(handle, 1000):
            data += piece
        return data
    finally:
        os.close(handle)


def write(name, data):
    handle = os.open(name, os.O_WRONLY)
    try:
        return os.write(handle, data)
    finally:
        os.close(handle)


class Entry:
    """A directory below the base, used as the sequence of SNP evidence 5 says."""

    def __init__(self, name="entry"):
        self.path = f"{BASE}/{name}"
        os.mkdir(self.path)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.rmdir(self.path)

    def file(self, name):
        return f"{self.path}/{name}"

    def get(self, name):
        return read(self.file(name))

    def put(self, name, data):
        return write(self.file(name), data)


def evidence(data):
    with Entry() as entry:
        entry.put("inblob", data)
        return entry.get("outblob"), entry.get("auxblob")


def table(blob):
    at_, found = 0, []
    while blob[at_:at_ + 24] != bytes(24):
        offset, length = struct.unpack_from("<II", blob, at_ + 16)
        found.append((blob[at_:at_ + 16].hex(), blob[offset:offset + length]))
        at_ += 24
    return found


GUIDS = {"63da758de6644564adc5f4b93be8accd": "vcek", "a8074bc2a25a483eaae639c045a0b8a1": "vlek",
         "4ab7b379bbac4fe4a02f05aef327c782": "signer", "c0b406a4a803495297433fb6014cd0ae": "ark",
         "92f81bc358114d3d97ffd19f88dc67ea": "crl"}


def signed(report, key):
    r, s = (int.from_bytes(report[n:n + 72], "little") for n in (0x2A0, 0x2E8))
    try:
        key.verify(utils.encode_dss_signature(r, s), report[:0x2A0], ec.ECDSA(hashes.SHA384()))
        return True
    except Exception:
        return False


def check_device():
    with Entry() as entry:
        ok("a new directory has the attributes", sorted(os.listdir(entry.path)) == sorted(
            ["inblob", "outblob", "auxblob", "provider", "generation", "privlevel", "privlevel_floor"]))
        ok("the provider is sev_guest", entry.get("provider") == b"sev_guest\n")
        ok("the floor is 0, the generation too", entry.get("privlevel_floor") == entry.get("generation") == b"0\n")
        ok("given no inblob, outblob is EINVAL", errno_of(lambda: entry.get("outblob")) == errno.EINVAL)
        for size in (0, 63, 65):
            wrong = errno_of(lambda: entry.put("inblob", bytes(size)))
            ok(f"given {size} bytes, inblob is {'EINVAL' if size else 'untouched'}", wrong == (errno.EINVAL if size else 0)
               and entry.get("generation") == b"0\n", wrong)
        ok("64 bytes are taken in one write", entry.put("inblob", b"x" * 64) == 64 and entry.get("generation") == b"1\n")
        report, aux = entry.get("outblob"), entry.get("auxblob")
        ok("outblob is the bare report over them", len(report) == 1184 and report[0x50:0x90] == b"x" * 64, len(report))
        ok("reading again gives the same", entry.get("outblob") == report and os.stat(entry.file("outblob")).st_size == 0)
        ok("reading counts as no write", entry.get("generation") == b"1\n")
        entry.put("inblob", b"y" * 64)
        ok("the next write gives the next report", entry.get("outblob")[0x50:0x90] == b"y" * 64
           and entry.get("generation") == b"2\n")
        ok("a VMPL is written in decimal", entry.put("privlevel", b"2\n") == 2 and entry.get("generation") == b"3\n"
           and entry.get("outblob")[0x30:0x34] == b"\2\0\0\0")
        for level in (b"4", b"-1", b"x", b""):
            ok(f"a VMPL of {level} is EINVAL", level == b"" or errno_of(lambda: entry.put("privlevel", level)) == errno.EINVAL)
        ok("a second directory of that name is EEXIST", errno_of(lambda: os.mkdir(entry.path)) == errno.EEXIST)
        ok("what is for reading is not written", errno_of(lambda: entry.put("provider", b"x")) == errno.EINVAL)
        ok("nobody makes or removes files", errno_of(lambda: open(f"{BASE}/x", "w")) == errno.EPERM
           and errno_of(lambda: os.unlink(entry.file("inblob"))) == errno.EPERM)
        with Entry("other") as other:
            ok("directories are apart", other.get("generation") == b"0\n" and sorted(os.listdir(BASE)) == ["entry", "other"])
    ok("a removed directory is gone", os.listdir(BASE) == [] and errno_of(lambda: os.rmdir(BASE + "/x")) == errno.ENOENT)
    return report, aux


def check_table(report, aux):
    found = {GUIDS[guid]: blob for guid, blob in table(aux)}
    leaf_name = "vlek" if vlek else "vcek"
    ok(f"the table has {leaf_name}, its signer, ARK, CRL", list(found) == [leaf_name, "signer", "ark", "crl"], list(found))
    leaf = x509.load_der_x509_certificate(found[leaf_name])
    ok("... and that key signed the report", signed(report, leaf.public_key()))
    signer, = struct.unpack_from("<I", report, 0x48)
    chip = report[0x1A0:0x1E0]
    ok("the report names its key", signer == (1 << 2 | 1 << 1 if vlek else 0), signer)
    ok("the chip is named unless a VLEK signs", (chip == bytes(64)) == vlek)
    policy = base64.b64decode(open(at["securityContext"] + "/security-policy-base64").read())
    ok("HOST_DATA is the digest of the policy", hashlib.sha256(policy).digest() == report[0xC0:0xE0])
    thim = json.loads(base64.b64decode(open(at["securityContext"] + "/host-amd-cert-base64").read()))
    ok("the context has THIM's answer", thim == web(at["imds"] + "/metadata/THIM/amd/certification", Metadata="true"))
    ok("... which is of this report's TCB", int(thim["tcbm"], 16) == struct.unpack_from("<Q", report, 0x180)[0])
    ok("a Kata pod has the reference info alone", os.listdir(at["kataContext"]) == ["reference-info-base64"])
    pem = lambda name: x509.load_der_x509_certificate(found[name]).public_bytes(serialization.Encoding.PEM).decode()
    return pem(leaf_name) + pem("signer") + pem("ark")


def cbor(data, at_=0):
    """One item, and where the next begins."""
    major, value, at_ = data[at_] >> 5, data[at_] & 31, at_ + 1
    if value >= 24:
        size = 1 << (value - 24)
        value, at_ = int.from_bytes(data[at_:at_ + size], "big"), at_ + size
    if major in (0, 1):
        return (value if major == 0 else -1 - value), at_
    if major in (2, 3):
        piece = data[at_:at_ + value]
        return (piece if major == 2 else piece.decode()), at_ + value
    if major == 6:
        return cbor(data, at_)
    items = []
    for _ in range(value * (2 if major == 5 else 1)):
        item, at_ = cbor(data, at_)
        items.append(item)
    return (dict(zip(items[::2], items[1::2])) if major == 5 else items), at_


def head(major, value):
    for size, code in ((0, None), (1, 24), (2, 25), (4, 26)):
        if size == 0 and value < 24:
            return bytes([major << 5 | value])
        if size and value < 1 << 8 * size:
            return bytes([major << 5 | code]) + value.to_bytes(size, "big")


def string(data, major=2):
    return head(major, len(data)) + data


def check_endorsement(report, cose):
    (protected, unprotected, payload, signature), end = cbor(cose)
    fields = cbor(protected)[0]
    leaf, ca, root = (x509.load_der_x509_certificate(der) for der in fields[33])
    ok("the reference info is one tagged COSE_Sign1", end == len(cose) and cose[0] == 0xD2 and unprotected == {})
    ok("... PS384 over JSON", fields[1] == -38 and fields[3] == "application/json")
    ok("... whose issuer names root and purpose", fields["iss"] == "did:x509:0:sha256:" + b64url(root.fingerprint(
        hashes.SHA256())) + "::eku:1.3.6.1.4.1.311.76.59.1.2" and fields["feed"] == "ContainerPlat-AMD-UVM")
    ok("... whose x5t is the leaf's", fields[34] == [-16, leaf.fingerprint(hashes.SHA256())])
    to_sign = head(4, 4) + string(b"Signature1", 3) + string(protected) + string(b"") + string(payload)
    leaf.public_key().verify(signature, to_sign, padding.PSS(padding.MGF1(hashes.SHA384()), 48), hashes.SHA384())
    for below, above in ((leaf, ca), (ca, root), (root, root)):
        above.public_key().verify(below.signature, below.tbs_certificate_bytes, ec.ECDSA(below.signature_hash_algorithm))
    ok("... signed, and so is its chain", True)
    ok("... for this guest's measurement", json.loads(payload)["x-ms-sevsnpvm-launchmeasurement"] == report[0x90:0xC0].hex())


def resigned(cose, payload=None, key=None, **changes):
    """The document with other contents, signed with the lab's own signer unless a key is given."""
    (protected, _, old, _), _ = cbor(cose)
    fields = cbor(protected)[0]
    fields.update(changes)
    out = head(5, 6) + b"\1\x38\x25" + b"\3" + string(b"application/json", 3) + b"\x18\x21" + head(4, len(fields[33]))
    out += b"".join(string(der) for der in fields[33])
    for name in ("iss", "feed"):
        out += string(name.encode(), 3) + string(fields[name].encode(), 3)
    out += string(b"signingtime", 3) + b"\xc1" + head(0, fields["signingtime"])
    payload = payload or old
    key = key or serialization.load_pem_private_key(open(path("pki", "uvm-signer.key"), "rb").read(), None)
    to_sign = head(4, 4) + string(b"Signature1", 3) + string(out) + string(b"") + string(payload)
    signature = key.sign(to_sign, padding.PSS(padding.MGF1(hashes.SHA384()), 48), hashes.SHA384())
    return head(4, 4) + string(out) + b"\xa0" + string(payload) + string(signature)


def padded(data):
    return base64.urlsafe_b64encode(data).decode()


def body_of(report, chain, runtime=None, cose=None, b=padded, **more):
    inner = {"SnpReport": b(report), "VcekCertChain": b(chain.encode())}
    if cose is not None:
        cose = cose if isinstance(cose, list) else [b(cose)]
        inner["Endorsements"] = b(json.dumps({"Uvm": cose}).encode())
    body = {"report": b(json.dumps(inner).encode())}
    if runtime is not None:
        body["runtimeData"] = {"data": b(runtime), "dataType": "JSON"}
    return {**body, **more}


def attest(body, query="api-version=2022-08-01", route="SevSnpVm"):
    return web(f"{at['maa']}/attest/{route}?{query}", body)["token"]


def error_header(query):
    try:
        attest({}, query)
    except Refused as error:
        return error.headers.get("x-ms-error-code")
    return "accepted"


def claims_of(token):
    return json.loads(unb64url(token.split(".")[1]))


def runtime_of(key):
    numbers = key.public_key().public_numbers()
    jwk = {"e": "AQAB", "key_ops": ["encrypt"], "kid": "mine", "kty": "RSA",
           "n": b64url(numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big"))}
    return json.dumps({"keys": [jwk]}).encode()


def check_attestation(chain, cose):
    key = rsa.generate_private_key(65537, 2048)
    runtime = runtime_of(key)
    report, _ = evidence(hashlib.sha256(runtime).digest() + bytes(32))
    good = lambda **more: body_of(report, chain, runtime, cose, **more)
    token = attest(good(nonce="6e6f6e6365"))
    entry, = [k for k in web(at["maa"] + "/certs")["keys"] if k["kid"] == json.loads(unb64url(token.split(".")[0]))["kid"]]
    claims = client.verified(token, x509.load_der_x509_certificate(base64.b64decode(entry["x5c"][0])))
    name = "x-ms-sevsnpvm-"
    wanted = {"iss": at["maa"], "nonce": "6e6f6e6365", "x-ms-ver": "1.0", "x-ms-attestation-type": "sevsnpvm",
              "x-ms-compliance-status": "azure-compliant-uvm", "x-ms-runtime": json.loads(runtime),
              name + "hostdata": report[0xC0:0xE0].hex(), name + "launchmeasurement": report[0x90:0xC0].hex(),
              name + "reportdata": report[0x50:0x90].hex(), name + "reportid": report[0x140:0x160].hex(),
              name + "is-debuggable": False, name + "migration-allowed": False, name + "smt-allowed": True,
              name + "vmpl": 0, name + "familyId": report[0x10:0x20].hex(), name + "imageId": report[0x20:0x30].hex(),
              name + "idkeydigest": report[0xE0:0x110].hex(), name + "authorkeydigest": report[0x110:0x140].hex(),
              name + "guestsvn": struct.unpack_from("<I", report, 4)[0]}
    wrong = {c: (claims.get(c), v) for c, v in wanted.items() if claims.get(c) != v or type(claims.get(c)) is not type(v)}
    ok("the token is signed and has the claims of the report", wrong == {}, wrong)
    ok("... for eight hours", claims["exp"] - claims["iat"] == 28800 and claims["nbf"] <= time.time() + 1)
    tcb = report[0x180:0x188]
    ok("... and the TCB", claims[name + "microcode-svn"] == tcb[7] and claims[name + "bootloader-svn"] in tcb
       and claims[name + "snpfw-svn"] in tcb)
    check_accepted(good, report, chain, runtime, cose)
    check_refused(good, report, chain, runtime, cose)
    check_token_faults(good)
    return key, token


def check_accepted(good, report, chain, runtime, cose):
    for query, route in (("api-version=2020-10-01", "SevSnpVM"), ("api-version=2025-06-01", "sevsnpvm")):
        ok(f"attest/{route} with {query} is the same", claims_of(attest(good(), query, route))["x-ms-runtime"])
    ok("base64url without padding is accepted", claims_of(attest(good(b=b64url)))["x-ms-compliance-status"])
    plain = claims_of(attest(body_of(report, chain)))
    ok("without endorsement there is no compliance status", "x-ms-compliance-status" not in plain)
    ok("... and without runtime data no runtime", "x-ms-runtime" not in plain and "nonce" not in plain)
    for number in (0, 2**53 + 1, 2**64 - 1):
        ok(f"the number {number} comes back as it is", claims_of(attest(good(nonce=number)))["nonce"] == number)
    empty = {"data": "", "dataType": ""}
    ok("an empty initTimeData is as good as none", "x-ms-inittime" not in claims_of(attest(good(initTimeData=empty))))
    policy = base64.b64decode(open(at["securityContext"] + "/security-policy-base64").read())
    binary = {"data": b64url(policy), "dataType": "Binary"}
    ok("the policy as initTimeData fits HOST_DATA", attest(good(initTimeData=binary)))
    draft = attest(good(draftPolicyForAttestation="version=1.0;"))
    ok("a draft policy gives a token of no worth", json.loads(unb64url(draft.split(".")[0]))["alg"] == "none"
       and draft.endswith("."))
    ok("a resigned endorsement of the lab's own signer is accepted", attest(body_of(report, chain, runtime, resigned(cose))))


def flipped(data, at_=-1):
    data = bytearray(data)
    data[at_] ^= 1
    return bytes(data)


def check_refused(good, report, chain, runtime, cose):
    rsa_key = rsa.generate_private_key(65537, 2048)
    key = serialization.load_pem_private_key(open(path("pki", "vlek.key" if vlek else "vcek.key"), "rb").read(), None)
    ark = chain[chain.rindex("-----BEGIN"):]

    def signed_again(at_, data):
        data = report[:at_] + data + report[at_ + len(data):]
        r, s = (n.to_bytes(72, "little") for n in utils.decode_dss_signature(key.sign(data[:0x2A0], ec.ECDSA(hashes.SHA384()))))
        return data[:0x2A0] + r + s + bytes(368)

    other = json.dumps({"x-ms-sevsnpvm-launchmeasurement": "00" * 48}).encode()
    signer = struct.unpack_from("<I", report, 0x48)[0]
    rows = [
        ("no report", {"runtimeData": {}}, "'report'"),
        ("a report in standard base64", {"report": base64.b64encode(b"\xff\xff\xff").decode()}, "'report'"),
        ("a short report", body_of(report[:-1], chain, runtime), "1183 bytes"),
        ("a flipped report", body_of(flipped(report, 0x90), chain, runtime), "signature"),
        ("a flipped signature", body_of(flipped(report, 0x2A0), chain, runtime), "signature"),
        ("another runtime byte", body_of(report, chain, runtime + b" "), "REPORT_DATA"),
        ("a tail in REPORT_DATA", body_of(signed_again(0x8F, b"\1"), chain, runtime), "behind"),
        ("debugging", body_of(signed_again(0x0A, bytes([report[0x0A] | 8])), chain, runtime), "debug"),
        ("another TCB", body_of(signed_again(0x187, bytes([report[0x187] ^ 1])), chain, runtime), "microcode"),
        ("another kind of key", body_of(signed_again(0x48, struct.pack("<I", signer ^ 4)), chain, runtime), "VLEK"),
        ("no signing key", body_of(signed_again(0x48, struct.pack("<I", 7 << 2)), chain, runtime), "key 7"),
        ("a chain without root", body_of(report, chain[:-len(ark)], runtime), "2 certificates"),
        ("a chain with more", body_of(report, chain + ark, runtime), "more than 3"),
        ("runtime data that is no JSON", good(runtimeData={"data": b64url(b"x"), "dataType": "JSON"}), "runtimeData"),
        ("an unknown dataType", good(runtimeData={"data": b64url(runtime), "dataType": "Text"}), "dataType"),
        ("other init-time data", good(initTimeData={"data": b64url(b"{}"), "dataType": "JSON"}), "HOST_DATA"),
        ("a nonce that is a list", good(nonce=[1]), "nonce"),
        ("an empty Uvm", body_of(report, chain, runtime, []), "'Uvm'"),
        ("bytes behind the endorsement", body_of(report, chain, runtime, cose + b"\0"), "COSE"),
        ("a cut endorsement", body_of(report, chain, runtime, cose[:-1]), "COSE"),
        ("an indefinite length", body_of(report, chain, runtime, b"\x9f" + cose[2:]), "COSE"),
        ("a flipped endorsement", body_of(report, chain, runtime, flipped(cose)), "signature"),
        ("an endorsement of a stranger", body_of(report, chain, runtime, resigned(cose, key=rsa_key)), "signature"),
        ("an endorsement of another issuer", body_of(report, chain, runtime, resigned(cose, iss="did:x509:0:x")), "issuer"),
        ("an endorsement of another feed", body_of(report, chain, runtime, resigned(cose, feed="other")), "feed"),
        ("an endorsement of another measurement", body_of(report, chain, runtime, resigned(cose, other)), "MEASUREMENT"),
        ("an endorsement before its signer", body_of(report, chain, runtime, resigned(cose, signingtime=1000)), "chain"),
    ]
    if report[0x1A0:0x1E0] != bytes(64):
        rows.append(("another chip", body_of(signed_again(0x1A0, bytes([report[0x1A0] ^ 1])), chain, runtime), "CHIP_ID"))
    for name, body, says in rows:
        refusal(f"given {name}, MAA refuses", 400, lambda: attest(body), "InvalidParameter", says=says)
    refusal("given an unknown version, MAA refuses", 400, lambda: attest(good(), "api-version=2018-09-01"))
    for version, due in ("2020-10-01", None), ("2022-08-01", "InvalidParameter"), ("2025-06-01", "InvalidParameter"):
        found = error_header(f"api-version={version}")
        ok(f"given {version}, the header that names the error is {due}", found == due, found)
    refusal("given no such operation, MAA refuses", 404, lambda: attest(good(), route="SgxEnclave"))


def check_token_faults(good):
    mine = claims_of(attest(good(nonce="mine")))
    for words_, holds in ((("token-payload",), lambda h, c: c["nonce"] != "mine"),
                          (("token-wrapping-key",), lambda h, c: c["x-ms-runtime"] != mine["x-ms-runtime"]),
                          (("token-expired",), lambda h, c: c["exp"] < time.time()),
                          (("token-future",), lambda h, c: c["nbf"] > time.time() + 600),
                          (("token-alg-none",), lambda h, c: h["alg"] == "none"),
                          (("tamper", "field=reportdata"),
                           lambda h, c: c["x-ms-sevsnpvm-reportdata"] != mine["x-ms-sevsnpvm-reportdata"]),
                          (("tamper", "field=debuggable"), lambda h, c: c["x-ms-sevsnpvm-is-debuggable"])):
        fault("maa", *words_, "times=1")
        bent = attest(good(nonce="mine"))
        ok(f"given {' '.join(words_)}, the token is so", holds(json.loads(unb64url(bent.split(".")[0])), claims_of(bent)))
        ok("... once", claims_of(attest(good(nonce="mine")))["nonce"] == "mine")


def check_release(key, token):
    policy = json.dumps({"version": "1.0.0", "anyOf": [{"authority": at["maa"], "allOf": [
        {"claim": "x-ms-attestation-type", "equals": "sevsnpvm"},
        {"claim": "x-ms-compliance-status", "equals": "azure-compliant-uvm"},
        {"claim": "x-ms-sevsnpvm-is-debuggable", "equals": "false"}]}]})
    open(path("policy"), "w").write(policy)
    done = command("key", "container", "--kty", "EC", "--curve", "P-256", "--policy", path("policy"))
    ok("a key for containers is made", done.returncode == 0, done.stderr)
    bearer = client.bearer_token(at, web)
    for enc, digest in (("CKM_RSA_AES_KEY_WRAP", hashes.SHA1()), ("RSA_AES_KEY_WRAP_256", hashes.SHA256()),
                        ("RSA_AES_KEY_WRAP_384", hashes.SHA384())):
        answer = web(f"{at['vault']}/keys/container/release?api-version=7.4", {"target": token, "enc": enc},
                     Authorization="Bearer " + bearer)
        jwk = json.loads(unb64url(answer["value"].split(".")[1]))["response"]["key"]["key"]
        hsm = json.loads(unb64url(jwk["key_hsm"]))
        wrapped = unb64url(hsm["ciphertext"])
        aes = key.decrypt(wrapped[:256], padding.OAEP(padding.MGF1(digest), digest, None))
        ok(f"it is released to the guest's own key with {enc}", hsm["header"]["kid"] == "mine" and client.compared(
            os.path.dirname(path("x")), jwk, aes_key_unwrap_with_padding(aes, wrapped[256:])))
    refusal("the machine's own key needs the other claims", 403, lambda: web(
        f"{at['vault']}/keys/demo/release?api-version=7.4", {"target": token}, Authorization="Bearer " + bearer), "Forbidden")


def check_faults():
    fault("tsm", "gone", "times=1")
    ok("given gone, mkdir is ENXIO, once", errno_of(lambda: os.mkdir(BASE + "/x")) == errno.ENXIO)
    with Entry() as entry:
        for kind, number in (("busy", errno.EBUSY), ("retry", errno.EWOULDBLOCK)):
            entry.put("inblob", b"a" * 64)
            fault("tsm", kind, "times=1")
            ok(f"given {kind}, outblob says so once", errno_of(lambda: entry.get("outblob")) == number
               and len(entry.get("outblob")) == 1184)
        before = int(entry.get("generation"))
        fault("tsm", "user-data", "times=1")
        entry.put("inblob", b"b" * 64)
        ok("given user-data, somebody writes in between", entry.get("outblob")[0x50:0x90] != b"b" * 64
           and int(entry.get("generation")) == before + 2)
        entry.put("inblob", b"c" * 64)
        entry.get("outblob")
        fault("tsm", "stale-report", "times=1")
        entry.put("inblob", b"d" * 64)
        ok("given stale-report, it is the one before", entry.get("outblob")[0x50:0x90] == b"c" * 64)
        entry.put("inblob", b"d" * 64)
        ok("... once", entry.get("outblob")[0x50:0x90] == b"d" * 64)
        fault("tsm", "tamper", "field=provider", "times=1")
        ok("given provider, it is another's", entry.get("provider") == b"tdx_guest\n")
        fault("tsm", "tamper", "field=floor")
        ok("given floor, VMPL 0 is refused", entry.get("privlevel_floor") == b"1\n"
           and errno_of(lambda: entry.get("outblob")) == errno.EINVAL and entry.put("privlevel", b"1")
           and entry.get("outblob")[0x30] == 1)
        fault("tsm", "clear")
    good, aux = evidence(bytes(64))
    for field in ("report-signature", "measurement", "report-data", "debug", "vmpl", "tcb", "signing-key"):
        fault("tsm", "tamper", "field=" + field, "times=1")
        report, _ = evidence(bytes(64))
        ok(f"given {field}, the report differs", report[:0x2A0] != good[:0x2A0] or field == "report-signature")
    guids = lambda blob: [GUIDS[guid] for guid, _ in table(blob)]
    for field, holds in (("aux-empty", lambda a: a == b""), ("aux-duplicate", lambda a: len(guids(a)) == len(guids(aux)) + 1),
                         ("aux-foreign", lambda a: guids(a) == ["vcek" if not vlek else "vlek", "signer", "ark", "crl"]
                          and table(a)[2] != table(aux)[2]),
                         ("aux-unterminated", lambda a: len(a) == 24 * len(guids(aux)) and a == aux[:len(a)]),
                         ("aux-offset", lambda a: struct.unpack_from("<I", a, 16)[0] > len(a))):
        fault("tsm", "tamper", "field=" + field, "times=1")
        _, bent = evidence(bytes(64))
        ok(f"given {field}, the table is so", holds(bent), bent[:48].hex())


report, aux = check_device()
cose = base64.b64decode(open(at["securityContext"] + "/reference-info-base64").read())
chain = check_table(report, aux)
check_endorsement(report, cose)
key, token = check_attestation(chain, cose)
check_release(key, token)
check_faults()
finish()
