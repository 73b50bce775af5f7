/* SPDX-License-Identifier: Apache-2.0 */
/* Which probes there are, running them, and what they come to. */
#include "service/doctor.h"

#include "collateral/collateral.h"
#include "util/memory.h"
#include "util/text.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

/* Findings. */

void kw_probe_add(struct kw_probe *probe, const char *what, enum kw_finding_verdict verdict,
		  enum kw_error_name error, const char *found, const char *remedy)
{
	struct kw_finding *row = &probe->rows[KW_FINDINGS_MAX - 1];
	const struct kw_error_def *def = kw_error_def(error);

	if (probe->n_rows < KW_FINDINGS_MAX)
		row = &probe->rows[probe->n_rows++];
	else if (verdict != KW_FINDING_FAILED)
		return; /* never lose a failure */
	*row = (struct kw_finding){ .what = what, .verdict = verdict, .error = error };
	kw_text_clean(kw_bytes_text(found), row->found, sizeof(row->found));
	if (verdict == KW_FINDING_OK)
		return;
	if (remedy == NULL || *remedy == '\0')
		remedy = def != NULL ? def->remedy : "";
	kw_text_clean(kw_bytes_text(remedy), row->remedy, sizeof(row->remedy));
}

static enum kw_finding_verdict verdict_of(enum kw_verdict verdict)
{
	switch (verdict) {
	case KW_VERDICT_OK:
		return KW_FINDING_OK;
	case KW_VERDICT_FAILED:
		return KW_FINDING_FAILED;
	case KW_VERDICT_NOT_POSSIBLE:
		break;
	}
	return KW_FINDING_NOT_POSSIBLE;
}

void kw_probe_add_checks(struct kw_probe *probe, const struct kw_checks *checks)
{
	for (size_t i = 0; i < checks->n_rows; i++) {
		const struct kw_check *row = &checks->rows[i];
		bool due = row->verdict == KW_VERDICT_FAILED && row->expected[0] != '\0';
		char found[KW_FOUND_SIZE];

		(void)snprintf(found, sizeof(found), "%s%s%s", row->found, due ? ", expected " : "",
			       due ? row->expected : "");
		kw_probe_add(probe, row->check, verdict_of(row->verdict), row->error, found, NULL);
		probe->rows[probe->n_rows - 1].detail = true;
	}
}

void kw_probe_add_error(struct kw_probe *probe, const char *what, const struct kw_error *err)
{
	kw_probe_add(probe, what, KW_FINDING_FAILED, kw_error_name(err), err->detail, NULL);
}

/* Which probes. */

static void look(struct kw_job *job)
{
	struct kw_probe *probe = (struct kw_probe *)job;
	const struct kw_clock *clock = probe->doctor->clock;

	probe->look(probe);
	probe->ms = kw_boot_ms(clock) - probe->doctor->begun_ms;
}

static void looked(struct kw_job *job)
{
	((struct kw_probe *)job)->ended = true;
}

static struct kw_probe *add_probe(struct kw_doctor *doctor, const char *name, const char *subject,
				  enum kw_error_name late, void (*fn)(struct kw_probe *probe))
{
	struct kw_probe *probe;

	if (doctor->n_probes == KW_PROBES_MAX)
		return NULL;
	probe = kw_alloc(sizeof(*probe));
	probe->job = (struct kw_job){ .run = look, .done = looked };
	probe->name = name;
	probe->late = late;
	probe->look = fn;
	probe->doctor = doctor;
	kw_text_clean(kw_bytes_text(subject), probe->subject, sizeof(probe->subject));
	doctor->probes[doctor->n_probes++] = probe;
	return probe;
}

static void look_for_endpoint(struct kw_probe *probe)
{
	kw_probe_add(probe, "endpoint", KW_FINDING_FAILED, KW_E_CFG_MISSING,
		     "attestation.endpoints is empty", NULL);
}

static void look_for_key(struct kw_probe *probe)
{
	kw_probe_add(probe, "key", KW_FINDING_NOT_POSSIBLE, KW_E_CFG_MISSING,
		     "none is configured, so no vault was asked", NULL);
}

static void add_probes(struct kw_doctor *doctor)
{
	const struct kw_config *config = doctor->config;

	add_probe(doctor, "device", config->evidence.tcti, KW_E_TPM_OPEN, kw_look_at_device);
	add_probe(doctor, "tpm", config->evidence.tcti, KW_E_TPM_BUSY, kw_look_at_tpm);
	if (doctor->service == NULL)
		return;
	add_probe(doctor, "evidence", "", KW_E_TPM_BUSY, kw_look_at_evidence);
	add_probe(doctor, "collateral", "", KW_E_COL_UNREACHABLE, kw_look_at_collateral);
	for (size_t i = 0; i < config->attestation.n_endpoints; i++)
		add_probe(doctor, "attestation", config->attestation.endpoints[i],
			  KW_E_ATT_UNREACHABLE, kw_look_at_attestation);
	if (config->attestation.n_endpoints == 0)
		add_probe(doctor, "attestation", "", KW_E_ATT_UNREACHABLE, look_for_endpoint);
	add_probe(doctor, "imds", config->imds.endpoint, KW_E_IDN_UNREACHABLE, kw_look_at_instance);
	add_probe(doctor, "identity", "", KW_E_IDN_UNREACHABLE, kw_look_at_identity);
	if (config->n_keys == 0)
		add_probe(doctor, "key", "", KW_E_REL_UNREACHABLE, look_for_key);
	for (size_t i = 0; i < config->n_keys; i++) {
		struct kw_probe *probe = add_probe(doctor, "key", config->keys[i].name,
						   KW_E_REL_UNREACHABLE, kw_look_at_key);

		if (probe != NULL)
			probe->rule = &config->keys[i];
	}
}

