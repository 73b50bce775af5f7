/* SPDX-License-Identifier: Apache-2.0 */
/* Probes of the machine: device, TPM, evidence, AMD certificates. */
#include "service/device.h"

#include "evidence/survey.h"
#include "jose/certificate.h"
#include "service/internal.h"

#include <stdio.h>
#include <string.h>

enum { CERTIFICATE_WARN_S = 30 * 24 * 3600, TPM_PATIENCE_MS = KW_PROBE_MAX_MS - 500 };

void kw_look_at_device(struct kw_probe *probe)
{
	static const char prefix[] = "device:";
	const char *tcti = probe->doctor->config->evidence.tcti;
	struct kw_device device;

	if (strncmp(tcti, prefix, strlen(prefix)) != 0) {
		kw_probe_add(probe, "device", KW_FINDING_OK, KW_OK,
			     "none is needed for this transport", NULL);
		return;
	}
	kw_device_look(tcti + strlen(prefix), &device);
	kw_device_judge(&device, probe);
}

/* The TPM. */

static void judge_size(struct kw_probe *probe, const char *what, size_t size,
		       enum kw_error_name missing)
{
	char found[64];

	(void)snprintf(found, sizeof(found), "%zu bytes", size);
	kw_probe_add(probe, what, size > 0 ? KW_FINDING_OK : KW_FINDING_FAILED, missing,
		     size > 0 ? found : "not defined", NULL);
}

static void judge_ak_certificate(struct kw_probe *probe, const struct kw_tpm_survey *survey)
{
	KW_CLEANUP(kw_certificate_clear) struct kw_certificate c = { 0 };
	int64_t now_s = kw_wall_s(probe->doctor->clock);
	char until[KW_TIME_TEXT_SIZE], found[KW_FOUND_SIZE];
	struct kw_error err = { 0 };
	enum kw_finding_verdict verdict = KW_FINDING_OK;

	if (survey->ak_certificate.len == 0)
		return; /* its index says so */
	if (kw_certificate_parse(kw_blob_bytes(&survey->ak_certificate), true, KW_E_TPM_AK_CERT, &c,
				 &err)
	    < 0) {
		kw_probe_add_error(probe, "AK certificate", &err);
		return;
	}
	kw_time_text(c.not_after_s, until);
	(void)snprintf(found, sizeof(found), "issued by %.120s, valid until %s", c.issuer, until);
	if (now_s < c.not_before_s || now_s > c.not_after_s)
		verdict = KW_FINDING_FAILED;
	else if (now_s + CERTIFICATE_WARN_S > c.not_after_s)
		verdict = KW_FINDING_WARNING;
	kw_probe_add(probe, "AK certificate", verdict, KW_E_TPM_AK_CERT, found, NULL);
}

static void judge_secure_boot(struct kw_probe *probe, const struct kw_hcl_report *report)
{
	if (report->secure_boot == 1)
		kw_probe_add(probe, "Secure Boot", KW_FINDING_OK, KW_OK, "on", NULL);
	else
		kw_probe_add(probe, "Secure Boot", KW_FINDING_WARNING, KW_E_ATT_POLICY,
			     report->secure_boot == 0 ? "off" : "not said",
			     "policies that ask for secureboot refuse this machine: switch it on "
			     "in the VM's security profile");
}

static void judge_report(struct kw_probe *probe, const struct kw_tpm_survey *survey)
{
	KW_CLEANUP(kw_hcl_report_clear) struct kw_hcl_report report = { 0 };
	struct kw_error err = { 0 };
	struct kw_checks checks = { 0 };
	char found[KW_FOUND_SIZE];

	if (survey->report.len == 0)
		return;
	if (kw_hcl_report_parse(kw_blob_bytes(&survey->report), &report, &err) < 0) {
		kw_probe_add_error(probe, "VM kind", &err);
		return;
	}
	(void)snprintf(found, sizeof(found), "SEV-SNP confidential VM, report version %u, debug %s",
		       report.snp.version, (report.snp.policy >> 19 & 1) != 0 ? "on" : "off");
	kw_probe_add(probe, "VM kind", KW_FINDING_OK, KW_OK, found, NULL);
	kw_hcl_report_judge(&report, &checks);
	kw_probe_add_checks(probe, &checks);
	judge_secure_boot(probe, &report);
}

