/* SPDX-License-Identifier: Apache-2.0 */
/* POST /keys/NAME[/VERSION]/release, as key release 4 and 5.5 say: what is asked for, whether it
 * may be. */
#include "pki.h"
#include "util/text.h"
#include "vault.h"

#include <string.h>
#include <strings.h>

#define STATEMENT "Target environment attestation statement cannot be verified"
#define REQUIREMENTS "Target environment attestation does not meet key release policy requirements"

/* 403 unless the key's attributes allow its use now. */
static bool usable_now(const struct lab_key *key, struct lab_reply *reply)
{
	struct lab_key_attributes a = lab_keys_attributes(key);
	int64_t now = lab_now_s();
	const char *why = !a.enabled			   ? "is disabled"
			  : a.nbf_s != 0 && now < a.nbf_s  ? "is not valid yet"
			  : a.exp_s != 0 && now >= a.exp_s ? "has expired"
							   : NULL;

	if (why == NULL)
		return true;
	lab_reply_error(reply, 403, "Forbidden",
			strcmp(why, "is disabled") == 0 ? "KeyDisabled" : "KeyNotYetValidOrExpired",
			"Operation release is not allowed on a key that %s.", why);
	return false;
}

/* The members of the body; texts are borrowed from `body`. */
static bool read_body(const struct kw_json *body, struct lab_release *release,
		      const char **ret_target, struct lab_reply *reply)
{
	const struct kw_json *nonce = kw_json_get(body, "nonce");
	const struct kw_json *enc = kw_json_get(body, "enc");

	*ret_target = kw_json_string(kw_json_get(body, "target"));
	release->nonce = kw_json_string(nonce);
	release->enc = enc != NULL ? kw_json_string(enc) : "CKM_RSA_AES_KEY_WRAP";
	if (*ret_target == NULL || **ret_target == '\0')
		lab_reply_error(reply, 400, "BadParameter", NULL, "target is missing");
	else if (nonce != NULL && release->nonce == NULL)
		lab_reply_error(reply, 400, "BadParameter", NULL, "nonce is not a string");
	else if (release->enc == NULL || lab_enc_digest(release->enc) == NULL)
		lab_reply_error(reply, 400, "BadParameter", NULL, "enc is not a known algorithm");
	else
		return true;
	return false;
}

/* The token is believed, meets the policy and names a key to wrap for. */
static bool judged(const char *policy, const char *target, struct lab_jws *jws,
		   struct lab_wrapping_key *wrapping, struct lab_reply *reply)
{
	const char *issuer;
	struct lab_why why = { "" };

	if (!lab_target_verify(target, policy, jws, &why)) {
		lab_reply_error(reply, 403, "Forbidden", NULL, STATEMENT ": %s.", why.text);
		return false;
	}
	issuer = kw_json_string(kw_json_get(jws->payload, "iss"));
	if (!lab_policy_allows(policy, issuer, jws->payload, &why)) {
		lab_reply_error(reply, 403, "Forbidden", NULL, REQUIREMENTS ": %s.", why.text);
		return false;
	}
	if (!lab_target_wrapping_key(jws->payload, wrapping, &why)) {
		lab_reply_error(reply, 400, "BadParameter", NULL, "%s", why.text);
		return false;
	}
	return true;
}

static void release_to(struct lab_release *release, const char *target, struct lab_reply *reply)
{
	KW_CLEANUP(lab_jws_clear) struct lab_jws jws = { 0 };
	KW_CLEANUP(freep) char *policy = lab_keys_policy(release->key);
	KW_CLEANUP(freep) char *value = NULL;
	struct kw_json *root;

	if (!judged(policy, target, &jws, &release->wrapping, reply))
		return;
	value = lab_release_jws(release);
	EVP_PKEY_free(release->wrapping.key);
	root = kw_json_new_object();
	kw_json_add_string(root, "value", value);
	lab_reply_json(reply, 200, root);
	lab_reply_reason(reply, "%s/%s with %s", release->key->name, release->key->version,
			 release->enc);
}

void lab_vault_release(const struct lab_request *request, const struct lab_key *key,
		       const char *asked_version, const char *api_version, struct lab_reply *reply)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *body = NULL;
	struct lab_release release = { .key = key,
				       .asked_version = asked_version,
				       .api_version = api_version };
	const char *type = lab_request_header(request, "Content-Type");
	const char *target = NULL;
	struct kw_error err = { 0 };

	if (type == NULL || strncasecmp(type, "application/json", strlen("application/json")) != 0)
		return lab_reply_error(reply, 415, "UnsupportedMediaType", NULL,
				       "Content-Type is not application/json");
	if (kw_json_parse(kw_blob_bytes(&request->body), KW_JSON_STRICT, KW_E_SYS_DATA, &body, &err)
	    < 0)
		return lab_reply_error(reply, 400, "BadParameter", NULL, "the body: %s",
				       err.detail);
	if (!read_body(body, &release, &target, reply))
		return;
	if (!key->exportable)
		return lab_reply_error(reply, 400, "BadParameter", NULL,
				       "AKV.SKR.1001: the key is not exportable");
	if (usable_now(key, reply))
		release_to(&release, target, reply);
}
