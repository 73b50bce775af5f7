# SPDX-License-Identifier: Apache-2.0
"""Deviations of what the platform measured and signed: runtime claims, SNP report, the chain below it (guest attestation
2, 3; key release 1.4, 1.5). A row is the clause, what differs, the request's inner JSON, words of the refusal."""
import hashlib, json, time

from cryptography.hazmat.primitives.asymmetric import ec

from bending import bit, flip, set_proof
from forge import PSS_256, PSS_MGF_256, PSS_SALT_32, RSA_384, common_name, der, der_int, modulus, new_rsa
from guest import b64, b64url, sha256, unb64url

GA, KR = "guest attestation", "key release"
AMD = "1.3.6.1.4.1.3704.1."
BASIC_CONSTRAINTS = "2.5.29.19"


def hcl_header(m):
    """2.1 and 2.3 are neither signed nor sent: what counts is what follows from believing them."""
    rows = [
        ("claimsSize one more", dict(claims_size=lambda n: n + 1), "REPORT_DATA"),
        ("claimsSize one less", dict(claims_size=lambda n: n - 1), "REPORT_DATA"),
        ("claimsSize as large as dataSize", dict(claims_size=lambda n: n + 20), "REPORT_DATA"),
        ("claimsSize 0", dict(claims_size=0), "'RunTimeData' is empty"),
        ("a runtime header of version 2", dict(runtime_version=2), "REPORT_DATA"),
        ("reportType TVM", dict(report_type=3), "'TrustedLaunch', expected 'SevSnp'"),
        ("reportType TDX", dict(report_type=4), "'Tdx', expected 'SevSnp'"),
    ]
    return [(f"{GA} 2.3", what, m.of_hcl(**header), words) for what, header, words in rows]


def runtime_claims(m):
    def foreign(claims):
        claims["keys"] = [dict(key, n=b64url(modulus(m.other))) for key in claims["keys"]]

    def kid(claims):
        for key in claims["keys"]:
            key["kid"] = "HCLAkPub2"

    def short(claims):
        claims["keys"] = [dict(key, n=b64url(unb64url(key["n"])[3:].lstrip(b"\0"))) for key in claims["keys"]]

    def one(member):
        def change(claims):
            for key in claims["keys"]:
                key.pop(member, None)
        return change

    def text(claims):
        return json.dumps(claims).encode()

    binding = m.report.report_data
    sha384 = hashlib.sha384(m.runtime()).digest()
    rows = [
        ("2.4", "claims changed after hashing", dict(runtime=m.runtime() + b" "), "REPORT_DATA"),
        ("2.4", "claims serialised again", dict(runtime=json.dumps(json.loads(m.runtime()), indent=1).encode()),
         "REPORT_DATA"),
        ("2.4", "REPORT_DATA with another digest", dict(report=dict(report_data=flip(binding, 0))), "REPORT_DATA"),
        ("2.4", "REPORT_DATA with a SHA-384", dict(report=dict(report_data=sha384 + bytes(16))), "REPORT_DATA"),
        ("2.4", "REPORT_DATA with a byte behind the digest",
         dict(report=dict(report_data=lambda data: flip(data))), "something behind the digest"),
        ("2.4", "REPORT_DATA over header and claims",
         dict(report=dict(report_data=sha256(m.guest.hcl.pack()[1216:] + m.runtime()) + bytes(32))), "REPORT_DATA"),
        ("2.5", "no keys", dict(claims=lambda c: c.pop("keys") and c), "no keys"),
        ("2.5", "keys not a list", dict(claims=lambda c: dict(c, keys={})), "no keys"),
        ("2.5", "an empty list of keys", dict(claims=lambda c: dict(c, keys=[])), "no HCLAkPub"),
        ("2.5", "another kid", dict(claims=kid), "no HCLAkPub"),
        ("2.5", "HCLAkPub of a foreign AK", dict(claims=foreign), "HCLAkPub"),
        ("2.5", "HCLAkPub with a shorter modulus", dict(claims=short), "HCLAkPub"),
        ("2.5", "HCLAkPub without n", dict(claims=one("n")), "HCLAkPub"),
        ("2.5", "HCLAkPub without kty", dict(claims=one("kty")), "HCLAkPub"),
        ("2.5", "HCLAkPub with another exponent",
         dict(claims=lambda c: dict(c, keys=[dict(key, e="Aw") for key in c["keys"]])), "HCLAkPub"),
        ("2.5", "claims that are not JSON", dict(claims=lambda c: b"{"), "runtime data"),
        ("2.5", "claims with a member twice", dict(claims=lambda c: text(c)[:-1] + b', "keys": []}'), "runtime data"),
        ("2.5", "claims with bytes behind", dict(claims=lambda c: text(c) + b"{}"), "runtime data"),
        ("2.5", "claims with a NUL behind", dict(claims=lambda c: text(c) + b"\0"), "runtime data"),
        ("2.5", "claims that are not UTF-8", dict(claims=lambda c: text(dict(c, x="?")).replace(b"?", b"\xff")),
         "runtime data"),
    ]
    return [(f"{GA} {clause}", what, m.info(**bends), words) for clause, what, bends, words in rows]


