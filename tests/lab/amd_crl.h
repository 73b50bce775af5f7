/* SPDX-License-Identifier: Apache-2.0 */
/* The revocation list of a product line, signed by its ARK (key release 1.3): nothing is revoked
 * unless a fault wants it. */
#pragma once

#include "lab.h"
#include "util/bytes.h"

/* DER, owned. `by` names the service whose tamper faults apply: crl-revoked (the ASK), crl-expired,
 * crl-signature. */
struct kw_blob lab_amd_crl(enum lab_product product, bool vlek, enum lab_service by);
