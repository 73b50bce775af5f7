/* SPDX-License-Identifier: Apache-2.0 */
/* Probes of what a key needs outside: attestation, IMDS, identity, vault. */
#include "azure/reach.h"
#include "config/identity.h"
#include "policy/lint.h"
#include "service/doctor.h"
#include "service/internal.h"
#include "util/text.h"

#include <stdio.h>
#include <string.h>

enum { LINTS_SHOWN = 8 };
#define DEFAULT_AUDIENCE "https://vault.azure.net"

/* An upstream that answered: how fast, and by which clock. */
static void add_reached(struct kw_probe *probe, const struct kw_reached *reached)
{
	const struct kw_doctor *doctor = probe->doctor;
	int64_t skew_s = reached->date_s - kw_wall_s(doctor->clock);
	int64_t allowed_s = doctor->config->time.skew_ms / 1000;
	bool good = skew_s <= allowed_s && -skew_s <= allowed_s;
	char found[KW_FOUND_SIZE];

	(void)snprintf(found, sizeof(found), "HTTP %d after %lld ms", reached->status,
		       (long long)reached->ms);
	kw_probe_add(probe, "name, TLS and answer", KW_FINDING_OK, KW_OK, found, NULL);
	if (reached->date_s == 0)
		return;
	(void)snprintf(found, sizeof(found), "this machine is %lld s %s", (long long)llabs(skew_s),
		       skew_s < 0 ? "ahead" : "behind");
	kw_probe_add(probe, "clock", good ? KW_FINDING_OK : KW_FINDING_FAILED, KW_E_SYS_CLOCK,
		     found, NULL);
}

void kw_look_at_attestation(struct kw_probe *probe)
{
	struct kw_reached reached = { 0 };
	struct kw_error err = { 0 };

	if (kw_reach_attestation(probe->doctor->service->http, probe->doctor->clock, probe->subject,
				 &reached, &err)
	    < 0)
		kw_probe_add_error(probe, "name, TLS and answer", &err);
	else
		add_reached(probe, &reached);
}

/* IMDS. */

static bool uses_imds(const struct kw_config *config)
{
	for (size_t i = 0; i < config->collateral.n_sources; i++)
		if (config->collateral.sources[i] == KW_SOURCE_THIM)
			return true;
	return kw_config_identity_kind(&config->identity) == KW_IDENTITY_MANAGED;
}

void kw_look_at_instance(struct kw_probe *probe)
{
	const struct kw_doctor *doctor = probe->doctor;
	struct kw_instance instance = { 0 };
	struct kw_error err = { 0 };
	char found[KW_FOUND_SIZE];

	if (kw_instance_get(doctor->service->http, doctor->clock, doctor->config, &instance, &err)
	    < 0) {
		kw_probe_add(probe, "answer",
			     uses_imds(doctor->config) ? KW_FINDING_FAILED : KW_FINDING_WARNING,
			     kw_error_name(&err), err.detail, NULL);
		return;
	}
	(void)snprintf(found, sizeof(found), "after %lld ms", (long long)instance.reached.ms);
	kw_probe_add(probe, "answer", KW_FINDING_OK, KW_OK, found, NULL);
	(void)snprintf(found, sizeof(found), "security type '%s'", instance.security_type);
	kw_probe_add(probe, "VM kind",
		     strcmp(instance.security_type, "ConfidentialVM") == 0 ? KW_FINDING_OK
									   : KW_FINDING_WARNING,
		     KW_E_HCL_TYPE, found, NULL);
}

/* Identities. */

static void add_identities_found(struct kw_probe *probe)
{
	static const char *const variables[] = { "AZURE_CLIENT_ID", "AZURE_TENANT_ID",
						 "AZURE_FEDERATED_TOKEN_FILE" };
	const struct kw_config_identity *identity = &probe->doctor->config->identity;
	const char *missing = NULL;
	char found[KW_FOUND_SIZE], kind[200];

	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]) && missing == NULL; i++)
		if (kw_config_environment(variables[i]) == NULL)
			missing = variables[i];
	kw_identity_describe(identity, kind, sizeof(kind));
	(void)snprintf(found, sizeof(found), "%s%s; token file %s; taken: %s",
		       missing != NULL ? "no workload identity, without " : "workload identity",
		       missing != NULL ? missing : "",
		       *identity->token_file != '\0' ? "configured" : "not configured", kind);
	kw_probe_add(probe, "identities found", KW_FINDING_OK, KW_OK, found, NULL);
}

