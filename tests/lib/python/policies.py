#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""tests/data/policies.yaml against `keyward policy test` and the lab's vault: policies.py LAB WORK KEYWARD

Every token is signed with the lab's own key, so that the vault judges it as if the attestation service had given it.
"""
import base64, json, pathlib, ssl, subprocess, sys, time, urllib.error, urllib.parse, urllib.request

import yaml
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

LAB, WORK, KEYWARD = sys.argv[1:]
AT = json.load(open(LAB + "/lab.json"))
TRUST = ssl.create_default_context(cafile=AT["ca"])
failed = 0


def check(name, good, found=""):
    global failed
    failed += not good
    print(("ok " if good else "not ok ") + name + ("" if good else f"\n#   found: {str(found)[:900]}"))


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def call(url, body=None, method="GET", headers=(), context=TRUST):
    """The status, and the answer as JSON."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, method=method, headers={"Content-Type": "application/json", **dict(headers)})
    try:
        with urllib.request.urlopen(request, context=context if url.startswith("https") else None) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def substituted(value, keys):
    """With the places of this lab instead of @maa, @MAA and @keys."""
    if isinstance(value, dict):
        return {name: substituted(member, keys) for name, member in value.items()}
    if isinstance(value, list):
        return [substituted(member, keys) for member in value]
    if value == "@keys":
        return keys
    if isinstance(value, str):
        return value.replace("@maa", AT["maa"]).replace("@MAA", "https://" + AT["maa"][len("https://"):].upper())
    return value


def wrapping_keys():
    n = rsa.generate_private_key(65537, 2048).public_key().public_numbers().n
    return [{"kid": "k", "kty": "RSA", "e": "AQAB", "n": b64(n.to_bytes(256, "big")), "key_ops": ["encrypt"]}]


def signed(claims):
    """As the lab's attestation service signs: with its key, under the kid that it publishes."""
    key = serialization.load_pem_private_key(open(LAB + "/pki/maa.key", "rb").read(), None)
    kid = call(AT["maa"] + "/certs")[1]["keys"][0]["kid"]
    now = int(time.time())
    head = {"alg": "RS256", "kid": kid, "typ": "JWT", "jku": AT["maa"] + "/certs"}
    text = ".".join(b64(json.dumps(part).encode()) for part in (head, {**claims, "iat": now, "nbf": now, "exp": now + 3600}))
    return text + "." + b64(key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))


class Vault:
    """One key whose policy is changed from case to case."""

    def __init__(self):
        imds = f"{AT['imds']}/metadata/identity/oauth2/token?api-version=2018-02-01&resource="
        token = call(imds + urllib.parse.quote(AT["resource"], safe=""), headers={"Metadata": "true"})[1]["access_token"]
        self.headers = {"Authorization": "Bearer " + token}
        made = self.call("POST", "/create", {"kty": "EC-HSM", "crv": "P-256", "attributes": {"exportable": True},
                                             "release_policy": self.property('{"version":"1.0.0","anyOf":[{"authority":'
                                                                             '"https://a.example","allOf":[{"claim":"a",'
                                                                             '"equals":"b"}]}]}')})
        assert made[0] == 200, made

    @staticmethod
    def property(text):
        return {"contentType": "application/json; charset=utf-8", "data": b64(text.encode())}

    def call(self, method, path, body):
        return call(f"{AT['vault']}/keys/corpus{path}?api-version=7.4", body, method, self.headers)

    def take(self, text):
        return self.call("PATCH", "", {"release_policy": self.property(text)})

    def release(self, token):
        return self.call("POST", "/release", {"target": token, "enc": "RSA_AES_KEY_WRAP_256"})


STATES = {"value": "", "missing": "m", "object": "o", "array": "a", "inexact": "i", "hidden": "h"}


def word(node):
    """A part of the tree in the notation of the data file."""
    if "claim" in node:
        return node["verdict"][0] + STATES[node["state"]]
    which = "allOf" if "allOf" in node else "anyOf"
    issuer = "" if "authority" not in node else "=" if node["matches"] else "!"
    return issuer + ("&" if which == "allOf" else "|") + node["verdict"][0] + "(" + " ".join(map(word, node[which])) + ")"


def policy_test(policy, token):
    ran = subprocess.run([KEYWARD, "policy", "test", policy, token, "-o", "json"], capture_output=True, check=False)
    tree = json.loads(ran.stdout) if ran.stdout else None
    found = tree and " ".join([tree["verdict"], *map(word, tree["authorities"])])
    return ran.returncode, found, ran.stderr.decode()


EXIT = {"allowed": 0, "denied": 77, "unknown": 65}


def judge(case, text, vault, tokens):
    path = WORK + "/policy"
    pathlib.Path(path).write_text(text)
    taken = vault.take(text)[0]
    check(f"{case['name']}: the vault {'refuses' if case.get('vault') == 'refuses' else 'takes'} it",
          taken == (400 if case.get("vault") == "refuses" else 200), taken)
    if "grammar" in case:
        code, found, words = policy_test(path, f"{WORK}/cvm.jwt")
        check(f"{case['name']}: the grammar is broken", code == 65 and found is None and "KW-REL-040" in words
              and case["grammar"] in words, (code, found, words))
        return
    check(f"{case['name']}: there is a tree for every token", set(case["trees"]) == set(tokens))
    for name, expected in case["trees"].items():
        code, found, words = policy_test(path, f"{WORK}/{name}.jwt")
        verdict = expected.split()[0]
        check(f"{case['name']}, token {name}: {expected}", found == expected and code == EXIT[verdict], (code, found, words))
        if case.get("vault") == "refuses":
            continue
        said = case.get("vault", {}).get(name) if verdict == "unknown" else verdict
        status, answer = vault.release(tokens[name])
        check(f"{case['name']}, token {name}: the vault says {said}", status == {"allowed": 200, "denied": 403}.get(said), answer)


def main():
    data = yaml.safe_load(open("tests/data/policies.yaml"))
    keys, vault = wrapping_keys(), Vault()
    tokens = {name: signed(substituted(claims, keys)) for name, claims in data["tokens"].items()}
    for name, token in tokens.items():
        pathlib.Path(f"{WORK}/{name}.jwt").write_text(token)
    check("there are 30 policies or more", len(data["policies"]) >= 30)
    for case in data["policies"]:
        policy = case.get("policy") or {"version": "1.0.0", "anyOf": [
            {"authority": "@maa", **{word: case[word] for word in ("allOf", "anyOf") if word in case}}]}
        policy = substituted(policy, keys)
        judge(case, policy if isinstance(policy, str) else json.dumps(policy), vault, tokens)


main()
sys.exit(1 if failed else 0)
