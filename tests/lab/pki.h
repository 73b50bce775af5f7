/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lab's keys and certificates, made in D/pki when missing and read from there when present, so that a tester can
 * forge what only the platform could sign. PEM files: ark.key ark.pem ask.key ask.pem vcek.key vcek.pem, asvk.*,
 * vlek.*, ca.key ca.pem (TLS, identity of hosts), tls.key tls.pem (all services; SAN: the host name and localhost and
 * 127.0.0.1), maa.key maa.pem (token signing, self-signed, CN = the MAA URL), entra.key, signer-root.* signer-ca.*
 * signer.* (release answer: root, intermediate, leaf with the vault's name), vtpm-ca.* (AK certificates).
 */
#pragma once

#include "lab.h"

struct lab_pair {
	EVP_PKEY *key;
	X509 *cert;
};
struct lab_pki {
	struct lab_pair ark, ask, vcek, asvk, vlek, ca, tls, maa, signer_root, signer_ca, signer, vtpm_ca, entra;
	/* Of nobody's trust, for faults: a second AMD-like chain, TLS certificate, token key and signer chain. */
	struct lab_pair evil_ark, evil_ask, evil_vcek, evil_tls, evil_maa, evil_signer_root, evil_signer;
};
extern struct lab_pki lab_pki;
/* `chip_id` and `tcb` go into the VCEK. The MAA URL is known once its listener is bound: see lab_pki_maa(). */
void lab_pki_open(const struct lab_options *options, const uint8_t chip_id[64], const uint8_t tcb[8]);
void lab_pki_maa(const char *maa_url);
/* A VCEK with one deviation (field=...), signed by the lab's ASK: see docs/lab.md "tamper". */
X509 *lab_pki_vcek_bent(const char *deviation);
char *lab_pem(X509 *cert); /* owned */
/* TLS server context certificates by fault: NULL or "expired", "wrong-host", "self-signed", "wrong-usage". */
struct lab_pair lab_pki_tls_for(const char *deviation);
/* Release answer signers by fault: NULL or "chain", "host", "expired". The x5c order: leaf, ca, root. */
