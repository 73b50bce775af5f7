/* SPDX-License-Identifier: Apache-2.0 */
/* Azure Key Vault and Managed HSM: routes and the operations around the release. */
#include "vault.h"

#include "access_token.h"
#include "services.h"
#include "site.h"
#include "util/base64.h"
#include "util/text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* "/keys/NAME[/SECOND[/THIRD]]", the parts owned. */
struct route {
	enum lab_store store;
	char *name, *second, *third;
	char *api_version;
};

static void route_clear(struct route *route)
{
	free(route->name);
	free(route->second);
	free(route->third);
	free(route->api_version);
}

/* The next part of a path, owned; NULL at its end. */
static char *part(const char **at)
{
	size_t len = strcspn(*at, "/");
	char *text = len > 0 ? kw_format("%.*s", (int)len, *at) : NULL;

	*at += len;
	*at += **at == '/';
	return text;
}

static bool route_parse(const char *path, struct route *ret)
{
	if (strncmp(path, "/keys/", 6) != 0)
		return false;
	path += 6;
	ret->name = part(&path);
	ret->second = part(&path);
	ret->third = part(&path);
	return ret->name != NULL && *path == '\0'
	       && lab_key_name_fits(ret->name, LAB_KEY_NAME_SIZE - 1);
}

static bool version_known(const char *version, bool release)
{
	static const char *const known[] = {
		"7.3", "7.4", "7.5", "7.6", "2025-07-01", "2026-04-01"
	};

	for (size_t i = 0; version != NULL && i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i], version) == 0)
			return true;
	return !release && version != NULL && strncmp(version, "7.", 2) == 0;
}

static void answer_key(const struct lab_key *key, struct lab_reply *reply)
{
	struct kw_json *bundle = kw_json_new_object();

	kw_json_add(bundle, "key", lab_key_public(key));
	lab_key_add_properties(bundle, key);
	lab_reply_json(reply, 200, bundle);
	lab_reply_reason(reply, "%s/%s", key->name, key->version);
}

static void answer_versions(const struct route *r, struct lab_reply *reply)
{
	struct kw_json *root = kw_json_new_object();
	struct kw_json *list = kw_json_add_array(root, "value");

	for (const struct lab_key *key = NULL;
	     (key = lab_keys_older(r->store, r->name, key)) != NULL;) {
		struct kw_json *item = kw_json_new_object();
		KW_CLEANUP(freep) char *id = lab_key_id(key->store, key->name, key->version);

		kw_json_add_string(item, "kid", id);
		lab_key_add_properties(item, key);
		kw_json_add(list, NULL, item);
	}
	kw_json_add_null(root, "nextLink");
	lab_reply_json(reply, 200, root);
}

static void read_attributes(const struct kw_json *from, struct lab_key_attributes *a)
{
	int64_t number = 0;
	bool yes = false;

	if (kw_json_bool(kw_json_get(from, "enabled"), &yes))
		a->enabled = yes;
	if (kw_json_int(kw_json_get(from, "nbf"), &number))
		a->nbf_s = number;
	if (kw_json_int(kw_json_get(from, "exp"), &number))
		a->exp_s = number;
}

/* attributes and release_policy, as create and import share them. */
static bool read_properties(const struct kw_json *body, struct lab_key_form *form,
			    struct lab_why *why)
{
	const struct kw_json *attributes = kw_json_get(body, "attributes");
	const struct kw_json *policy = kw_json_get(body, "release_policy");
	const char *data = kw_json_string(kw_json_get(policy, "data"));
	KW_CLEANUP(kw_blob_clear) struct kw_blob text = { 0 };

	form->attributes.enabled = true;
	read_attributes(attributes, &form->attributes);
	if (!kw_json_bool(kw_json_get(attributes, "exportable"), &form->exportable))
		form->exportable = false;
	if (!kw_json_bool(kw_json_get(policy, "immutable"), &form->immutable))
		form->immutable = false;
	if (policy == NULL)
		return true;
	if (data == NULL || !kw_base64_decode(KW_BASE64_EITHER, kw_bytes_text(data), &text)
	    || strlen((const char *)text.data) != text.len)
		return lab_refuse(why, "release_policy.data is not base64 of a text");
	form->policy = kw_strdup((const char *)text.data);
	return true;
}