def snp_report(m):
    p256 = ec.generate_private_key(ec.SECP256R1())
    other = ec.generate_private_key(ec.SECP384R1())
    rows = [
        ("0x000", "VERSION 0", dict(version=0), "version 0"),
        ("0x000", "VERSION 1", dict(version=1), "version 1"),
        ("0x000", "VERSION 6", dict(version=6), "version 6"),
        ("0x008", "POLICY without bit 17", dict(policy=bit(17)), "bit 17"),
        ("0x008", "POLICY with debugging", dict(policy=bit(19)), "debug"),
        ("0x008", "POLICY with a reserved bit", dict(policy=bit(40)), "reserved"),
        ("0x030", "VMPL 1", dict(vmpl=1), "VMPL 1"),
        ("0x030", "VMPL 3", dict(vmpl=3), "VMPL 3"),
        ("0x034", "SIGNATURE_ALGO 0", dict(signature_algo=0), "algorithm 0"),
        ("0x034", "SIGNATURE_ALGO 0x102", dict(signature_algo=0x102), "algorithm 258"),
        ("0x048", "SIGNING_KEY says VLEK", dict(key_info=1 << 2), "VCEK"),
        ("0x048", "SIGNING_KEY says none", dict(key_info=7 << 2), "key 7"),
        ("0x048", "SIGNING_KEY of no meaning", dict(key_info=2 << 2), "key 2"),
        ("0x048", "a reserved bit beside SIGNING_KEY", dict(key_info=1 << 5), "reserved"),
        ("0x048", "MASK_CHIP_KEY with a chip id", dict(key_info=2), "CHIP_ID is masked and not zero"),
        ("0x04C", "a reserved byte", dict(reserved_4c=b"\0\0\0\1"), "reserved"),
        ("0x180", "REPORTED_TCB with another boot loader", dict(reported_tcb=lambda t: flip(t, 0)), "boot loader"),
        ("0x180", "REPORTED_TCB with another TEE", dict(reported_tcb=lambda t: flip(t, 1)), "TEE"),
        ("0x180", "REPORTED_TCB with another SNP", dict(reported_tcb=lambda t: flip(t, 6)), "SNP"),
        ("0x180", "REPORTED_TCB with another microcode", dict(reported_tcb=lambda t: flip(t, 7)), "microcode"),
        ("0x180", "REPORTED_TCB with a reserved byte", dict(reported_tcb=lambda t: flip(t, 3)), "reserved"),
        ("0x188", "the CPUID of a Genoa", dict(version=3, family=0x19, model=0x11), "family 0x19, model 0x11"),
        ("0x188", "the CPUID of a Turin", dict(version=3, family=0x1A, model=0x02), "family 0x1a"),
        ("0x188", "the CPUID of nothing known", dict(version=3, family=0x17, model=0x31), "family 0x17"),
        ("0x18B", "a reserved byte", dict(reserved_18b=lambda b: flip(b)), "reserved"),
        ("0x1A0", "another CHIP_ID", dict(chip_id=lambda c: flip(c, 0)), "CHIP_ID"),
        ("0x1A0", "another end of CHIP_ID", dict(chip_id=flip), "CHIP_ID"),
        ("0x1A0", "CHIP_ID zero without the mask bit", dict(chip_id=bytes(64)), "CHIP_ID"),
        ("0x208", "a reserved byte", dict(reserved_208=flip), "reserved"),
    ]
    rows = [(f"{GA} 3, {at}", what, m.info(report=fields), words) for at, what, fields, words in rows]
    signature = "the SNP report's signature does not verify"
    unsigned = [
        ("0x090", "MEASUREMENT changed after signing", dict(measurement=flip), signature),
        ("0x0C0", "HOST_DATA changed after signing", dict(host_data=flip), signature),
        ("0x140", "REPORT_ID changed after signing", dict(report_id=flip), signature),
        ("0x2A0", "another R", dict(r=lambda r: flip(r, 0)), signature),
        ("0x2A0", "R above 48 bytes", dict(r=flip), signature),
        ("0x2E8", "another S", dict(s=lambda s: flip(s, 0)), signature),
        ("0x2E8", "S above 48 bytes", dict(s=flip), signature),
        ("0x2A0", "R and S zero", dict(r=bytes(72), s=bytes(72)), signature),
        ("0x2A0", "R and S big endian", dict(r=lambda r: r[47::-1] + bytes(24), s=lambda s: s[47::-1] + bytes(24)),
         signature),
    ]
    rows += [(f"{GA} 3, {at}", what, m.info(unsigned=fields), words) for at, what, fields, words in unsigned]
    short, long = m.info(), m.info()
    set_proof(short, SnpReport=lambda text: text[:-4])
    set_proof(long, SnpReport=lambda text: text + "AAAA")
    return rows + [
        (f"{GA} 3", "a report cut short", short, "bytes, expected 1184"),
        (f"{GA} 3", "a report with bytes behind", long, "bytes, expected 1184"),
        (f"{KR} 1.5", "a report that another P-384 key signed", m.info(report_key=other), signature),
        (f"{KR} 1.4", "a VCEK of curve P-256", m.info(report_key=p256, vcek=dict(key=p256.public_key())), "P-384"),
    ]


