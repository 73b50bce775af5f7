/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One scalar of the configuration: from what is written in the file to the field of its row, and
 * back to what would be written. Pure; texts are owned by the field.
 */
#pragma once

#include "config/options.h"
#include "config/yaml_tree.h"

/* CFG_VALUE at the node's place; names the row, what was found and what is expected. */
int kw_value_read(const struct kw_option *option, const struct kw_yaml *node, void *ret_field,
		  struct kw_error *err) KW_MUST_USE;
/* The inverse, owned. NULL: the field is absent. */
char *kw_value_text(const struct kw_option *option, const void *field);

/* ", did you mean 'endpoint'?" or "", owned. */
char *kw_suggestion(const char *word, const char *const *words);
/* "a, b, c", owned. */
char *kw_words_join(const char *const *words);
