/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cluster that issues tokens of service accounts: its key (D/pki/sa-issuer.key), a ready
 * assertion (D/workload/azure-identity-token, good for a day) and the variables that the webhook
 * would set (D/workload/env).
 */
#pragma once

#include "lab.h"

#define LAB_ASSERTION_AUDIENCE "api://AzureADTokenExchange"

/* Once, after the listeners are bound. */
void lab_workload_open(const char *dir);
EVP_PKEY *lab_workload_key(void);
/* The `iss` of its tokens; owned. */
char *lab_workload_issuer(void);
