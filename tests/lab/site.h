/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the services know of each other: where they listen and what was asked for on the command
 * line. Filled once by `up` before the first connection is accepted, read-only from then on.
 */
#pragma once

#include "lab.h"

enum { LAB_URL_SIZE = 200 };

/* The audience that the vault asks of access tokens, as the public cloud does. */
#define LAB_VAULT_RESOURCE "https://vault.azure.net"
#define LAB_MHSM_RESOURCE "https://managedhsm.azure.net"
/* The tenant that the lab's Entra serves. */
#define LAB_TENANT "72f988bf-0000-4000-8000-00000000d1ab"

struct lab_site {
	const struct lab_options *options;
	char imds[LAB_URL_SIZE], maa[LAB_URL_SIZE], vault[LAB_URL_SIZE], mhsm[LAB_URL_SIZE],
		entra[LAB_URL_SIZE], kds[LAB_URL_SIZE]; /* without trailing slash */
	char maa_address[64];				/* numeric, without the port */
};
extern struct lab_site lab_site;

/* The word of a service ("imds"), and back; LAB_N_SERVICES: no such service. */
const char *lab_service_name(enum lab_service service);
enum lab_service lab_service_find(const char *name);
