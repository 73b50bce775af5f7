/* SPDX-License-Identifier: Apache-2.0 */
/* The handler of each service, for its lab_server. They run on many threads at once. */
#pragma once

#include "http_server.h"

/* IMDS and THIM share a listener. */
enum lab_service lab_imds_service_of(const char *path);
void lab_imds_handle(const struct lab_request *request, struct lab_reply *reply);
/* Entra's form of a refusal, with an AADSTS number. */
void lab_entra_refuse(struct lab_reply *reply, int status, long number, const char *error,
		      const char *text);
void lab_entra_handle(const struct lab_request *request, struct lab_reply *reply);
/* Once, before the first request. */
void lab_imds_open(const struct lab_options *options);
void lab_kds_open(const struct lab_options *options);
void lab_kds_handle(const struct lab_request *request, struct lab_reply *reply);
void lab_maa_handle(const struct lab_request *request, struct lab_reply *reply);
void lab_vault_handle(const struct lab_request *request, struct lab_reply *reply);
/* The same operations at a Managed HSM: its own keys, its own audience; service vault for faults
 * and log. */
void lab_mhsm_handle(const struct lab_request *request, struct lab_reply *reply);
