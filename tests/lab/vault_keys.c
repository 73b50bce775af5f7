/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of the vault: made, imported, found, changed. Their files are vault_files.c. */
#include "site.h"
#include "util/memory.h"
#include "util/text.h"
#include "vault.h"
#include "vault_files.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <string.h>

enum { VERSION_BYTES = 16, RSA_MIN = 2048, RSA_MAX = 4096, RECOVERABLE_DAYS = 90 };

static struct lab_key *keys; /* newest first */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void lab_key_form_clear(struct lab_key_form *form)
{
	EVP_PKEY_free(form->pkey);
	kw_blob_clear(&form->oct);
	kw_json_free(form->key_ops);
	free(form->policy);
	*form = (struct lab_key_form){ 0 };
}

static void key_free(struct lab_key *key)
{
	EVP_PKEY_free(key->pkey);
	kw_blob_clear(&key->oct);
	kw_json_free(key->key_ops);
	free(key->policy);
	free(key);
}

/* Into its place in the list. */
static void insert(struct lab_key *key)
{
	struct lab_key **at = &keys;

	while (*at != NULL && (*at)->order > key->order)
		at = &(*at)->next;
	key->next = *at;
	*at = key;
}

void lab_keys_open(const char *dir)
{
	lab_key_files_read(dir, insert);
}

void lab_keys_close(void)
{
	while (keys != NULL) {
		struct lab_key *next = keys->next;

		key_free(keys);
		keys = next;
	}
}

