/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The identities of the lab's tenant: which of them the machine has (`up --identities`), which may
 * be had by a service account of the cluster, and what each may do at the vault (`permit`,
 * `deny`). Thread-safe.
 */
#pragma once

#include "lab.h"

enum lab_permission { LAB_MAY_READ = 1, LAB_MAY_WRITE = 2, LAB_MAY_RELEASE = 4 };

struct lab_identity {
	const char *name; /* of the lab's own: "system", "app", "reader" */
	const char *client_id, *object_id, *resource_id;
	bool federated; /* trusts the cluster's service account LAB_SUBJECT */
};
#define LAB_SUBJECT "system:serviceaccount:default:keyward"

/* The one that the cluster may have. */
const struct lab_identity *lab_identity_federated(void);
/* By client id, whoever it is; NULL: there is none. */
const struct lab_identity *lab_identity_of_client(const char *client_id);
/* Of the machine, by one of its three names: "client_id", "object_id", "msi_res_id". NULL: not
 * assigned. */
const struct lab_identity *lab_identity_find(const char *kind, const char *value);
/* Of the machine when none is named. NULL: `ret_why` says why there is no such one. */
const struct lab_identity *lab_identity_default(const char **ret_why);

bool lab_identity_may(const struct lab_identity *identity, enum lab_permission wanted);
/* `permit` and `deny`: IDENTITY and permissions (get, manage, release). Gives an owned text for the
 * user. */
char *lab_identity_command(bool permit, const char *const *words, size_t n_words, bool *ret_ok);
