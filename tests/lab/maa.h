/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the lab's MAA behind its routes. The faults of service maa bend what they make. */
#pragma once

#include "http_server.h"
#include "judge.h"

/* The claims of a machine that was found good (guest attestation 4.9, key release 2.5). */
struct kw_json *lab_maa_claims(const struct lab_evidence *evidence,
			       const struct lab_findings *findings);
/* What every token has, whatever was attested: issuer, times, type, policy. */
struct kw_json *lab_maa_claims_new(const char *type);
/* x-ms-sevsnpvm-... */
void lab_maa_add_snp(struct kw_json *claims, const struct lab_snp *r);
/* The signed token, owned. */
char *lab_maa_token(const struct kw_json *claims);
/* The envelope that only the ephemeral key opens (4.9), as JSON text; owned. */
char *lab_maa_seal(const char *token, EVP_PKEY *key);
/* POST /attest/SevSnpVm (key release 2): body and answer. */
void lab_maa_attest_snp(const struct lab_request *request, struct lab_reply *reply);
/* The key id of the signing certificate (key release 2.7 step 3), owned. */
char *lab_maa_kid(void);
