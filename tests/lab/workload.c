/* SPDX-License-Identifier: Apache-2.0 */
#include "workload.h"

#include "identity.h"
#include "jose.h"
#include "pki_parts.h"
#include "site.h"
#include "util/cleanup.h"
#include "util/file.h"
#include "util/text.h"

#include <errno.h>
#include <sys/stat.h>

enum { LIFE_S = 24 * 60 * 60 };

static EVP_PKEY *key;

EVP_PKEY *lab_workload_key(void)
{
	return key;
}

char *lab_workload_issuer(void)
{
	return kw_format("%s/cluster/", lab_site.entra);
}

static char *assertion(void)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *header = kw_json_new_object();
	KW_CLEANUP(kw_json_freep) struct kw_json *claims = kw_json_new_object();
	KW_CLEANUP(freep) char *issuer = lab_workload_issuer();
	KW_CLEANUP(freep) char *input = NULL;
	int64_t now = lab_now_s();

	kw_json_add_string(header, "alg", "RS256");
	kw_json_add_string(header, "kid", "sa-issuer");
	kw_json_add_string(header, "typ", "JWT");
	kw_json_add_string(kw_json_add_array(claims, "aud"), NULL, LAB_ASSERTION_AUDIENCE);
	kw_json_add_int(claims, "exp", now + LIFE_S);
	kw_json_add_int(claims, "iat", now);
	kw_json_add_string(claims, "iss", issuer);
	kw_json_add_int(claims, "nbf", now);
	kw_json_add_string(claims, "sub", LAB_SUBJECT);
	input = lab_jws_input(header, claims);
	return lab_jws_sign(input, key);
}

static void write_file(const char *path, const char *text)
{
	struct kw_file_target target = {
		.path = path, .mode = 0600, .gid = (gid_t)-1, .allow_disk = true
	};
	struct kw_error err = { 0 };

	if (kw_file_replace(&target, kw_bytes_text(text), &err) < 0)
		lab_die("%s", err.detail);
}

void lab_workload_open(const char *dir)
{
	KW_CLEANUP(freep) char *folder = kw_format("%s/workload", dir);
	KW_CLEANUP(freep) char *token_path = kw_format("%s/azure-identity-token", folder);
	KW_CLEANUP(freep) char *env_path = kw_format("%s/env", folder);
	KW_CLEANUP(freep) char *value = NULL;
	KW_CLEANUP(freep) char *env = NULL;

	key = lab_pki_key("sa-issuer", lab_make_rsa_2048);
	value = assertion();
	if (mkdir(folder, 0700) != 0 && errno != EEXIST)
		lab_die("mkdir %s: %m", folder);
	write_file(token_path, value);
	env = kw_format("AZURE_CLIENT_ID=%s\nAZURE_TENANT_ID=" LAB_TENANT
			"\nAZURE_FEDERATED_TOKEN_FILE=%s\nAZURE_AUTHORITY_HOST=%s/\n",
			lab_identity_federated()->client_id, token_path, lab_site.entra);
	write_file(env_path, env);
}
