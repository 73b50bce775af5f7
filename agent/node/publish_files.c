/* SPDX-License-Identifier: Apache-2.0 */
/* What lies in node.directory: eventlog, collateral/<chip id>.json, node.json. */
#include "node/directory.h"
#include "node/publisher.h"
#include "service/pause.h"
#include "service/raw_evidence.h"
#include "util/file.h"
#include "util/log.h"
#include "util/text.h"

#include <stdlib.h>
#include <string.h>

enum { PCR_MASK = (1 << KW_NODE_PCRS) - 1, MS_PER_S = 1000, CACHE_MIN_S = 60 };

static int write_file(const struct kw_publisher *p, const char *name, struct kw_bytes content,
		      struct kw_error *err)
{
	KW_CLEANUP(freep)
	char *path = kw_format("%s/%s", p->parts.config->node.directory, name);
	bool written = false;

	if (kw_public_write(path, content, &written, err) < 0)
		return -1;
	if (written)
		kw_log(KW_LOG_INFO, "published", NULL, "'%s', %zu bytes", path, content.len);
	return 0;
}

/* A log that does not replay is published all the same, and marked: whoever wants to know what was
 * measured needs it more than ever. */
static void hold_against_pcrs(struct kw_publisher *p, const struct kw_event_log *log,
			      const struct kw_pcr_values *pcrs)
{
	uint32_t was = p->result.pcrs_that_differ, now = kw_event_log_differs(log, pcrs, PCR_MASK);

	p->result.pcrs_that_differ = now;
	p->result.log_replays = now == 0;
	if (now != 0 && now != was)
		kw_log(KW_LOG_WARNING, "log-differs", NULL,
		       "the event log does not replay to the PCRs (bit mask 0x%02x)", now);
}

int kw_publish_event_log(struct kw_publisher *p, const struct kw_raw_evidence *measured,
			 struct kw_error *err)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob bytes = { 0 };
	struct kw_event_log log = { 0 };

	p->result.log_replays = false;
	if (kw_file_read(p->parts.config->node.event_log, KW_EVENT_LOG_SIZE_MAX, KW_E_TPM_FILE,
			 &bytes, err)
		    < 0
	    || kw_event_log_parse(kw_blob_bytes(&bytes), &log, err) < 0)
		return kw_wrap(err, "event log");
	if (measured)
		hold_against_pcrs(p, &log, &measured->pcrs);
	if (write_file(p, "eventlog", kw_blob_bytes(&bytes), err) < 0)
		return -1;
	p->result.log_read_ms = kw_boot_ms(p->parts.clock);
	return 0;
}

/* Collateral. */

static bool is_due(const struct kw_publisher *p, const struct kw_snp_report *snp)
{
	const struct kw_published_collateral *c = &p->current;

	return !c->is_there || kw_boot_ms(p->parts.clock) >= c->refresh_at_ms
	       || memcmp(c->chip_id, snp->chip_id, sizeof(c->chip_id)) != 0
	       || memcmp(c->reported_tcb, snp->reported_tcb, sizeof(c->reported_tcb)) != 0;
}

static int fetch(struct kw_publisher *p, const struct kw_snp_report *snp,
		 struct kw_collateral **ret, struct kw_error *err)
{
	struct kw_collateral_wanted wanted = { .chip_masked = snp->chip_masked };

	memcpy(wanted.chip_id, snp->chip_id, sizeof(wanted.chip_id));
	memcpy(wanted.reported_tcb, snp->reported_tcb, sizeof(wanted.reported_tcb));
	return kw_collateral_get(p->cache, &wanted, true, ret, err);
}

static int verify(const struct kw_publisher *p, const struct kw_snp_report *snp,
		  const struct kw_collateral *collateral, struct kw_error *err)
{
	const struct kw_signed_report report = kw_signed_report_of(snp);
	struct kw_checks checks = { 0 };

	kw_collateral_judge(collateral, p->roots, kw_wall_s(p->parts.clock), &checks);
	kw_collateral_judge_report(collateral, &report, p->parts.config->evidence.allow_masked_chip,
				   &checks);
	if (kw_checks_result(&checks, 0, err) < 0)
		return kw_wrap(err, "verifying the collateral from %s", collateral->source);
	return 0;
}

/* Before it expires: after between three eighths and three quarters of its life, so that the nodes
 * of a pool drift apart. */
