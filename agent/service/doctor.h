/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A look at this node, this pod and what the configuration names: what would fail, and what to do.
 * Probes run side by side on threads of their own, each with its deadline; one that does not end by
 * then is given up, and what it found is not looked at. Nothing is changed, and no secret is in a
 * finding.
 */
#pragma once

#include "service/jobs.h"
#include "service/service.h"

enum {
	KW_PROBE_MAX_MS = 3000,
	KW_PROBES_MAX = 32,
	KW_FINDINGS_MAX = 96,
	KW_FOUND_SIZE = 320,
	KW_REMEDY_SIZE = 320,
};

/* A warning does not stop a release by itself. */
enum kw_finding_verdict {
	KW_FINDING_OK,
	KW_FINDING_WARNING,
	KW_FINDING_FAILED,
	KW_FINDING_NOT_POSSIBLE
};
struct kw_finding {
	const char *what; /* static */
	enum kw_finding_verdict verdict;
	enum kw_error_name error; /* KW_OK: none */
	bool detail;		  /* one of a long list of checks: people see it if it is not ok */
	char found[KW_FOUND_SIZE], remedy[KW_REMEDY_SIZE];
};

struct kw_doctor;
struct kw_probe {
	struct kw_job job;
	const char *name; /* "tpm" */
	char subject[KW_ORIGIN_TEXT_SIZE];
	enum kw_error_name late; /* what it means that it does not end */
	void (*look)(struct kw_probe *probe);
	struct kw_doctor *doctor;
	const struct kw_config_key *rule;
	bool ended;
	int64_t ms;
	struct kw_finding rows[KW_FINDINGS_MAX];
	size_t n_rows;
};
/* `found` is cleaned and cut; `remedy` NULL or "": the catalogue's. */
void kw_probe_add(struct kw_probe *probe, const char *what, enum kw_finding_verdict verdict,
		  enum kw_error_name error, const char *found, const char *remedy);

struct kw_doctor {
	const struct kw_config *config;
	struct kw_service *service; /* NULL: device and TPM alone are looked at */
	const struct kw_clock *clock;
	int64_t begun_ms;
	struct kw_probe *probes[KW_PROBES_MAX]; /* in the order of a key's path */
	size_t n_probes;
	struct kw_jobs *jobs;
	/* For the comparison at the end; each belongs to the probe that fills it until that ends.
	 */
	struct kw_blob report;
	struct kw_collateral *collateral;
};

/* Runs every probe that the configuration gives reason for. Afterwards `*ret_abandoned` says that
 * threads are still at work: the process must end without freeing anything (_exit). */
int kw_doctor_run(struct kw_doctor *doctor, bool *ret_abandoned, struct kw_error *err) KW_MUST_USE;
void kw_doctor_clear(struct kw_doctor *doctor); /* not when threads are still at work */

const char *kw_finding_verdict_text(enum kw_finding_verdict verdict);
/* The first finding that failed, or probe that did not end, becomes the error. */
int kw_doctor_result(const struct kw_doctor *doctor, struct kw_error *err) KW_MUST_USE;
/* {"verdict", "probes": [{"probe", "subject", "state": "ended" | "timed out", "ms", "findings"}]}
 */
struct kw_json *kw_doctor_json(const struct kw_doctor *doctor);

/* For the files of this use case alone. */
void kw_probe_add_checks(struct kw_probe *probe, const struct kw_checks *checks);
void kw_probe_add_error(struct kw_probe *probe, const char *what, const struct kw_error *err);
void kw_look_at_device(struct kw_probe *probe); /* doctor_machine.c */
void kw_look_at_tpm(struct kw_probe *probe);
void kw_look_at_evidence(struct kw_probe *probe);
void kw_look_at_collateral(struct kw_probe *probe);
void kw_look_at_instance(struct kw_probe *probe); /* doctor_services.c */
void kw_look_at_identity(struct kw_probe *probe);
void kw_look_at_attestation(struct kw_probe *probe);
void kw_look_at_key(struct kw_probe *probe);
/* After the probes: the TCB and chip of the certificates against those of the report. */
void kw_doctor_compare(struct kw_doctor *doctor, struct kw_probe *collateral);
