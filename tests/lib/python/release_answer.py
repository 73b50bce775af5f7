# SPDX-License-Identifier: Apache-2.0
"""The vault's answer to a release, taken apart to be changed and signed again (key release 4.3 to 4.6)."""
import base64, copy, json, os

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap_with_padding, aes_key_wrap_with_padding

from forge import json_part
from guest import b64url, unb64url

OAEP_256 = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)


class ReleaseAnswer:
    """`header`, `payload` and `key_hsm` are the JSON objects (key_hsm None: whatever the payload has); `text` changes the
    JWS, `envelope` the object around it."""

    def __init__(self, answer, m, signer):
        head, payload, _ = answer["value"].split(".")
        self.m, self.signer = m, signer
        self.header, self.payload = json.loads(unb64url(head)), json.loads(unb64url(payload))
        self.key_hsm = json.loads(unb64url(self.jwk()["key_hsm"]))
        self.text = self.envelope = lambda value: value

    def jwk(self):
        return self.payload["response"]["key"]["key"]

    def but(self, change):
        """A copy that a function has changed."""
        other = copy.copy(self)
        for name in ("header", "payload", "key_hsm"):
            setattr(other, name, copy.deepcopy(getattr(self, name)))
        change(other)
        return other

    def rewrapped(self, plain=lambda p: p, aes=32, oaep=OAEP_256, key=None, kwp=lambda k: k):
        """The released key, changed, wrapped anew for the machine's wrapping key or for another."""
        wrapped = unb64url(self.key_hsm["ciphertext"])
        was = aes_key_unwrap_with_padding(self.m.key.decrypt(wrapped[:256], OAEP_256), wrapped[256:])
        inner = os.urandom(aes)
        size = -len(inner) % 8
        body = aes_key_wrap_with_padding(inner if not size else inner + bytes(size), plain(was))
        return b64url((key or self.m.key).public_key().encrypt(inner, oaep) + kwp(body))

    def pack(self):
        if self.key_hsm is not None:
            self.jwk()["key_hsm"] = b64url(json.dumps(self.key_hsm).encode())
        text = json_part(self.header) + "." + json_part(self.payload)
        signature = self.signer.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
        return self.envelope({"value": self.text(text + "." + b64url(signature))})


def x5c(certificates):
    return [base64.b64encode(der).decode() for der in certificates]
