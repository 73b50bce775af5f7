/* SPDX-License-Identifier: Apache-2.0 */
#include "config/validate.h"

#include "config/forms.h"
#include "config/values.h"
#include "util/memory.h"
#include "util/text.h"

#include <string.h>

enum { PATH_SIZE = 96 };

/* What a message points to: "keys[2].url", or the nearest thing around it that is in the file. */
static KW_PRINTF(2, 3) const
	struct kw_place *place(const struct kw_yaml *root, const char *fmt, ...)
{
	char path[PATH_SIZE];
	va_list args;

	va_start(args, fmt);
	vsnprintf(path, sizeof(path), fmt, args);
	va_end(args);
	return &kw_yaml_find(root, path)->at;
}

/* An array of structs that each have a name. */
struct named {
	const char *list; /* "keys" */
	const void *array;
	size_t n, size, name_at;
};
#define NAMED(path, structs, count)                                                           \
	{                                                                                     \
		.list = (path), .array = (structs), .n = (count), .size = sizeof(*(structs)), \
		.name_at = offsetof(__typeof__(*(structs)), name),                            \
	}
#define NAMED_KEYS(config) NAMED("keys", (config)->keys, (config)->n_keys)
#define NAMED_SECRETS(config) NAMED("secrets", (config)->secrets, (config)->n_secrets)
#define NAMED_TOKENS(config) \
	NAMED("server.tokens", (config)->server.tokens, (config)->server.n_tokens)

static const char *name_of(const struct named *named, size_t i)
{
	return *(char *const *)kw_option_peek(named->array, i * named->size + named->name_at);
}

static bool has_name(const struct named *named, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(name_of(named, i), name) == 0)
			return true;
	return false;
}

/* The `what` that something refers to must be one of the list. */
static int want_name(const struct named *named, const char *what, const char *name,
		     const struct kw_place *at, struct kw_error *err)
{
	KW_CLEANUP(freep) char *suggestion = NULL;
	const char **names;

	if (has_name(named, named->n, name))
		return 0;
	names = kw_alloc((named->n + 1) * sizeof(*names));
	for (size_t i = 0; i < named->n; i++)
		names[i] = name_of(named, i);
	suggestion = kw_suggestion(name, names);
	free(names);
	return kw_fail_at(err, KW_E_CFG_VALUE, at, "no %s '%s' is configured%s", what, name,
			  suggestion);
}

static int want_unique(const struct named *named, const struct kw_yaml *root, struct kw_error *err)
{
	for (size_t i = 1; i < named->n; i++)
		if (has_name(named, i, name_of(named, i)))
			return kw_fail_at(
				err, KW_E_CFG_CONFLICT, place(root, "%s[%zu].name", named->list, i),
				"name '%s' is used twice in '%s'", name_of(named, i), named->list);
	return 0;
}
static int validate_allow(const struct kw_config *config, const struct kw_yaml *root,
			  const struct kw_config_allow *rules, size_t n, const char *list,
			  struct kw_error *err)
{
	const struct named tokens = NAMED_TOKENS(config);

	for (size_t i = 0; i < n; i++) {
		const struct kw_config_allow *rule = &rules[i];

		if (!rule->any && rule->uid < 0 && rule->gid < 0 && !*rule->token)
			return kw_fail_at(err, KW_E_CFG_VALUE, place(root, "%s[%zu]", list, i),
					  "the rule allows nobody; leave it out");
		if (*rule->token
		    && want_name(&tokens, "token", rule->token,
				 place(root, "%s[%zu].token", list, i), err)
			       < 0)
			return -1;
	}
	return 0;
}

static int validate_identity(const struct kw_config *config, const struct kw_yaml *root,
			     const struct kw_config_identity *identity, const char *path,
			     struct kw_error *err)
{
	int selectors = (*identity->client_id != 0) + (*identity->object_id != 0)
			+ (*identity->resource_id != 0);

