/* SPDX-License-Identifier: Apache-2.0 */
/*
 * configfs-tsm of Linux 6.7 and later (SNP evidence 5): a directory is made for each report and
 * removed with it. Neighbours may write into ours; the generation counter tells.
 */
#include "evidence/snp_device.h"

#include "evidence/tsm_files.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { LEVEL_LAST = 3 };

static bool is_busy(int error)
{
	return error == EBUSY || error == ETIMEDOUT || error == EINTR;
}

static enum kw_error_name error_of(int error)
{
	if (is_busy(error))
		return KW_E_SNP_DEVICE_BUSY;
	if (error == ENXIO || error == ENODEV || error == ENOENT || error == EROFS
	    || error == EACCES || error == EPERM)
		return KW_E_SNP_DEVICE;
	return KW_E_SNP_DEVICE_FAILED;
}

/* An attribute's errno as our error. */
static int refuse(const struct kw_tsm_entry *entry, const char *name, struct kw_error *err)
{
	return kw_fail(err, error_of(errno), "'%s/%s': %m", entry->path, name);
}

static int check_provider(const struct kw_tsm_entry *entry, struct kw_error *err)
{
	char provider[KW_TSM_TEXT_SIZE];

	if (!kw_tsm_read_text(entry, "provider", provider))
		return refuse(entry, "provider", err);
	if (strcmp(provider, "tdx_guest") == 0)
		return kw_fail(err, KW_E_HCL_TYPE, "configfs-tsm is of a TDX guest");
	if (strcmp(provider, "sev_guest") != 0)
		return kw_fail(err, KW_E_HCL_TYPE, "configfs-tsm is of '%s', expected 'sev_guest'",
			       provider);
	return 0;
}

/* Behind a paravisor level 0 is not ours; a report of another level is judged later. */
static int choose_level(const struct kw_tsm_entry *entry, struct kw_error *err)
{
	char text[KW_TSM_TEXT_SIZE];
	uint64_t floor;

	if (!kw_tsm_read_text(entry, "privlevel_floor", text)) {
		if (errno == ENOENT)
			return 0;
		return refuse(entry, "privlevel_floor", err);
	}
	if (!kw_tsm_number(text, &floor) || floor > LEVEL_LAST)
		return kw_fail(err, KW_E_SNP_ANSWER, "'%s/privlevel_floor' is '%s'", entry->path,
			       text);
	if (floor == 0)
		return 0;
	if (!kw_tsm_write(entry, "privlevel", kw_bytes_text(text)))
		return refuse(entry, "privlevel", err);
	return 0;
}

static int read_generation(const struct kw_tsm_entry *entry, uint64_t *ret, struct kw_error *err)
{
	char text[KW_TSM_TEXT_SIZE];

	if (!kw_tsm_read_text(entry, "generation", text))
		return refuse(entry, "generation", err);
	if (!kw_tsm_number(text, ret))
		return kw_fail(err, KW_E_SNP_ANSWER, "'%s/generation' is '%s'", entry->path, text);
	return 0;
}

enum outcome { TAKEN, DISTURBED, BUSY, FAILED };

/* While the state changes, or the host is busy, reading again can help. */
static enum outcome outcome_of(int error)
{
	if (error == EWOULDBLOCK)
		return DISTURBED;
	return is_busy(error) ? BUSY : FAILED;
}

static enum outcome read_blob(const struct kw_tsm_entry *entry, const char *name,
			      struct kw_blob *ret, struct kw_error *err)
{
	enum outcome outcome;

	if (kw_tsm_read(entry, name, KW_TSM_BLOB_SIZE_MAX, ret))
		return TAKEN;
	outcome = outcome_of(errno);
	(void)refuse(entry, name, err);
	return outcome;
}

/* Points 4 to 7. */
static enum outcome ask(const struct kw_tsm_entry *entry, struct kw_bytes report_data,
			struct kw_snp_taken *ret, struct kw_error *err)
{
	uint64_t before = 0, after = 0;
	enum outcome outcome;

	kw_snp_taken_clear(ret);
	if (read_generation(entry, &before, err) < 0)
		return FAILED;
	if (!kw_tsm_write(entry, "inblob", report_data)) {
		outcome = outcome_of(errno);
		(void)refuse(entry, "inblob", err);
		return outcome;
	}
	outcome = read_blob(entry, "outblob", &ret->report, err);
	if (outcome == TAKEN)
		outcome = read_blob(entry, "auxblob", &ret->table, err);
	if (outcome != TAKEN)
		return outcome;
	if (read_generation(entry, &after, err) < 0)
		return FAILED;
	if (after == before + 1)
		return TAKEN;
	(void)kw_fail(err, KW_E_SNP_FRESHNESS,
		      "'%s': generation %" PRIu64 ", expected %" PRIu64
		      ": another process writes there",
		      entry->path, after, before + 1);
	return DISTURBED;
}

static int ask_patiently(const struct kw_snp_device *device, const struct kw_tsm_entry *entry,
			 struct kw_bytes report_data, struct kw_snp_taken *ret,
			 struct kw_error *err)
{
	enum outcome outcome = BUSY;

	for (int i = 0; i < KW_SNP_DEVICE_TRIES && outcome != TAKEN && outcome != FAILED; i++) {
		if (i > 0 && outcome == BUSY)
			kw_sleep_ms(device->clock, KW_SNP_DEVICE_PAUSE_MS);
		*err = (struct kw_error){ 0 };
		outcome = ask(entry, report_data, ret, err);
	}
	if (outcome == TAKEN)
		return 0;
	if (outcome == DISTURBED && !kw_error_is(err, KW_E_SNP_FRESHNESS))
		return kw_fail(err, KW_E_SNP_FRESHNESS,
			       "'%s' changed each time it was read: another process writes there",
			       entry->path);
	return -1;
}

static int open_entry(const struct kw_snp_device *device, struct kw_tsm_entry *ret,
		      struct kw_error *err)
{
	kw_tsm_remove_leftovers(device->path);
	if (!kw_tsm_entry_make(device->path, device->random, ret))
		return kw_fail(err, error_of(errno), "'%s': a directory cannot be made: %m",
			       device->path);
	return check_provider(ret, err);
}

int kw_tsm_take(const struct kw_snp_device *device,
		const uint8_t report_data[KW_SNP_REPORT_DATA_SIZE], struct kw_snp_taken *ret,
		struct kw_error *err)
{
	KW_CLEANUP(kw_tsm_entry_remove) struct kw_tsm_entry entry = { 0 };
	KW_CLEANUP(kw_snp_taken_clear) struct kw_snp_taken taken = { 0 };

	if (open_entry(device, &entry, err) < 0 || choose_level(&entry, err) < 0
	    || ask_patiently(device, &entry,
			     (struct kw_bytes){ report_data, KW_SNP_REPORT_DATA_SIZE }, &taken, err)
		       < 0
	    || kw_snp_taken_check(&taken, report_data, err) < 0)
		return -1;
	*ret = taken;
	taken = (struct kw_snp_taken){ 0 };
	return 0;
}

bool kw_tsm_probe(const struct kw_snp_device *device, struct kw_error *err)
{
	KW_CLEANUP(kw_tsm_entry_remove) struct kw_tsm_entry entry = { 0 };

	return open_entry(device, &entry, err) == 0;
}
