/* SPDX-License-Identifier: Apache-2.0 */
/* Access tokens: IMDS and Entra mint them, the vault judges them. Thread-safe. */
#pragma once

#include "http_server.h"
#include "identity.h"

/* Whether tokens are given for that audience at all. */
bool lab_resource_known(const char *resource);
struct lab_access_token {
	char *text; /* owned */
	int64_t not_before_s, expires_on_s;
};
/* Every token carries a random text in its claim `uti`, so that a leak of it can be searched for.
 * `by` names the service whose tamper faults apply. */
struct lab_access_token lab_access_token_mint(enum lab_service by,
					      const struct lab_identity *identity,
					      const char *resource);
/* Answers with the token in IMDS's form (numbers as strings) or Entra's. Takes the token. */
void lab_access_token_reply(struct lab_reply *reply, enum lab_service by, const char *resource,
			    struct lab_access_token *token);

/* Judges the Authorization header of a request to the service whose tokens are for `resource`; 401
 * or 403 is in `reply` when it says false. */
bool lab_access_allowed(const struct lab_request *request, const char *resource,
			enum lab_permission wanted, struct lab_reply *reply);
