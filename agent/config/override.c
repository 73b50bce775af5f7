/* SPDX-License-Identifier: Apache-2.0 */
/* What the command line, or a caller of the library, says instead of the file. */
#include "config/config.h"

#include "util/json.h"
#include "util/memory.h"
#include "util/origin.h"
#include "util/text.h"

#include <stdlib.h>
#include <string.h>

int kw_config_use_endpoint(struct kw_config *config, const char *url, struct kw_error *err)
{
	struct kw_origin origin;
	const char *rest = NULL;
	char text[KW_ORIGIN_TEXT_SIZE];

	if (!kw_origin_parse(url, &origin, &rest) || (*rest != '\0' && strcmp(rest, "/") != 0))
		return kw_fail(err, KW_E_CFG_USAGE,
			       "the attestation endpoint is '%.128s', expected https://HOST", url);
	if (!origin.tls)
		return kw_fail(err, KW_E_CFG_USAGE, "the attestation endpoint must be https");
	kw_origin_text(&origin, text);
	for (size_t i = 0; i < config->attestation.n_endpoints; i++)
		free(config->attestation.endpoints[i]);
	config->attestation.endpoints =
		kw_realloc(config->attestation.endpoints, sizeof(*config->attestation.endpoints));
	config->attestation.endpoints[0] = kw_strdup(text);
	config->attestation.n_endpoints = 1;
	return 0;
}

void kw_config_use_remote_collateral(struct kw_config *config)
{
	enum kw_collateral_source *sources = config->collateral.sources;
	size_t n = 0;

	for (size_t i = 0; i < config->collateral.n_sources; i++)
		if (sources[i] != KW_SOURCE_FILE && sources[i] != KW_SOURCE_SECURITY_CONTEXT)
			sources[n++] = sources[i];
	if (n == 0)
		sources[n++] = KW_SOURCE_THIM;
	config->collateral.n_sources = n;
}

bool kw_config_lists_endpoint(const struct kw_config *config, const char *url)
{
	struct kw_origin origin;

	if (!kw_origin_parse(url, &origin, NULL))
		return false;
	for (size_t i = 0; i < config->attestation.n_endpoints; i++)
		if (kw_origin_is(&origin, config->attestation.endpoints[i]))
			return true;
	return false;
}

void kw_config_use_nonce(struct kw_config *config, const char *nonce)
{
	static const char name[] = "nonce";
	size_t n = config->attestation.n_client_payload, i = 0;
	struct kw_config_pair *pairs = config->attestation.client_payload;

	while (i < n && strcmp(pairs[i].name, name) != 0)
		i++;
	if (i == n) {
		pairs = kw_realloc(pairs, (n + 1) * sizeof(*pairs));
		pairs[n] = (struct kw_config_pair){ .name = kw_strdup(name) };
		config->attestation.client_payload = pairs;
		config->attestation.n_client_payload = n + 1;
	}
	free(pairs[i].value);
	pairs[i].value = kw_strdup(nonce);
}

void kw_config_use_text(char **field, const char *text)
{
	char *copy = kw_strdup(text);

	free(*field);
	*field = copy;
}

int kw_config_use_port(struct kw_config *config, const char *port, struct kw_error *err)
{
	enum { PORT_MAX = 65535, DIGITS_MAX = 5 };
	const char *colon = strrchr(config->server.http, ':');
	KW_CLEANUP(freep) char *http = NULL;
	size_t len = strlen(port);

	if (len == 0 || len > DIGITS_MAX || strspn(port, "0123456789") != len
	    || strtoul(port, NULL, 10) == 0 || strtoul(port, NULL, 10) > PORT_MAX)
		return kw_fail(err, KW_E_CFG_VALUE, "the port is '%.32s', expected 1 to %d", port,
			       PORT_MAX);
	if (colon == NULL)
		http = kw_format("127.0.0.1:%s", port);
	else
		http = kw_format("%.*s:%s", (int)(colon - config->server.http), config->server.http,
				 port);
	kw_config_use_text(&config->server.http, http);
	return 0;
}

