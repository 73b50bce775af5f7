/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The little of X.509 that is no chain of AMD's: the attestation key certificate of the vTPM,
 * x5c[0] of a key set, and the x5c chain of a release answer.
 */
#pragma once

#include "jose/public_key.h"
#include "util/checks.h"
#include "util/origin.h"

struct kw_certificate {
	struct kw_public_key *key;
	char subject_cn[128], issuer_cn[128]; /* cleaned; "" if there is none */
	char issuer[256];		      /* one line, cleaned */
	int64_t not_before_s, not_after_s;
	size_t der_size; /* bytes that the DER took; the input may go on behind it if trailing bytes
			    were allowed */
	bool self_issued;
};

/* `trailing`: bytes may follow the DER (the zero padding of an NV index). */
int kw_certificate_parse(struct kw_bytes der, bool trailing, enum kw_error_name error,
			 struct kw_certificate *ret, struct kw_error *err) KW_MUST_USE;
void kw_certificate_clear(struct kw_certificate *certificate);

/*
 * Roots for the release answer: "system" or a PEM file; loaded once, shared by threads. A missing
 * system bundle is no error here: the store stays empty, and each chain judged by it fails and says
 * why.
 */
struct kw_signer_roots;
int kw_signer_roots_load(const char *system_or_file, struct kw_signer_roots **ret,
			 struct kw_error *err) KW_MUST_USE;
int kw_signer_roots_parse(struct kw_bytes pem, struct kw_signer_roots **ret,
			  struct kw_error *err) KW_MUST_USE;
void kw_signer_roots_free(struct kw_signer_roots *roots);
KW_DEFINE_FREEP(struct kw_signer_roots, kw_signer_roots_free);

/*
 * key release 4.4, points 3 to 6: judges x5c (1 to 10 DER certificates, leaf first, each complete),
 * x5t#S256 if present (`x5t_s256` may be NULL), the leaf's key, the chain to `roots` (NULL: not
 * possible, and nothing after it is judged) at `now_s` for TLS server use, and the host name or
 * address of `vault` (NULL: the name is not compared). The rows of `checks`, in this order: "x5c
 * form" (REL_JWS_FORM), "x5t#S256" (REL_JWS_X5T), "x5c leaf key" (REL_JWS_FORM), "x5c chain"
 * (REL_JWS_CHAIN), "x5c validity" (REL_JWS_TIME), "x5c host" (REL_JWS_HOST); what is not there to
 * be compared is "not possible". Whether the chain is good is in `checks`; `ret_leaf_key` is set
 * whenever the leaf parsed and has an RSA key of 2048 bits or more. Fails (REL_JWS_FORM) only if
 * there is no leaf to speak of.
 */
int kw_x5c_judge(const struct kw_json *x5c, const char *x5t_s256,
		 const struct kw_signer_roots *roots, const struct kw_origin *vault, int64_t now_s,
		 struct kw_checks *checks, struct kw_public_key **ret_leaf_key,
		 struct kw_error *err) KW_MUST_USE;
