#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every kind of key, wrapped in every way, in every form: round_trips.py WORK. `keyward init` writes the files; openssl and
python's cryptography compare them with the key that the vault holds."""
import base64
import json
import os
import pathlib
import subprocess
import sys

from cryptography.hazmat.primitives import serialization as s11n
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from agents import BIN, Lab, Tap, write_config

WORK = pathlib.Path(sys.argv[1])
ENCS = ("RSA_AES_KEY_WRAP_256", "RSA_AES_KEY_WRAP_384", "CKM_RSA_AES_KEY_WRAP")
KINDS = {f"rsa{n}": ("RSA", "--size", n) for n in (2048, 3072, 4096)} | {
    f"ec-{c.lower()}": ("EC", "--curve", c) for c in ("P-256", "P-384", "P-521", "P-256K")} | {
    f"oct{n}": ("oct", "--size", n) for n in (128, 192, 256)}
CURVES = {"P-256": ec.SECP256R1, "P-384": ec.SECP384R1, "P-521": ec.SECP521R1, "P-256K": ec.SECP256K1}
ASYMMETRIC, SYMMETRIC = ("jwk", "pem", "der", "hex", "base64"), ("jwk", "raw", "hex", "base64")
tap = Tap()


def number(jwk, member):
    return int.from_bytes(base64.urlsafe_b64decode(jwk[member] + "=="), "big")


def from_jwk(text):
    """The private key that the numbers of a JWK make, or the bytes of an oct key."""
    jwk = json.loads(text)
    if jwk["kty"] == "oct":
        return base64.urlsafe_b64decode(jwk["k"] + "==")
    if jwk["kty"] == "EC":
        public = ec.EllipticCurvePublicNumbers(number(jwk, "x"), number(jwk, "y"), CURVES[jwk["crv"]]())
        return ec.EllipticCurvePrivateNumbers(number(jwk, "d"), public).private_key()
    public = rsa.RSAPublicNumbers(number(jwk, "e"), number(jwk, "n"))
    return rsa.RSAPrivateNumbers(*(number(jwk, m) for m in ("p", "q", "d", "dp", "dq", "qi")), public).private_key()


def to_der(form, data):
    """PKCS#8, or the bytes of an oct key, whatever form it was written in."""
    if form == "jwk":
        key = from_jwk(data)
        return key if isinstance(key, bytes) else key.private_bytes(s11n.Encoding.DER, s11n.PrivateFormat.PKCS8, s11n.NoEncryption())
    if form == "pem":
        return base64.b64decode("".join(line for line in data.decode().splitlines() if not line.startswith("-----")))
    if form == "hex":
        return bytes.fromhex(data.decode())
    return base64.b64decode(data, validate=True) if form == "base64" else data


def openssl_der(data, form):
    done = subprocess.run(["openssl", "pkey", "-inform", form, "-outform", "DER", "-traditional"], input=data, capture_output=True, check=False)
    return done.stdout or done.stderr


def same_key(data, form, held):
    """What differs, by either library; "" if nothing does."""
    der = to_der(form, data)
    if not held.startswith(b"-----"):
        return "" if der == held else "the bytes"
    ours, theirs = s11n.load_der_private_key(der, None), s11n.load_pem_private_key(held, None)
    if ours.private_numbers() != theirs.private_numbers():
        return "cryptography: the numbers"
    read_as = (data, form.upper()) if form in ("pem", "der") else (der, "DER")
    return "" if openssl_der(*read_as) == openssl_der(held, "PEM") else "openssl: the key"


def main():
    lab = Lab(WORK / "lab")
    for name, how in KINDS.items():
        lab.key(name, "--kty", *how)
    held = {name: next((lab.dir / "vault" / name).glob("*.key")).read_bytes() for name in KINDS}
    forms = {name: SYMMETRIC if name.startswith("oct") else ASYMMETRIC for name in KINDS}
    for enc in ENCS:
        to = WORK / enc
        to.mkdir()
        keys = [{"name": n, "url": f"{lab.at['vault']}/keys/{n}", "required": True,
                 "outputs": [{"path": f"{to}/{n}.{form}", "format": form} for form in forms[n]]} for n in KINDS]
        config = write_config(WORK / f"{enc}.yaml", {**lab.config, "keys": keys, "release": {**lab.config["release"], "enc": enc}})
        done = subprocess.run([BIN / "keyward", "init", "-c", config], capture_output=True, timeout=200, env=os.environ, check=False)
        tap.check(f"{enc}: init has them all", done.returncode == 0, done.stderr[-600:])
        for name in KINDS if done.returncode == 0 else ():
            for form in forms[name]:
                wrong = same_key((to / f"{name}.{form}").read_bytes(), form, held[name])
                tap.check(f"{name} by {enc} as {form}", wrong == "", wrong)
    other = (WORK / ENCS[0] / "ec-p-256.der").read_bytes()
    tap.check("the comparison refuses another key", same_key(other, "der", held["ec-p-384"]) != "")
    lab.stop()
    sys.exit(tap.failed > 0)


main()
