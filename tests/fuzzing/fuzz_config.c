/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration: people write it, and a ConfigMap may hold anything. */
#include "config/config.h"

#include "fuzzing/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	KW_CLEANUP(kw_config_freep) struct kw_config *config = NULL;
	struct kw_error err = { 0 };

	if (!accepted(kw_config_parse("fuzz.yaml", (const char *)data, size, &config, &err), &err))
		return 0;
	MUST(config->api_version == 0);
	return 0;
}
