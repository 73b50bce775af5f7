/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where collateral comes from: the configured sources in their order, a cache keyed by chip id and
 * TCB. A struct kw_collateral_cache may be used from several threads.
 */
#pragma once

#include "collateral/collateral.h"
#include "config/config.h"
#include "http/client.h"

struct kw_collateral_cache;
struct kw_collateral_cache *kw_collateral_cache_new(const struct kw_config *config,
						    struct kw_http *http,
						    const struct kw_clock *clock);
void kw_collateral_cache_free(struct kw_collateral_cache *cache);
KW_DEFINE_FREEP(struct kw_collateral_cache, kw_collateral_cache_free);

/* What is wanted: NULL for "whatever the node's own sources give" (the collateral job without a
 * TPM). */
struct kw_collateral_wanted {
	uint8_t chip_id[KW_CHIP_ID_SIZE];
	uint8_t reported_tcb[KW_TCB_SIZE];
	bool chip_masked;
	bool vlek;		      /* what the report is signed with: a VLEK, or a VCEK */
	struct kw_bytes device_table; /* the report's certificate table, or empty */
	enum kw_product product;      /* by CPUID; KW_PRODUCT_UNKNOWN: a version 2 report */
};
/* The first source with an entry for the signing key, chip and TCB. If none fits: a source that
 * could not be asked (an outage), else the last mismatch (SNP_SIGNING_KEY, COL_TCB, COL_CHIP_ID,
 * COL_TCBM), else the last that
 * could not be read, else COL_NONE. `fresh`: do not answer from the cache. The caller frees its own
 * copy. */
int kw_collateral_get(struct kw_collateral_cache *cache, const struct kw_collateral_wanted *wanted,
		      bool fresh, struct kw_collateral **ret, struct kw_error *err) KW_MUST_USE;
