/* SPDX-License-Identifier: Apache-2.0 */
#include "site.h"

#include <string.h>

struct lab_site lab_site;

static const char *const names[LAB_N_SERVICES] = {
	[LAB_IMDS] = "imds", [LAB_THIM] = "thim",   [LAB_ENTRA] = "entra", [LAB_KDS] = "kds",
	[LAB_MAA] = "maa",   [LAB_VAULT] = "vault", [LAB_TPM] = "tpm",	   [LAB_TSM] = "tsm",
};

const char *lab_service_name(enum lab_service service)
{
	return service < LAB_N_SERVICES ? names[service] : "?";
}

enum lab_service lab_service_find(const char *name)
{
	for (unsigned i = 0; i < LAB_N_SERVICES; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	return LAB_N_SERVICES;
}
