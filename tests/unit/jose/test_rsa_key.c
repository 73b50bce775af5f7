/* SPDX-License-Identifier: Apache-2.0 */
#include "jose/rsa_key.h"

#include "given.h"
#include "jose/private_key.h"
#include "jose/unwrap.h"

static void makes_a_key(void **state)
{
	KW_CLEANUP(kw_secret_clear) struct kw_secret pkcs8 = { 0 };
	KW_CLEANUP(kw_secret_clear) struct kw_secret plain = { 0 };
	KW_CLEANUP(kw_public_key_freep) struct kw_public_key *public = NULL;
	KW_CLEANUP(kw_private_key_clear) struct kw_private_key key = { 0 };
	KW_CLEANUP(kw_blob_clear) struct kw_blob wrapped = { 0 };
	struct kw_error err = { 0 };

	(void)state;
	assert_int_equal(kw_rsa_key_generate(&pkcs8, &public, &err), 0);
	assert_int_equal(kw_public_key_bits(public), KW_WRAPPING_KEY_BITS);
	assert_int_equal(
		kw_encrypt_rsa_oaep(public, KW_SHA256, kw_bytes_text("an AES key"), &wrapped, &err),
		0);
	assert_int_equal(kw_unwrap_oaep(kw_secret_bytes(&pkcs8), KW_SHA256, kw_blob_bytes(&wrapped),
					&plain, &err),
			 0);
	assert_string_equal((const char *)plain.data, "an AES key");
	assert_int_equal(kw_private_key_parse("RSA", &pkcs8, &key, &err), 0);
	assert_true(kw_public_key_equal(key.public, public));
}

static void makes_another(void **state)
{
	struct kw_secret pkcs8[2] = { 0 };
	struct kw_public_key *public[2] = { 0 };
	struct kw_error err = { 0 };

	(void)state;
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(kw_rsa_key_generate(&pkcs8[i], &public[i], &err), 0);
	assert_false(kw_public_key_equal(public[0], public[1]));
	for (size_t i = 0; i < 2; i++) {
		kw_secret_clear(&pkcs8[i]);
		kw_public_key_free(public[i]);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		{ "given a new key, it opens what is wrapped for it", makes_a_key, NULL, NULL,
		  NULL },
		{ "given two new keys, they differ", makes_another, NULL, NULL, NULL },
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
