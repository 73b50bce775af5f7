/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key identifiers of Key Vault and Managed HSM (key release 4.1): one grammar for the
 * configuration, the answers of a vault and the names that callers send. Pure.
 */
#pragma once

#include "util/attributes.h"
#include "util/origin.h"

enum { KW_KEY_NAME_SIZE = 128, KW_KEY_VERSION_SIZE = 65 };

struct kw_key_id {
	struct kw_origin origin;
	char name[KW_KEY_NAME_SIZE];	   /* [0-9A-Za-z-]{1,127} */
	char version[KW_KEY_VERSION_SIZE]; /* [0-9A-Za-z]{1,64}; "": none given */
};

/* "https://HOST[:PORT]/keys/NAME[/VERSION]" and nothing else. False leaves `ret` as it was. */
bool kw_key_id_parse(const char *url, struct kw_key_id *ret) KW_MUST_USE;
