# SPDX-License-Identifier: Apache-2.0
"""Deviations of what the TPM gives: AK, quote, PCRs, certified key, event log (guest attestation 1.2, 4.4 to 4.6). Rows as in
tamper_platform.py."""
import base64, time

from bending import bit, flip, with_tpm
from forge import common_name, modulus
from guest import Event, b64, sha256, tpm2b

GA = "guest attestation"


def ak(m):
    other = m.other
    now = time.time()
    forms = [
        ("type ECC", dict(type=0x23), "'AikPub'"),
        ("nameAlg SHA-1", dict(name_alg=4), "'AikPub'"),
        ("not restricted", dict(attributes=bit(16)), "restricted"),
        ("not a signing key", dict(attributes=bit(18)), "restricted signing key"),
        ("a key that decrypts too", dict(attributes=bit(17)), "attributes"),
        ("not fixedTPM", dict(attributes=bit(1)), "attributes"),
        ("with a symmetric cipher", dict(symmetric=0x06), "'AikPub'"),
        ("scheme RSAPSS", dict(scheme=0x16), "RSASSA"),
        ("scheme with SHA-1", dict(hash=4), "RSASSA and SHA-256"),
        ("keyBits 1024", dict(bits=1024), "RSA-2048"),
        ("exponent 3", dict(exponent=3), "exponent"),
        ("a shorter modulus", dict(modulus=lambda n: n[1:]), "RSA-2048"),
        ("another modulus", dict(modulus=modulus(other)), "AikCert"),
        ("an even modulus", dict(modulus=flip), "RSA key"),
    ]
    rows = [(f"{GA} 1.2", f"AikPub, {what}", m.info(ak=fields), words) for what, fields, words in forms]
    certificates = [
        ("for another key", dict(ak_cert=dict(key=other.public_key())), "another key"),
        ("of another CA", dict(ak_cert=dict(issuer_key=other)), "virtual TPM CA"),
        ("that has expired", dict(ak_cert=dict(not_after=now - 86400)), "expired"),
        ("of tomorrow", dict(ak_cert=dict(not_before=now + 86400)), "not valid yet"),
        ("that is a placeholder", dict(ak_cert=dict(issuer=common_name("MICROSOFT AZURE TRUSTED VM RSA"))), "issuer"),
        ("with bytes behind", dict(ak_cert_der=m.ak_cert.der() + b"\1"), "nothing but zeros"),
        ("cut short", dict(ak_cert_der=m.ak_cert.der()[:-1]), "'AikCert'"),
        ("in PEM", dict(ak_cert_der=m.ak_cert.pem().encode()), "'AikCert'"),
    ]
    return rows + [(f"{GA} 4.4", f"AikCert {what}", m.info(**bends), words) for what, bends, words in certificates]


def attest(m, which, name, kind):
    """The head that quote and certify structure share."""
    rows = [
        ("magic", dict(magic=bit(0)), "magic"),
        ("type of the other", dict(type=kind ^ 0x0F), "type"),
        ("type TIME", dict(type=0x8019), "type 0x8019"),
        ("qualified signer of another key", dict(signer=flip), "signer"),
        ("qualifying data", dict(extra=b"nonce"), "qualifying data"),
    ]
    return [(f"{GA} 4.5a", f"{name}, {what}", m.info(**{which: fields}), words) for what, fields, words in rows]


def quote(m):
    selection = lambda text: dict(selection=bytes.fromhex(text))
    rows = [
        ("SHA-1 bank", selection("00000001000403ff0000"), "PCR 0 to 7"),
        ("seven PCRs", selection("00000001000b037f0000"), "PCR 0 to 7"),
        ("PCR 8 too", selection("00000001000b03ff0100"), "PCR 0 to 7"),
        ("no bank", selection("00000000000b03ff0000"), "PCR 0 to 7"),
        ("two banks", selection("00000002000b03ff0000"), "PCR 0 to 7"),
        ("another pcrDigest", dict(digest=flip), "pcrDigest"),
        ("an empty pcrDigest", dict(digest=b""), "pcrDigest"),
        ("a pcrDigest of SHA-384", dict(digest=bytes(48)), "pcrDigest"),
    ]
    rows = [(f"{GA} 4.5", f"quote, {what}", m.info(quote=fields), words) for what, fields, words in rows]
    base = m.info()
    message = base64.b64decode(base["TpmInfo"]["PcrQuote"])
    return attest(m, "quote", "quote", 0x8018) + rows + [
        (f"{GA} 4.4", "quote with its TPM2B size", with_tpm(base, PcrQuote=tpm2b(message)), "signature"),
        (f"{GA} 4.4", "quote cut by a byte", with_tpm(base, PcrQuote=message[:-1]), "signature"),
        (f"{GA} 4.4", "another quote signature", with_tpm(base, PcrSignature=flip), "quote's signature"),
        (f"{GA} 4.4", "a quote signature with its TPMT header",
         with_tpm(base, PcrSignature=lambda s: bytes.fromhex("0014000b0100") + s), "quote's signature"),
        (f"{GA} 4.4", "the certify signature on the quote",
         with_tpm(base, PcrSignature=base64.b64decode(base["TpmInfo"]["EncKeyCertifyInfoSignature"])), "quote's"),
    ]


