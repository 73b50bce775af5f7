/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key Vault and Managed HSM: the release call (spec: key release 4) and the verification of its
 * answer. What comes back is still wrapped; service/ unwraps it with the session's provider.
 */
#pragma once

#include "config/config.h"
#include "config/key_id.h"
#include "http/client.h"
#include "jose/certificate.h"
#include "jose/unwrap.h"

struct kw_release_request {
	struct kw_key_id key;
	struct kw_bytes token; /* the attestation token */
	const struct kw_secret *bearer;
	enum kw_release_enc enc;
	char nonce[32];	     /* base64url of 16 random bytes */
	int64_t deadline_ms; /* boot clock: a token that ends soon is not sent any more; 0: none */
};

struct kw_release_answer {
	struct kw_json *payload;
	char kid[512], version[65], kty[16]; /* of response.key.key */
	struct kw_public_key *public;	     /* NULL: the answer has none (EC without x,y; oct) */
	bool public_missing;		     /* an EC key without x and y: "not compared" */
	char crv[16];			     /* of an EC key; "": the answer does not say */
	const struct kw_json *key_ops;	     /* borrowed from payload, or NULL */
	struct kw_key_hsm wrapped;
	int64_t nbf_s, exp_s; /* 0: none */
};
void kw_release_answer_clear(struct kw_release_answer *answer);

/* What a release answer is held against. NULL and zero members are not compared (offline
 * verification). */
struct kw_release_rules {
	const struct kw_key_id *key;
	const struct kw_origin *vault; /* where `key` is not known; else it is the key's origin */
	const char *enc, *nonce, *wrapping_kid;
	const struct kw_signer_roots *roots;
	int64_t now_s;
	bool require_nonce_echo;
};
/*
 * 4.4, every check in its order, each with its row (REL_JWS_* REL_ENC REL_NONCE REL_KID
 * REL_WRAPPING_KID REL_DISABLED REL_ANSWER). `body` is the HTTP answer {"value": "<JWS>"}. Returns
 * -1 only if there is nothing to judge; otherwise the verdict is in `checks` and `ret` holds what
 * could be read.
 */
int kw_release_answer_judge(struct kw_bytes body, const struct kw_release_rules *rules,
			    struct kw_checks *checks, struct kw_release_answer *ret,
			    struct kw_error *err) KW_MUST_USE;

/* One release call. 0: a 200 answer is in `ret_body`, unverified. REL_* by 4.8; a 401 fails with
 * REL_UNAUTHORIZED (the caller repeats once with a new token). */
int kw_vault_release(struct kw_http *http, const struct kw_release_request *request,
		     struct kw_blob *ret_body, struct kw_error *err) KW_MUST_USE;

/* A key's description: what `get` gives. Nothing of it is verified; nothing is released for it. */
struct kw_vault_key {
	struct kw_blob answer; /* the whole, with the policy in release_policy.data */
	char kid[512], kty[16];
	bool enabled, exportable, has_policy;
	int64_t nbf_s, exp_s; /* 0: none */
};
void kw_vault_key_clear(struct kw_vault_key *key);
/* REL_ANSWER. */
int kw_vault_key_parse(struct kw_bytes answer, struct kw_vault_key *ret,
		       struct kw_error *err) KW_MUST_USE;
/* GET. REL_GET if the caller may not; the rest as for a release. `deadline_ms` 0: none of its own.
 */
int kw_vault_get_key(struct kw_http *http, const struct kw_key_id *id,
		     const struct kw_secret *bearer, int64_t deadline_ms, struct kw_vault_key *ret,
		     struct kw_error *err) KW_MUST_USE;