void kw_look_at_tpm(struct kw_probe *probe)
{
	struct kw_tpm_survey survey = { 0 };
	struct kw_error err = { 0 };

	if (kw_tpm_survey(probe->doctor->config, TPM_PATIENCE_MS, &survey, &err) < 0) {
		kw_probe_add_error(probe, "TPM", &err);
		return;
	}
	kw_probe_add(probe, "TPM", KW_FINDING_OK, KW_OK, survey.maker, NULL);
	judge_size(probe, "NV 0x01400001 (report)", survey.report.len, KW_E_TPM_NO_HCL);
	judge_size(probe, "NV 0x01c101d0 (AK certificate)", survey.ak_certificate.len,
		   KW_E_TPM_AK_CERT);
	kw_probe_add(probe, "NV 0x01400002 (user data)", KW_FINDING_OK, KW_OK,
		     survey.has_user_data ? "defined" : "not defined: made when it is needed",
		     NULL);
	kw_probe_add(probe, "attestation key", survey.has_ak ? KW_FINDING_OK : KW_FINDING_FAILED,
		     KW_E_TPM_NO_AK, survey.has_ak ? "there" : "nothing at 0x81000003", NULL);
	judge_ak_certificate(probe, &survey);
	judge_report(probe, &survey);
	probe->doctor->report = kw_blob_steal(&survey.report);
	kw_tpm_survey_clear(&survey);
}

/* Evidence as for an attestation: quote, event log, wrapping key. */
void kw_look_at_evidence(struct kw_probe *probe)
{
	KW_CLEANUP(kw_evidence_freep) struct kw_evidence *evidence = NULL;
	struct kw_doctor *doctor = probe->doctor;
	struct kw_checks checks = { 0 };
	struct kw_error err = { 0 };

	if (kw_service_gather(doctor->service, &evidence, &err) < 0) {
		kw_probe_add_error(probe, "gathering", &err);
		return;
	}
	kw_probe_add(probe, "gathering", KW_FINDING_OK, KW_OK, evidence->provider->name, NULL);
	kw_evidence_judge(evidence, doctor->config, kw_wall_s(doctor->clock), &checks);
	kw_probe_add_checks(probe, &checks);
}

/* AMD's certificates: from where the configuration says, whichever chip they are for. */
void kw_look_at_collateral(struct kw_probe *probe)
{
	KW_CLEANUP(kw_collateral_freep) struct kw_collateral *collateral = NULL;
	struct kw_doctor *doctor = probe->doctor;
	struct kw_checks checks = { 0 };
	struct kw_error err = { 0 };
	char found[KW_FOUND_SIZE];

	if (kw_collateral_get(doctor->service->collateral, NULL, true, &collateral, &err) < 0) {
		kw_probe_add_error(probe, "fetching", &err);
		return;
	}
	(void)snprintf(found, sizeof(found), "%s from %s", collateral->leaf.product_name,
		       collateral->source);
	kw_probe_add(probe, "fetching", KW_FINDING_OK, KW_OK, found, NULL);
	kw_collateral_judge(collateral, doctor->service->amd_roots, kw_wall_s(doctor->clock),
			    &checks);
	kw_probe_add_checks(probe, &checks);
	doctor->collateral = KW_STEAL(collateral);
}

static bool has_ended(const struct kw_doctor *doctor, void (*look)(struct kw_probe *probe))
{
	for (size_t i = 0; i < doctor->n_probes; i++)
		if (doctor->probes[i]->look == look)
			return doctor->probes[i]->ended;
	return false;
}

void kw_doctor_compare(struct kw_doctor *doctor, struct kw_probe *collateral)
{
	KW_CLEANUP(kw_hcl_report_clear) struct kw_hcl_report report = { 0 };
	struct kw_signed_report signed_report;
	struct kw_checks checks = { 0 };
	struct kw_error err = { 0 };

	if (!collateral->ended || doctor->collateral == NULL)
		return;
	if (!has_ended(doctor, kw_look_at_tpm) || doctor->report.len == 0
	    || kw_hcl_report_parse(kw_blob_bytes(&doctor->report), &report, &err) < 0) {
		kw_probe_add(collateral, "report of this machine", KW_FINDING_NOT_POSSIBLE,
			     KW_E_TPM_NO_HCL, "there is none to hold the certificates against",
			     NULL);
		return;
	}
	signed_report = kw_signed_report_of(&report.snp);
	kw_collateral_judge_report(doctor->collateral, &signed_report,
				   doctor->config->evidence.allow_masked_chip, &checks);
	kw_probe_add_checks(collateral, &checks);
}
