/* SPDX-License-Identifier: Apache-2.0 */
/* Fields that this version reads but cannot honour yet are refused: never silently ignored. */
#include "config/config.h"

static int refuse(struct kw_error *err, const struct kw_config *config, const char *field,
		  const char *allowed)
{
	return kw_fail(err, KW_E_CFG_VALUE,
		       "%s: '%s' is not available in this version, the value must be %s",
		       config->path, field, allowed);
}

int kw_config_available(const struct kw_config *config, struct kw_error *err)
{
	if (config->attestation.service_tee.mode != KW_TEE_OFF)
		return refuse(err, config, "attestation.serviceTee.mode", "'off'");
	return 0;
}
