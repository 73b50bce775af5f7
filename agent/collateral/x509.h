/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside collateral/: what OpenSSL's X509 is asked more than once, and lists of certificates as
 * DER. Nothing here trusts anything; chain.c judges.
 */
#pragma once

#include "jose/digest.h"
#include "util/bytes.h"
#include "util/cleanup.h"
#include "util/error.h"

#include <openssl/x509.h>

KW_DEFINE_FREEP(X509, X509_free);

/* One certificate and nothing behind it; NULL if it is none. */
X509 *kw_x509_parse(struct kw_bytes der);
/* The only common name, cleaned; "" if there is none or more than one. */
void kw_x509_common_name(const X509_NAME *name, char *ret, size_t size);
/* DER SubjectPublicKeyInfo; empty if the key cannot be encoded. */
struct kw_blob kw_x509_spki(const X509 *certificate);
void kw_x509_spki_digest(const X509 *certificate, uint8_t ret[KW_SHA256_SIZE]);
/* One CERTIFICATE block: 64 columns, LF, one LF at the end. Owned. */
char *kw_x509_pem(struct kw_bytes der);

enum { KW_DER_LIST_MAX = 16, KW_DER_LIST_INPUT_MAX = 1 << 20 };

struct kw_der_list {
	struct kw_blob der[KW_DER_LIST_MAX];
	size_t n;
};

/* PEM with CERTIFICATE blocks and no others (LF or CR LF, text around them is skipped), or DER
 * certificates one behind the other; none at all for no bytes. Fails with `error`; the detail
 * starts with `what`. */
int kw_der_list_parse(struct kw_bytes in, const char *what, enum kw_error_name error,
		      struct kw_der_list *ret, struct kw_error *err) KW_MUST_USE;
void kw_der_list_clear(struct kw_der_list *list);
