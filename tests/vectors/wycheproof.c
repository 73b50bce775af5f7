/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wycheproof files: each test is put to keyward's own function for that algorithm, so that "agree"
 * speaks of our code. OAEP with a label or with two digests, which keyward does not offer, goes to
 * OpenSSL.
 */
#include "jose/public_key.h"
#include "jose/unwrap.h"
#include "util/base64.h"
#include "vectors/jose.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const char *text_of(const struct kw_json *object, const char *name)
{
	const char *text = kw_json_string(kw_json_get(object, name));

	return text ? text : "";
}

static enum kw_hash hash_of(const struct kw_json *group, const char *name)
{
	static const char *const names[] = { "SHA-1", "SHA-256", "SHA-384", "SHA-512" };
	static const enum kw_hash hashes[] = { KW_SHA1, KW_SHA256, KW_SHA384, KW_SHA512 };

	for (size_t i = 0; i < 4; i++)
		if (strcmp(text_of(group, name), names[i]) == 0)
			return hashes[i];
	fail_msg("'%s' is not one of our digests", text_of(group, name));
	return KW_SHA1;
}

static bool is_message(const struct kw_json *test, const struct kw_secret *plain)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob expected = vec_hex(test, "msg");

	return kw_bytes_equal(kw_secret_bytes(plain), kw_blob_bytes(&expected));
}

static bool judge_kwp(const struct kw_json *group, const struct kw_json *test)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob key = vec_hex(test, "key");
	KW_CLEANUP(kw_blob_clear) struct kw_blob wrapped = vec_hex(test, "ct");
	KW_CLEANUP(kw_secret_clear) struct kw_secret plain = { 0 };
	struct kw_error err = { 0 };

	(void)group;
	return kw_unwrap_kwp(kw_blob_bytes(&key), kw_blob_bytes(&wrapped), &plain, &err) == 0
	       && is_message(test, &plain);
}

static bool judge_gcm(const struct kw_json *group, const struct kw_json *test)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob key = vec_hex(test, "key");
	KW_CLEANUP(kw_blob_clear) struct kw_blob iv = vec_hex(test, "iv");
	KW_CLEANUP(kw_blob_clear) struct kw_blob aad = vec_hex(test, "aad");
	KW_CLEANUP(kw_blob_clear) struct kw_blob text = vec_hex(test, "ct");
	KW_CLEANUP(kw_blob_clear) struct kw_blob tag = vec_hex(test, "tag");
	KW_CLEANUP(kw_secret_clear) struct kw_secret plain = { 0 };

	(void)group;
	return kw_open_gcm(kw_blob_bytes(&key), kw_blob_bytes(&iv), kw_blob_bytes(&aad),
			   kw_blob_bytes(&text), kw_blob_bytes(&tag), &plain)
	       && is_message(test, &plain);
}

/* OAEP in full generality; `ret` holds as many bytes as the modulus. */
static bool openssl_oaep(EVP_PKEY_CTX *ctx, const struct kw_json *group, struct kw_bytes label,
			 struct kw_bytes wrapped, uint8_t *ret, size_t *len)
{
	uint8_t *owned = OPENSSL_memdup(label.data, label.len + 1);

	return EVP_PKEY_decrypt_init(ctx) == 1
	       && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1
	       && EVP_PKEY_CTX_set_rsa_oaep_md_name(ctx, text_of(group, "sha"), NULL) == 1
	       && EVP_PKEY_CTX_set_rsa_mgf1_md_name(ctx, text_of(group, "mgfSha"), NULL) == 1
	       && EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, owned, (int)label.len) == 1
	       && EVP_PKEY_decrypt(ctx, ret, len, wrapped.data, wrapped.len) == 1;
}

static bool judge_foreign_oaep(const struct kw_json *group, const struct kw_json *test,
			       struct kw_bytes pkcs8, struct kw_bytes wrapped)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob label = vec_hex(test, "label");
	KW_CLEANUP(kw_blob_clear) struct kw_blob expected = vec_hex(test, "msg");
	const uint8_t *at = pkcs8.data;
	EVP_PKEY *pkey = d2i_AutoPrivateKey(NULL, &at, (long)pkcs8.len);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pkey, NULL);
	size_t len = (size_t)EVP_PKEY_get_size(pkey);
	KW_CLEANUP(kw_blob_clear) struct kw_blob out = kw_blob_new(len);
	bool opened = openssl_oaep(ctx, group, kw_blob_bytes(&label), wrapped, out.data, &len);

	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	return opened
	       && kw_bytes_equal((struct kw_bytes){ out.data, len }, kw_blob_bytes(&expected));
}

static bool judge_oaep(const struct kw_json *group, const struct kw_json *test)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob pkcs8 = vec_hex(group, "privateKeyPkcs8");
	KW_CLEANUP(kw_blob_clear) struct kw_blob wrapped = vec_hex(test, "ct");
	KW_CLEANUP(kw_secret_clear) struct kw_secret plain = { 0 };
	struct kw_error err = { 0 };

	if (text_of(test, "label")[0] != '\0'
	    || strcmp(text_of(group, "sha"), text_of(group, "mgfSha")) != 0)
		return judge_foreign_oaep(group, test, kw_blob_bytes(&pkcs8),
					  kw_blob_bytes(&wrapped));
	return kw_unwrap_oaep(kw_blob_bytes(&pkcs8), hash_of(group, "sha"), kw_blob_bytes(&wrapped),
			      &plain, &err)
		       == 0
	       && is_message(test, &plain);
}