	if (selectors > 1)
		return kw_fail_at(err, KW_E_CFG_CONFLICT, place(root, "%s", path),
				  "more than one of 'clientId', 'objectId', 'resourceId' is set");
	if (identity->provider == KW_IDENTITY_TOKEN_FILE && !*identity->token_file)
		return kw_fail_at(err, KW_E_CFG_MISSING, place(root, "%s.provider", path),
				  "provider 'tokenFile' needs the field 'tokenFile'");
	if (identity->provider == KW_IDENTITY_WORKLOAD && !kw_config_authority(config, identity))
		return kw_fail_at(
			err, KW_E_CFG_MISSING, place(root, "%s.provider", path),
			"provider 'workload' in cloud 'custom' needs the field 'authority'");
	return 0;
}

/* The audience for this URL must be known, or the vault would get a token for nothing. */
static int want_audience(const struct kw_config *config, const struct kw_config_key *key,
			 const char *url, const struct kw_place *at, struct kw_error *err)
{
	struct kw_key_id id;

	if (kw_key_id_parse(url, &id)
	    && kw_config_audience(config, key->identity ? key->identity : &config->identity,
				  &id.origin))
		return 0;
	return kw_fail_at(err, KW_E_CFG_MISSING, at,
			  "the audience for '%.128s' is not known, 'identity.audience' is needed",
			  url);
}

static int validate_key(struct kw_config *config, const struct kw_yaml *root, size_t i,
			struct kw_error *err)
{
	struct kw_config_key *key = &config->keys[i];
	char path[PATH_SIZE];

	if (!kw_key_id_parse(key->url, &key->id))
		return kw_fail_at(err, KW_E_CFG_VALUE, place(root, "keys[%zu].url", i),
				  "'url' names no key");
	if (config->attestation.n_endpoints + key->n_attestation_endpoints == 0)
		return kw_fail_at(err, KW_E_CFG_MISSING, place(root, "attestation"),
				  "field 'attestation.endpoints' is missing, key '%s' needs it",
				  key->name);
	if (!key->export_allowed && key->n_outputs > 0)
		return kw_fail_at(err, KW_E_CFG_CONFLICT, place(root, "keys[%zu].outputs", i),
				  "key '%s' has outputs, but 'export' is false", key->name);
	if (want_audience(config, key, key->url, place(root, "keys[%zu].url", i), err) < 0)
		return -1;
	for (size_t j = 0; j < key->n_fallback_urls; j++)
		if (want_audience(config, key, key->fallback_urls[j],
				  place(root, "keys[%zu].fallbackUrls[%zu]", i, j), err)
		    < 0)
			return -1;
	snprintf(path, sizeof(path), "keys[%zu].identity", i);
	if (key->identity && validate_identity(config, root, key->identity, path, err) < 0)
		return -1;
	snprintf(path, sizeof(path), "keys[%zu].allow", i);
	return validate_allow(config, root, key->allow, key->n_allow, path, err);
}

static int validate_keys(struct kw_config *config, const struct kw_yaml *root, struct kw_error *err)
{
	const struct named keys = NAMED_KEYS(config), secrets = NAMED_SECRETS(config);

	if (want_unique(&keys, root, err) < 0 || want_unique(&secrets, root, err) < 0)
		return -1;
	for (size_t i = 0; i < config->n_keys; i++)
		if (validate_key(config, root, i, err) < 0)
			return -1;
	for (size_t i = 0; i < config->n_secrets; i++)
		if (want_name(&keys, "key", config->secrets[i].key,
			      place(root, "secrets[%zu].key", i), err)
		    < 0)
			return -1;
	return 0;
}

/* A file that keyward is to write, and where the configuration says so. */
struct written {
	const char *path;
	char at[PATH_SIZE];
};

static int by_path(const void *a, const void *b)
{
	const struct written *x = a, *y = b;
	int order = strcmp(x->path, y->path);

	return order ? order : strcmp(x->at, y->at);
}

static struct written *add_outputs(struct written *to, const struct kw_config_output *outputs,
				   size_t n, const char *list, size_t i)
{
	for (size_t j = 0; j < n; j++, to++) {
		to->path = outputs[j].path;
		snprintf(to->at, sizeof(to->at), "%s[%zu].outputs[%zu].path", list, i, j);
	}
	return to;
}

static struct written *collect_written(const struct kw_config *config, size_t *ret_n)
{
	struct written *files, *to;
	size_t n = config->server.n_tokens;

