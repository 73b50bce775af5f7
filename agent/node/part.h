/* SPDX-License-Identifier: Apache-2.0 */
/* What the node helper consists of, for readiness, metrics and the log: each part is well or not
 * for itself. Values. */
#pragma once

#include "util/error.h"

enum kw_part_name {
	KW_PART_DEVICE,
	KW_PART_KUBELET,
	KW_PART_TPM,
	KW_PART_EVENT_LOG,
	KW_PART_COLLATERAL,
	KW_PART_CONFIG_MAP,
	KW_N_PARTS
};

enum kw_part_state { KW_PART_PENDING, KW_PART_OK, KW_PART_FAILED, KW_PART_OFF };

struct kw_part {
	enum kw_part_state state;
	struct kw_error err; /* of a failed one */
};

const char *kw_part_name_text(enum kw_part_name name); /* "eventlog" */
/* The outcome of an attempt (NULL: it succeeded); a failure is told to the log when it is another
 * than the last. */
void kw_part_set(struct kw_part *part, enum kw_part_name name, const struct kw_error *err);
