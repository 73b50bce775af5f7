/* SPDX-License-Identifier: Apache-2.0 */
/* Opening DER from outside without a byte left over, which d2i functions alone do not promise. */
#include "jose/openssl.h"

#include <openssl/err.h>

enum { DER_SEQUENCE = 0x30, DER_LENGTH_SIZE_MAX = 4 };

/* X.690 10.1: a definite length in as few bytes as possible. */
static bool take_length(struct kw_cursor *c, size_t *ret)
{
	uint8_t first, more;
	size_t len = 0;

	if (!kw_take_u8(c, &first))
		return false;
	if (first < 0x80) {
		*ret = first;
		return true;
	}
	size_t n = first & 0x7fU;
	if (n == 0 || n > DER_LENGTH_SIZE_MAX)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!kw_take_u8(c, &more) || (i == 0 && more == 0))
			return false;
		len = len << 8 | more;
	}
	*ret = len;
	return len >= 0x80;
}

bool kw_der_size(struct kw_bytes in, size_t *ret)
{
	struct kw_cursor c = { .in = in };
	uint8_t tag;
	size_t len;

	if (!kw_take_u8(&c, &tag) || tag != DER_SEQUENCE || !take_length(&c, &len)
	    || !kw_skip(&c, len))
		return false;
	*ret = c.at;
	return true;
}

static bool is_one_sequence(struct kw_bytes der)
{
	size_t size = 0;

	return kw_der_size(der, &size) && size == der.len;
}

/* The key inside the envelope's OCTET STRING may have no trailing bytes either. */
static bool inner_is_whole(const PKCS8_PRIV_KEY_INFO *info)
{
	const uint8_t *key = NULL;
	int len = 0;

	return PKCS8_pkey_get0(NULL, &key, &len, NULL, info) == 1 && len > 0
	       && is_one_sequence((struct kw_bytes){ key, (size_t)len });
}

EVP_PKEY *kw_pkcs8_open(struct kw_bytes der)
{
	KW_CLEANUP(PKCS8_PRIV_KEY_INFO_freep) PKCS8_PRIV_KEY_INFO *info = NULL;
	const uint8_t *at = der.data;
	EVP_PKEY *pkey = NULL;

	if (is_one_sequence(der))
		info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, (long)der.len);
	if (info && at == der.data + der.len && inner_is_whole(info))
		pkey = EVP_PKCS82PKEY(info);
	ERR_clear_error();
	return pkey;
}

X509 *kw_x509_open(struct kw_bytes der)
{
	KW_CLEANUP(X509_freep) X509 *certificate = NULL;
	const uint8_t *at = der.data;

	if (is_one_sequence(der))
		certificate = d2i_X509(NULL, &at, (long)der.len);
	ERR_clear_error();
	if (!certificate || at != der.data + der.len)
		return NULL;
	return KW_STEAL(certificate);
}