static int64_t refresh_at_ms(const struct kw_publisher *p, const struct kw_collateral *collateral)
{
	int64_t life_s = collateral->cache_s > CACHE_MIN_S ? collateral->cache_s : CACHE_MIN_S;

	return kw_boot_ms(p->parts.clock)
	       + kw_jittered_ms(p->parts.random, life_s * MS_PER_S / 4 * 3);
}

static void keep(struct kw_publisher *p, const struct kw_snp_report *snp,
		 const struct kw_collateral *collateral, char *json, char *file_name)
{
	struct kw_published_collateral *c = &p->current;

	free(c->json);
	free(c->file_name);
	c->json = json;
	c->file_name = file_name;
	memcpy(c->chip_id, snp->chip_id, sizeof(c->chip_id));
	memcpy(c->reported_tcb, snp->reported_tcb, sizeof(c->reported_tcb));
	c->refresh_at_ms = refresh_at_ms(p, collateral);
	c->is_there = true;
	p->result.collateral_fetched_ms = kw_boot_ms(p->parts.clock);
}

static int write_collateral(const struct kw_publisher *p, const char *file_name, const char *json,
			    struct kw_error *err)
{
	KW_CLEANUP(freep) char *name = kw_format("collateral/%s", file_name);

	return write_file(p, name, kw_bytes_text(json), err);
}

int kw_publish_collateral(struct kw_publisher *p, const struct kw_snp_report *snp,
			  struct kw_error *err)
{
	KW_CLEANUP(kw_collateral_freep) struct kw_collateral *collateral = NULL;
	KW_CLEANUP(kw_json_freep) struct kw_json *json = NULL;
	KW_CLEANUP(freep) char *text = NULL;
	KW_CLEANUP(freep) char *file_name = NULL;
	char chip[2 * KW_CHIP_ID_SIZE + 1];

	if (!is_due(p, snp)) /* somebody may have removed it */
		return write_collateral(p, p->current.file_name, p->current.json, err);
	if (snp->chip_masked || kw_bytes_are_zero(KW_BYTES(snp->chip_id)))
		return kw_fail(err, KW_E_COL_MASKED,
			       "the report names no chip, after which the file would be called");
	if (fetch(p, snp, &collateral, err) < 0 || verify(p, snp, collateral, err) < 0)
		return -1;
	json = kw_collateral_json(collateral);
	text = kw_json_print(json);
	kw_hex_encode(KW_BYTES(snp->chip_id), chip);
	file_name = kw_format("%s.json", chip);
	if (write_collateral(p, file_name, text, err) < 0)
		return -1;
	keep(p, snp, collateral, KW_STEAL(text), KW_STEAL(file_name));
	return 0;
}

/* The word on both. */

static const char *log_state(const struct kw_publisher *p)
{
	const struct kw_published *result = &p->result;

	if (result->event_log.state == KW_PART_OFF)
		return "off";
	if (result->event_log.state == KW_PART_FAILED)
		return "missing";
	if (result->tpm.state == KW_PART_FAILED)
		return "unverified";
	return result->log_replays ? "replays" : "differs";
}

static void add_log(struct kw_json *status, const struct kw_publisher *p)
{
	struct kw_json *log = kw_json_add_object(status, "eventLog");
	struct kw_json *pcrs;

	kw_json_add_string(log, "state", log_state(p));
	if (strcmp(log_state(p), "differs") != 0)
		return;
	pcrs = kw_json_add_array(log, "pcrs");
	for (unsigned i = 0; i < KW_NODE_PCRS; i++)
		if (p->result.pcrs_that_differ >> i & 1)
			kw_json_add_int(pcrs, NULL, i);
}

static void add_collateral(struct kw_json *status, const struct kw_publisher *p)
{
	struct kw_json *collateral = kw_json_add_object(status, "collateral");
	char tcb[2 * KW_TCB_SIZE + 1];

	kw_json_add_string(collateral, "state", p->current.is_there ? "verified" : "missing");
	if (!p->current.is_there)
		return;
	kw_hex_encode(KW_BYTES(p->current.reported_tcb), tcb);
	kw_json_add_string(collateral, "file", p->current.file_name);
	kw_json_add_string(collateral, "reportedTcb", tcb);
}

int kw_publish_status(struct kw_publisher *p, struct kw_error *err)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *status = kw_json_new_object();
	KW_CLEANUP(freep) char *text = NULL;

	kw_json_add_string(status, "version", KW_VERSION);
	add_log(status, p);
	add_collateral(status, p);
	text = kw_json_print(status);
	return write_file(p, "node.json", kw_bytes_text(text), err);
}