def extension(suffix, value):
    """The extensions with another value; None: without it."""
    def change(extensions):
        kept = {oid: e for oid, e in extensions.items() if oid != AMD + suffix}
        return kept if value is None else {**kept, AMD + suffix: (False, value)}
    return change


def ia5(text):
    return der(0x16, text.encode())


def vcek(m):
    now = time.time()
    chip = m.report.chip_id
    spl = [(suffix, name, m.report.reported_tcb[at]) for suffix, name, at in
           (("3.1", "boot loader", 0), ("3.2", "TEE", 1), ("3.3", "SNP", 6), ("3.8", "microcode", 7))]
    rows = []
    for suffix, name, svn in spl:
        rows += [(f"the VCEK for another {name}", dict(extensions=extension(suffix, der_int(svn ^ 1))), name),
                 (f"the VCEK without {name}", dict(extensions=extension(suffix, None)), name)]
    rows += [
        ("microcode not an INTEGER", dict(extensions=extension("3.8", der(0x04, bytes([spl[3][2]])))), "microcode"),
        ("microcode with a byte behind", dict(extensions=extension("3.8", der_int(spl[3][2]) + b"\0")), "microcode"),
        ("microcode of 256 more", dict(extensions=extension("3.8", der_int(spl[3][2] + 256))), "microcode"),
        ("productName Genoa", dict(extensions=extension("2", ia5("Genoa"))), "productName"),
        ("productName Milano", dict(extensions=extension("2", ia5("Milano"))), "productName"),
        ("no productName", dict(extensions=extension("2", None)), "productName"),
        ("hwID of another chip", dict(extensions=extension("4", flip(chip, 0))), "hwID"),
        ("hwID of another chip, wrapped", dict(extensions=extension("4", der(0x04, flip(chip)))), "hwID"),
        ("hwID cut short", dict(extensions=extension("4", chip[:-1])), "hwID"),
        ("hwID with a byte behind", dict(extensions=extension("4", chip + b"\0")), "hwID"),
        ("no hwID", dict(extensions=extension("4", None)), "hwID"),
        ("cspID beside hwID", dict(extensions=extension("5", ia5("cloud"))), "cspID"),
        ("the VCEK has another name", dict(subject=common_name("SEV-VCEK2")), "no VCEK"),
        ("the VCEK has expired", dict(not_after=now - 86400), "expired"),
        ("the VCEK is of tomorrow", dict(not_before=now + 86400), "not yet valid"),
        ("the VCEK is of version 1", dict(version=1), "VCEK"),
        ("the VCEK has an RSA key", dict(key=m.other.public_key()), "P-384"),
        ("the VCEK is of another issuer", dict(issuer=common_name("SEV-Genoa")), "issuer"),
        ("the VCEK is signed by another key", dict(issuer_key=new_rsa(4096)), "signature"),
        ("PSS with a salt of 32", dict(how=PSS_SALT_32), "PSS"),
        ("PSS with MGF1 over SHA-256", dict(how=PSS_MGF_256), "PSS"),
        ("PSS with SHA-256", dict(how=PSS_256), "PSS"),
        ("PKCS #1 v1.5 with SHA-384", dict(how=RSA_384), "PSS"),
    ]
    return [(f"{KR} 1.4", what, m.info(vcek=fields), words) for what, fields, words in rows]


