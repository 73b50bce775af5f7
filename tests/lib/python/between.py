# SPDX-License-Identifier: Apache-2.0
"""Stands between an agent and a running lab, with the platform's private keys: forwards every request to the lab, and
bends its answer where `bends` has a function under the answer's name:

    thim identity           JSON object -> JSON object or bytes
    openid certs envelope   JSON object -> JSON object or bytes
    sealed                  members of the sealed token -> members
    token                   forge.Token -> text; it is sealed again for the machine's key
    release                 release_answer.ReleaseAnswer -> answer
"""
import base64, http.server, json, os, ssl, threading
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from forge import Token
from guest import b64, b64url, unb64url
from release_answer import ReleaseAnswer

NAMES = {"/metadata/THIM/amd/certification": "thim", "/metadata/identity/oauth2/token": "identity",
         "/.well-known/openid-configuration": "openid", "/certs": "certs", "/attest/AzureGuest": "envelope"}


class Between:
    def __init__(self, m):
        self.m, self.lab, self.web = m, m.guest.lab, m.guest.web
        self.maa_key, self.signer = m.pki.key("maa"), m.pki.key("signer")
        self.bends, self.asked = {}, []

    def forward(self, service, handler):
        data = handler.rfile.read(int(handler.headers.get("Content-Length", 0))) or None
        kept = ("Content-Type", "Authorization", "Metadata")
        headers = {name: handler.headers[name] for name in kept if handler.headers[name]}
        self.asked.append(service)
        status, body = self.web.send(self.lab[service] + handler.path, data, handler.command, headers)
        return status, self.bent(urlsplit(handler.path).path, body) if status == 200 else body

    def bent(self, path, body):
        name = NAMES.get(path, "release")
        answer = json.loads(body)
        if name == "release":
            return json.dumps(self.bends.get(name, lambda a: a)(ReleaseAnswer(answer, self.m, self.signer)).pack()).encode()
        if name == "envelope":
            answer["token"] = b64url(json.dumps(self.sealed(json.loads(unb64url(answer["token"])))).encode())
        answer = self.bends.get(name, lambda a: a)(answer)
        return answer if isinstance(answer, bytes) else json.dumps(answer).encode()

    def sealed(self, members):
        """Guest attestation 4.9, with another token under the same inner key."""
        aes = AESGCM(self.m.key.decrypt(base64.b64decode(members["EncryptedInnerKey"]), padding.PKCS1v15()))
        iv, aad = base64.b64decode(members["EncryptionParams"]["Iv"]), b"Transport Key"
        text = aes.decrypt(iv, base64.b64decode(members["Jwt"]) + base64.b64decode(members["AuthenticationData"]), aad)
        if "token" in self.bends:
            text = self.bends["token"](Token(text.decode(), self.maa_key, self.m.other)).encode()
            iv = os.urandom(12)
            sealed = aes.encrypt(iv, text, aad)
            members = {**members, "Jwt": b64(sealed[:-16]), "AuthenticationData": b64(sealed[-16:]),
                       "EncryptionParams": {**members["EncryptionParams"], "Iv": b64(iv)}}
        return self.bends.get("sealed", lambda s: s)(members)

    def serve(self, service):
        """Starts it before a service of the lab; gives the port."""
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(handler):
                status, body = self.forward(service, handler)
                handler.send_response(status)
                handler.send_header("Content-Type", "application/json; charset=utf-8")
                handler.send_header("Content-Length", str(len(body)))
                handler.end_headers()
                handler.wfile.write(body)

            do_POST = do_GET

            def log_message(handler, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        if self.lab[service].startswith("https:"):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*(os.path.join(self.m.pki.directory, "tls." + kind) for kind in ("pem", "key")))
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server.server_address[1]
