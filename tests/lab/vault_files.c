/* SPDX-License-Identifier: Apache-2.0 */
#include "vault_files.h"

#include "keep.h"
#include "util/file.h"
#include "util/memory.h"
#include "util/text.h"

#include <dirent.h>
#include <openssl/pem.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = 1 << 20 };

static char roots[2][512]; /* D/vault, D/mhsm */

static char *path_of(const struct lab_key *key, const char *suffix)
{
	return kw_format("%s/%s/%s%s", roots[key->store], key->name, key->version, suffix);
}

static void write_file(const char *path, struct kw_bytes content)
{
	struct kw_file_target target = {
		.path = path, .mode = 0600, .gid = (gid_t)-1, .allow_disk = true
	};
	struct kw_error err = { 0 };

	if (kw_file_replace(&target, content, &err) < 0)
		lab_die("%s", err.detail);
}

static void write_material(const struct lab_key *key)
{
	KW_CLEANUP(freep) char *path = path_of(key, ".key");
	BIO *bio;
	char *text = NULL;
	long len;

	if (key->pkey == NULL) {
		write_file(path, kw_blob_bytes(&key->oct));
		return;
	}
	bio = BIO_new(BIO_s_mem());
	if (PEM_write_bio_PKCS8PrivateKey(bio, key->pkey, NULL, NULL, 0, NULL, NULL) != 1)
		lab_die("a key cannot be written");
	len = BIO_get_mem_data(bio, &text);
	write_file(path, (struct kw_bytes){ (const uint8_t *)text, (size_t)len });
	BIO_free(bio);
}

static struct kw_json *describe(const struct lab_key *key)
{
	struct kw_json *root_object = kw_json_new_object();

	kw_json_add_string(root_object, "kty", key->kty);
	kw_json_add_int(root_object, "order", key->order);
	kw_json_add_bool(root_object, "enabled", key->attributes.enabled);
	kw_json_add_int(root_object, "nbf", key->attributes.nbf_s);
	kw_json_add_int(root_object, "exp", key->attributes.exp_s);
	kw_json_add_int(root_object, "created", key->attributes.created_s);
	kw_json_add_int(root_object, "updated", key->attributes.updated_s);
	kw_json_add_bool(root_object, "exportable", key->exportable);
	kw_json_add_bool(root_object, "immutable", key->immutable);
	if (key->key_ops != NULL)
		kw_json_add(root_object, "key_ops", kw_json_copy(key->key_ops));
	if (key->policy != NULL)
		kw_json_add_string(root_object, "policy", key->policy);
	return root_object;
}

void lab_key_file_write(const struct lab_key *key)
{
	KW_CLEANUP(freep) char *dir = kw_format("%s/%s", roots[key->store], key->name);
	KW_CLEANUP(freep) char *path = path_of(key, ".json");
	KW_CLEANUP(kw_json_freep) struct kw_json *about = describe(key);
	KW_CLEANUP(freep) char *text = kw_json_print_pretty(about);

	mkdir(dir, 0700);
	write_material(key);
	write_file(path, kw_bytes_text(text));
	if (key->pkey != NULL && key->store == LAB_KEY_VAULT)
		lab_keep_public(key->name, key->pkey);
}

void lab_key_file_remove(const struct lab_key *key)
{
	KW_CLEANUP(freep) char *about = path_of(key, ".json");
	KW_CLEANUP(freep) char *material = path_of(key, ".key");

	unlink(about);
	unlink(material);
}

static struct kw_blob read_file(const char *path)
{
	struct kw_blob content = { 0 };
	struct kw_error err = { 0 };

	if (kw_file_read(path, FILE_MAX, KW_E_SYS_FILE, &content, &err) < 0)
		lab_die("%s", err.detail);
	return content;
}

