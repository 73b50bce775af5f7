#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The parts of test_secrets: sealing.py PART. The second hands are jose and, where its RSA-OAEP fails on the present
OpenSSL, python3-cryptography."""
import base64
import json
import os
import pathlib
import subprocess
import sys

import yaml
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

LAB, WORK = pathlib.Path(os.environ["LAB"]), pathlib.Path(os.environ["WORK"])
AT = json.loads((LAB / "lab.json").read_text())
KEYWARD = os.environ["KEYWARD"]
OUT = WORK / "out"
KEYS = {"rsa": ("RSA", "--size", "2048"), "p256": ("EC", "--curve", "P-256"), "p384": ("EC", "--curve", "P-384"),
        "p521": ("EC", "--curve", "P-521"), "oct128": ("oct", "--import"), "oct192": ("oct", "--import"), "oct256": ("oct", "--import")}
RAW = {f"oct{8 * n}": bytes(range(n)) for n in (16, 24, 32)}
failed = 0


def check(name, good, found=""):
    global failed
    failed += not good
    print(("ok " if good else "not ok ") + name + ("" if good else f"\n#   found: {str(found)[:600]}"))


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def shell(*args, text=None):
    return subprocess.run([str(a) for a in args], input=text, capture_output=True, check=False)


def kid(name):
    return f"{AT['vault']}/keys/{name}"


def public_file(name):
    return LAB / "kept" / f"{name}.public.jwk"


def rsa_public(jwk):
    return rsa.RSAPublicNumbers(*(int.from_bytes(unb64(jwk[c]), "big") for c in "en")).public_key()


# --- other hands that seal ---------------------------------------------------------------------------------------

def jose_seal(key, header, plain, compact=True):
    jwk = WORK / f"{key}.jwk"
    if key in RAW:
        jwk.write_text(json.dumps({"kty": "oct", "k": b64(RAW[key])}))
    else:
        public = json.loads(public_file(key).read_text())
        jwk.write_text(json.dumps({k: v for k, v in public.items() if k in ("kty", "crv", "x", "y", "n", "e")}))
    made = shell("jose", "jwe", "enc", "-i", json.dumps({"protected": header}), "-I-", "-k", jwk, *(["-c"] if compact else []),
                 text=plain)
    if made.returncode != 0 or not made.stdout:
        sys.exit(f"jose: {header}: {made.stderr.decode()}")
    return made.stdout.decode()


def python_seal(key, header, plain):
    digest = hashes.SHA1() if header["alg"] == "RSA-OAEP" else hashes.SHA256()
    cek, iv, text = os.urandom(32), os.urandom(12), b64(json.dumps(header).encode())
    wrapped = rsa_public(json.loads(public_file(key).read_text())).encrypt(
        cek, padding.OAEP(padding.MGF1(digest), digest, None))
    sealed = AESGCM(cek).encrypt(iv, plain, text.encode())
    return ".".join((text, b64(wrapped), b64(iv), b64(sealed[:-16]), b64(sealed[-16:])))


def keyward_seal(key, name, plain, *more):
    made = shell(KEYWARD, "seal", name, "--key", public_file(key), "--kid", kid(key), *more, text=plain)
    if made.returncode != 0:
        sys.exit(made.stderr.decode())
    return made.stdout.decode()


# --- what is there -----------------------------------------------------------------------------------------------

def rows():
    """name, key, how: every algorithm that is accepted, by a hand that is not ours where there is one."""
    table = [(f"jose-{alg.lower().replace('+', '-')}-{enc.lower()}", key, alg, enc, jose_seal)
             for key, algs in (("p256", ("ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A192KW", "ECDH-ES+A256KW")),
                               ("p384", ("ECDH-ES+A256KW",)), ("p521", ("ECDH-ES", "ECDH-ES+A256KW")))
             for alg in algs for enc in ("A128GCM", "A256GCM")]
    table = [(f"{name}-{key}", key, alg, enc, how) for name, key, alg, enc, how in table]
    table += [(f"jose-{alg.lower()}", key, alg, "A192GCM", jose_seal)
              for alg, key in (("A128KW", "oct128"), ("A192KW", "oct192"), ("A256KW", "oct256"))]
    table += [(f"jose-dir-{enc.lower()}", key, "dir", enc, jose_seal)
              for enc, key in (("A128GCM", "oct128"), ("A192GCM", "oct192"), ("A256GCM", "oct256"))]
    table += [("python-rsa-oaep", "rsa", "RSA-OAEP", "A256GCM", python_seal),
              ("python-rsa-oaep-256", "rsa", "RSA-OAEP-256", "A256GCM", python_seal)]
    return table


def secret(name, key):
    return {"name": name, "source": str(WORK / "sealed" / name), "key": key,
            "outputs": [{"path": str(OUT / name), "mode": "0440"}]}


def write_config(path, secrets, **members):
    config = yaml.safe_load((LAB / "keyward.yaml").read_text())
    yaml.SafeDumper.ignore_aliases = lambda *_: True
    config["keys"] = [{"name": k, "url": kid(k), "required": True, "export": False, "refresh": "1s",
                       "allow": [{"any": True}]} for k in sorted({s["key"] for s in secrets})]
    config["secrets"] = secrets
    config["log"] = {"level": "info", "format": "json"}
    config.update(members)
    path.write_text(yaml.safe_dump(config))


def setup():
    OUT.mkdir()
    (WORK / "sealed").mkdir()
    for name, args in KEYS.items():
        if name in RAW:
            (WORK / name).write_bytes(RAW[name])
            args = (*args, str(WORK / name))
        made = shell(os.environ["KEYWARD_LAB"], "key", "--dir", LAB, name, "--kty", *args)
        if made.returncode != 0:
            sys.exit(made.stderr.decode())
    secrets = []
    for name, key, alg, enc, how in rows():
        header = {"alg": alg, "enc": enc, "name": name, "kid": kid(key)}
        (WORK / "sealed" / name).write_text(how(key, header, b"from " + name.encode()))
        secrets.append(secret(name, key))
    flat = jose_seal("p256", {"alg": "ECDH-ES+A128KW", "enc": "A128GCM", "name": "flattened", "kid": kid("p256")},
                     b"from flattened", compact=False)
    (WORK / "sealed/flattened").write_text(flat)
    secrets.append(secret("flattened", "p256"))
    for key in ("rsa", "p256", "p384", "p521"):
        name = f"keyward-{key}"
        (WORK / "sealed" / name).write_text(keyward_seal(key, name, b"from " + name.encode()))
        secrets.append(secret(name, key))
    write_config(WORK / "keyward.yaml", secrets)


# --- what comes out ----------------------------------------------------------------------------------------------

def opened():
    names = [r[0] for r in rows()] + ["flattened"] + [f"keyward-{k}" for k in ("rsa", "p256", "p384", "p521")]
    for name in names:
        found = (OUT / name).read_bytes() if (OUT / name).exists() else None
        check(f"{name} is unsealed", found == b"from " + name.encode(), found)
    check("with its mode", oct((OUT / names[0]).stat().st_mode & 0o777) == "0o440")
    plain = shell(KEYWARD, "unseal", names[0], "-c", WORK / "keyward.yaml")
    check("keyward unseal prints it", plain.stdout == b"from " + names[0].encode(), plain)


def reverse():
    """What keyward seals is opened by jose, and by python3-cryptography where jose's RSA-OAEP fails."""
    for how in (("EC", "P-256"), ("EC", "P-384"), ("EC", "P-521")):
        jwk = shell("jose", "jwk", "gen", "-i", json.dumps({"kty": "EC", "crv": how[1]})).stdout
        (WORK / "own.jwk").write_bytes(jwk)
        public = {k: v for k, v in json.loads(jwk).items() if k in ("kty", "crv", "x", "y")}
        (WORK / "own.public").write_text(json.dumps({"key": {**public, "kid": "https://vault.test/keys/own/0123"}}))
        made = shell(KEYWARD, "seal", "other", "--key", WORK / "own.public", text=b"sealed")
        plain = shell("jose", "jwe", "dec", "-i-", "-k", WORK / "own.jwk", "-O-", text=made.stdout.strip())
        check(f"jose opens what keyward sealed for {how[1]}", plain.stdout == b"sealed", (made, plain.stderr))
        header = json.loads(unb64(made.stdout.decode().split(".")[0]))
        check("... name and kid are in the protected header",
              (header["name"], header["kid"]) == ("other", "https://vault.test/keys/own/0123"), header)
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    (WORK / "own.pem").write_bytes(private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))
    made = shell(KEYWARD, "seal", "other", "--key", WORK / "own.pem", "--kid", "https://vault.test/keys/own", text=b"sealed")
    head, key, iv, text, tag = made.stdout.decode().strip().split(".")
    cek = private.decrypt(unb64(key), padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None))
    plain = AESGCM(cek).decrypt(unb64(iv), unb64(text) + unb64(tag), head.encode())
    check("python3-cryptography opens what keyward sealed for RSA", plain == b"sealed", plain)
    made = shell(KEYWARD, "seal", "other", "--key", WORK / "own.pem", text=b"sealed")
    check("given no kid, seal refuses", made.returncode == 65 and b"identifier is missing" in made.stderr, made)
    made = shell(KEYWARD, "seal", "other", "--key", WORK / "own.pem", "--kid", "https://vault.test/keys/own",
                 text=bytes(128 * 1024))
    check("given 128 KiB, it is sealed", made.returncode == 0, made.stderr)
    made = shell(KEYWARD, "seal", "other", "--key", WORK / "own.pem", "--kid", "https://vault.test/keys/own",
                 text=bytes(128 * 1024 + 1))
    check("given one byte more, seal refuses", made.returncode != 0 and b"131072" in made.stderr and not made.stdout, made.stderr)


