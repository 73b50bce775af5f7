/* SPDX-License-Identifier: Apache-2.0 */
/* What the command line says instead of the file. */
#include "config/config.h"

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
