/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compact JWS (RFC 7515 3.1), parsed but not believed: three unpadded base64url parts, header and
 * payload JSON objects without duplicate members. Verify first, then read the payload.
 */
#pragma once

#include "jose/public_key.h"

struct kw_jws {
	struct kw_json *header, *payload;
	struct kw_blob payload_bytes; /* decoded, as signed */
	struct kw_blob signature;
	struct kw_bytes signing_input; /* borrowed: part1.part2 of the text */
	const char *alg;	       /* of the header; never NULL */
};

enum { KW_JWS_SIZE_MAX = 256 * 1024 };

int kw_jws_parse(struct kw_bytes text, enum kw_error_name error, struct kw_jws *ret,
		 struct kw_error *err) KW_MUST_USE;
void kw_jws_clear(struct kw_jws *jws);
/* RS256 with `key` (2048 bits or more). The caller has checked that the header's alg is RS256. */
bool kw_jws_verify_rs256(const struct kw_jws *jws, const struct kw_public_key *key);

/* Finds keys by kid in a JWKS (n/e or x5c[0], both must agree where both are there). Entries with
 * the same kid: asks `accept` for each, in order, until one says yes. Returns how many had the kid.
 */
size_t kw_jwks_try(const struct kw_json *jwks, const char *kid,
		   bool (*accept)(void *ctx, const struct kw_public_key *key,
				  struct kw_bytes x5c_leaf_der),
		   void *ctx);
