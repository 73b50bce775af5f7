/* SPDX-License-Identifier: Apache-2.0 */
/* The certificate table of an extended report (SNP evidence 6). It comes from the host: parsing
 * only, nothing in it is trusted. */
#pragma once

#include "util/bytes.h"
#include "util/error.h"

enum { KW_CERTIFICATE_TABLE_ENTRIES_MAX = 64 };

/* DER, borrowed from the input; empty: not in the table. */
struct kw_certificate_table {
	struct kw_bytes vcek, vlek, ask, ark; /* ask: the ASVK above a VLEK */
	struct kw_bytes crl;
};

/* COL_ANSWER. Unknown GUIDs are skipped; of two equal ones the first counts. */
int kw_certificate_table_parse(struct kw_bytes in, struct kw_certificate_table *ret,
			       struct kw_error *err) KW_MUST_USE;
