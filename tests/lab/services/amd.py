# SPDX-License-Identifier: Apache-2.0
"""AMD's side: KDS endpoints of every product line, certificates with all their extensions, revocation, throttling."""
import datetime, time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding

from tap import at, fault, fetch, finish, ok, path, words

ARC = "1.3.6.1.4.1.3704.1."
SPLS = {"Milan": {"bl": 0, "tee": 1, "snp": 6, "ucode": 7}, "Genoa": {"bl": 0, "tee": 1, "snp": 6, "ucode": 7},
        "Turin": {"fmc": 0, "bl": 1, "tee": 2, "snp": 3, "ucode": 7}}
OIDS = {"bl": "3.1", "tee": "3.2", "snp": "3.3", "ucode": "3.8", "fmc": "3.9"}
own = x509.load_pem_x509_certificate(open(path("pki", "vcek.pem"), "rb").read())
product = x509.load_pem_x509_certificate(open(path("pki", "ark.pem"), "rb").read()).subject.rfc4514_string()
product = [part[len("CN=ARK-"):] for part in product.split(",") if part.startswith("CN=")][0]


def extensions(certificate):
    return {e.oid.dotted_string[len(ARC):]: e.value.value for e in certificate.extensions
            if e.oid.dotted_string.startswith(ARC)}


def integer(der):
    assert der[0] == 2 and der[1] == len(der) - 2
    return int.from_bytes(der[2:], "big", signed=True)


def signed_by(thing, issuer, tbs):
    try:
        issuer.public_key().verify(thing.signature, tbs, padding.PSS(padding.MGF1(hashes.SHA384()), 48), hashes.SHA384())
        return True
    except Exception:
        return False


def common_name(certificate):
    return certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value


def chain(kind, line):
    status, body, _ = fetch(f"{at['kds']}/{kind}/v1/{line}/cert_chain")
    assert status == 200, (kind, line, status)
    end = b"-----END CERTIFICATE-----\n"
    return [x509.load_pem_x509_certificate(part + end) for part in body.split(end)[:-1]]


def check_leaf(leaf, vlek):
    have, name = extensions(leaf), "VLEK" if vlek else "VCEK"
    wanted = {"1", "2", "3.1", "3.2", "3.3", "3.4", "3.5", "3.6", "3.7", "3.8", "5" if vlek else "4"}
    wanted |= {"3.9"} if product == "Turin" else set()
    ok(f"{product}: the {name} has the extensions of AMD's", set(have) == wanted, sorted(have))
    ok("... and its product name", have["2"][2:].decode().split("-")[0] == product and ("-" in have["2"].decode()) <= (not vlek))
    ok("... is a P-384 key with serial 0 in a certificate of version 3", isinstance(leaf.public_key().curve, ec.SECP384R1)
       and leaf.serial_number == 0 and leaf.version == x509.Version.v3)
    signer, ark = chain("vlek" if vlek else "vcek", product)
    ok("... and KDS has what signed it", signed_by(leaf, signer, leaf.tbs_certificate_bytes)
       and signed_by(signer, ark, signer.tbs_certificate_bytes) and signed_by(ark, ark, ark.tbs_certificate_bytes))
    return {part: integer(have[OIDS[part]]) for part in SPLS[product]}


