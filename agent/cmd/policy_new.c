/* SPDX-License-Identifier: Apache-2.0 */
/* `keyward policy new`: a release policy for this machine, or for that of a token. */
#include "cmd/confine.h"
#include "cmd/output.h"
#include "cmd/policy.h"
#include "jose/jws.h"
#include "policy/new.h"
#include "util/base64.h"
#include "util/text.h"

#include <string.h>

enum form { FORM_JSON, FORM_AZ, FORM_BICEP, FORM_ARM }; /* the words of --format, in their order */

#define KEY_TYPE "RSA-HSM"
#define KEY_BITS 3072
#define CONTENT_TYPE "application/json; charset=utf-8"
#define KEY_RESOURCE "Microsoft.KeyVault/vaults/keys"
#define API_VERSION "2023-07-01"

struct args {
	const char *config, *token, *authority;
	int form;
	bool measurement, host_data, no_sandbox;
};
static const struct kw_flag flags[] = {
	KW_FLAG_CONFIG(struct args, config),
	{ KW_OPTIONAL, 0, "token", "FILE", "a token or its claims; else this machine attests",
	  offsetof(struct args, token), NULL },
	{ KW_OPTIONAL, 0, "authority", "URLS", "with commas; else the issuer of the token",
	  offsetof(struct args, authority), NULL },
	{ KW_SWITCH, 0, "measurement", "", "ask for the launch measurement, too",
	  offsetof(struct args, measurement), NULL },
	{ KW_SWITCH, 0, "host-data", "", "ask for the host data (containers: always)",
	  offsetof(struct args, host_data), NULL },
	{ KW_CHOICE, 'o', "format", "json|az|bicep|arm", "the policy, or a key that has it",
	  offsetof(struct args, form), "json" },
	KW_FLAG_NO_SANDBOX(struct args, no_sandbox),
	{ 0 },
};

/* The claims that this machine gets now. */
static int attest(const struct args *args, struct kw_json **ret, struct kw_error *err)
{
	KW_CLEANUP(kw_config_freep) struct kw_config *config = NULL;
	KW_CLEANUP(kw_service_freep) struct kw_service *service = NULL;
	KW_CLEANUP(kw_attestation_unrefp) struct kw_attestation *session = NULL;
	KW_CLEANUP(kw_jws_clear) struct kw_jws jws = { 0 };

	if (kw_command_prepare(KW_ONE_SHOT, args->config, &config, err) < 0
	    || kw_confine_command(config, NULL, args->no_sandbox, err) < 0
	    || kw_command_open_service(config, &service, err) < 0
	    || kw_attestation_get(service, NULL, &session, NULL, err) < 0
	    || kw_jws_parse(kw_attestation_token(session), KW_E_TOK_FORM, &jws, err) < 0)
		return -1;
	*ret = KW_STEAL(jws.payload);
	return 0;
}

/* Forms. Names in capitals are for the reader to replace. */

static char *encoded(const char *policy)
{
	return kw_base64_encode(KW_BASE64URL, kw_bytes_text(policy));
}

/* The shell would end its word at a single quote; in JSON it can be written otherwise. */
static char *without_quotes(const char *json)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob out = { 0 };

	for (; *json; json++)
		kw_blob_append(&out, *json == '\'' ? kw_bytes_text("\\u0027")
						   : (struct kw_bytes){ (const uint8_t *)json, 1 });
	return kw_strdup((const char *)out.data);
}

static char *form_az(const char *policy)
{
	KW_CLEANUP(freep) char *word = without_quotes(policy);

	return kw_format("az keyvault key create --vault-name VAULT --name KEY --kty %s --size %d "
			 "--exportable true --policy '%s'",
			 KEY_TYPE, KEY_BITS, word);
}

static char *form_bicep(const char *policy)
{
	KW_CLEANUP(freep) char *data = encoded(policy);

	return kw_format(
		"resource key '%s@%s' = {\n"
		"  name: 'VAULT/KEY'\n"
		"  properties: {\n"
		"    kty: '%s'\n"
		"    keySize: %d\n"
		"    keyOps: ['decrypt', 'encrypt', 'sign', 'unwrapKey', 'verify', 'wrapKey']\n"
		"    attributes: {enabled: true, exportable: true}\n"
		"    release_policy: {\n"
		"      contentType: '%s'\n"
		"      data: '%s'\n"
		"    }\n"
		"  }\n"
		"}",
		KEY_RESOURCE, API_VERSION, KEY_TYPE, KEY_BITS, CONTENT_TYPE, data);
}

static char *form_arm(const char *policy)
{
	static const char *const operations[] = { "decrypt",   "encrypt", "sign",
						  "unwrapKey", "verify",  "wrapKey" };
	KW_CLEANUP(kw_json_freep) struct kw_json *resource = kw_json_new_object();
	KW_CLEANUP(freep) char *data = encoded(policy);
	struct kw_json *properties, *part;

	kw_json_add_string(resource, "type", KEY_RESOURCE);
	kw_json_add_string(resource, "apiVersion", API_VERSION);
	kw_json_add_string(resource, "name", "VAULT/KEY");
	properties = kw_json_add_object(resource, "properties");
	kw_json_add_string(properties, "kty", KEY_TYPE);
	kw_json_add_int(properties, "keySize", KEY_BITS);
	part = kw_json_add_array(properties, "keyOps");
	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
		kw_json_add_string(part, NULL, operations[i]);
	part = kw_json_add_object(properties, "attributes");
	kw_json_add_bool(part, "enabled", true);
	kw_json_add_bool(part, "exportable", true);
	part = kw_json_add_object(properties, "release_policy");
	kw_json_add_string(part, "contentType", CONTENT_TYPE);
	kw_json_add_string(part, "data", data);
	return kw_json_print_pretty(resource);
}

static char *formed(const struct kw_json *policy, enum form form)
{
	KW_CLEANUP(freep) char *text = kw_json_print(policy);

	switch (form) {
	case FORM_JSON:
		return kw_strdup(text);
	case FORM_AZ:
		return form_az(text);
	case FORM_BICEP:
		return form_bicep(text);
	case FORM_ARM:
		break;
	}
	return form_arm(text);
}

static int run(int argc, char **argv, struct kw_error *err)
{
	const struct kw_output output = { .is_text = true };
	KW_CLEANUP(kw_json_freep) struct kw_json *claims = NULL;
	KW_CLEANUP(kw_json_freep) struct kw_json *policy = NULL;
	KW_CLEANUP(freep) char *text = NULL;
	struct kw_policy_wish wish = { 0 };
	struct args args = { 0 };

	if (kw_flags_parse(flags, argc, argv, &args, err) < 0
	    || (args.token ? kw_claims_file_read(args.token, &claims, err)
			   : attest(&args, &claims, err))
		       < 0)
		return -1;
	wish.authorities = args.authority;
	wish.measurement = args.measurement;
	wish.host_data = args.host_data;
	if (kw_policy_new(claims, &wish, &policy, err) < 0)
		return -1;
	text = formed(policy, (enum form)args.form);
	return kw_output_write(&output, kw_bytes_text(text), err);
}

const struct kw_command kw_policy_new_verb = {
	.name = "new",
	.summary = "the smallest sound policy for this machine, or that of a token",
	.flags = flags,
	.run = run,
};
