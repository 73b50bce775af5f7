/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the lab's MAA behind its routes. The faults of service maa bend what they make. */
#pragma once

#include "judge.h"

/* The claims of a machine that was found good (guest attestation 4.9, key release 2.5). */
struct kw_json *lab_maa_claims(const struct lab_evidence *evidence,
			       const struct lab_findings *findings);
/* The signed token, owned. */
char *lab_maa_token(const struct kw_json *claims);
/* The envelope that only the ephemeral key opens (4.9), as JSON text; owned. */
char *lab_maa_seal(const char *token, EVP_PKEY *key);
/* The key id of the signing certificate (key release 2.7 step 3), owned. */
char *lab_maa_kid(void);
