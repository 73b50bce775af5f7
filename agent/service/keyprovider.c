/* SPDX-License-Identifier: Apache-2.0 */
#include "service/keyprovider.h"

#include "jose/public_key.h"
#include "service/operation.h"
#include "util/base64.h"
#include "util/file.h"
#include "util/json.h"
#include "util/text.h"

#include <string.h>

enum { INFO_MAX = 64 * 1024, OAEP_SHA256_OVERHEAD = 66 /* RFC 8017 7.1.1 */ };
#define WRAP_TYPE "rsa_3072" /* whatever the size: so says the packet's other reader */
#define ALGORITHM "RSA-OAEP-256"

void kw_layer_request_clear(struct kw_layer_request *request)
{
	free(request->key);
	kw_wipe(request->data.data, request->data.len);
	kw_blob_clear(&request->data);
	*request = (struct kw_layer_request){ 0 };
}

/* The provider is the caller's word; there is one, and the first of its parameters counts. */
static const char *first_parameter(const struct kw_json *config)
{
	const struct kw_json *providers = kw_json_get_nocase(config, "Parameters");

	return kw_json_string(kw_json_first(kw_json_first(providers)));
}

/* "skr:NAME", as the other provider is called, or "keyward:NAME". */
static int read_key(const struct kw_json *params, char **ret, struct kw_error *err)
{
	const char *text = first_parameter(kw_json_get(params, "ec")), *name;
	KW_CLEANUP(kw_blob_clear) struct kw_blob decoded = { 0 };

	if (!text || !kw_base64_decode(KW_BASE64, kw_bytes_text(text), &decoded))
		return kw_fail(err, KW_E_SYS_DATA, "'ec' has no parameter in base64");
	name = strchr((const char *)decoded.data, ':');
	if (!name || !name[1] || name[1 + strcspn(name + 1, "/: ")] != '\0')
		return kw_fail(err, KW_E_SYS_DATA,
			       "the parameter names no key, expected keyward:NAME");
	*ret = kw_strdup(name + 1);
	return 0;
}

int kw_layer_request_read(struct kw_bytes text, struct kw_layer_request *ret, struct kw_error *err)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *json = NULL;
	KW_CLEANUP(kw_layer_request_clear) struct kw_layer_request request = { 0 };
	const struct kw_json *params;
	const char *op = NULL;

	if (kw_json_parse(text, KW_JSON_STRICT, KW_E_SYS_DATA, &json, err) < 0
	    || kw_json_want_string(json, "op", KW_E_SYS_DATA, &op, err) < 0)
		return -1;
	request.wrap = strcmp(op, "keywrap") == 0;
	if (!request.wrap && strcmp(op, "keyunwrap") != 0)
		return kw_fail(err, KW_E_SYS_DATA, "op is '%.32s', expected keywrap or keyunwrap",
			       op);
	params = kw_json_get(json, request.wrap ? "keywrapparams" : "keyunwrapparams");
	if (request.wrap && read_key(params, &request.key, err) < 0)
		return -1;
	if (kw_json_want_base64(params, request.wrap ? "optsdata" : "annotation", KW_BASE64,
				KW_E_SYS_DATA, &request.data, err)
	    < 0)
		return -1;
	ret->wrap = request.wrap;
	ret->key = KW_STEAL(request.key);
	ret->data = kw_blob_steal(&request.data);
	return 0;
}

/* Both members are always there; the one that was not asked for is null. */
static int answer(bool wrap, struct kw_bytes data, struct kw_secret *ret, struct kw_error *err)
{
	KW_CLEANUP(kw_secret_clear) struct kw_secret text = { 0 };

	if (!kw_base64_encode_secret(KW_BASE64, data, &text))
		return kw_fail(err, KW_E_SEC_FULL, "no room for an answer of %zu bytes", data.len);
	const struct kw_bytes parts[] = {
		kw_bytes_text(wrap ? "{\"keywrapresults\":{\"annotation\":\""
				   : "{\"keywrapresults\":{\"annotation\":null},"
				     "\"keyunwrapresults\":{\"optsdata\":\""),
		kw_secret_bytes(&text),
		kw_bytes_text(wrap ? "\"},\"keyunwrapresults\":{\"optsdata\":null}}" : "\"}}"),
	};

	return kw_secret_join(parts, sizeof(parts) / sizeof(parts[0]), ret, err);
}

