#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""`keyward verify` against the vectors, and against files that were made to hurt it.

verify_vectors.py KEYWARD VECTORS WORK [SEED]: one line per test; exits with 1 if one failed.
"""
import base64
import concurrent.futures
import json
import os
import pathlib
import random
import subprocess
import sys

CUTS, FLIPS = 200, 500
KINDS = {"hcl-report": "hcl-report", "snp-report": "snp-report", "cert-chain": "collateral", "thim": "collateral",
         "tpm-quote": "quote", "eventlog": "event-log"}
ROLES = {  # role of a file: option, by kind
    "hcl-report": {"leaf": "--vcek", "roots": "--chain"},
    "snp-report": {"leaf": "--vcek", "roots": "--chain", "runtime": "--runtime", "cce_policy": "--policy"},
    "cert-chain": {"leaf": "--vcek"},
    "thim": {"report": "--report"},
    "tpm-quote": {"ak": "--ak", "hcl": "--hcl", "pcrs": "--pcrs"},
    "eventlog": {"pcrs": "--pcrs"},
    "token": {"jwks": "--jwks", "policy": "--policy"},
    "release-answer": {"anchor": "--roots", "kek": "--kek"},
}
MAIN = {"hcl-report": ["hcl"], "snp-report": ["report"], "cert-chain": ["roots"], "thim": ["thim"],
        "tpm-quote": ["msg", "sig"], "eventlog": ["log"], "token": ["jws"], "release-answer": ["jws"]}


class Suite:
    def __init__(self, keyward, vectors, work, seed):
        self.keyward, self.vectors, self.work = keyward, pathlib.Path(vectors), pathlib.Path(work)
        self.expected = json.loads((self.vectors / "expected.json").read_text())
        self.random = random.Random(seed)
        self.failed = 0

    def say(self, good, name, why=""):
        print(("ok " if good else "not ok ") + name)
        if not good:
            self.failed += 1
            print("#   " + why)

    def run(self, words):
        done = subprocess.run([self.keyward, "verify", *words, "-o", "json"], capture_output=True, timeout=60,
                              env={"PATH": os.environ["PATH"]}, check=False)
        try:
            answer = json.loads(done.stdout)
        except ValueError:
            answer = {}
        return done.returncode, answer, done.stderr.decode(errors="replace")

    def kind(self, item):
        if item["kind"] != "jws":
            return item["kind"]
        return "release-answer" if "anchor" in item["files"] else "token"

    def words(self, item, main=None):
        """The command line of an item; `main` stands for its (first) file."""
        kind = self.kind(item)
        params, told = item.get("params") or {}, item.get("verify_with") or {}
        time = params.get("time", self.expected["default_time"])
        out = [KINDS.get(kind, kind)]
        out += [str(self.vectors / item["files"][role]) for role in MAIN[kind]]
        if main:
            out[1] = str(main)
        for role, option in ROLES[kind].items():
            if role in item["files"]:
                out += [option, str(self.vectors / item["files"][role])]
        if kind == "token":
            out += ["--now", str(params.get("now", told.get("time", time))), "--skew", str(params.get("skew", 0))]
        elif kind not in ("tpm-quote", "eventlog"):
            out += ["--time", str(time)]
        if "nonce" in params:
            out += ["--nonce", params["nonce"]]
        for name in ("issuer", "vault"):
            if name in told:
                out += ["--" + name, told[name]]
        return out

    def verdicts(self):
        judged = 0
        for item in self.expected["items"]:
            if not item["verify"]:
                continue
            judged += 1
            due = item.get("verify_verdict") or ("refused" if item["error"] else "accepted")
            code, answer, err = self.run(self.words(item))
            rows = [row["verdict"] for row in answer.get("checks", [])]
            good = answer.get("verdict") == due and (code == 0) == (due == "accepted") and code < 128
            good = good and ("failed" in rows) == (due == "refused") and (due != "not-possible" or code == 65)
            self.say(good, f"{item['id']} is {due}", f"exit {code}, {answer.get('verdict')}: {err.strip()}")
        due = sum(1 for item in self.expected["items"] if item["verify"])
        self.say(judged == due > 0, f"all {due} items marked verify were judged", f"{judged} were")

    def item(self, name):
        return next(i for i in self.expected["items"] if i["id"] == name)

    def hurt(self, item, what, data):
        """What is wrong with the answer to a hurt file, or None."""
        kind = self.kind(item)
        path = self.work / what.replace(" ", "-")
        path.write_bytes(data)
        code, _, err = self.run(self.words(item, path))
        path.unlink()
        if code >= 128 or code < 0 or "Sanitizer" in err:
            return f"{what}: exit {code}: {err[-300:]}"
        good = (self.vectors / item["files"][MAIN[kind][0]]).read_bytes()
        if code == 0 and meaning(kind, data) != meaning(kind, good):
            return f"{what}: accepted"
        return None

    def hostile(self, name):
        item = self.item(name)
        good = (self.vectors / item["files"][MAIN[self.kind(item)][0]]).read_bytes()
        cuts = self.random.sample(range(2, len(good)), min(CUTS, len(good) - 2))
        cases = [("empty", b""), ("1 byte", good[:1])] + [(f"cut at {at}", good[:at]) for at in cuts]
        for bit in self.random.sample(range(8 * len(good)), min(FLIPS, 8 * len(good))):
            flipped = bytearray(good)
            flipped[bit // 8] ^= 1 << bit % 8
            cases.append((f"bit {bit}", bytes(flipped)))
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            bad = [b for b in pool.map(lambda case: self.hurt(item, *case), cases) if b]
        self.say(not bad, f"{name}: {len(cases)} hurt files, no crash, none taken for another", "\n#   ".join(bad[:5]))


def meaning(kind, data):
    """What is protected in a file: two files that mean the same are the same to a verifier."""
    if kind == "hcl-report":
        size = int.from_bytes(data[1232:1236], "little")
        return data[32:32 + 672 + 144], data[1236:1236 + size]
    if kind == "snp-report":
        return data[:672 + 144]
    if kind == "thim":
        answer = {name.lower(): value for name, value in json.loads(data).items()}
        chain = answer["vcekcert"] + answer["certificatechain"]
        blocks = [b.split("-----END")[0] for b in chain.split("-----BEGIN CERTIFICATE-----")[1:]]
        return int(answer["tcbm"], 16), [base64.b64decode(b) for b in blocks]
    if kind == "token":
        return data.strip()
    if kind == "release-answer":
        return json.loads(data)["value"]
    if kind == "eventlog":
        return None  # digests do not cover the bytes of most events
    return data


def main():
    keyward, vectors, work = sys.argv[1:4]
    seed = int(sys.argv[4]) if len(sys.argv) > 4 else random.SystemRandom().randrange(1 << 32)
    print(f"# seed {seed}")
    suite = Suite(keyward, vectors, work, seed)
    suite.verdicts()
    for name in ("hcl/azure-milan-a", "snp/report-milan", "thim/thim-milan-a", "tpm-quote/azure-milan-a",
                 "eventlog/laptop-locality-3",
                 "maa/token-sharedweu", "akv/synthetic-release-rsa-ckm"):
        suite.hostile(name)
    sys.exit(1 if suite.failed else 0)


main()