static const char *audience_of(const struct kw_doctor *doctor)
{
	const struct kw_config *config = doctor->config;
	const char *audience = NULL;

	if (config->n_keys > 0)
		audience =
			kw_config_audience(config, &config->identity, &config->keys[0].id.origin);
	else if (*config->identity.audience != '\0')
		audience = config->identity.audience;
	return audience != NULL ? audience : DEFAULT_AUDIENCE;
}

void kw_look_at_identity(struct kw_probe *probe)
{
	KW_CLEANUP(kw_secret_clear) struct kw_secret token = { 0 };
	const struct kw_doctor *doctor = probe->doctor;
	const char *audience = audience_of(doctor);
	struct kw_error err = { 0 };
	char found[KW_FOUND_SIZE];

	add_identities_found(probe);
	if (kw_identity_token(doctor->service->identities, &doctor->config->identity, audience,
			      false, &token, &err)
	    < 0) {
		kw_probe_add_error(probe, "access token", &err);
		return;
	}
	(void)snprintf(found, sizeof(found), "given for %s", audience);
	kw_probe_add(probe, "access token", KW_FINDING_OK, KW_OK, found, NULL);
}

/* Keys. */

struct get_call {
	struct kw_probe *probe;
	struct kw_vault_key *ret;
};

static int get_with(void *ctx, const struct kw_secret *bearer, struct kw_error *err)
{
	const struct get_call *call = ctx;

	return kw_vault_get_key(call->probe->doctor->service->http, &call->probe->rule->id, bearer,
				0, call->ret, err);
}

static enum kw_finding_verdict verdict_of(enum kw_lint_level level)
{
	switch (level) {
	case KW_LINT_NOTE:
		return KW_FINDING_OK;
	case KW_LINT_WARNING:
		return KW_FINDING_WARNING;
	case KW_LINT_ERROR:
		break;
	}
	return KW_FINDING_FAILED;
}

/* Only the policy: what the key lacks has its own rows. */
static void add_policy(struct kw_probe *probe, const struct kw_vault_key *key)
{
	KW_CLEANUP(kw_policy_document_clear) struct kw_policy_document document = { 0 };
	KW_CLEANUP(kw_policy_freep) struct kw_policy *policy = NULL;
	struct kw_lint lint = { 0 };
	struct kw_error err = { 0 };
	char found[KW_FOUND_SIZE];

	if (kw_policy_document_read(kw_blob_bytes(&key->answer), &document, &err) < 0
	    || kw_policy_parse(kw_blob_bytes(&document.policy), &policy, &err) < 0) {
		kw_probe_add_error(probe, "policy", &err);
		return;
	}
	kw_lint_policy(policy, &lint);
	for (size_t i = 0; i < lint.n_rows && i < LINTS_SHOWN; i++) {
		const struct kw_lint_finding *row = &lint.rows[i];

		(void)snprintf(found, sizeof(found), "%s: %s", row->place, row->text);
		kw_probe_add(probe, "policy", verdict_of(row->level), KW_E_REL_LINT, found, NULL);
	}
}

/* A release needs no `get`: not to have it is no failure. */
static void add_key(struct kw_probe *probe)
{
	KW_CLEANUP(kw_vault_key_clear) struct kw_vault_key key = { 0 };
	struct get_call call = { probe, &key };
	struct kw_checks checks = { 0 };
	struct kw_error err = { 0 };

	if (kw_with_bearer(probe->doctor->service, probe->rule, get_with, &call, &err) < 0) {
		bool may_not_get = kw_error_is(&err, KW_E_REL_GET);

		kw_probe_add(probe, "attributes",
			     may_not_get ? KW_FINDING_WARNING : KW_FINDING_FAILED,
			     kw_error_name(&err), err.detail, NULL);
		return;
	}
	kw_vault_key_judge(&key, kw_wall_s(probe->doctor->clock), &checks);
	kw_probe_add_checks(probe, &checks);
	if (key.has_policy)
		add_policy(probe, &key);
}

void kw_look_at_key(struct kw_probe *probe)
{
	const struct kw_doctor *doctor = probe->doctor;
	struct kw_reached reached = { 0 };
	struct kw_error err = { 0 };

	if (kw_reach_vault(doctor->service->http, doctor->clock, &probe->rule->id, &reached, &err)
	    < 0) {
		kw_probe_add_error(probe, "name, TLS and answer", &err);
		return;
	}
	add_reached(probe, &reached);
	add_key(probe);
}