struct info {
	struct kw_json *json;
	struct kw_public_key *key;
};

static void info_clear(struct info *info)
{
	kw_public_key_free(info->key);
	kw_json_free(info->json);
}

static int read_info(const char *directory, const char *key, struct info *ret, struct kw_error *err)
{
	KW_CLEANUP(freep) char *path = kw_format("%s/%s-info.json", directory, key);
	KW_CLEANUP(kw_blob_clear) struct kw_blob text = { 0 };
	KW_CLEANUP(kw_blob_clear) struct kw_blob pem = { 0 };
	const char *pem_path = NULL;

	if (kw_file_read(path, INFO_MAX, KW_E_SYS_FILE, &text, err) < 0
	    || kw_json_parse(kw_blob_bytes(&text), KW_JSON_STRICT, KW_E_SYS_DATA, &ret->json, err)
		       < 0
	    || kw_json_want_string(ret->json, "public_key_path", KW_E_SYS_DATA, &pem_path, err) < 0)
		return kw_wrap(err, "'%s'", path);
	if (kw_file_read(pem_path, INFO_MAX, KW_E_SYS_FILE, &pem, err) < 0
	    || kw_public_key_from_pem(kw_blob_bytes(&pem), KW_E_SYS_DATA, &ret->key, err) < 0)
		return kw_wrap(err, "public_key_path of '%s'", path);
	return 0;
}

static int wrap(const struct kw_public_key *key, struct kw_bytes plain, struct kw_blob *ret,
		struct kw_error *err)
{
	size_t size = kw_public_key_bits(key) / 8;

	if (kw_public_key_type(key) != KW_KTY_RSA || size < OAEP_SHA256_OVERHEAD)
		return kw_fail(err, KW_E_SYS_DATA, "keys of layers are wrapped for RSA keys");
	if (plain.len > size - OAEP_SHA256_OVERHEAD)
		return kw_fail(err, KW_E_UNW_TOO_LONG,
			       "%zu bytes for RSA-%u, at most %zu fit; use RSA-3072 or more",
			       plain.len, kw_public_key_bits(key), size - OAEP_SHA256_OVERHEAD);
	return kw_encrypt_rsa_oaep(key, KW_SHA256, plain, ret, err);
}

int kw_layer_wrap(const struct kw_layer_request *request, const char *directory,
		  struct kw_secret *ret_answer, struct kw_error *err)
{
	static const char *const endpoints[] = { "kms_endpoint", "attester_endpoint" };
	KW_CLEANUP(info_clear) struct info info = { 0 };
	KW_CLEANUP(kw_blob_clear) struct kw_blob wrapped = { 0 };
	KW_CLEANUP(kw_json_freep) struct kw_json *packet = kw_json_new_object();
	KW_CLEANUP(freep) char *data = NULL;
	KW_CLEANUP(freep) char *text = NULL;

	if (read_info(directory, request->key, &info, err) < 0
	    || wrap(info.key, kw_blob_bytes(&request->data), &wrapped, err) < 0)
		return -1;
	data = kw_base64_encode(KW_BASE64, kw_blob_bytes(&wrapped));
	kw_json_add_string(packet, "kid", request->key);
	kw_json_add_string(packet, "wrapped_data", data);
	kw_json_add_string(packet, "wrap_type", WRAP_TYPE);
	for (size_t i = 0; i < sizeof(endpoints) / sizeof(endpoints[0]); i++)
		if (kw_json_string(kw_json_get(info.json, endpoints[i])))
			kw_json_add_string(packet, endpoints[i],
					   kw_json_string(kw_json_get(info.json, endpoints[i])));
	text = kw_json_print(packet);
	return answer(true, kw_bytes_text(text), ret_answer, err);
}