static void take_ops(const struct kw_json *from, struct lab_key_form *form)
{
	const struct kw_json *ops = kw_json_get(from, "key_ops");

	if (kw_json_type(ops) == KW_JSON_ARRAY && kw_json_count(ops) > 0)
		form->key_ops = kw_json_copy(ops);
}

static bool read_create(const struct kw_json *body, struct lab_key_form *form, struct lab_why *why)
{
	form->kty = kw_json_string(kw_json_get(body, "kty"));
	form->curve = kw_json_string(kw_json_get(body, "crv"));
	if (!kw_json_int(kw_json_get(body, "key_size"), &form->size))
		form->size = 0;
	take_ops(body, form);
	return read_properties(body, form, why);
}

static bool read_import(const struct kw_json *body, struct lab_key_form *form, struct lab_why *why)
{
	const struct kw_json *jwk = kw_json_get(body, "key");
	const char *k = kw_json_string(kw_json_get(jwk, "k"));

	form->kty = kw_json_string(kw_json_get(jwk, "kty"));
	take_ops(jwk, form);
	if (k != NULL)
		(void)!kw_base64_decode(KW_BASE64URL_LENIENT, kw_bytes_text(k), &form->oct);
	else
		form->pkey = lab_jwk_private(jwk);
	if (form->pkey == NULL && form->oct.len == 0)
		return lab_refuse(why, "the member 'key' is not a private key");
	return read_properties(body, form, why);
}

static void make(const struct lab_request *request, const struct route *r,
		 bool (*read)(const struct kw_json *, struct lab_key_form *, struct lab_why *),
		 struct lab_reply *reply)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *body = NULL;
	KW_CLEANUP(lab_key_form_clear)
	struct lab_key_form form = { .store = r->store, .name = r->name };
	const struct lab_key *key = NULL;
	struct kw_error err = { 0 };
	struct lab_why why = { "" };

	if (kw_json_parse(kw_blob_bytes(&request->body), KW_JSON_STRICT, KW_E_SYS_DATA, &body, &err)
	    < 0)
		lab_reply_error(reply, 400, "BadParameter", NULL, "the body: %s", err.detail);
	else if (!read(body, &form, &why) || !lab_keys_make(&form, &key, &why))
		lab_reply_error(reply, 400, "BadParameter", NULL, "%s", why.text);
	else
		answer_key(key, reply);
}

/* A new release policy: for the key as a whole, not for one of its versions. */
static bool change_policy(const struct kw_json *body, const struct lab_key *key,
			  const char *version, struct lab_why *why)
{
	KW_CLEANUP(lab_key_form_clear) struct lab_key_form form = { 0 };

	if (kw_json_get(body, "release_policy") == NULL)
		return true;
	if (version != NULL)
		return lab_refuse(why, "AKV.SKR.1016: a release policy is changed on the key, not "
				       "on a version of it");
	return read_properties(body, &form, why)
	       && lab_keys_set_policy(key, form.policy, form.immutable, why);
}

static bool change(const struct kw_json *body, const struct lab_key *key, const char *version,
		   struct lab_why *why)
{
	const struct kw_json *from = kw_json_get(body, "attributes");
	struct lab_key_attributes attributes = lab_keys_attributes(key);
	bool exportable = key->exportable;

	if (kw_json_bool(kw_json_get(from, "exportable"), &exportable)
	    && exportable != key->exportable)
		return lab_refuse(why, "AKV.SKR.1003: exportable cannot be changed");
	if (!change_policy(body, key, version, why))
		return false;
	read_attributes(from, &attributes);
	lab_keys_set_attributes(key, &attributes);
	return true;
}

