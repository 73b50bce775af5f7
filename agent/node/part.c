/* SPDX-License-Identifier: Apache-2.0 */
#include "node/part.h"

#include "util/log.h"

#include <string.h>

const char *kw_part_name_text(enum kw_part_name name)
{
	static const char *const texts[KW_N_PARTS] = {
		[KW_PART_DEVICE] = "device",
		[KW_PART_KUBELET] = "kubelet",
		[KW_PART_TPM] = "tpm",
		[KW_PART_EVENT_LOG] = "eventlog",
		[KW_PART_COLLATERAL] = "collateral",
		[KW_PART_CONFIG_MAP] = "configmap",
	};

	return texts[name];
}

void kw_part_set(struct kw_part *part, enum kw_part_name name, const struct kw_error *err)
{
	const struct kw_part was = *part;

	*part = (struct kw_part){ .state = err ? KW_PART_FAILED : KW_PART_OK };
	if (err)
		part->err = *err;
	if (err
	    && (was.state != KW_PART_FAILED || was.err.def != err->def
		|| strcmp(was.err.detail, err->detail) != 0))
		kw_log_error(KW_LOG_WARNING, kw_part_name_text(name), NULL, err);
	else if (!err && was.state != KW_PART_OK)
		kw_log(KW_LOG_INFO, kw_part_name_text(name), NULL, "is well");
}
