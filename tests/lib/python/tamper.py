#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A foreign client against a running lab: the whole exchange as it should be, then everything that a correct verifier
refuses, one deviation at a time, with the words that the reason of the refusal must have.

    tamper.py D WORK
"""
import json, sys, warnings

warnings.filterwarnings("ignore", module="cryptography")  # a VCEK has the serial number 0
warnings.filterwarnings("ignore", message="Parsed a serial number")

from cryptography.hazmat.primitives import serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import padding  # noqa: E402

import tamper_platform, tamper_release, tamper_request, tamper_tpm  # noqa: E402
from bending import with_tpm  # noqa: E402
from forge import Machine, Pki, der, der_int  # noqa: E402
from guest import Guest, b64url, client, opened, sha256, unb64url  # noqa: E402
from tamper_platform import extension  # noqa: E402

failed = 0


def result(good, name, detail=""):
    global failed
    failed += not good
    print(("ok " if good else "not ok ") + name)
    if not good:
        print("#   " + str(detail)[:500])


def reason(body):
    """The message of an error in the shape of MAA and Key Vault, or of IMDS."""
    try:
        error = json.loads(body)
    except ValueError:
        return body.decode(errors="replace")
    inner = error.get("error")
    return inner.get("message", "") if isinstance(inner, dict) else error.get("error_description", "")


def refused(clause, what, answer, status, words):
    status_is, body = answer
    result(status_is == status and words in reason(body), f"given {what} ({clause}), {status}: {words or 'refused'}",
           f"{status_is} {reason(body)}")


def accepted(what, answer):
    result(answer[0] == 200, f"given {what}, it is accepted", f"{answer[0]} {reason(answer[1])}")


def post(guest, info):
    return guest.web.send(guest.lab["maa"] + "/attest/AzureGuest?api-version=2020-10-01",
                          json.dumps({"AttestationInfo": b64url(json.dumps(info).encode())}).encode(),
                          headers={"Content-Type": "application/json"})


def what_passes(m):
    """What differs from the real machine and is no deviation."""
    for what, bends in (
            ("a machine in software with every signature in place", {}),
            ("unsigned bytes behind S (key release 1.5)", dict(unsigned=dict(unsigned=b"\1" * 368))),
            ("a report of version 5", dict(report=dict(version=5, family=0x19, model=1))),
            ("a migration agent and host data", dict(report=dict(policy=lambda p: p | 1 << 18, host_data=b"\1" * 32))),
            ("another clock, reset count and firmware", dict(quote=dict(clock=1, resets=9, restarts=9, firmware=9))),
            ("a hwID wrapped once more", dict(vcek=dict(extensions=extension("4", der(0x04, m.report.chip_id))))),
            ("a reserved SPL", dict(vcek=dict(extensions=extension("3.4", der_int(200))))),
            ("an AK certificate with zeros behind", dict(ak_cert_der=m.ak_cert.der() + bytes(100))),
            ("an AK with a policy", dict(ak=dict(policy=bytes(32))))):
        accepted(what, post(m.guest, m.info(**bends)))
    for what, members in (("no event log", dict(TcgLogs="")), ("no payload", dict(ClientPayload=None)),
                          ("members that nobody knows", dict(Hash=1, Pcrs=[]))):
        accepted(what, post(m.guest, {**m.info(), **members}))
    body = json.dumps({"attestationInfo": b64url(json.dumps(m.info()).encode())}).encode()
    accepted("the newer API with the newer member", m.guest.web.send(
        m.guest.lab["maa"] + "/attest/AzureGuest?api-version=2025-06-01", body, headers={"Content-Type": "application/json"}))


def secure_boot(m):
    """The claim follows the measured variable, not one that was put into a PCR that nobody quotes."""
    def put(log):
        measured = next(e for e in log.events if e.kind == 0x80000001 and e.pcr == 7)
        data = measured.data[:-1] + b"\0"
        log.events.append(measured.but(pcr=9, data=data, digests=[
            (algorithm, sha256(data) if algorithm == 0x0B else digest) for algorithm, digest in measured.digests]))

    status, answer = post(m.guest, m.info(log=put))
    token = opened(answer, lambda wrapped: m.key.decrypt(wrapped, padding.PKCS1v15())) if status == 200 else "..e30"
    claims = json.loads(unb64url(token.split(".")[1]))
    result(claims.get("secureboot") is True, "given Secure Boot switched off in PCR 9, the claim is of PCR 7", claims)


def by_the_tpm(m):
    """Deviations that the TPM itself makes and signs."""
    guest = m.guest

    def certified(pair, **more):
        return dict(EncKeyCertifyInfo=pair[0], EncKeyCertifyInfoSignature=pair[1], **more)

    def key(pcrs=guest.pcrs, **template):
        """A certified key; it goes with its connection."""
        tpm = client.Tpm(guest.lab["tcti"])
        handle, public = tpm.ephemeral(guest.unique, pcrs, **template)
        pair = tpm.certify(handle)
        tpm.socket.close()
        return certified(pair, EncKeyPub=public)

    nonce, more = guest.tools.quote("-q", "0102"), guest.tools.quote(pcrs="sha256:0,1,2,3,4,5,6,7,8")
    rows = [
        ("a quote of the TPM with a nonce", dict(PcrQuote=nonce[0], PcrSignature=nonce[1]), "qualifying data"),
        ("a quote of the TPM over PCR 8 too", dict(PcrQuote=more[0], PcrSignature=more[1]), "PCR 0 to 7"),
        ("tpm2_certify's structure with its four bytes", certified(guest.tools.certify()), "qualifying data"),
        ("a key that the TPM uses without policy", key(attributes=0x00020472), "attributes"),
        ("a key of the TPM for other PCR values", key(pcrs=[bytes(32)] * 8), "policy"),
        ("a key that the TPM made in the owner hierarchy", key(hierarchy=client.OWNER), "NULL hierarchy"),
    ]
    return [("guest attestation 4.5", what, with_tpm(guest.info(), **members), words) for what, members, words in rows]


EVIDENCE = (by_the_tpm, *tamper_platform.ALL, *tamper_tpm.ALL, *tamper_request.ALL)
REQUESTS = (tamper_request.body, *tamper_release.REQUESTS)


def is_the_vaults(directory, plain):
    with open(directory + "/kept/demo.public.pem", "rb") as file:
        kept = serialization.load_pem_public_key(file.read())
    return serialization.load_der_private_key(plain, None).public_key().public_numbers() == kept.public_numbers()


def main():
    directory, work = sys.argv[1:]
    guest = Guest(directory, work)
    jwt = guest.attest(guest.info())
    result(True, "the untampered evidence gives a token that the TPM opens")
    m = Machine(guest, Pki(directory))
    vault = tamper_release.Vault(m, jwt)
    status, answer = vault.release()
    result(status == 200 and is_the_vaults(directory, guest.unwrap(answer)),
           "the key that it releases, opened with tpm2_rsadecrypt, is the vault's", answer)
    accepted("the token signed again as it was", vault.release(vault.token.signed()))
    accepted("the access token signed again as it was", vault.release(bearer=vault.entra.signed()))
    what_passes(m)
    secure_boot(m)
    for clause, what, info, words in (row for part in EVIDENCE for row in part(m)):
        refused(clause, what, post(guest, info), 400, words)
    for parts, send in ((REQUESTS, lambda call: call()), (tamper_release.TOKENS + tamper_release.COMPLIANCE, vault.release),
                        (tamper_release.POLICIES, vault.try_policy), (tamper_release.ATTRIBUTES, vault.try_attributes)):
        for clause, what, deviation, *due in (row for part in parts for row in part(m, vault)):
            refused(clause, what, send(deviation), *due)
    status, answer = vault.release()
    result(status == 200, "afterwards the untampered release still succeeds", answer)
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
