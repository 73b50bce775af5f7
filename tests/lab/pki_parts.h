/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the PKI have between themselves: the folder D/pki, and who makes what.
 */
#pragma once

#include "certificate.h"

enum { LAB_PATH_SIZE = 512 };

/* Makes D and D/pki. Comes before everything else below. */
void lab_pki_files_open(const char *dir);
void lab_pki_path(const char *name, char ret[LAB_PATH_SIZE]);
/* D/pki/NAME.key, made with `make` and written when it is not there. */
EVP_PKEY *lab_pki_key(const char *name, EVP_PKEY *(*make)(void));
/* D/pki/NAME.pem if it still fits: the same subject, key and signer, within its time, and good for
 * `host` unless that is NULL. Else a new one as `form` says, and written. */
X509 *lab_pki_cert(const char *name, const struct lab_certificate_form *form, const char *host);

EVP_PKEY *lab_make_rsa_2048(void);
EVP_PKEY *lab_make_rsa_4096(void);
EVP_PKEY *lab_make_p384(void);
/* Seconds since 1970, so many days from now. */
int64_t lab_days(long days);

/* Fill their members of lab_pki, the keys of ark and ask being there. */
void lab_amd_open(const struct lab_options *options, const uint8_t chip_id[64],
		  const uint8_t tcb[8]);
const char *lab_product_name(enum lab_product product); /* "Milan" */
/* The certificates above a VCEK, or above a VLEK, of any product line. All lines have the keys of
 * this machine's; only the names differ. Lasting; thread-safe. */
struct lab_amd_line {
	X509 *signer, *ark; /* signer: ASK or ASVK */
};
struct lab_amd_line lab_amd_line(enum lab_product product, bool vlek);
void lab_amd_make_vlek(void); /* asvk, vlek */
void lab_amd_make_evil(void); /* evil_ark, evil_ask, evil_vcek */
/* What THIM is to serve: this machine's certificates, each tamper fault of service thim that is due
 * applied. Owned; thread-safe. `ark` may be NULL. */
struct lab_amd_set {
	X509 *leaf, *ask, *ark;
};
struct lab_amd_set lab_amd_set_due(void);
void lab_amd_set_clear(struct lab_amd_set *set);

void lab_tls_open(const char *host);
void lab_tls_make_evil(void); /* evil_tls, evil_signer_root, evil_signer */
