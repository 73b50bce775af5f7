/* SPDX-License-Identifier: Apache-2.0 */
/* Attestation, evidence, collateral and keys: what the commands of the same names do. */
#include "lib/internal.h"
#include "service/raw_evidence.h"
#include "util/json.h"

#include <stdio.h>

int keyward_attest(struct keyward *context, char **ret_token, struct keyward_error *err)
{
	KW_CLEANUP(kw_lib_leave) struct kw_lib_call call KW_UNUSED = kw_lib_enter();
	KW_CLEANUP(kw_attestation_unrefp) struct kw_attestation *session = NULL;
	struct kw_service *service = NULL;
	struct kw_error failed = { 0 };

	if (!context || !ret_token)
		return kw_lib_refuse(err, "an argument is NULL");
	if (kw_lib_service(context, &service, &failed) < 0
	    || kw_attestation_get(service, NULL, &session, NULL, &failed) < 0)
		return kw_lib_fail(&failed, err);
	*ret_token = kw_lib_copy(kw_attestation_token(session));
	return 0;
}

int keyward_evidence(struct keyward *context, const void *nonce, size_t nonce_size, char **ret_json,
		     struct keyward_error *err)
{
	KW_CLEANUP(kw_lib_leave) struct kw_lib_call call KW_UNUSED = kw_lib_enter();
	KW_CLEANUP(kw_json_freep) struct kw_json *evidence = NULL;
	struct kw_service *service = NULL;
	struct kw_checks checks = { 0 };
	struct kw_error failed = { 0 };

	if (!context || !nonce || !ret_json)
		return kw_lib_refuse(err, "an argument is NULL");
	if (nonce_size == 0 || nonce_size > KW_RAW_NONCE_MAX)
		return kw_lib_refuse(err, "the nonce is not 1 to 4096 bytes");
	if (kw_lib_service(context, &service, &failed) < 0
	    || kw_service_raw_evidence(service, (struct kw_bytes){ nonce, nonce_size }, &evidence,
				       &checks, &failed)
		       < 0)
		return kw_lib_fail(&failed, err);
	*ret_json = kw_json_print(evidence);
	return 0;
}

static char *checks_json(const struct kw_checks *checks)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *list = kw_json_new_array();

	for (size_t i = 0; i < checks->n_rows; i++) {
		const struct kw_check *row = &checks->rows[i];
		struct kw_json *item = kw_json_add_object(list, NULL);

		kw_json_add_string(item, "check", row->check);
		kw_json_add_string(item, "id", kw_error_def(row->error)->id);
		kw_json_add_string(item, "expected", row->expected);
		kw_json_add_string(item, "found", row->found);
		kw_json_add_string(item, "verdict", kw_verdict_text(row->verdict));
	}
	return kw_json_print(list);
}

int keyward_collateral(struct keyward *context, char **ret_json, char **ret_checks,
		       struct keyward_error *err)
{
	KW_CLEANUP(kw_lib_leave) struct kw_lib_call call KW_UNUSED = kw_lib_enter();
	KW_CLEANUP(kw_collateral_freep) struct kw_collateral *collateral = NULL;
	KW_CLEANUP(kw_json_freep) struct kw_json *json = NULL;
	struct kw_service *service = NULL;
	struct kw_checks checks = { 0 };
	struct kw_error failed = { 0 };
	int r;

	if (!context || !ret_json)
		return kw_lib_refuse(err, "an argument is NULL");
	if (kw_lib_service(context, &service, &failed) < 0)
		return kw_lib_fail(&failed, err);
	r = kw_service_collateral(service, true, &collateral, &checks, &failed);
	if (ret_checks)
		*ret_checks = checks_json(&checks);
	if (r < 0)
		return kw_lib_fail(&failed, err);
	json = kw_collateral_json(collateral);
	*ret_json = kw_json_print(json);
	return 0;
}

static int release(struct keyward *context, const char *name, enum kw_key_format format,
		   struct kw_secret *ret, struct kw_error *err)
{
	KW_CLEANUP(kw_material_unrefp) struct kw_material *material = NULL;
	const struct kw_config_key *rule = kw_config_key_find(context->config, name);
	struct kw_service *service = NULL;

	if (!rule)
		return kw_fail(err, KW_E_CFG_UNKNOWN_KEY, "no key '%.64s' is configured", name);
	if (kw_lib_service(context, &service, err) < 0
	    || kw_acquire(service, rule, NULL, NULL, &material, err) < 0)
		return -1;
	return kw_material_format(material, format, ret, err);
}

int keyward_release(struct keyward *context, const char *name, const char *format, void **ret,
		    size_t *ret_size, struct keyward_error *err)
{
	KW_CLEANUP(kw_lib_leave) struct kw_lib_call call KW_UNUSED = kw_lib_enter();
	KW_CLEANUP(kw_secret_clear) struct kw_secret key = { 0 };
	enum kw_key_format form = KW_FORMAT_JWK;
	struct kw_error failed = { 0 };

	if (!context || !name || !format || !ret || !ret_size)
		return kw_lib_refuse(err, "an argument is NULL");
	if (!kw_key_format_parse(format, &form))
		return kw_lib_refuse(err, "the format is not jwk, pem, der, raw, hex or base64");
	if (release(context, name, form, &key, &failed) < 0)
		return kw_lib_fail(&failed, err);
	*ret = kw_lib_copy(kw_secret_bytes(&key));
	*ret_size = key.len;
	return 0;
}