/* Running them. */

static bool all_ended(const struct kw_doctor *doctor)
{
	for (size_t i = 0; i < doctor->n_probes; i++)
		if (!doctor->probes[i]->ended)
			return false;
	return true;
}

/* All began together, so that one deadline is each one's own. */
static void wait_for_probes(struct kw_doctor *doctor)
{
	int64_t until_ms = doctor->begun_ms + KW_PROBE_MAX_MS;
	struct pollfd ended = { .fd = kw_jobs_fd(doctor->jobs), .events = POLLIN };

	while (!all_ended(doctor)) {
		int64_t left_ms = until_ms - kw_boot_ms(doctor->clock);

		if (left_ms <= 0)
			return;
		(void)poll(&ended, 1, (int)left_ms);
		kw_jobs_finish(doctor->jobs);
	}
}

int kw_doctor_run(struct kw_doctor *doctor, bool *ret_abandoned, struct kw_error *err)
{
	add_probes(doctor);
	if (kw_jobs_new((unsigned)doctor->n_probes, "kw-probe", &doctor->jobs, err) < 0
	    || kw_jobs_start(doctor->jobs, err) < 0)
		return -1;
	doctor->begun_ms = kw_boot_ms(doctor->clock);
	for (size_t i = 0; i < doctor->n_probes; i++)
		if (!kw_jobs_submit(doctor->jobs, &doctor->probes[i]->job))
			return kw_fail(err, KW_E_SYS_INTERNAL, "no room for probe %zu", i);
	wait_for_probes(doctor);
	for (size_t i = 0; i < doctor->n_probes; i++)
		if (doctor->probes[i]->look == kw_look_at_collateral)
			kw_doctor_compare(doctor, doctor->probes[i]);
	*ret_abandoned = !all_ended(doctor);
	return 0;
}

void kw_doctor_clear(struct kw_doctor *doctor)
{
	kw_jobs_free(doctor->jobs);
	for (size_t i = 0; i < doctor->n_probes; i++)
		free(doctor->probes[i]);
	kw_blob_clear(&doctor->report);
	kw_collateral_free(doctor->collateral);
	*doctor = (struct kw_doctor){ 0 };
}

/* What they come to. */

const char *kw_finding_verdict_text(enum kw_finding_verdict verdict)
{
	switch (verdict) {
	case KW_FINDING_OK:
		return "ok";
	case KW_FINDING_WARNING:
		return "warning";
	case KW_FINDING_FAILED:
		return "failed";
	case KW_FINDING_NOT_POSSIBLE:
		return "not possible";
	}
	return "";
}

/* What a probe that was given up had written is not read: its thread may be writing still. */
static const struct kw_finding *first_failed(const struct kw_probe *probe)
{
	for (size_t i = 0; probe->ended && i < probe->n_rows; i++)
		if (probe->rows[i].verdict == KW_FINDING_FAILED)
			return &probe->rows[i];
	return NULL;
}

int kw_doctor_result(const struct kw_doctor *doctor, struct kw_error *err)
{
	for (size_t i = 0; i < doctor->n_probes; i++) {
		const struct kw_probe *probe = doctor->probes[i];
		const struct kw_finding *row = first_failed(probe);

		if (row != NULL)
			return kw_fail(err, row->error, "%s: %s: %s", probe->name, row->what,
				       row->found);
		if (!probe->ended)
			return kw_fail(err, probe->late, "%s: no end within %d s", probe->name,
				       KW_PROBE_MAX_MS / 1000);
	}
	return 0;
}

static void add_finding(struct kw_json *list, const struct kw_finding *row)
{
	struct kw_json *object = kw_json_add_object(list, NULL);
	const struct kw_error_def *def = kw_error_def(row->error);

	kw_json_add_string(object, "what", row->what);
	kw_json_add_string(object, "found", row->found);
	kw_json_add_string(object, "verdict", kw_finding_verdict_text(row->verdict));
	if (row->verdict == KW_FINDING_OK)
		return;
	kw_json_add_string(object, "id", def != NULL ? def->id : NULL);
	kw_json_add_string(object, "remedy", row->remedy);
}

struct kw_json *kw_doctor_json(const struct kw_doctor *doctor)
{
	struct kw_json *json = kw_json_new_object(), *list;
	struct kw_error err = { 0 };
	bool good = kw_doctor_result(doctor, &err) == 0;

	kw_json_add_string(json, "verdict", good ? "ok" : "failed");
	kw_json_add_string(json, "id", good ? NULL : err.def->id);
	kw_json_add_int(json, "exit", good ? 0 : err.def->exit_status);
	list = kw_json_add_array(json, "probes");
	for (size_t i = 0; i < doctor->n_probes; i++) {
		const struct kw_probe *probe = doctor->probes[i];
		struct kw_json *object = kw_json_add_object(list, NULL);
		struct kw_json *rows;

		kw_json_add_string(object, "probe", probe->name);
		kw_json_add_string(object, "subject", probe->subject);
		kw_json_add_string(object, "state", probe->ended ? "ended" : "timed out");
		kw_json_add_int(object, "ms", probe->ended ? probe->ms : KW_PROBE_MAX_MS);
		rows = kw_json_add_array(object, "findings");
		for (size_t k = 0; probe->ended && k < probe->n_rows; k++)
			add_finding(rows, &probe->rows[k]);
	}
	return json;
}
