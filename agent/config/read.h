/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A map of the file into a struct, by the rows of its table, with the defaults of those that are
 * not given; and the way back to empty. The struct must be zeroed before and is cleared by
 * kw_options_clear() after success and failure alike.
 */
#pragma once

#include "config/options.h"
#include "config/yaml_tree.h"

/* `map` NULL: defaults alone. Rows: CFG_FIELD, CFG_VALUE, CFG_MISSING. */
int kw_options_read(const struct kw_option *table, const struct kw_yaml *map, void *base,
		    struct kw_error *err) KW_MUST_USE;
void kw_options_clear(const struct kw_option *table, void *base);
