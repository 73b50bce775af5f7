/* SPDX-License-Identifier: Apache-2.0 */
/* ECDH-ES (RFC 7518 4.6): the agreed key, by the Concat KDF over SHA-256. */
#pragma once

#include "jose/public_key.h"
#include "util/secret.h"

struct kw_ecdh_info {
	const char *algorithm;	  /* `alg`, or `enc` in Direct Key Agreement */
	size_t key_size;	  /* bytes, at most 32 */
	struct kw_bytes apu, apv; /* may be empty */
};

/* `pkcs8` and `peer` are on the same curve. UNW_FAILED, whatever is wrong. */
int kw_ecdh_agree(struct kw_bytes pkcs8, const struct kw_public_key *peer,
		  const struct kw_ecdh_info *info, struct kw_secret *ret,
		  struct kw_error *err) KW_MUST_USE;
/* A key pair on the curve of `like`, for one message. */
int kw_ecdh_ephemeral(const struct kw_public_key *like, struct kw_secret *ret_pkcs8,
		      struct kw_public_key **ret_public, struct kw_error *err) KW_MUST_USE;