	for (size_t i = 0; i < config->n_keys; i++)
		n += config->keys[i].n_outputs;
	for (size_t i = 0; i < config->n_secrets; i++)
		n += config->secrets[i].n_outputs;
	files = to = kw_alloc((n + 1) * sizeof(*files));
	for (size_t i = 0; i < config->server.n_tokens; i++, to++) {
		to->path = config->server.tokens[i].file;
		snprintf(to->at, sizeof(to->at), "server.tokens[%zu].file", i);
	}
	for (size_t i = 0; i < config->n_keys; i++)
		to = add_outputs(to, config->keys[i].outputs, config->keys[i].n_outputs, "keys", i);
	for (size_t i = 0; i < config->n_secrets; i++)
		to = add_outputs(to, config->secrets[i].outputs, config->secrets[i].n_outputs,
				 "secrets", i);
	*ret_n = n;
	return files;
}

static int validate_written(const struct kw_config *config, const struct kw_yaml *root,
			    struct kw_error *err)
{
	size_t n;
	struct written *files = collect_written(config, &n);
	int r = 0;

	qsort(files, n, sizeof(*files), by_path);
	for (size_t i = 1; i < n && r == 0; i++)
		if (strcmp(files[i - 1].path, files[i].path) == 0)
			r = kw_fail_at(err, KW_E_CFG_CONFLICT, place(root, "%s", files[i].at),
				       "'%.200s' would be written twice", files[i].path);
	free(files);
	return r;
}

static int validate_server(const struct kw_config *config, const struct kw_yaml *root,
			   struct kw_error *err)
{
	const struct named tokens = NAMED_TOKENS(config);

	if (*config->server.http && strcmp(config->server.http, config->server.health) == 0)
		return kw_fail_at(err, KW_E_CFG_CONFLICT, place(root, "server.health"),
				  "'http' and 'health' are the same address");
	if (want_unique(&tokens, root, err) < 0)
		return -1;
	return validate_allow(config, root, config->server.attest.allow,
			      config->server.attest.n_allow, "server.attest.allow", err);
}

static int want_distinct(const struct kw_yaml *root, const char *list, struct kw_error *err)
{
	const struct kw_yaml *node = kw_yaml_find(root, list);

	for (const struct kw_yaml *a = node->first; a && node->kind == KW_YAML_LIST; a = a->next)
		for (const struct kw_yaml *b = a->next; b; b = b->next)
			if (strcmp(a->text, b->text) == 0)
				return kw_fail_at(err, KW_E_CFG_CONFLICT, &b->at,
						  "'%.64s' is listed twice", b->text);
	return 0;
}

static int validate_sections(const struct kw_config *config, const struct kw_yaml *root,
			     struct kw_error *err)
{
	if (want_distinct(root, "evidence.pcrs", err) < 0
	    || want_distinct(root, "collateral.sources", err) < 0
	    || want_distinct(root, "attestation.endpoints", err) < 0)
		return -1;
	if (config->retry.base_ms > config->retry.max_ms)
		return kw_fail_at(err, KW_E_CFG_CONFLICT, place(root, "retry.base"),
				  "'base' is longer than 'max'");
	if (config->audit.required && !*config->audit.path)
		return kw_fail_at(err, KW_E_CFG_CONFLICT, place(root, "audit.required"),
				  "'required' needs the field 'path'");
	if (config->attestation.service_tee.mode != KW_TEE_OFF
	    && config->attestation.service_tee.n_measurements == 0)
		return kw_fail_at(err, KW_E_CFG_CONFLICT,
				  place(root, "attestation.serviceTee.mode"),
				  "'mode' needs the field 'measurements'");
	if (!*config->node.config_map.name != !*config->node.config_map.namespace)
		return kw_fail_at(err, KW_E_CFG_CONFLICT, place(root, "node.configMap"),
				  "'namespace' and 'name' need each other");
	return validate_identity(config, root, &config->identity, "identity", err);
}

int kw_config_validate(struct kw_config *config, const struct kw_yaml *root, struct kw_error *err)
{
	if (validate_sections(config, root, err) < 0 || validate_server(config, root, err) < 0
	    || validate_keys(config, root, err) < 0 || validate_written(config, root, err) < 0)
		return -1;
	return 0;
}
