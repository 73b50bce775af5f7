/* SPDX-License-Identifier: Apache-2.0 */
/* A struct kw_json is the library's value under another name; only util/json_*.c include this. */
#pragma once

#include "util/json.h"

#include <cjson/cJSON.h>

static inline const cJSON *kw_json_library(const struct kw_json *value)
{
	return (const cJSON *)value;
}
