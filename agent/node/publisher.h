/* SPDX-License-Identifier: Apache-2.0 */
/* Behind publish.h: what its files share. Included nowhere else. */
#pragma once

#include "collateral/fetch.h"
#include "evidence/raw_evidence.h"
#include "node/config_map.h"
#include "node/publish.h"

/* Which collateral was published last. */
struct kw_published_collateral {
	bool is_there;
	uint8_t chip_id[KW_CHIP_ID_SIZE], reported_tcb[KW_TCB_SIZE];
	int64_t refresh_at_ms;
	char *json;	 /* as it stands in the file */
	char *file_name; /* "<chip id>.json" */
};

struct kw_publisher {
	struct kw_publisher_parts parts;
	struct kw_http *http;
	struct kw_collateral_cache *cache;
	struct kw_amd_roots *roots;
	struct kw_config_map *config_map; /* NULL: none is configured */
	struct kw_published_collateral current;
	char *patched; /* the JSON that the ConfigMap has; NULL: not known */
	bool has_pcrs;
	struct kw_pcr_values pcrs; /* of the last look */
	unsigned n_failures;	   /* looks in a row in which something failed */
	struct kw_published result;
};

/* Publishes the log. `measured` NULL: the TPM could not be read, so nothing is said of it. */
int kw_publish_event_log(struct kw_publisher *p, const struct kw_raw_evidence *measured,
			 struct kw_error *err) KW_MUST_USE;
/* Fetches, verifies and publishes what fits the report, if it is due. */
int kw_publish_collateral(struct kw_publisher *p, const struct kw_snp_report *snp,
			  struct kw_error *err) KW_MUST_USE;
/* The word on both. */
int kw_publish_status(struct kw_publisher *p, struct kw_error *err) KW_MUST_USE;