def refused():
    """Each file is refused by its id, and nothing is written."""
    good = {"alg": "ECDH-ES+A256KW", "enc": "A256GCM", "name": "bent", "kid": kid("p256")}
    version = json.loads(public_file("p256").read_text()).get("kid", "").rsplit("/", 1)[-1]
    sealed = keyward_seal("p256", "bent", b"x")
    table = [("another name", jose_seal("p256", {**good, "name": "other"}, b"x"), "KW-UNW-009"),
             ("no name", jose_seal("p256", {k: v for k, v in good.items() if k != "name"}, b"x"), "KW-UNW-009"),
             ("no kid", jose_seal("p256", {k: v for k, v in good.items() if k != "kid"}, b"x"), "KW-UNW-009"),
             ("the kid of another key", jose_seal("p256", {**good, "kid": kid("p384")}, b"x"), "KW-UNW-009"),
             ("the kid of another vault", jose_seal("p256", {**good, "kid": "https://evil.example/keys/p256"}, b"x"), "KW-UNW-009"),
             ("another version", jose_seal("p256", {**good, "kid": kid("p256") + "/" + "0" * 32}, b"x"), "KW-UNW-009"),
             ("compression", jose_seal("p256", {**good, "zip": "DEF"}, b"x"), "KW-UNW-008"),
             ("CBC", jose_seal("p256", {**good, "enc": "A256CBC-HS512"}, b"x"), "KW-UNW-008"),
             ("a name that is not protected", json.dumps({**json.loads(jose_seal("p256", {
                 k: v for k, v in good.items() if k != "name"}, b"x", False)), "unprotected": {"name": "bent"}}), "KW-UNW-008"),
             ("a changed tag", sealed.strip()[:-2] + ("AA" if sealed.strip()[-2:] != "AA" else "BA"), "KW-UNW"),
             ("another key's ciphertext", jose_seal("p384", {**good, "alg": "ECDH-ES+A256KW"}, b"x"), "KW-UNW-010"),
             ("no JWE", "hello", "KW-UNW-008"), ("nothing", "", "KW-UNW-008"), ("no file", None, "KW-SYS-002")]
    write_config(WORK / "bent.yaml", [secret("bent", "p256")], init={"deadline": "20s"})
    for name, content, expected in table:
        (WORK / "sealed/bent").unlink(missing_ok=True)
        if content is not None:
            (WORK / "sealed/bent").write_text(content)
        done = shell(KEYWARD, "init", "-c", WORK / "bent.yaml")
        check(f"given {name}, init ends with {expected}", done.returncode != 0 and expected.encode() in done.stderr
              and not (OUT / "bent").exists(), done.stderr[-400:])
    (WORK / "sealed/bent").write_text(jose_seal("p256", {**good, "kid": kid("p256") + "/" + version}, b"versioned")
                                      if version else sealed)
    done = shell(KEYWARD, "init", "-c", WORK / "bent.yaml")
    check("given the released version, it opens", done.returncode == 0 and (OUT / "bent").exists(), done.stderr[-400:])


def reseal(name, key, text):
    new = WORK / "sealed" / f".{name}.new"
    new.write_text(keyward_seal(key, name, text.encode()))
    new.rename(WORK / "sealed" / name)


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
    sys.exit(failed > 0)