def pcrs(m):
    values = m.guest.pcrs
    changed = values[:4] + [flip(values[4])] + values[5:]
    rows = [
        ("PCR 4 is another", m.info(pcrs=changed), "PCR 4"),
        ("PCRs all zero", m.info(pcrs=[bytes(32)] * 8), "PCR 0"),
    ]
    rows = [(f"{GA} 4.6", f"{what} than the event log says", info, words) for what, info, words in rows]
    members = [
        ("PcrSet short", dict(PcrSet=[0, 1, 2, 3, 4, 5, 6]), "8 entries"),
        ("PcrSet with PCR 8", dict(PcrSet=[0, 1, 2, 3, 4, 5, 6, 8]), "PcrSet"),
        ("PcrSet in another order", dict(PcrSet=[1, 0, 2, 3, 4, 5, 6, 7]), "PcrSet"),
        ("PcrSet of text", dict(PcrSet=[str(i) for i in range(8)]), "PcrSet"),
        ("PcrSet with a fraction", dict(PcrSet=[0, 1, 2, 3, 4, 5, 6, 7.5]), "PcrSet"),
        ("no PcrSet", dict(PcrSet=None), "entries"),
        ("PCRs a list of text", dict(PCRs=["", "", "", "", "", "", "", ""]), "index 0"),
        ("PCRs with an index twice", dict(PCRs=lambda p: p[:7] + p[6:7]), "index 7"),
        ("PCRs with a value changed", dict(PCRs=lambda p: p[:7] + [dict(p[7], Digest=b64(bytes(32)))]), "pcrDigest"),
        ("PCRs with a value of 20 bytes", dict(PCRs=lambda p: p[:7] + [dict(p[7], Digest=b64(bytes(20)))]), "20 bytes"),
        ("PCRs with a value in hex", dict(PCRs=lambda p: p[:7] + [dict(p[7], Digest="00" * 32)]), "bytes"),
        ("PCRs with no digest", dict(PCRs=lambda p: p[:7] + [{"Index": 7}]), "Digest"),
        ("PCRs with nine entries", dict(PCRs=lambda p: p + p[:1]), "8 entries"),
        ("no PCRs", dict(PCRs=None), "entries"),
    ]
    return rows + [(f"{GA} 4.4", what, with_tpm(m.info(), **change), words) for what, change, words in members]


def certify(m):
    base = m.info()
    rows = [
        ("the name of another key", dict(name=flip), "another key"),
        ("a name with SHA-1", dict(name=lambda n: b"\0\4" + n[2:]), "another key"),
        ("an empty name", dict(name=b""), "another key"),
        ("a key of the owner hierarchy", dict(qualified=flip), "NULL hierarchy"),
        ("no qualified name", dict(qualified=b""), "NULL hierarchy"),
    ]
    return attest(m, "certify", "certify", 0x8017) + [
        (f"{GA} 4.5a", f"certify, {what}", m.info(certify=fields), words) for what, fields, words in rows] + [
        (f"{GA} 4.4", "another certify signature", with_tpm(base, EncKeyCertifyInfoSignature=flip), "certify signature"),
        (f"{GA} 4.4", "certify with its TPM2B size", with_tpm(base, EncKeyCertifyInfo=tpm2b), "certify signature"),
        (f"{GA} 4.6", "the quote in place of certify",
         with_tpm(base, EncKeyCertifyInfo=base64.b64decode(base["TpmInfo"]["PcrQuote"]),
                  EncKeyCertifyInfoSignature=base64.b64decode(base["TpmInfo"]["PcrSignature"])), "type 0x8018"),
        (f"{GA} 4.6", "certify in place of the quote",
         with_tpm(base, PcrQuote=base64.b64decode(base["TpmInfo"]["EncKeyCertifyInfo"]),
                  PcrSignature=base64.b64decode(base["TpmInfo"]["EncKeyCertifyInfoSignature"])), "type 0x8017"),
    ]


