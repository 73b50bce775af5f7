# SPDX-License-Identifier: Apache-2.0
"""Deviations of the request itself: the encoding and the type of each member, the body around them (guest attestation 4.2,
4.3, 4.7, 4.8). Rows as in tamper_platform.py, those of `body` as the REQUESTS of tamper_release.py."""
import copy, json
from functools import partial

from bending import bent, set_proof
from guest import b64, b64url

GA = "guest attestation"
JSON = {"Content-Type": "application/json"}


# Every member that is base64 by where it stands; SnpReport alone is base64url without padding (4.7).
MEMBERS = (("OSType",), ("OSDistro",), ("OSBuild",), ("TcgLogs",), ("TpmInfo", "AikCert"), ("TpmInfo", "AikPub"),
           ("TpmInfo", "PcrQuote"), ("TpmInfo", "PcrSignature"), ("TpmInfo", "EncKeyPub"),
           ("TpmInfo", "EncKeyCertifyInfo"), ("TpmInfo", "EncKeyCertifyInfoSignature"),
           ("IsolationInfo", "Evidence", "Proof"), ("IsolationInfo", "Evidence", "RunTimeData"))


def mispadded(text):
    return text.rstrip("=") if text.endswith("=") else text + "="


def encodings(m):
    base = m.info()
    rows = []
    for path in MEMBERS:
        name = path[-1]
        forms = [("missing", None, f"'{name}'"), ("null", lambda _: {}, f"'{name}'"), ("a number", 7, f"'{name}'"),
                 ("wrongly padded", mispadded, f"'{name}' is not base64"),
                 ("of the other alphabet", lambda t: "-" + t[1:], f"'{name}' is not base64"),
                 ("with a line break", lambda t: t[:4] + "\n" + t[4:], f"'{name}' is not base64")]
        if name != "TcgLogs":
            forms.append(("empty", "", f"'{name}' is empty"))
        rows += [(f"{GA} {'4.7' if 'Evidence' in path else '4.4' if len(path) > 1 else '4.3'}", f"{name} {what}",
                  bent(base, path, change), words) for what, change, words in forms]
    for name, forms in (("SnpReport", (("padded", lambda t: t + "="), ("standard base64", lambda t: "+" + t[1:]))),
                        ("VcekCertChain", (("wrongly padded", mispadded), ("base64url", lambda t: "_" + t[1:])))):
        for what, change in forms + (("missing", None), ("a number", 1), ("empty", "")):
            info = copy.deepcopy(base)
            set_proof(info, **{name: change})
            rows.append((f"{GA} 4.7", f"{name} {what}", info, f"'{name}'"))
    spare = bent(base, ("OSType",), "TGludXh=")
    return rows + [(f"{GA} 0", "spare bits that are not zero", spare, "'OSType' is not base64")]


def members(m):
    base = m.info()
    rows = [
        ("4.3", "no protocol version", ("AttestationProtocolVersion",), None, "AttestationProtocolVersion"),
        ("4.3", "protocol version 1.0", ("AttestationProtocolVersion",), "1.0", "AttestationProtocolVersion"),
        ("4.3", "protocol version a number", ("AttestationProtocolVersion",), 2, "AttestationProtocolVersion"),
        ("4.3", "protocol version in base64", ("AttestationProtocolVersion",), b64(b"2.0"), "ProtocolVersion"),
        ("4.3", "OSType in the clear", ("OSType",), "Linux", "OSType"),
        ("4.3", "OSType Windows", ("OSType",), b64(b"Windows"), "expected 'Linux'"),
        ("4.3", "OSType with a NUL", ("OSType",), b64(b"Linux\0"), "NUL"),
        ("4.3", "OSVersionMajor 0", ("OSVersionMajor",), 0, "OSVersionMajor"),
        ("4.3", "OSVersionMajor as text", ("OSVersionMajor",), "12", "OSVersionMajor"),
        ("4.3", "OSVersionMajor missing", ("OSVersionMajor",), None, "OSVersionMajor"),
        ("4.3", "OSVersionMinor a fraction", ("OSVersionMinor",), 0.5, "OSVersionMinor"),
        ("4.3", "OSVersionMinor below zero", ("OSVersionMinor",), -1, "OSVersionMinor"),
        ("4.3", "OSVersionMinor missing", ("OSVersionMinor",), None, "OSVersionMinor"),
        ("4.3", "TpmInfo missing", ("TpmInfo",), None, "'TpmInfo'"),
        ("4.3", "TpmInfo as text", ("TpmInfo",), "{}", "'TpmInfo'"),
        ("4.3", "IsolationInfo missing", ("IsolationInfo",), None, "'IsolationInfo'"),
        ("4.7", "IsolationInfo a list", ("IsolationInfo",), [], "'IsolationInfo'"),
        ("4.7", "Type missing", ("IsolationInfo", "Type"), None, "SevSnp"),
        ("4.7", "Type in another case", ("IsolationInfo", "Type"), "sevsnp", "SevSnp"),
        ("4.7", "Evidence missing", ("IsolationInfo", "Evidence"), None, "'Evidence'"),
        ("4.7", "RuntimeData for RunTimeData", ("IsolationInfo", "Evidence"),
         lambda e: {"Proof": e["Proof"], "RuntimeData": e["RunTimeData"]}, "'RunTimeData' is missing"),
        ("4.7", "Proof not JSON", ("IsolationInfo", "Evidence", "Proof"), b64(b"proof"), "'Proof'"),
        ("4.7", "Proof a list", ("IsolationInfo", "Evidence", "Proof"), b64(b"[]"), "'Proof'"),
        ("4.8", "no ClientPayload", ("ClientPayload",), None, "'ClientPayload' is missing"),
        ("4.8", "ClientPayload a list", ("ClientPayload",), [], "ClientPayload"),
        ("4.8", "ClientPayload as text", ("ClientPayload",), "{}", "ClientPayload"),
        ("4.8", "a payload value in the clear", ("ClientPayload",), {"nonce": "a nonce"}, "'nonce' is not base64"),
        ("4.8", "a payload value a number", ("ClientPayload",), {"nonce": 1}, "'nonce'"),
        ("4.8", "a payload value null", ("ClientPayload", "nonce"), lambda _: {}, "'nonce'"),
        ("4.8", "a payload value a list", ("ClientPayload",), {"nonce": ["AA=="]}, "'nonce'"),
        ("4.8", "a payload value unpadded", ("ClientPayload",), {"nonce": "MTIzNA"}, "'nonce' is not base64"),
        ("4.8", "a payload value base64url", ("ClientPayload",), {"nonce": "-_-_"}, "'nonce' is not base64"),
        ("4.8", "a payload value not UTF-8", ("ClientPayload",), {"nonce": b64(b"\xff\xfe")}, "UTF-8"),
        ("4.8", "a payload value with a NUL", ("ClientPayload",), {"nonce": b64(b"a\0b")}, "NUL"),
    ]
    return [(f"{GA} {clause}", what, bent(base, path, change), words) for clause, what, path, change, words in rows]


