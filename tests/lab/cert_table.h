/* SPDX-License-Identifier: Apache-2.0 */
/* The certificate table that a host gives its guest with an extended report (SNP evidence 6). */
#pragma once

#include "util/bytes.h"

/* VLEK or VCEK, ASVK or ASK, ARK, CRL, as the machine has them; owned. The tamper faults of service
 * tsm bend it: aux-empty, aux-foreign, aux-unterminated, aux-offset, aux-duplicate. */
struct kw_blob lab_cert_table(void);