static int use_origin(char **field, const char *scheme, const char *host, struct kw_error *err)
{
	KW_CLEANUP(freep) char *url = kw_format("%s://%s", scheme, host);
	struct kw_origin origin;
	const char *rest = NULL;

	if (*host == '\0')
		return 0;
	if (!kw_origin_parse(url, &origin, &rest) || *rest != '\0')
		return kw_fail(err, KW_E_CFG_VALUE, "'%.128s' is no host", host);
	kw_config_use_text(field, url);
	return 0;
}

static void add_source(struct kw_config *config, enum kw_collateral_source source)
{
	size_t n = config->collateral.n_sources;

	for (size_t i = 0; i < n; i++)
		if (config->collateral.sources[i] == source)
			return;
	config->collateral.sources = kw_realloc(config->collateral.sources,
						(n + 1) * sizeof(*config->collateral.sources));
	config->collateral.sources[n] = source;
	config->collateral.n_sources = n + 1;
}

int kw_config_use_source(struct kw_config *config, enum kw_collateral_source source,
			 const char *host, struct kw_error *err)
{
	static const char cache[] = "global.acccache.azure.net";

	if (source == KW_SOURCE_AZURE_CACHE && *host != '\0' && strcmp(host, cache) != 0)
		return kw_fail(err, KW_E_CFG_VALUE, "the Azure cache is '%.128s', expected %s",
			       host, cache);
	if ((source == KW_SOURCE_THIM
	     && use_origin(&config->collateral.thim, "http", host, err) < 0)
	    || (source == KW_SOURCE_KDS
		&& use_origin(&config->collateral.kds, "https", host, err) < 0))
		return -1;
	add_source(config, source);
	return 0;
}

enum { PAYLOAD_MEMBERS_MAX = 32 };

static int check_payload(const struct kw_json *payload, struct kw_error *err)
{
	if (kw_json_type(payload) != KW_JSON_OBJECT || kw_json_count(payload) > PAYLOAD_MEMBERS_MAX)
		return kw_fail(err, KW_E_CFG_USAGE,
			       "the client payload is not an object of at most %d members",
			       PAYLOAD_MEMBERS_MAX);
	for (const struct kw_json *m = kw_json_first(payload); m; m = kw_json_next(m))
		if (!kw_json_string(m))
			return kw_fail(err, KW_E_CFG_USAGE,
				       "a member of the client payload is not a string");
	return 0;
}

int kw_config_use_payload(struct kw_config *config, const char *json, struct kw_error *err)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *payload = NULL;
	struct kw_config_pair *pairs = config->attestation.client_payload;
	size_t n = 0;

	if (kw_json_parse(kw_bytes_text(json), KW_JSON_STRICT, KW_E_CFG_USAGE, &payload, err) < 0)
		return kw_wrap(err, "client payload");
	if (check_payload(payload, err) < 0)
		return -1;
	for (size_t i = 0; i < config->attestation.n_client_payload; i++) {
		free(pairs[i].name);
		free(pairs[i].value);
	}
	pairs = kw_realloc(pairs, (kw_json_count(payload) + 1) * sizeof(*pairs));
	for (const struct kw_json *m = kw_json_first(payload); m; m = kw_json_next(m))
		pairs[n++] = (struct kw_config_pair){ kw_strdup(kw_json_name(m)),
						      kw_strdup(kw_json_string(m)) };
	config->attestation.client_payload = pairs;
	config->attestation.n_client_payload = n;
	return 0;
}

void kw_config_use_shared_key(struct kw_config *config)
{
	config->evidence.provider = KW_EVIDENCE_AZURE_VTPM;
	config->evidence.wrapping_key = KW_WRAPPING_COMPATIBLE;
}