static void update(const struct lab_request *request, const struct lab_key *key,
		   const char *version, struct lab_reply *reply)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *body = NULL;
	struct lab_why why = { "" };
	struct kw_error err = { 0 };

	if (kw_json_parse(kw_blob_bytes(&request->body), KW_JSON_STRICT, KW_E_SYS_DATA, &body, &err)
	    < 0)
		lab_reply_error(reply, 400, "BadParameter", NULL, "the body: %s", err.detail);
	else if (!change(body, key, version, &why))
		lab_reply_error(reply, 400, "BadParameter", NULL, "%s", why.text);
	else
		answer_key(key, reply);
}

static bool is(const char *text, const char *word)
{
	return text != NULL && strcmp(text, word) == 0;
}

/* What a request is about; its permission. */
enum operation { NONE, GET_KEY, LIST_VERSIONS, CREATE, IMPORT, UPDATE, DELETE_KEY, RELEASE };

static enum operation operation_of(const char *method, const struct route *r)
{
	bool release = is(r->second, "release") ? r->third == NULL : is(r->third, "release");

	if (is(method, "POST") && release)
		return RELEASE;
	if (is(method, "POST") && is(r->second, "create") && r->third == NULL)
		return CREATE;
	if (r->third != NULL)
		return NONE;
	if (is(method, "GET") && !release)
		return is(r->second, "versions") ? LIST_VERSIONS : GET_KEY;
	if (is(method, "PATCH"))
		return UPDATE;
	if (r->second != NULL)
		return NONE;
	return is(method, "PUT") ? IMPORT : is(method, "DELETE") ? DELETE_KEY : NONE;
}

static enum lab_permission permission(enum operation operation)
{
	if (operation == RELEASE)
		return LAB_MAY_RELEASE;
	return operation == GET_KEY || operation == LIST_VERSIONS ? LAB_MAY_READ : LAB_MAY_WRITE;
}

static void perform(enum operation operation, const struct lab_request *request,
		    const struct route *r, struct lab_reply *reply)
{
	const char *version =
		is(r->second, "release") || is(r->second, "versions") ? NULL : r->second;
	const struct lab_key *key = NULL;

	if (operation == CREATE)
		return make(request, r, read_create, reply);
	if (operation == IMPORT)
		return make(request, r, read_import, reply);
	key = lab_keys_find(r->store, r->name, version);
	if (key == NULL)
		return lab_reply_error(reply, 404, "KeyNotFound", NULL,
				       "A key with (name/id) %s/%s was not found in this key vault",
				       r->name, version != NULL ? version : "");
	if (operation == RELEASE) {
		lab_vault_release(request, key, version, r->api_version, reply);
	} else if (operation == UPDATE) {
		update(request, key, version, reply);
	} else if (operation == LIST_VERSIONS) {
		answer_versions(r, reply);
	} else {
		answer_key(key, reply);
		if (operation == DELETE_KEY)
			lab_keys_delete(r->store, r->name);
	}
}

static void handle(const struct lab_request *request, enum lab_store store, const char *resource,
		   struct lab_reply *reply)
{
	KW_CLEANUP(route_clear) struct route route = { .store = store };
	KW_CLEANUP(freep) char *id = lab_random_hex(16);
	enum operation operation = NONE;

	lab_reply_header(reply, "x-ms-request-id", "%s", id);
	if (route_parse(request->path, &route))
		operation = operation_of(request->method, &route);
	if (operation == NONE)
		return lab_reply_error(reply, 404, "NotFound", NULL, "no such operation");
	if (!lab_access_allowed(request, resource, permission(operation), reply))
		return;
	route.api_version = lab_query_get(request->query, "api-version");
	if (!version_known(route.api_version, operation == RELEASE))
		return lab_reply_error(
			reply, 400, "BadParameter", NULL,
			"api-version '%s' is missing or does not have this operation",
			route.api_version != NULL ? route.api_version : "");
	perform(operation, request, &route, reply);
}

void lab_vault_handle(const struct lab_request *request, struct lab_reply *reply)
{
	handle(request, LAB_KEY_VAULT, LAB_VAULT_RESOURCE, reply);
}

void lab_mhsm_handle(const struct lab_request *request, struct lab_reply *reply)
{
	handle(request, LAB_MANAGED_HSM, LAB_MHSM_RESOURCE, reply);
}
