# SPDX-License-Identifier: Apache-2.0
"""Reads the HCL report out of a TPM (swtpm protocol, password session) and checks it with python's cryptography.

    hcl_report.py HOST PORT CERTIFICATION.json AK.pem [USER-DATA-HEX]

prints the names of the checks that fail, or "none". CERTIFICATION.json is a THIM answer; its chain is not judged here.
"""
import base64
import hashlib
import json
import socket
import struct
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

INDEX = 0x01400001
ARC = "1.3.6.1.4.1.3704.1."


class Tpm:
    def __init__(self, host, port):
        self.socket = socket.create_connection((host, port))

    def run(self, tag, code, body):
        self.socket.sendall(struct.pack(">HII", tag, 10 + len(body), code) + body)
        head = self.receive(10)
        size, rc = struct.unpack(">II", head[2:])
        rest = self.receive(size - 10)
        if rc:
            sys.exit(f"TPM response code 0x{rc:x}")
        return rest

    def receive(self, size):
        data = b""
        while len(data) < size:
            more = self.socket.recv(size - len(data))
            if not more:
                sys.exit("the TPM closed the connection")
            data += more
        return data

    def nv_read(self, index):
        public = self.run(0x8001, 0x169, struct.pack(">I", index))
        area = public[2:2 + struct.unpack(">H", public[:2])[0]]
        size, data = struct.unpack(">H", area[-2:])[0], b""
        while len(data) < size:
            body = struct.pack(">III", 0x40000001, index, 9) + struct.pack(">IHBH", 0x40000009, 0, 0, 0)
            answer = self.run(0x8002, 0x14E, body + struct.pack(">HH", min(512, size - len(data)), len(data)))
            data += answer[6:6 + struct.unpack(">H", answer[4:6])[0]]
        return data


def integer(extension):
    return int.from_bytes(extension[2:], "big")


def signature_ok(report, vcek):
    r, s = (int.from_bytes(report[at:at + 72], "little") for at in (0x2A0, 0x2E8))
    try:
        vcek.public_key().verify(utils.encode_dss_signature(r, s), report[:0x2A0], ec.ECDSA(hashes.SHA384()))
        return True
    except Exception:  # noqa: BLE001: any reason is a reason
        return False


def ak_ok(claims, ak):
    keys = {key["kid"]: key for key in claims["keys"]}
    if "HCLAkPub" not in keys:
        return False
    n = int.from_bytes(base64.urlsafe_b64decode(keys["HCLAkPub"]["n"] + "=="), "big")
    return n == ak.public_numbers().n


def tcb_of(tcb, turin):
    names = {"3.9": 0, "3.1": 1, "3.2": 2, "3.3": 3, "3.8": 7} if turin else {"3.1": 0, "3.2": 1, "3.3": 6, "3.8": 7}
    return {name: tcb[at] for name, at in names.items()}


def check(data, vcek, ak, user):
    magic, version, size, request = struct.unpack_from("<4sIII", data, 0)
    yield "magic", magic == b"HCLA" and version in (1, 2) and request == 2
    data_size, _, kind, digest, length = struct.unpack_from("<IIIII", data, 1216)
    yield "type", kind == 2
    yield "hash", digest == 1
    yield "sizes", data_size == 20 + length and size == 1236 + length <= len(data)
    text, report = data[1236:1236 + length], data[32:1216]
    yield "zeros", not any(data[1236 + length:])
    yield "binding", report[0x50:0x90] == hashlib.sha256(text).digest() + bytes(32)
    version, _, policy = struct.unpack_from("<IIQ", report, 0)
    signer, = struct.unpack_from("<I", report, 0x48)
    yield "version", version >= 2
    yield "policy", policy >> 17 & 7 == 1
    yield "vmpl", report[0x30:0x34] == bytes(4)
    yield "signer", signer & 0x1C == 0
    yield "signature", signature_ok(report, vcek)
    said = {e.oid.dotted_string[len(ARC):]: e.value.value for e in vcek.extensions if e.oid.dotted_string.startswith(ARC)}
    turin = len(said["4"]) == 8
    yield "chip", report[0x1A0:0x1E0] == said["4"].ljust(64, b"\0")
    yield "tcb", all(integer(said[name]) == svn for name, svn in tcb_of(report[0x180:0x188], turin).items())
    try:
        claims = json.loads(text)
    except ValueError:
        yield "json", False
        return
    yield "ak", ak_ok(claims, ak)
    if user is not None:
        yield "user", bytes.fromhex(claims.get("user-data", "")) == bytes.fromhex(user)


def main():
    host, port, certification, ak = sys.argv[1:5]
    with open(certification, encoding="ascii") as file:
        vcek = x509.load_pem_x509_certificate(json.load(file)["vcekCert"].encode())
    with open(ak, "rb") as file:
        key = serialization.load_pem_public_key(file.read())
    data = Tpm(host, int(port)).nv_read(INDEX)
    failed = [name for name, fine in check(data, vcek, key, sys.argv[5] if len(sys.argv) > 5 else None) if not fine]
    print(" ".join(failed) or "none")


main()
