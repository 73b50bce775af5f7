/* SPDX-License-Identifier: Apache-2.0 */
/* kw_config_check_files(): what would otherwise be found when it is first needed. The event log is
 * not among them: it may be absent (evidence.requireEventLog). */
#include "config/config.h"

#include <string.h>
#include <unistd.h>

static int check(const struct kw_config *config, const char *field, const char *path,
		 struct kw_error *err)
{
	if (*path != '/' || access(path, R_OK) == 0) /* "", builtin, system */
		return 0;
	return kw_fail(err, KW_E_CFG_FILE, "%s: '%s' names '%.200s': %m", config->path, field,
		       path);
}

int kw_config_check_files(const struct kw_config *config, struct kw_error *err)
{
	if (check(config, "evidence.ownerAuthFile", config->evidence.owner_auth_file, err) < 0
	    || check(config, "collateral.file", config->collateral.file, err) < 0
	    || check(config, "collateral.trustedRoots", config->collateral.trusted_roots, err) < 0
	    || check(config, "identity.tokenFile", config->identity.token_file, err) < 0
	    || check(config, "tls.caFile", config->tls.ca_file, err) < 0
	    || check(config, "release.signerRoots", config->release.signer_roots, err) < 0)
		return -1;
	for (size_t i = 0; i < config->n_keys; i++)
		if (config->keys[i].identity
		    && check(config, "keys[].identity.tokenFile",
			     config->keys[i].identity->token_file, err)
			       < 0)
			return -1;
	for (size_t i = 0; i < config->n_secrets; i++)
		if (check(config, "secrets[].source", config->secrets[i].source, err) < 0)
			return -1;
	return 0;
}