def key_template(m):
    base = m.info()
    rows = [
        ("type ECC", dict(type=0x23), "'EncKeyPub'"),
        ("nameAlg SHA-1", dict(name_alg=4), "'EncKeyPub'"),
        ("not fixedTPM", dict(attributes=bit(1)), "attributes"),
        ("not fixedParent", dict(attributes=bit(4)), "attributes"),
        ("made elsewhere (no sensitiveDataOrigin)", dict(attributes=bit(5)), "attributes"),
        ("userWithAuth", dict(attributes=bit(6)), "attributes"),
        ("adminWithPolicy", dict(attributes=bit(7)), "attributes"),
        ("without noDA", dict(attributes=bit(10)), "attributes"),
        ("encryptedDuplication", dict(attributes=bit(11)), "attributes"),
        ("restricted", dict(attributes=bit(16)), "attributes"),
        ("without decrypt", dict(attributes=bit(17)), "attributes"),
        ("sign too", dict(attributes=bit(18)), "attributes"),
        ("a reserved attribute", dict(attributes=bit(31)), "attributes"),
        ("no policy", dict(policy=b""), "policy"),
        ("another policy", dict(policy=flip), "policy"),
        ("a policy over zeros", dict(policy=sha256(bytes(32))), "policy"),
        ("with a symmetric cipher", dict(symmetric=0x06), "'EncKeyPub'"),
        ("a fixed scheme", dict(scheme=0x17, hash=0x0B), "'EncKeyPub'"),
        ("keyBits 1024", dict(bits=1024), "RSA-2048"),
        ("exponent 3", dict(exponent=3), "exponent"),
        ("a shorter modulus", dict(modulus=lambda n: n[1:]), "RSA-2048"),
        ("an even modulus", dict(modulus=flip), "'EncKeyPub'"),
    ]
    return [(f"{GA} 4.5", f"EncKeyPub, {what}", m.info(key=fields), words) for what, fields, words in rows] + [
        (f"{GA} 4.6", "EncKeyPub of another key than certified", with_tpm(base, EncKeyPub=lambda k: k[:-256] + modulus(m.other)),
         "another key"),
        (f"{GA} 4.4", "EncKeyPub without its size", with_tpm(base, EncKeyPub=lambda k: k[2:]), "with its size"),
        (f"{GA} 4.4", "EncKeyPub with a byte behind", with_tpm(base, EncKeyPub=lambda k: k + b"\0"), "with its size"),
        (f"{GA} 4.4", "AikPub without its size", with_tpm(base, AikPub=lambda k: k[2:]), "with its size"),
        (f"{GA} 4.4", "AikPub with a byte behind", with_tpm(base, AikPub=lambda k: k + b"\0"), "with its size"),
    ]


def event_log(m):
    """Bends of the log alone; the PCRs stay."""
    def edit(at, **changes):
        def change(log):
            log.events[at] = log.events[at].but(**changes)
        return change

    def events(function):
        def change(log):
            log.events = function(log.events)
        return change

    def field(**changes):
        return lambda log: log.but(**changes)

    secure_boot = next(i for i, e in enumerate(m.log.events) if b"S\0e\0c\0u\0r\0e\0B\0o\0o\0t" in e.data)
    separator = next(i for i, e in enumerate(m.log.events) if e.kind == 4)
    digest = lambda digests: [(a, flip(d) if a == 0x0B else d) for a, d in digests]
    rows = [
        ("a header for PCR 1", field(pcr=1), "event log"),
        ("a header that is measured", field(kind=4), "event log"),
        ("another signature of the header", field(spec=lambda s: flip(s, 0)), "event log"),
        ("a header that lists no algorithm", field(spec=lambda s: s[:24] + bytes(4) + s[28:]), "malformed"),
        ("a header that is cut", field(spec=lambda s: s[:20]), "event log"),
        ("another size for SHA-256", field(spec=lambda s: s.replace(b"\x0b\0\x20\0", b"\x0b\0\x14\0")), "malformed"),
        ("an event in another PCR", edit(secure_boot, pcr=6), "replay to PCR 6"),
        ("an event beyond PCR 23", edit(secure_boot, pcr=24), "malformed"),
        ("a measured event made EV_NO_ACTION", edit(separator, kind=3), "replay"),
        ("another digest", edit(separator, digests=digest), "replay"),
        ("a SHA-256 digest missing", edit(separator, digests=lambda d: [x for x in d if x[0] != 0x0B]), "malformed"),
        ("an unknown digest algorithm", edit(separator, digests=lambda d: [(0x12, bytes(32))] + d[1:]), "malformed"),
        ("Secure Boot's data not of its digest", edit(secure_boot, data=flip), "digest"),
        ("the first event missing", events(lambda e: e[1:]), "replay to PCR 0"),
        ("an event twice", events(lambda e: e + e[:1]), "replay to PCR 0"),
        ("two events exchanged", events(lambda e: [e[1], e[0]] + e[2:]), "replay to PCR 0"),
        ("another StartupLocality", events(lambda e: [Event(
            pcr=0, kind=3, digests=[(a, bytes(len(d))) for a, d in e[0].digests], data=b"StartupLocality\0\3")] + e),
         "replay to PCR 0"),
        ("a log cut in an event", lambda log: log.pack()[:-1], "malformed"),
        ("bytes behind the last event", lambda log: log.pack() + b"\0", "malformed"),
        ("a log that is none", lambda log: b"boot", "event log"),
    ]
    return [(f"{GA} 4.6", f"TcgLogs, {what}", m.info(log=change), words) for what, change, words in rows]


ALL = (ak, quote, pcrs, certify, key_template, event_log)