def check_vcek():
    spl = check_leaf(own, False)
    ok("an SPL of 128 or more is encoded with a leading zero", product != "Milan"
       or (spl["ucode"] >= 128 and extensions(own)["3.8"][:3] == b"\2\2\0"))
    chip = extensions(own)["4"]
    ok("the hwID is 64 bytes, 8 on Turin", len(chip) == (8 if product == "Turin" else 64), len(chip))
    query = "&".join(f"{part}SPL={value:02}" for part, value in spl.items())
    url = f"{at['kds']}/vcek/v1/{product}/{chip.hex()}"
    der = own.public_bytes(serialization.Encoding.DER)
    status, body, _ = fetch(f"{url}?{query}")
    ok("KDS gives the VCEK for chip and SPLs", status == 200 and body == der, status)
    ok("... padded or not", fetch(f"{url}?" + "&".join(f"{part}SPL={value}" for part, value in spl.items()))[1] == der)
    for part in spl:
        other = {**spl, part: spl[part] + 1}
        other = "&".join(f"{name}SPL={value}" for name, value in other.items())
        ok(f"given another {part}SPL, it has none", fetch(f"{url}?{other}")[0] == 404)
    ok("given no SPLs, it has none", fetch(url)[0] == 404)
    ok("given half a chip id, it refuses", fetch(f"{url[:-2]}?{query}")[0] == 400)
    ok("given another chip, it has none", fetch(f"{url[:-2]}{'00' if url[-2:] != '00' else '01'}?{query}")[0] == 404)
    for line in set(SPLS) - {product}:
        ok(f"given another product, {line}, it has none",
           fetch(f"{at['kds']}/vcek/v1/{line}/{chip.hex()}?{query}")[0] in (400, 404))


def check_lines():
    for line in SPLS:
        for kind, cn in (("vcek", f"SEV-{line}"), ("vlek", f"SEV-VLEK-{line}")):
            signer, ark = chain(kind, line)
            ok(f"KDS has the {kind} chain of {line}", [common_name(signer), common_name(ark)] == [cn, f"ARK-{line}"])
            ok("... whose keys are RSA-4096", signer.public_key().key_size == ark.public_key().key_size == 4096)
            crl = x509.load_der_x509_crl(fetch(f"{at['kds']}/{kind}/v1/{line}/crl")[1])
            ok("... and its CRL, of the ARK, with nothing in it", signed_by(crl, ark, crl.tbs_certlist_bytes)
               and crl.issuer == ark.subject and len(crl) == 0)
    ok("a VLEK is not for guests", fetch(f"{at['kds']}/vlek/v1/{product}/cert?blSPL=1")[0] == 401)
    ok("there is no fourth line", fetch(f"{at['kds']}/vcek/v1/Rome/cert_chain")[0] == 404)


def check_faults():
    signer, ark = chain("vcek", product)
    url = f"{at['kds']}/vcek/v1/{product}/crl"
    fault("kds", "tamper", "field=crl-revoked", "times=1")
    crl = x509.load_der_x509_crl(fetch(url)[1])
    ok("given crl-revoked, the ASK is in it", crl.get_revoked_certificate_by_serial_number(signer.serial_number) is not None
       and signed_by(crl, ark, crl.tbs_certlist_bytes))
    fault("kds", "tamper", "field=crl-signature", "times=1")
    crl = x509.load_der_x509_crl(fetch(url)[1])
    ok("given crl-signature, it does not verify", not signed_by(crl, ark, crl.tbs_certlist_bytes))
    fault("kds", "tamper", "field=crl-expired", "times=1")
    ok("given crl-expired, it is out of date", x509.load_der_x509_crl(fetch(url)[1]).next_update < datetime.datetime.utcnow())
    fault("kds", "throttle", "retry-after=3", "times=1")
    status, _, headers = fetch(url)
    ok("given throttle, KDS says 429 and when to come back", status == 429 and headers["Retry-After"] == "3")
    ok("... once", fetch(url)[0] == 200)


def check_throttling():
    """The lab is up with --kds-limit 5/2."""
    time.sleep(2.1)
    url = f"{at['kds']}/vcek/v1/{product}/cert_chain"
    answers = [fetch(url) for _ in range(7)]
    ok("five requests pass, the sixth does not", [a[0] for a in answers] == [200] * 5 + [429] * 2, [a[0] for a in answers])
    wait = int(answers[5][2]["Retry-After"])
    ok("... which names the rest of the window", 1 <= wait <= 2, wait)
    time.sleep(wait)
    ok("... after which it is open again", fetch(url)[0] == 200)


if "throttled" in words:
    check_throttling()
elif "vlek" not in words:
    check_vcek()
    check_lines()
    check_faults()
if "vlek" in words:
    time.sleep(2.1)
    check_leaf(x509.load_pem_x509_certificate(open(path("pki", "vlek.pem"), "rb").read()), True)
finish()
