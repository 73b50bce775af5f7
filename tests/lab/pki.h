/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lab's keys and certificates, made in D/pki when missing and read from there when present, so
 * that a tester can forge what only the platform could sign. PEM files: ark.key ark.pem ask.key
 * ask.pem vcek.key vcek.pem (asvk.*, vlek.*: once needed), ca.key ca.pem (TLS, identity of hosts),
 * tls.key tls.pem (all services; SAN: the host name and localhost and the loopback addresses),
 * maa.key maa.pem (token signing, self-signed, CN = the MAA URL), entra.key, signer-ca.* signer.*
 * (release answer: intermediate and leaf with the vault's name; signer-root.* is the CA of the lab
 * again), vtpm-ca.* (AK certificates). Everything here belongs to this part and lives as long as
 * the program; thread-safe once lab_pki_open() has returned.
 */
#pragma once

#include "lab.h"

struct lab_pair {
	EVP_PKEY *key;
	X509 *cert; /* NULL: a bare key (entra) */
};
struct lab_pki {
	struct lab_pair ark, ask, vcek, ca, tls, maa, signer_root, signer_ca, signer, vtpm_ca,
		entra;
	/* Made on first use: only through lab_pki_late(). VLEK and its ASVK, and what nobody
	 * trusts: a second AMD-like chain, TLS certificate, token key and signer chain. */
	struct lab_pair asvk, vlek;
	struct lab_pair evil_ark, evil_ask, evil_vcek, evil_tls, evil_maa, evil_signer_root,
		evil_signer;
};
extern struct lab_pki lab_pki;
/* Makes a pair that is not made at the start, with those above it, and returns it:
 * lab_pki_late(&lab_pki.evil_maa). */
const struct lab_pair *lab_pki_late(struct lab_pair *pair);

/* lab_platform_start() calls it: `chip_id` and `tcb` go into the VCEK. */
void lab_pki_open(const struct lab_options *options, const uint8_t chip_id[64],
		  const uint8_t tcb[8]);
/* The MAA URL is known once its listener is bound: makes lab_pki.maa. */
void lab_pki_maa(const char *maa_url);

/* The certificate of the token key with one deviation: "key-cert-name", "key-cert-expired". Owned.
 */
X509 *lab_pki_maa_bent(const char *deviation);

char *lab_pem(X509 *cert); /* owned */

/* TLS server certificates by fault: NULL or "expired", "wrong-host", "self-signed", "wrong-usage",
 * "untrusted". Lasting: not to be freed. */
struct lab_pair lab_pki_tls_for(const char *deviation);
/* Release answer signers by fault: NULL or "chain" (of nobody's trust), "host", "expired",
 * "wrong-usage" (no TLS server), "weak" (RSA of 1024 bits). x5c is
 * leaf, ca, root in that order; a chain may be shorter (NULL). Lasting. */
struct lab_signer {
	struct lab_pair leaf;
	X509 *ca, *root;
};
struct lab_signer lab_pki_signer_for(const char *deviation);
