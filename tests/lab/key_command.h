/* SPDX-License-Identifier: Apache-2.0 */
/* `keyward-lab key`: the request that the command sends and what the running lab does with it. */
#pragma once

#include "util/json.h"

/* In the lab: makes or imports a key. Gives the text for the user, owned: its id and public half.
 */
char *lab_key_command(const struct kw_json *request, bool *ret_ok);
/* Makes sure that the key `name` exists and can be released to this lab's machine. */
void lab_key_ensure(const char *name);

/* In the command: from its flags; NULL texts are not set. Ends the program if a file cannot be
 * read. */
struct lab_key_words {
	const char *name, *kty, *size, *curve, *policy_file, *import_file, *store;
};
struct kw_json *lab_key_request(const struct lab_key_words *words);
