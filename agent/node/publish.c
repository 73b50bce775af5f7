/* SPDX-License-Identifier: Apache-2.0 */
#include "node/publish.h"

#include "node/publisher.h"
#include "service/pause.h"
#include "util/log.h"
#include "util/memory.h"
#include "util/text.h"

#include <stdlib.h>
#include <string.h>

enum { PCR_MASK = (1 << KW_NODE_PCRS) - 1 };

int kw_publisher_new(const struct kw_publisher_parts *parts, struct kw_publisher **ret,
		     struct kw_error *err)
{
	KW_CLEANUP(kw_publisher_freep) struct kw_publisher *p = kw_alloc(sizeof(*p));
	const struct kw_config *config = parts->config;

	p->parts = *parts;
	if (kw_http_new(config, parts->clock, parts->random, &p->http, err) < 0)
		return -1;
	if (kw_amd_roots_load(config->collateral.trusted_roots, &p->roots, err) < 0)
		return kw_wrap(err, "collateral.trustedRoots");
	p->cache = kw_collateral_cache_new(config, p->http, parts->clock);
	if (*config->node.config_map.name)
		p->config_map = kw_config_map_new(config, parts->clock, parts->random);
	else
		p->result.config_map.state = KW_PART_OFF;
	if (!*config->node.event_log)
		p->result.event_log.state = KW_PART_OFF;
	*ret = KW_STEAL(p);
	return 0;
}

void kw_publisher_free(struct kw_publisher *p)
{
	if (!p)
		return;
	kw_config_map_free(p->config_map);
	kw_collateral_cache_free(p->cache);
	kw_amd_roots_free(p->roots);
	kw_http_free(p->http);
	free(p->current.json);
	free(p->current.file_name);
	free(p->patched);
	free(p);
}

/* Neighbours can extend PCRs: from then on attestation fails until the machine boots again, so it
 * is worth a line. */
static void count_changes(struct kw_publisher *p, const struct kw_pcr_values *now)
{
	for (unsigned i = 0; p->has_pcrs && i < KW_NODE_PCRS; i++) {
		if (memcmp(p->pcrs.value[i], now->value[i], KW_SHA256_SIZE) == 0)
			continue;
		p->result.pcr_changes[i]++;
		kw_log(KW_LOG_WARNING, "pcr-changed", NULL, "PCR %u was extended", i);
	}
	p->pcrs = *now;
	p->has_pcrs = true;
}

static void look_at_log(struct kw_publisher *p, const struct kw_raw_evidence *measured)
{
	struct kw_error err = { 0 };
	int r;

	if (p->result.event_log.state == KW_PART_OFF)
		return;
	r = kw_publish_event_log(p, measured, &err);
	kw_part_set(&p->result.event_log, KW_PART_EVENT_LOG, r < 0 ? &err : NULL);
}

static void look_at_collateral(struct kw_publisher *p, const struct kw_raw_evidence *measured)
{
	struct kw_error err = { 0 };
	int r;

	if (!measured)
		return; /* whose collateral is wanted is not known; the TPM's part says why */
	r = kw_publish_collateral(p, &measured->report.snp, &err);
	kw_part_set(&p->result.collateral, KW_PART_COLLATERAL, r < 0 ? &err : NULL);
	p->result.thim = kw_http_stats(p->http, KW_UPSTREAM_THIM);
}

static void look_at_config_map(struct kw_publisher *p)
{
	const struct kw_published_collateral *current = &p->current;
	struct kw_error err = { 0 };

	if (!p->config_map || !current->is_there
	    || (p->patched && strcmp(p->patched, current->json) == 0))
		return;
	if (kw_config_map_patch(p->config_map, current->file_name, current->json, &err) < 0) {
		p->result.n_patches_failed++;
		kw_part_set(&p->result.config_map, KW_PART_CONFIG_MAP, &err);
		return;
	}
	free(p->patched);
	p->patched = kw_strdup(current->json);
	p->result.n_patches++;
	kw_part_set(&p->result.config_map, KW_PART_CONFIG_MAP, NULL);
}

/* The error that decides about the pause; NULL: all is well. */
static const struct kw_error *worst(const struct kw_published *result)
{
	const struct kw_part *parts[] = { &result->tpm, &result->event_log, &result->collateral,
					  &result->config_map };
	const struct kw_error *found = NULL;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (parts[i]->state == KW_PART_FAILED
		    && (!found
			|| parts[i]->err.upstream.retry_after_s > found->upstream.retry_after_s))
			found = &parts[i]->err;
	return found;
}

static void plan(struct kw_publisher *p)
{
	int64_t now_ms = kw_boot_ms(p->parts.clock);
	int64_t next_ms = now_ms + p->parts.config->node.interval_ms;
	const struct kw_error *failed = worst(&p->result);
	int64_t retry_ms = 0;

	p->n_failures = failed ? p->n_failures + 1 : 0;
	if (failed)
		retry_ms = now_ms + kw_pause_ms(p->parts.random, p->n_failures - 1, failed);
	p->result.next_ms = failed && retry_ms < next_ms ? retry_ms : next_ms;
}

void kw_publisher_look(struct kw_publisher *p)
{
	KW_CLEANUP(kw_raw_evidence_clear) struct kw_raw_evidence measured = { 0 };
	struct kw_error err = { 0 };
	bool is_read = kw_raw_measured_read(p->parts.config, PCR_MASK, &measured, &err) == 0;

	kw_part_set(&p->result.tpm, KW_PART_TPM, is_read ? NULL : &err);
	if (is_read)
		count_changes(p, &measured.pcrs);
	look_at_log(p, is_read ? &measured : NULL);
	look_at_collateral(p, is_read ? &measured : NULL);
	look_at_config_map(p);
	err = (struct kw_error){ 0 };
	if (kw_publish_status(p, &err) < 0 && p->result.collateral.state != KW_PART_FAILED)
		kw_part_set(&p->result.collateral, KW_PART_COLLATERAL, &err);
	plan(p);
}

const struct kw_published *kw_publisher_result(const struct kw_publisher *p)
{
	return &p->result;
}

void kw_publisher_cancel(struct kw_publisher *p)
{
	kw_http_cancel(p->http);
	if (p->config_map)
		kw_config_map_cancel(p->config_map);
}