def body(m, _):
    """Around the inner JSON: 4.2."""
    lab, web = m.guest.lab, m.guest.web
    inner = json.dumps(m.info())
    text = b64url(inner.encode())
    whole = json.dumps({"AttestationInfo": text}).encode()
    member = lambda value: json.dumps({"AttestationInfo": value}).encode()

    def post(data=whole, query="?api-version=2020-10-01", path="/attest/AzureGuest", method=None, headers=None):
        return web.send(lab["maa"] + path + query, data, method, JSON if headers is None else headers)

    version = "does not have AzureGuest"
    rows = [
        ("no api-version", dict(query=""), 400, version),
        ("an unknown api-version", dict(query="?api-version=2022-08-01"), 400, version),
        ("the newer member on the older version", dict(data=json.dumps({"attestationInfo": text}).encode()), 400,
         "'AttestationInfo' is missing"),
        ("the older member on the newer version", dict(query="?api-version=2025-06-01"), 400, "'attestationInfo' is missing"),
        ("another path", dict(path="/attest/AzureGuests"), 404, ""),
        ("GET", dict(data=None), 404, ""),
        ("PUT", dict(method="PUT"), 404, ""),
        ("another Content-Type", dict(headers={"Content-Type": "text/plain"}), 415, "Content-Type"),
        ("a form", dict(headers={"Content-Type": "application/x-www-form-urlencoded"}), 415, "Content-Type"),
        ("no body", dict(data=b""), 400, "the body"),
        ("a body that is not JSON", dict(data=b"AttestationInfo"), 400, "the body"),
        ("a body that is a list", dict(data=b"[" + whole + b"]"), 400, "not a JSON object"),
        ("a body with bytes behind", dict(data=whole + b"}"), 400, "the body"),
        ("a body with the member twice", dict(data=whole[:-1] + b"," + whole[1:]), 400, "the body"),
        ("a body that is not UTF-8", dict(data=whole[:-1] + b',"x":"\xff"}'), 400, "the body"),
        ("a body in UTF-16", dict(data=whole.decode().encode("utf-16")), 400, "the body"),
        ("AttestationInfo missing", dict(data=b"{}"), 400, "'AttestationInfo' is missing"),
        ("AttestationInfo empty", dict(data=member("")), 400, "'AttestationInfo' is empty"),
        ("AttestationInfo a number", dict(data=member(1)), 400, "'AttestationInfo' is missing"),
        ("AttestationInfo as an object", dict(data=member(json.loads(inner))), 400, "'AttestationInfo' is missing"),
        ("AttestationInfo padded", dict(data=member(text + "=")), 400, "unpadded base64url"),
        ("AttestationInfo in the other alphabet", dict(data=member("+" + text[1:])), 400, "unpadded base64url"),
        ("inner JSON cut short", dict(data=member(b64url(inner[:-1].encode()))), 400, "the attestation info"),
        ("inner JSON a list", dict(data=member(b64url(b"[]"))), 400, "the attestation info is not a JSON object"),
        ("inner JSON with bytes behind", dict(data=member(b64url(inner.encode() + b" {}"))), 400, "the attestation info"),
        ("inner JSON with a member twice",
         dict(data=member(b64url(inner[:-1].encode() + b',"OSType":"TGludXg="}'))), 400, "the attestation info"),
    ]
    return [(f"{GA} 4.2", what, partial(post, **how), status, words) for what, how, status, words in rows]


ALL = (encodings, members)
