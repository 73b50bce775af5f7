/* SPDX-License-Identifier: Apache-2.0 */
/* Collateral as a file of a directory that `collateral.file` names: one per chip, called after it.
 */
#pragma once

#include "collateral/collateral.h"

/* Replaces DIRECTORY/CHIP-ID.json. COL_MASKED: the leaf names no chip; OUT_WRITE. */
int kw_handover_write(const char *directory, const struct kw_collateral *collateral,
		      struct kw_error *err) KW_MUST_USE;
/* What a sandbox must allow for that: a file of the directory. Owned. */
char *kw_handover_path(const char *directory);
