/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The providers of guests that hold their own SNP report: tsm, sev-guest and sev. They differ in
 * how they ask for a report and in nothing else. The wrapping key is made for the session, lives in
 * locked memory, and is bound by SHA-256(runtime data) in the report (key release 2.3).
 */
#include "evidence/provider.h"

#include "evidence/snp_device.h"
#include "jose/rsa_key.h"
#include "jose/unwrap.h"
#include "util/memory.h"

#include <stdio.h>
#include <string.h>

static struct kw_snp_device device_of(const char *path, const struct kw_random *random)
{
	return (struct kw_snp_device){
		.path = path,
		.calls = &kw_device_calls_system,
		.clock = &kw_clock_system,
		.random = random,
	};
}

/* The configured texts come back in the token, as they do from a vTPM; the nonce has a member of
 * its own in the request. */
static void add_payload(const struct kw_config *config, struct kw_json *runtime)
{
	struct kw_json *payload = NULL;

	for (size_t i = 0; i < config->attestation.n_client_payload; i++) {
		const struct kw_config_pair *pair = &config->attestation.client_payload[i];

		if (strcmp(pair->name, "nonce") == 0)
			continue;
		if (!payload)
			payload = kw_json_add_object(runtime, "client-payload");
		kw_json_add_string(payload, pair->name, pair->value);
	}
}

/* Our key is the only one: the vault wraps for the first that fits (key release 5.5). */
static struct kw_blob runtime_data(const struct kw_config *config, const struct kw_public_key *key,
				   const char *kid)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *runtime = kw_json_new_object();
	KW_CLEANUP(freep) char *text = NULL;
	struct kw_json *jwk = kw_public_key_jwk(key);

	kw_json_add_string(kw_json_add_array(jwk, "key_ops"), NULL, "encrypt");
	kw_json_add_string(jwk, "kid", kid);
	kw_json_add(kw_json_add_array(runtime, "keys"), NULL, jwk);
	add_payload(config, runtime);
	text = kw_json_print(runtime);
	return kw_blob_copy(kw_bytes_text(text));
}

static int make_wrapping_key(const struct kw_config *config, struct kw_evidence *e,
			     struct kw_error *err)
{
	KW_CLEANUP(freep) char *thumbprint = NULL;

	if (kw_rsa_key_generate(&e->wrapping_private, &e->wrapping_key, err) < 0)
		return -1;
	thumbprint = kw_public_key_thumbprint(e->wrapping_key);
	snprintf(e->wrapping_kid, sizeof(e->wrapping_kid), "%s", thumbprint);
	e->runtime = runtime_data(config, e->wrapping_key, e->wrapping_kid);
	return 0;
}

static int gather(const struct kw_provider *provider, kw_snp_take_fn *take,
		  const struct kw_snp_device *device, const struct kw_config *config,
		  struct kw_evidence **ret, struct kw_error *err)
{
	KW_CLEANUP(kw_evidence_freep) struct kw_evidence *e = kw_alloc(sizeof(*e));
	KW_CLEANUP(kw_snp_taken_clear) struct kw_snp_taken taken = { 0 };
	uint8_t report_data[KW_SNP_REPORT_DATA_SIZE] = { 0 };

	e->provider = provider;
	e->kind = KW_EVIDENCE_SNP;
	if (make_wrapping_key(config, e, err) < 0)
		return -1;
	kw_digest(KW_SHA256, kw_blob_bytes(&e->runtime), report_data);
	if (take(device, report_data, &taken, err) < 0)
		return -1;
	e->snp_report = kw_blob_steal(&taken.report);
	e->device_table = kw_blob_steal(&taken.table);
	if (kw_snp_report_parse(kw_blob_bytes(&e->snp_report), &e->snp, err) < 0)
		return -1;
	*ret = KW_STEAL(e);
	return 0;
}

static bool probe(const struct kw_provider *provider, kw_snp_probe_fn *present,
		  const struct kw_snp_device *device, struct kw_checks *ret_why)
{
	struct kw_error err = { 0 };
	bool there = present(device, &err);

	return kw_checks_judge(
		ret_why, provider->name, there ? KW_E_SNP_DEVICE : kw_error_name(&err), there,
		"a device that gives SNP reports", there ? device->path : err.detail);
}

/* No oracle: whatever is wrong with the ciphertext has one answer. */
static int unwrap(struct kw_evidence *e, enum kw_rsa_scheme scheme, enum kw_hash oaep,
		  struct kw_bytes wrapped, struct kw_secret *ret, struct kw_error *err)
{
	if (scheme != KW_RSA_OAEP)
		return kw_fail(err, KW_E_SNP_UNSUPPORTED,
			       "a key in memory opens RSA-OAEP and nothing else");
	return kw_unwrap_oaep(kw_secret_bytes(&e->wrapping_private), oaep, wrapped, ret, err);
}

/* The rows. */

#define PROVIDER(id, text, member)                                                             \
	static bool id##_probe(const struct kw_config *config, struct kw_checks *ret_why)      \
	{                                                                                      \
		const struct kw_snp_device device =                                            \
			device_of(config->evidence.devices.member, &kw_random_system);         \
                                                                                               \
		return probe(&kw_provider_##id, kw_##id##_probe, &device, ret_why);            \
	}                                                                                      \
	static int id##_gather(const struct kw_config *config, const struct kw_random *random, \
			       struct kw_evidence **ret, struct kw_error *err)                 \
	{                                                                                      \
		const struct kw_snp_device device =                                            \
			device_of(config->evidence.devices.member, random);                    \
                                                                                               \
		return gather(&kw_provider_##id, kw_##id##_take, &device, config, ret, err);   \
	}                                                                                      \
	static int id##_report(const struct kw_config *config, const struct kw_random *random, \
			       const uint8_t report_data[KW_SNP_REPORT_DATA_SIZE],             \
			       struct kw_snp_taken *ret, struct kw_error *err)                 \
	{                                                                                      \
		const struct kw_snp_device device =                                            \
			device_of(config->evidence.devices.member, random);                    \
                                                                                               \
		return kw_##id##_take(&device, report_data, ret, err);                         \
	}                                                                                      \
	const struct kw_provider kw_provider_##id = { (text), id##_probe, id##_gather, unwrap, \
						      id##_report }

PROVIDER(tsm, "tsm", tsm);
PROVIDER(sev_guest, "sev-guest", sev_guest);
PROVIDER(sev, "sev", sev);
