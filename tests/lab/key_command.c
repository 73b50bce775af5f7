/* SPDX-License-Identifier: Apache-2.0 */
#include "key_command.h"

#include "flags.h"
#include "util/base64.h"
#include "util/file.h"
#include "util/text.h"
#include "vault.h"

#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_MAX = 256 << 10, EXIT_NO_FILE = 66 };

static struct kw_json *operations(const char *kty)
{
	static const char *const rsa[] = { "encrypt", "decrypt",   "sign", "verify",
					   "wrapKey", "unwrapKey", NULL };
	static const char *const ec[] = { "sign", "verify", NULL };
	static const char *const oct[] = { "encrypt", "decrypt", "wrapKey", "unwrapKey", NULL };
	struct kw_json *list = kw_json_new_array();

	for (const char *const *one = strcmp(kty, "RSA") == 0  ? rsa
				      : strcmp(kty, "EC") == 0 ? ec
							       : oct;
	     *one != NULL; one++)
		kw_json_add_string(list, NULL, *one);
	return list;
}

/* PEM or DER, PKCS#8 or the older forms; NULL: neither. */
static EVP_PKEY *read_private(const struct kw_blob *bytes)
{
	BIO *bio = BIO_new_mem_buf(bytes->data, (int)bytes->len);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	const uint8_t *at = bytes->data;

	BIO_free(bio);
	return key != NULL ? key : d2i_AutoPrivateKey(NULL, &at, (long)bytes->len);
}

static bool take_import(const struct kw_json *request, struct lab_key_form *form,
			struct lab_why *why)
{
	const char *text = kw_json_string(kw_json_get(request, "import"));
	KW_CLEANUP(kw_blob_clear) struct kw_blob bytes = { 0 };

	if (text == NULL)
		return true;
	if (!kw_base64_decode(KW_BASE64, kw_bytes_text(text), &bytes) || bytes.len == 0)
		return lab_refuse(why, "the file to import is empty");
	if (strcmp(form->kty, "oct-HSM") == 0)
		form->oct = kw_blob_copy(kw_blob_bytes(&bytes));
	else
		form->pkey = read_private(&bytes);
	return form->pkey != NULL || form->oct.len > 0
	       || lab_refuse(why, "the file to import is not a private key in PEM or DER");
}

static char *describe(const struct lab_key *key)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *root = kw_json_new_object();
	KW_CLEANUP(freep) char *id = lab_key_id(key->store, key->name, key->version);

	kw_json_add_string(root, "kid", id);
	kw_json_add(root, "key", lab_key_public(key));
	return kw_json_print(root);
}

char *lab_key_command(const struct kw_json *request, bool *ret_ok)
{
	static const char *const kinds[][2] = { { "RSA", "RSA-HSM" },
						{ "EC", "EC-HSM" },
						{ "oct", "oct-HSM" } };
	KW_CLEANUP(lab_key_form_clear)
	struct lab_key_form form = { .exportable = true, .attributes.enabled = true };
	const char *kty = kw_json_string(kw_json_get(request, "kty"));
	const char *policy = kw_json_string(kw_json_get(request, "policy"));
	const char *store = kw_json_string(kw_json_get(request, "store"));
	const struct lab_key *key = NULL;
	struct lab_why why = { "" };

	*ret_ok = false;
	for (size_t i = 0; kty != NULL && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i][0], kty) == 0)
			form.kty = kinds[i][1];
	if (form.kty == NULL)
		return kw_format("--kty is RSA, EC or oct");
	if (store != NULL && strcmp(store, "mhsm") == 0)
		form.store = LAB_MANAGED_HSM;
	else if (store != NULL && strcmp(store, "vault") != 0)
		return kw_format("--store is vault or mhsm");
	form.name = kw_json_string(kw_json_get(request, "name"));
	form.curve = kw_json_string(kw_json_get(request, "curve"));
	form.key_ops = operations(kty);
	form.policy = policy != NULL ? kw_strdup(policy) : lab_policy_default();
	if (!kw_json_int(kw_json_get(request, "size"), &form.size))
		form.size = 0;
	if (form.name == NULL || !take_import(request, &form, &why)
	    || !lab_keys_make(&form, &key, &why))
		return kw_strdup(why.text);
	*ret_ok = true;
	return describe(key);
}

void lab_key_ensure(const char *name)
{
	const struct lab_key *key = lab_keys_find(LAB_KEY_VAULT, name, NULL);
	KW_CLEANUP(freep) char *has = key != NULL ? lab_keys_policy(key) : NULL;
	KW_CLEANUP(freep) char *policy = lab_policy_default();
	KW_CLEANUP(kw_json_freep) struct kw_json *request = NULL;
	bool ok = false;

	if (has != NULL && strcmp(has, policy) == 0)
		return;
	request = kw_json_new_object();
	kw_json_add_string(request, "name", name);
	kw_json_add_string(request, "kty", "RSA");
	KW_CLEANUP(freep) char *text = lab_key_command(request, &ok);
	if (!ok)
		lab_die("key '%s': %s", name, text);
}

static struct kw_blob read_file(const char *path)
{
	struct kw_blob content = { 0 };
	struct kw_error err = { 0 };

	if (kw_file_read(path, FILE_MAX, KW_E_SYS_FILE, &content, &err) < 0) {
		fprintf(stderr, "keyward-lab: %s\n", err.detail);
		_exit(EXIT_NO_FILE);
	}
	return content;
}

struct kw_json *lab_key_request(const struct lab_key_words *words)
{
	struct kw_json *request = kw_json_new_object();

	kw_json_add_string(request, "command", "key");
	kw_json_add_string(request, "name", words->name);
	kw_json_add_string(request, "kty", words->kty);
	if (words->size != NULL)
		kw_json_add_int(request, "size", lab_flag_number("size", words->size));
	if (words->curve != NULL)
		kw_json_add_string(request, "curve", words->curve);
	if (words->store != NULL)
		kw_json_add_string(request, "store", words->store);
	if (words->policy_file != NULL) {
		KW_CLEANUP(kw_blob_clear) struct kw_blob text = read_file(words->policy_file);

		kw_json_add_string(request, "policy", (const char *)text.data);
	}
	if (words->import_file != NULL) {
		KW_CLEANUP(kw_blob_clear) struct kw_blob bytes = read_file(words->import_file);

		lab_add_b64(request, "import", kw_blob_bytes(&bytes));
	}
	return request;
}
