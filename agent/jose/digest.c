/* SPDX-License-Identifier: Apache-2.0 */
#include "jose/digest.h"

#include "jose/openssl.h"

const EVP_MD *kw_hash_md(enum kw_hash hash)
{
	switch (hash) {
	case KW_SHA1:
		return EVP_sha1();
	case KW_SHA256:
		return EVP_sha256();
	case KW_SHA384:
		return EVP_sha384();
	case KW_SHA512:
		return EVP_sha512();
	}
	abort();
}

size_t kw_hash_size(enum kw_hash hash)
{
	return (size_t)EVP_MD_get_size(kw_hash_md(hash));
}

const char *kw_hash_name(enum kw_hash hash)
{
	switch (hash) {
	case KW_SHA1:
		return "sha1";
	case KW_SHA256:
		return "sha256";
	case KW_SHA384:
		return "sha384";
	case KW_SHA512:
		return "sha512";
	}
	abort();
}

void kw_digest(enum kw_hash hash, struct kw_bytes in, uint8_t *ret)
{
	kw_digest_parts(hash, &in, 1, ret);
}

void kw_digest_parts(enum kw_hash hash, const struct kw_bytes *parts, size_t n_parts, uint8_t *ret)
{
	KW_CLEANUP(EVP_MD_CTX_freep) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = ctx && EVP_DigestInit_ex2(ctx, kw_hash_md(hash), NULL) == 1;

	for (size_t i = 0; i < n_parts; i++)
		ok = ok && EVP_DigestUpdate(ctx, parts[i].data, parts[i].len) == 1;
	if (!ok || EVP_DigestFinal_ex(ctx, ret, NULL) != 1)
		abort();
}
