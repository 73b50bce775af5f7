/* SPDX-License-Identifier: Apache-2.0 */
/* KW_OK, then one KW_E_<NAME> per row of util/errors.def, in its order. */
#pragma once

enum kw_error_name {
	KW_OK = 0,
#define KW_ROW(name, id, stage, kind, http, exit, retry, cause, remedy) KW_E_##name,
#include "util/errors.def"
#undef KW_ROW
	KW_N_ERRORS /* one more than the last name */
};
