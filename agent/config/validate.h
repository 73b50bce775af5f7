/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What no field can be judged for alone: names that must be unique or exist, fields that exclude or
 * need each other. Also fills what the struct keeps ready (a key's origin, name and version).
 */
#pragma once

#include "config/config.h"
#include "config/yaml_tree.h"

/* `root` is the tree that `config` was read from: messages point into it. CFG_CONFLICT,
 * CFG_MISSING, CFG_VALUE. */
int kw_config_validate(struct kw_config *config, const struct kw_yaml *root,
		       struct kw_error *err) KW_MUST_USE;
