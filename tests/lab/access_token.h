/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The identities of the lab's tenant and their access tokens: IMDS and Entra mint them, the vault
 * judges them. Which identities there are, and what each may do at the vault, is the table in the
 * source; docs/lab.md lists it. Thread-safe.
 */
#pragma once

#include "http_server.h"

enum lab_permission { LAB_MAY_READ = 1, LAB_MAY_WRITE = 2, LAB_MAY_RELEASE = 4 };

struct lab_identity {
	const char *client_id, *object_id, *resource_id;
	unsigned permissions;
};
/* The identity of the machine when none is named. */
const struct lab_identity *lab_identity_system(void);
/* By one of its three names: "client_id", "object_id", "msi_res_id". NULL: not assigned. */
const struct lab_identity *lab_identity_find(const char *kind, const char *value);

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

/* Judges the Authorization header of a request; 401 or 403 is in `reply` when it says false. */
bool lab_access_allowed(const struct lab_request *request, enum lab_permission wanted,
			struct lab_reply *reply);