/* The name in the configuration, or the last part of the key's path in the vault. */
static const struct kw_config_key *find_rule(const struct kw_config *config, const char *kid)
{
	const struct kw_config_key *rule = kw_config_key_find(config, kid);

	for (size_t i = 0; rule == NULL && i < config->n_keys; i++)
		if (strcmp(config->keys[i].id.name, kid) == 0)
			rule = &config->keys[i];
	return rule;
}

/* A host that the packet names is held against the configuration and never asked for itself. */
static bool is_host(const char *url, const char *host)
{
	KW_CLEANUP(freep) char *named = kw_format("https://%s", host);
	struct kw_origin configured, wanted;
	const char *rest = NULL;

	return kw_origin_parse(url, &configured, NULL) && kw_origin_parse(named, &wanted, &rest)
	       && *rest == '\0' && kw_origin_equal(&configured, &wanted);
}

static int check_hosts(const struct kw_config *config, const struct kw_config_key *rule,
		       const struct kw_json *packet, struct kw_error *err)
{
	const char *vault = kw_json_string(kw_json_get(packet, "kms_endpoint"));
	const char *maa = kw_json_string(kw_json_get(packet, "attester_endpoint"));
	bool of_rule = rule->n_attestation_endpoints > 0;
	size_t n = of_rule ? rule->n_attestation_endpoints : config->attestation.n_endpoints, i = 0;
	char **endpoints = of_rule ? rule->attestation_endpoints : config->attestation.endpoints;

	if (vault && !is_host(rule->url, vault))
		return kw_fail(err, KW_E_CFG_ORIGIN,
			       "the packet names the vault '%.128s', key '%s' is elsewhere", vault,
			       rule->name);
	while (maa && i < n && !is_host(endpoints[i], maa))
		i++;
	if (maa && i == n)
		return kw_fail(err, KW_E_CFG_ORIGIN,
			       "the packet names '%.128s', which is not configured for key '%s'",
			       maa, rule->name);
	return 0;
}

static int unwrap(struct kw_service *service, const struct kw_config_key *rule,
		  struct kw_bytes wrapped, struct kw_secret *ret, struct kw_error *err)
{
	KW_CLEANUP(kw_material_unrefp) struct kw_material *material = NULL;
	KW_CLEANUP(kw_operation_clear)
	struct kw_operation operation = {
		.use = KW_USE_UNWRAP,
		.alg = kw_algorithm_find(ALGORITHM, KW_USE_UNWRAP),
		.value = kw_blob_copy(wrapped),
	};

	if (kw_acquire(service, rule, NULL, NULL, &material, err) < 0)
		return -1;
	return kw_operation_run(&operation, material, ret, err);
}

int kw_layer_unwrap(struct kw_service *service, const struct kw_config *config,
		    const struct kw_layer_request *request, struct kw_secret *ret_answer,
		    struct kw_error *err)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *packet = NULL;
	KW_CLEANUP(kw_blob_clear) struct kw_blob wrapped = { 0 };
	KW_CLEANUP(kw_secret_clear) struct kw_secret plain = { 0 };
	const struct kw_config_key *rule;
	const char *kid = NULL, *type;

	if (kw_json_parse(kw_blob_bytes(&request->data), KW_JSON_STRICT, KW_E_SYS_DATA, &packet,
			  err)
		    < 0
	    || kw_json_want_string(packet, "kid", KW_E_SYS_DATA, &kid, err) < 0
	    || kw_json_want_base64(packet, "wrapped_data", KW_BASE64, KW_E_SYS_DATA, &wrapped, err)
		       < 0)
		return kw_wrap(err, "annotation");
	type = kw_json_string(kw_json_get(packet, "wrap_type"));
	if (type && strcmp(type, WRAP_TYPE) != 0)
		return kw_fail(err, KW_E_SYS_DATA,
			       "annotation: wrap_type is '%.32s', expected " WRAP_TYPE, type);
	rule = find_rule(config, kid);
	if (rule == NULL)
		return kw_fail(err, KW_E_CFG_UNKNOWN_KEY, "the packet names key '%.64s'", kid);
	if (check_hosts(config, rule, packet, err) < 0
	    || unwrap(service, rule, kw_blob_bytes(&wrapped), &plain, err) < 0)
		return -1;
	return answer(false, kw_secret_bytes(&plain), ret_answer, err);
}