def chain(m):
    small, ask2 = new_rsa(2048), new_rsa(4096)
    plain = der(0x30)
    rows = [
        ("the ASK is signed with PKCS #1 v1.5", dict(ask=dict(how=RSA_384)), "PSS"),
        ("the ASK is signed with a salt of 32", dict(ask=dict(how=PSS_SALT_32)), "PSS"),
        ("an ASK of 2048 bits", dict(ask=dict(key=small.public_key()), vcek=dict(issuer_key=small)), "4096"),
        ("an ASK that no ARK signed", dict(ask=dict(key=ask2.public_key(), issuer_key=ask2), vcek=dict(issuer_key=ask2)),
         "signature"),
        ("the ASK is no CA", dict(ask=dict(extensions=lambda e: {**e, BASIC_CONSTRAINTS: (True, plain)})), "CA"),
        ("the ASK has expired", dict(ask=dict(not_after=time.time() - 86400)), "expired"),
        ("the ASK of another product",
         dict(ask=dict(subject=common_name("SEV-Genoa")), vcek=dict(issuer=common_name("SEV-Genoa"))), "not of line Milan"),
        ("an ARK of another key", dict(ark=dict(key=ask2.public_key(), issuer_key=ask2), ask=dict(issuer_key=ask2)),
         "pinned"),
        ("an ARK with a broken self-signature", dict(ark=dict(issuer_key=ask2)), "signature failure"),
        ("no ARK", dict(chain=("vcek", "ask")), "2 certificates"),
        ("the VCEK alone", dict(chain=("vcek",)), "1 certificates"),
        ("no VCEK", dict(chain=("ask", "ark")), "2 certificates"),
        ("ARK before ASK", dict(chain=("vcek", "ark", "ask")), "pinned"),
        ("the ASK as leaf", dict(chain=("ask", "ask", "ark")), "VCEK"),
        ("a fourth certificate", dict(chain=("vcek", "ask", "ark", "ark")), "more than 3"),
    ]
    rows = [(f"{KR} 1.4", what, m.info(**bends), words) for what, bends, words in rows]
    text = m.info()
    set_proof(text, VcekCertChain=b64(b"no certificate"))
    return rows + [(f"{GA} 4.7", "a chain without PEM", text, "0 certificates")]


ALL = (hcl_header, runtime_claims, snp_report, vcek, chain)