static struct kw_public_key *key_of(const struct kw_json *group)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob der = vec_hex(group, "publicKeyDer");
	struct kw_public_key *key = NULL;
	struct kw_error err = { 0 };

	if (kw_public_key_from_spki(kw_blob_bytes(&der), KW_E_SYS_DATA, &key, &err) < 0)
		fail_msg("publicKeyDer: %s", err.detail);
	return key;
}

static bool judge_pkcs1(const struct kw_json *group, const struct kw_json *test)
{
	KW_CLEANUP(kw_public_key_freep) struct kw_public_key *key = key_of(group);
	KW_CLEANUP(kw_blob_clear) struct kw_blob data = vec_hex(test, "msg");
	KW_CLEANUP(kw_blob_clear) struct kw_blob signature = vec_hex(test, "sig");

	return kw_verify_rsa_pkcs1(key, hash_of(group, "sha"), kw_blob_bytes(&data),
				   kw_blob_bytes(&signature));
}

static bool judge_pss(const struct kw_json *group, const struct kw_json *test)
{
	KW_CLEANUP(kw_public_key_freep) struct kw_public_key *key = key_of(group);
	KW_CLEANUP(kw_blob_clear) struct kw_blob data = vec_hex(test, "msg");
	KW_CLEANUP(kw_blob_clear) struct kw_blob signature = vec_hex(test, "sig");
	int64_t salt_len = 0;

	if (strcmp(text_of(group, "sha"), text_of(group, "mgfSha")) != 0
	    || !kw_json_int(kw_json_get(group, "sLen"), &salt_len))
		fail_msg("PSS group is not of one digest with a salt");
	return kw_verify_rsa_pss(key, hash_of(group, "sha"), (int)salt_len, kw_blob_bytes(&data),
				 kw_blob_bytes(&signature));
}

static bool judge_ecdsa(const struct kw_json *group, const struct kw_json *test)
{
	KW_CLEANUP(kw_public_key_freep) struct kw_public_key *key = key_of(group);
	KW_CLEANUP(kw_blob_clear) struct kw_blob data = vec_hex(test, "msg");
	KW_CLEANUP(kw_blob_clear) struct kw_blob signature = vec_hex(test, "sig");

	return kw_verify_ecdsa(key, hash_of(group, "sha"), kw_blob_bytes(&data),
			       kw_blob_bytes(&signature));
}

static const struct algorithm {
	const char *name;
	bool (*judge)(const struct kw_json *group, const struct kw_json *test);
} algorithms[] = {
	{ "AES-KWP", judge_kwp },     { "AES-GCM", judge_gcm },
	{ "RSAES-OAEP", judge_oaep }, { "RSASSA-PKCS1-v1_5", judge_pkcs1 },
	{ "RSASSA-PSS", judge_pss },  { "ECDSA", judge_ecdsa },
};

static const struct algorithm *find_algorithm(const char *name)
{
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++)
		if (strcmp(algorithms[i].name, name) == 0)
			return &algorithms[i];
	return NULL;
}

/* What was counted over a file. */
struct tally {
	int64_t tests, agree, valid, invalid, acceptable;
	struct kw_json *disagree; /* tcIds */
};

static void count(const struct kw_json *test, bool accepted, struct tally *tally)
{
	const char *expected = text_of(test, "result");
	int64_t id = 0;

	tally->tests++;
	if (strcmp(expected, "acceptable") == 0)
		tally->acceptable++;
	else if (strcmp(expected, "valid") == 0)
		tally->valid++;
	else
		tally->invalid++;
	if (strcmp(expected, "acceptable") == 0 || accepted == (strcmp(expected, "valid") == 0))
		tally->agree++;
	else if (kw_json_int(kw_json_get(test, "tcId"), &id))
		kw_json_add_int(tally->disagree, NULL, id);
}

static int64_t run_groups(const struct kw_json *groups, const struct algorithm *algorithm,
			  struct tally *tally)
{
	int64_t n = 0;

	for (const struct kw_json *group = kw_json_first(groups); group;
	     group = kw_json_next(group), n++) {
		const struct kw_json *tests = kw_json_get(group, "tests");
		for (const struct kw_json *test = kw_json_first(tests); test;
		     test = kw_json_next(test))
			count(test, algorithm->judge(group, test), tally);
	}
	return n;
}

static void result_fact(struct vec_item *item, const struct tally *tally)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *result = kw_json_new_object();

	if (tally->valid)
		kw_json_add_int(result, "valid", tally->valid);
	if (tally->acceptable)
		kw_json_add_int(result, "acceptable", tally->acceptable);
	if (tally->invalid)
		kw_json_add_int(result, "invalid", tally->invalid);
	vec_fact_json(item, "result", result);
}

void vec_wycheproof(struct vec_item *item)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *json = vec_json(item, "file");
	KW_CLEANUP(kw_json_freep) struct kw_json *disagree = kw_json_new_array();
	const char *name = text_of(json, "algorithm");
	const struct algorithm *algorithm = find_algorithm(name);
	struct tally tally = { .disagree = disagree };

	vec_reason(item, NULL);
	if (!algorithm) {
		vec_check(item, false, "algorithm '%s' is not known to the test", name);
		return;
	}
	int64_t n_groups = run_groups(kw_json_get(json, "testGroups"), algorithm, &tally);
	vec_fact_str(item, "algorithm", name);
	vec_fact_int(item, "groups", n_groups);
	vec_fact_int(item, "tests", tally.tests);
	result_fact(item, &tally);
	vec_fact_int(item, "agree", tally.agree);
	vec_fact_json(item, "disagree", disagree);
}
