#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Reads raw evidence as a foreign verifier does: raw_evidence.py FILE NONCE [DIRECTORY].

Exits with 1 unless quote and report carry the nonce's SHA-256. Writes hcl, quote.msg, quote.sig and pcrs.json
into the directory.
"""
import base64
import hashlib
import json
import pathlib
import struct
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

WIDE = 64


def number(text):
    return int.from_bytes(base64.urlsafe_b64decode(text + "=="), "big")


def extra_data(attest):
    assert attest[:6] == bytes.fromhex("ff5443478018"), "no quote"
    at = 6
    (size,) = struct.unpack_from(">H", attest, at)
    at += 2 + size
    (size,) = struct.unpack_from(">H", attest, at)
    return attest[at + 2:at + 2 + size]


def main():
    evidence = json.loads(pathlib.Path(sys.argv[1]).read_text())
    due = hashlib.sha256(sys.argv[2].encode()).digest().ljust(WIDE, b"\0")
    assert sorted(evidence) == ["hcl_report", "tpm_quote", "vcek", "version"] and evidence["version"] == 2
    quote = evidence["tpm_quote"]
    message, signature = bytes.fromhex(quote["message"]), bytes.fromhex(quote["signature"])
    pcrs = [bytes.fromhex(p) for p in quote["pcrs"]]
    hcl = base64.urlsafe_b64decode(evidence["hcl_report"])
    x509.load_der_x509_certificate(base64.urlsafe_b64decode(evidence["vcek"]))
    size = int.from_bytes(hcl[1232:1236], "little")
    claims = hcl[1236:1236 + size]
    runtime = json.loads(claims)
    ak = next(k for k in runtime["keys"] if k["kid"] == "HCLAkPub")
    key = rsa.RSAPublicNumbers(number(ak["e"]), number(ak["n"])).public_key()
    key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
    assert extra_data(message) == due, "the quote carries other data"
    assert len(pcrs) == 24 and message.endswith(hashlib.sha256(b"".join(pcrs)).digest()), "other PCR values"
    report_data = hcl[32 + 0x50:32 + 0x90]
    assert report_data == hashlib.sha256(claims).digest().ljust(WIDE, b"\0"), "claims are not bound"
    assert bytes.fromhex(runtime["user-data"]) == due, "the report carries other data"
    if len(sys.argv) > 3:
        out = pathlib.Path(sys.argv[3])
        (out / "hcl").write_bytes(hcl)
        (out / "quote.msg").write_bytes(message)
        (out / "quote.sig").write_bytes(signature)
        (out / "pcrs.json").write_text(json.dumps({"sha256": {str(i): p.hex() for i, p in enumerate(pcrs)}}))


main()