static void read_about(const char *path, struct lab_key *key)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob text = read_file(path);
	KW_CLEANUP(kw_json_freep) struct kw_json *about = NULL;
	struct lab_key_attributes *a = &key->attributes;
	const char *kty = NULL;
	struct kw_error err = { 0 };

	if (kw_json_parse(kw_blob_bytes(&text), KW_JSON_STRICT, KW_E_SYS_DATA, &about, &err) < 0
	    || kw_json_want_string(about, "kty", KW_E_SYS_DATA, &kty, &err) < 0)
		lab_die("%s: %s", path, err.detail);
	snprintf(key->kty, sizeof(key->kty), "%s", kty);
	if (!kw_json_int(kw_json_get(about, "order"), &key->order)
	    || !kw_json_bool(kw_json_get(about, "enabled"), &a->enabled)
	    || !kw_json_int(kw_json_get(about, "nbf"), &a->nbf_s)
	    || !kw_json_int(kw_json_get(about, "exp"), &a->exp_s)
	    || !kw_json_int(kw_json_get(about, "created"), &a->created_s)
	    || !kw_json_int(kw_json_get(about, "updated"), &a->updated_s)
	    || !kw_json_bool(kw_json_get(about, "exportable"), &key->exportable)
	    || !kw_json_bool(kw_json_get(about, "immutable"), &key->immutable))
		lab_die("%s: a member is missing", path);
	if (kw_json_get(about, "key_ops") != NULL)
		key->key_ops = kw_json_copy(kw_json_get(about, "key_ops"));
	key->policy = kw_strdup(kw_json_string(kw_json_get(about, "policy")));
}

static void read_material(const char *path, struct lab_key *key)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob content = read_file(path);
	BIO *bio;

	if (strncmp(key->kty, "oct", 3) == 0) {
		key->oct = kw_blob_copy(kw_blob_bytes(&content));
		return;
	}
	bio = BIO_new_mem_buf(content.data, (int)content.len);
	key->pkey = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	BIO_free(bio);
	if (key->pkey == NULL)
		lab_die("%s is not a private key in PEM", path);
}

static void read_version(enum lab_store store, const char *name, const char *file,
			 void (*insert)(struct lab_key *key))
{
	size_t len = strlen(file);
	struct lab_key *key;

	if (len < 6 || strcmp(file + len - 5, ".json") != 0)
		return;
	key = kw_alloc(sizeof(*key));
	key->store = store;
	if (snprintf(key->name, sizeof(key->name), "%s", name) >= (int)sizeof(key->name))
		lab_die("the key name '%s' is too long", name);
	snprintf(key->version, sizeof(key->version), "%.*s", (int)(len - 5), file);
	KW_CLEANUP(freep) char *about = path_of(key, ".json");
	KW_CLEANUP(freep) char *material = path_of(key, ".key");
	read_about(about, key);
	read_material(material, key);
	insert(key);
}

/* Calls `visit` for each name in a directory, hidden ones left out. */
static void each_entry(const char *path, void (*visit)(const char *name, void *context),
		       void *context)
{
	struct dirent **entries = NULL;
	int n = scandir(path, &entries, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		if (entries[i]->d_name[0] != '.')
			visit(entries[i]->d_name, context);
		free(entries[i]);
	}
	free(entries);
}

struct walk {
	enum lab_store store;
	const char *name; /* of the key */
	void (*insert)(struct lab_key *key);
};

static void visit_version(const char *file, void *context)
{
	const struct walk *walk = context;

	read_version(walk->store, walk->name, file, walk->insert);
}

static void visit_key(const char *name, void *context)
{
	struct walk walk = *(const struct walk *)context;
	KW_CLEANUP(freep) char *path = kw_format("%s/%s", roots[walk.store], name);

	walk.name = name;
	each_entry(path, visit_version, &walk);
}

void lab_key_files_read(const char *dir, void (*insert)(struct lab_key *key))
{
	static const char *const names[] = { "vault", "mhsm" };
	struct walk walk = { .insert = insert };

	for (unsigned store = LAB_KEY_VAULT; store <= LAB_MANAGED_HSM; store++) {
		snprintf(roots[store], sizeof(roots[store]), "%s/%s", dir, names[store]);
		if (mkdir(roots[store], 0700) != 0 && access(roots[store], W_OK) != 0)
			lab_die("%s: %m", roots[store]);
		walk.store = store;
		each_entry(roots[store], visit_key, &walk);
	}
}