bool lab_key_name_fits(const char *name, size_t max)
{
	size_t len =
		strspn(name, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-");

	return len > 0 && len <= max && name[len] == '\0';
}

static bool kind_is(const char *kty, const char *kind)
{
	size_t len = strlen(kind);

	return strncmp(kty, kind, len) == 0 && (kty[len] == '\0' || strcmp(kty + len, "-HSM") == 0);
}

static bool check_imported(const struct lab_key_form *form, struct lab_why *why)
{
	int type = form->pkey != NULL ? EVP_PKEY_get_base_id(form->pkey) : EVP_PKEY_NONE;
	bool fits = kind_is(form->kty, "RSA")  ? type == EVP_PKEY_RSA
		    : kind_is(form->kty, "EC") ? type == EVP_PKEY_EC
					       : form->oct.len > 0 && form->oct.len <= LAB_OCT_MAX;

	return fits || lab_refuse(why, "the imported key is not of type %s", form->kty);
}

static bool generate(struct lab_key_form *form, struct lab_why *why)
{
	int64_t size = form->size;

	if (kind_is(form->kty, "RSA")) {
		size = size != 0 ? size : RSA_MIN;
		if (size < RSA_MIN || size > RSA_MAX || size % 1024 != 0)
			return lab_refuse(why, "RSA keys have 2048, 3072 or 4096 bits");
		form->pkey = lab_rsa_generate((unsigned)size);
	} else if (kind_is(form->kty, "EC")) {
		form->pkey = lab_ec_generate(form->curve != NULL ? form->curve : "P-256");
		if (form->pkey == NULL)
			return lab_refuse(why, "curves are P-256, P-384, P-521, P-256K");
	} else {
		size = size != 0 ? size : 256;
		if (size != 128 && size != 192 && size != 256)
			return lab_refuse(why, "oct keys have 128, 192 or 256 bits");
		form->oct = lab_random((size_t)size / 8);
	}
	return true;
}

static bool check_form(const struct lab_key_form *form, struct lab_why *why)
{
	if (!lab_key_name_fits(form->name, LAB_KEY_NAME_SIZE - 1))
		return lab_refuse(why, "'%s' is not a key name", form->name);
	if (form->kty == NULL
	    || (!kind_is(form->kty, "RSA") && !kind_is(form->kty, "EC")
		&& !kind_is(form->kty, "oct")))
		return lab_refuse(why, "kty is RSA, EC or oct, with or without -HSM");
	if (form->exportable && form->store == LAB_KEY_VAULT && strstr(form->kty, "-HSM") == NULL)
		return lab_refuse(why, "AKV.SKR.1006: a software key is not exportable");
	if (form->exportable && form->policy == NULL)
		return lab_refuse(why, "AKV.SKR.1004: an exportable key needs a release policy");
	if (!form->exportable && form->policy != NULL)
		return lab_refuse(why, "AKV.SKR.1005: a release policy on a key that is not "
				       "exportable");
	return form->policy == NULL || lab_policy_check(form->policy, why);
}

static struct lab_key *key_new(struct lab_key_form *form)
{
	KW_CLEANUP(freep) char *version = lab_random_hex(VERSION_BYTES);
	struct lab_key *key = kw_alloc(sizeof(*key));

	snprintf(key->name, sizeof(key->name), "%s", form->name);
	snprintf(key->version, sizeof(key->version), "%s", version);
	key->store = form->store;
	snprintf(key->kty, sizeof(key->kty), "%s%s", form->kty,
		 form->store == LAB_MANAGED_HSM && strstr(form->kty, "-HSM") == NULL ? "-HSM" : "");
	key->pkey = KW_STEAL(form->pkey);
	key->oct = form->oct;
	form->oct = (struct kw_blob){ 0 };
	key->key_ops = KW_STEAL(form->key_ops);
	key->policy = KW_STEAL(form->policy);
	key->exportable = form->exportable;
	key->immutable = form->immutable;
	key->attributes = form->attributes;
	key->attributes.created_s = lab_now_s();
	key->attributes.updated_s = key->attributes.created_s;
	return key;
}

bool lab_keys_make(struct lab_key_form *form, const struct lab_key **ret, struct lab_why *why)
{
	bool imported = form->pkey != NULL || form->oct.len > 0;
	struct lab_key *key;

	if (!check_form(form, why) || !(imported ? check_imported(form, why) : generate(form, why)))
		return false;
	key = key_new(form);
	pthread_mutex_lock(&lock);
	key->order = keys != NULL ? keys->order + 1 : 1;
	insert(key);
	lab_key_file_write(key);
	pthread_mutex_unlock(&lock);
	*ret = key;
	return true;
}

static const struct lab_key *find_from(const struct lab_key *from, enum lab_store store,
				       const char *name, const char *version)
{
	for (const struct lab_key *key = from; key != NULL; key = key->next)
		if (!key->deleted && key->store == store && strcmp(key->name, name) == 0
		    && (version == NULL || strcmp(key->version, version) == 0))
			return key;
	return NULL;
}

const struct lab_key *lab_keys_find(enum lab_store store, const char *name, const char *version)
{
	const struct lab_key *found;

	pthread_mutex_lock(&lock);
	found = find_from(keys, store, name, version);
	pthread_mutex_unlock(&lock);
	return found;
}

const struct lab_key *lab_keys_older(enum lab_store store, const char *name,
				     const struct lab_key *after)
{
	const struct lab_key *found;

	pthread_mutex_lock(&lock);
	found = find_from(after != NULL ? after->next : keys, store, name, NULL);
	pthread_mutex_unlock(&lock);
	return found;
}

/* The key of the list that a caller sees as const. */
static struct lab_key *own(const struct lab_key *key)
{
	struct lab_key *at = keys;

	while (at != key)
		at = at->next;
	return at;
}

struct lab_key_attributes lab_keys_attributes(const struct lab_key *key)
{
	struct lab_key_attributes now;

	pthread_mutex_lock(&lock);
	now = key->attributes;
	pthread_mutex_unlock(&lock);
	return now;
}

void lab_keys_set_attributes(const struct lab_key *key, const struct lab_key_attributes *to)
{
	struct lab_key *mine;

	pthread_mutex_lock(&lock);
	mine = own(key);
	mine->attributes = *to;
	mine->attributes.updated_s = lab_now_s();
	lab_key_file_write(mine);
	pthread_mutex_unlock(&lock);
}

char *lab_keys_policy(const struct lab_key *key)
{
	char *policy;

	pthread_mutex_lock(&lock);
	policy = kw_strdup(key->policy);
	pthread_mutex_unlock(&lock);
	return policy;
}

bool lab_keys_set_policy(const struct lab_key *key, const char *policy, bool immutable,
			 struct lab_why *why)
{
	struct lab_key *mine;
	bool fixed;

	if (!key->exportable)
		return lab_refuse(why, "AKV.SKR.1005: a release policy on a key that is not "
				       "exportable");
	if (!lab_policy_check(policy, why))
		return false;
	pthread_mutex_lock(&lock);
	mine = own(key);
	fixed = mine->immutable;
	if (!fixed) {
		free(mine->policy);
		mine->policy = kw_strdup(policy);
		mine->immutable = immutable;
		mine->attributes.updated_s = lab_now_s();
		lab_key_file_write(mine);
	}
	pthread_mutex_unlock(&lock);
	return !fixed || lab_refuse(why, "AKV.SKR.1020: the release policy is immutable");
}

void lab_keys_delete(enum lab_store store, const char *name)
{
	pthread_mutex_lock(&lock);
	for (struct lab_key *key = keys; key != NULL; key = key->next) {
		if (key->deleted || key->store != store || strcmp(key->name, name) != 0)
			continue;
		key->deleted = true;
		lab_key_file_remove(key);
	}
	pthread_mutex_unlock(&lock);
}

char *lab_key_id(enum lab_store store, const char *name, const char *version)
{
	return kw_format("%s/keys/%s%s%s",
			 store == LAB_MANAGED_HSM ? lab_site.mhsm : lab_site.vault, name,
			 version != NULL ? "/" : "", version != NULL ? version : "");
}

struct kw_json *lab_key_public(const struct lab_key *key)
{
	KW_CLEANUP(freep) char *id = lab_key_id(key->store, key->name, key->version);
	struct kw_json *jwk = kw_json_new_object();

	kw_json_add_string(jwk, "kid", id);
	kw_json_add_string(jwk, "kty", key->kty);
	if (key->key_ops != NULL)
		kw_json_add(jwk, "key_ops", kw_json_copy(key->key_ops));
	if (key->pkey != NULL)
		lab_jwk_add_public(jwk, key->pkey);
	return jwk;
}

void lab_key_add_properties(struct kw_json *bundle, const struct lab_key *key)
{
	struct lab_key_attributes now = lab_keys_attributes(key);
	struct kw_json *attributes = kw_json_add_object(bundle, "attributes");
	KW_CLEANUP(freep) char *text = lab_keys_policy(key);
	struct kw_json *policy;

	kw_json_add_bool(attributes, "enabled", now.enabled);
	if (now.nbf_s != 0)
		kw_json_add_int(attributes, "nbf", now.nbf_s);
	if (now.exp_s != 0)
		kw_json_add_int(attributes, "exp", now.exp_s);
	kw_json_add_int(attributes, "created", now.created_s);
	kw_json_add_int(attributes, "updated", now.updated_s);
	kw_json_add_string(attributes, "recoveryLevel", "Recoverable+Purgeable");
	kw_json_add_int(attributes, "recoverableDays", RECOVERABLE_DAYS);
	kw_json_add_bool(attributes, "exportable", key->exportable);
	kw_json_add_object(bundle, "tags");
	if (text == NULL)
		return;
	policy = kw_json_add_object(bundle, "release_policy");
	kw_json_add_string(policy, "contentType", "application/json; charset=utf-8");
	lab_add_b64url(policy, "data", kw_bytes_text(text));
	kw_json_add_bool(policy, "immutable", key->immutable);
}
