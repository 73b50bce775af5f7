/* SPDX-License-Identifier: Apache-2.0 */
/* What the calls of a vault have in common. For the files of this room alone. */
#pragma once

#include "azure/vault.h"

enum { KW_VAULT_ANSWER_MAX = 1024 * 1024 };

/* "https://HOST/keys/NAME[/VERSION]CALL?api-version=...", owned. */
char *kw_vault_url(const struct kw_key_id *key, const char *call);
/* Fails with the row of an answer that is not 200; `denied` is that of a 403 for want of a
 * permission. */
int kw_vault_refused(const struct kw_http_answer *answer, enum kw_error_name denied,
		     struct kw_error *err);
