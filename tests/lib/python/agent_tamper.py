#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every deviation that the lab refuses in a request, put before an agent in what the agent itself is given: by its TPM
(soft_tpm.py), by its event log and by the services (between.py). What is due stands in docs/deviations.md.

    agent_tamper.py D WORK KEYWARD PAGE
"""
import base64, concurrent.futures, json, os, queue, re, subprocess, sys, warnings

warnings.filterwarnings("ignore", module="cryptography")
warnings.filterwarnings("ignore", message="Parsed a serial number")

import yaml  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import padding  # noqa: E402

import answers, tamper, tamper_release  # noqa: E402
from between import Between  # noqa: E402
from forge import Machine, Pki  # noqa: E402
from guest import Guest, opened  # noqa: E402
from soft_tpm import SoftTpm  # noqa: E402
from tamper import post, result  # noqa: E402

AGENTS, TPM_PORT = 3, 40001
LEFT = ("", "KW-ATT-003", "KW-REL-007")  # it goes on, or the service is the one that refuses


class Agent:
    """A machine whose TPM and services are in this process, and `keyward` on it."""

    def __init__(self, m, keyward, n):
        self.m, self.keyward, self.port = m, keyward, TPM_PORT + 2 * n
        self.work = os.path.join(m.guest.work, str(n))
        os.mkdir(self.work)
        self.tpm, self.between = SoftTpm(m.guest.hcl, m.key), Between(m)
        self.tpm.serve(self.port)
        self.good = m.info()
        self.config = self.path("keyward.yaml", self.configuration())

    def path(self, name, data):
        path = os.path.join(self.work, name)
        with open(path, "wb") as file:
            file.write(data if isinstance(data, bytes) else data.encode())
        return path

    def configuration(self):
        with open(os.path.join(self.m.guest.directory, "keyward.yaml"), encoding="utf-8") as file:
            config = yaml.safe_load(file)
        lab = self.m.guest.lab
        config["evidence"] = {"tcti": f"swtpm:host=127.0.0.1,port={self.port}", "eventLog": self.path("log", b"")}
        config["imds"]["endpoint"] = f"http://127.0.0.1:{self.between.serve('imds')}"
        config["attestation"]["clientPayload"] = {"nonce": self.m.nonce}
        config["retry"] = {"deadline": "5s", "attempts": 1, "base": "50ms", "max": "100ms"}
        config["time"] = {"skew": "0s"}
        config["network"] = {"connectTo": [lab[name].split("//")[1] + f":127.0.0.1:{self.between.serve(name)}"
                                           for name in ("maa", "vault")]}
        return yaml.safe_dump(config)

    def release(self, info=None, hcl=None, **bends):
        """The id with which a release ends ("" when it succeeds), and which services were asked."""
        info = info or self.good
        self.tpm.present(info, hcl)
        self.path("log", base64.b64decode(info.get("TcgLogs", "")))
        self.between.bends, self.between.asked = {"thim": thim_of(info), **bends}, []
        done = subprocess.run([self.keyward, "release", "demo", "-c", self.config], capture_output=True, timeout=60,
                              check=False)
        return self.ended(done), set(self.between.asked)

    def verify(self, *words):
        done = subprocess.run([self.keyward, "verify", *words], capture_output=True, timeout=60, check=False)
        return self.ended(done, prints=True)

    def judge(self, token, policy):
        """Whether a token meets a release policy."""
        certs = json.dumps(self.m.guest.web(self.m.guest.lab["maa"] + "/certs"))
        data = policy if isinstance(policy, bytes) else json.dumps(policy)
        return self.verify("token", self.path("token", token), "--jwks", self.path("jwks", certs),
                           "--policy", self.path("policy", data)), set()

    @staticmethod
    def ended(done, prints=False):
        text = done.stderr.decode(errors="replace")
        found = re.search(r"^(KW-[A-Z]+-\d+)", text, re.M)
        if done.returncode == 0:
            return ""
        return found[1] if found and (prints or not done.stdout) else f"exit {done.returncode}: {text[-300:]}"


def thim_of(info):
    """THIM with the chain of the request: its first certificate as the VCEK."""
    proof = json.loads(base64.b64decode(info["IsolationInfo"]["Evidence"]["Proof"]))
    first, mark, rest = base64.b64decode(proof["VcekCertChain"]).decode().partition("-----END CERTIFICATE-----\n")
    return lambda thim: {**thim, "vcekCert": first + mark, "certificateChain": rest}


class Page:
    """docs/deviations.md: tables of clause, deviation and what the agent does, and one of reasons."""

    def __init__(self, path):
        self.rows, self.reasons, self.twice = {}, set(), []
        with open(path, encoding="utf-8") as file:
            for line in file:
                cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
                if len(cells) == 2 and line.startswith("| `"):
                    self.reasons.add(cells[0].strip("`"))
                elif len(cells) == 3 and line.startswith("| ") and cells[0] != "clause":
                    self.twice += [cells[1]] if (cells[0], cells[1]) in self.rows else []
                    self.rows[cells[0], cells[1]] = cells[2]


# Which services an agent may have asked before it refuses: never the one that would refuse the same.
BEFORE = {"evidence": {"imds"}, "thim": {"imds"}, "maa": {"imds", "maa"}, "policy": set()}
EVERY = {"imds", "maa", "vault"}


def deviations(m, vault):
    """Where it is, clause, deviation, and the run that puts it before an agent; None: only a request can have it."""
    policy = vault.policy({"claim": "x-ms-isolation-tee.x-ms-compliance-status", "equals": "azure-compliant-cvm"})

    def lab(parts):
        return (row[:3] for part in parts for row in part(m, vault))

    for clause, what, info, _ in (row for part in tamper.EVIDENCE for row in part(m)):
        yield "evidence", clause, what, lambda agent, info=info: agent.release(info, getattr(info, "hcl", None))
    for clause, what, _ in lab(tamper.REQUESTS):
        yield "request", clause, what, None
    for clause, what, text in lab(tamper_release.TOKENS):
        yield "maa", clause, what, lambda agent, text=text: agent.release(token=lambda _: text)
    for clause, what, text in lab(tamper_release.COMPLIANCE):
        yield "policy", clause, what, lambda agent, text=text: agent.judge(text, policy)
    for clause, what, wanted in lab(tamper_release.POLICIES):
        yield "policy", clause, what, lambda agent, wanted=wanted: agent.judge(vault.jwt, wanted)
    for clause, what, attributes in lab(tamper_release.ATTRIBUTES):
        yield "vault", clause, what, lambda agent, bends=answers.attributes(**attributes): agent.release(**bends)
    for service, clause, what, bends in answers.rows(m):
        yield service, clause, what, lambda agent, bends=bends: agent.release(**bends)


def judge(due, where, agents, run):
    """Whether it ended as the page says, and how it ended."""
    agent = agents.get()
    try:
        found, asked = run(agent)
    except Exception as error:  # noqa: BLE001: a stand-in that fails is a failed test
        found, asked = repr(error), set()
    finally:
        agents.put(agent)
    if due.startswith("left: "):
        return found in LEFT, f"the agent ends in '{found}'"
    return found == due and asked <= BEFORE.get(where, EVERY), f"'{found}', after asking {sorted(asked)}"


def paired(page, found):
    """The page has every deviation once, and none that is not there."""
    result(not page.twice, "no deviation stands twice in the page", page.twice)
    known = {(clause, what) for _, clause, what, _ in found}
    result(len(known) == len(found), "no two deviations have the same name")
    result(not known - set(page.rows), "every deviation has its row", sorted(known - set(page.rows)))
    result(not set(page.rows) - known, "every row has its deviation", sorted(set(page.rows) - known))
    for cell in {cell for cell in page.rows.values() if not cell.startswith("KW-")}:
        result(cell in page.reasons, f"'{cell}' has its reason in the page")
    for where, clause, what, run in found:
        if run is None:
            result(page.rows.get((clause, what), "").startswith("sent: "), f"{what} ({clause}) can only be sent")


def main():
    directory, work, keyward, path = sys.argv[1:]
    m = Machine(Guest(directory, work), Pki(directory))
    status, answer = post(m.guest, m.info())
    assert status == 200, answer
    vault = tamper_release.Vault(m, opened(answer, lambda wrapped: m.key.decrypt(wrapped, padding.PKCS1v15())))
    agents = queue.Queue()
    for n in range(AGENTS):
        agents.put(Agent(m, keyward, n))
    page, found = Page(path), list(deviations(m, vault))
    paired(page, found)
    good = agents.get()
    result(good.release() == ("", EVERY), "the untampered exchange passes")
    agents.put(good)
    with concurrent.futures.ThreadPoolExecutor(AGENTS) as pool:
        runs = [(where, clause, what, page.rows[clause, what], run) for where, clause, what, run in found
                if run and not page.rows.get((clause, what), "sent: ").startswith("sent: ")]
        ends = [pool.submit(judge, due, where, agents, run) for where, _, _, due, run in runs]
        for (_, clause, what, due, _), end in zip(runs, ends):
            good, how = end.result()
            result(good, f"given {what} ({clause}), {due}", how)
    print(f"# {len(found)} deviations, {len(runs)} of them before the agent")
    sys.exit(tamper.failed > 0)


if __name__ == "__main__":
    main()
