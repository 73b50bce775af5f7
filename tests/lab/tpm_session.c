/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm_session.h"

#include "certificate.h"
#include "out.h"
#include "swtpm.h"

#include <openssl/hmac.h>
#include <string.h>

enum { CODE_AT = 6, SESSIONS_MAX = 3 };

struct session {
	struct kw_bytes nonce, hmac;
	uint8_t attributes;
};

static bool take_session(struct kw_cursor *c, struct session *ret)
{
	uint16_t size = 0;
	return kw_take_be16(c, &size) && kw_take(c, size, &ret->nonce)
	       && kw_take_u8(c, &ret->attributes) && kw_take_be16(c, &size)
	       && kw_take(c, size, &ret->hmac);
}

/* The sessions of a response, and its parameters. */
static bool open_response(struct kw_bytes response, struct kw_cursor *ret_sessions,
			  struct kw_bytes *ret_params)
{
	uint32_t size = 0;
	*ret_sessions = (struct kw_cursor){ .in = response };
	return kw_skip(ret_sessions, LAB_TPM_HEADER_SIZE) && kw_take_be32(ret_sessions, &size)
	       && kw_take(ret_sessions, size, ret_params);
}

static const EVP_MD *hash_of(size_t size)
{
	switch (size) {
	case 20:
		return EVP_sha1();
	case 32:
		return EVP_sha256();
	case 48:
		return EVP_sha384();
	default:
		return NULL;
	}
}

/* HMAC with an empty key over rpHash, nonceTPM, nonceCaller and the attributes. */
static void authorize(const EVP_MD *hash, struct kw_bytes command, struct kw_bytes params,
		      const struct session *caller, const struct session *tpm,
		      uint8_t ret[EVP_MAX_MD_SIZE])
{
	struct lab_out input = { .len = 0 };
	uint8_t digest[EVP_MAX_MD_SIZE];
	lab_out_be32(&input, 0); /* success */
	lab_out_bytes(&input, command.data + CODE_AT, 4);
	lab_out_bytes(&input, params.data, params.len);
	lab_crypto_must(EVP_Digest(input.data, input.len, digest, NULL, hash, NULL) > 0, "hashing");
	input.len = 0;
	lab_out_bytes(&input, digest, (size_t)EVP_MD_get_size(hash));
	lab_out_bytes(&input, tpm->nonce.data, tpm->nonce.len);
	lab_out_bytes(&input, caller->nonce.data, caller->nonce.len);
	lab_out_u8(&input, tpm->attributes);
	lab_crypto_must(HMAC(hash, "", 0, input.data, input.len, ret, NULL) != NULL, "HMAC");
}

void lab_session_repair(struct kw_bytes command, size_t n_handles, struct kw_bytes original,
			uint8_t *changed, size_t changed_len)
{
	struct kw_cursor asked = { .in = command }, was = { 0 }, now = { 0 };
	struct kw_bytes old_params = { 0 }, params = { 0 };
	uint8_t hmac[EVP_MAX_MD_SIZE];
	uint32_t size = 0, handle = 0;
	if (!kw_skip(&asked, LAB_TPM_HEADER_SIZE + 4 * n_handles) || !kw_take_be32(&asked, &size)
	    || !open_response(original, &was, &old_params)
	    || !open_response((struct kw_bytes){ changed, changed_len }, &now, &params))
		return;
	for (int i = 0; i < SESSIONS_MAX; i++) {
		struct session caller = { 0 }, before = { 0 }, after = { 0 };
		if (!kw_take_be32(&asked, &handle) || !take_session(&asked, &caller)
		    || !take_session(&was, &before) || !take_session(&now, &after))
			return;
		const EVP_MD *hash = hash_of(before.hmac.len);
		if (!hash)
			continue; /* a password */
		authorize(hash, command, old_params, &caller, &before, hmac);
		if (memcmp(hmac, before.hmac.data, before.hmac.len) != 0)
			continue;
		authorize(hash, command, params, &caller, &after, hmac);
		memcpy(changed + (after.hmac.data - changed), hmac, after.hmac.len);
	}
}
