/* SPDX-License-Identifier: Apache-2.0 */
#include "access_token.h"

#include "jose.h"
#include "keep.h"
#include "pki.h"
#include "site.h"
#include "util/text.h"

#include <string.h>
#include <strings.h>

enum { TOKEN_LIFE_S = 3600 };

bool lab_resource_known(const char *resource)
{
	static const char *const known[] = { LAB_VAULT_RESOURCE, LAB_MHSM_RESOURCE,
					     "https://attest.azure.net" };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i], resource) == 0)
			return true;
	return false;
}

static char *entra_issuer(void)
{
	return kw_format("%s/%s/v2.0", lab_site.entra, LAB_TENANT);
}

struct lab_access_token lab_access_token_mint(enum lab_service by,
					      const struct lab_identity *identity,
					      const char *resource)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *header = kw_json_new_object();
	KW_CLEANUP(kw_json_freep) struct kw_json *claims = kw_json_new_object();
	KW_CLEANUP(freep) char *random = lab_random_hex(16);
	KW_CLEANUP(freep) char *canary = kw_format("lab-token-%s", random);
	KW_CLEANUP(freep) char *issuer = entra_issuer();
	KW_CLEANUP(freep) char *input = NULL;
	int64_t now = lab_now_s();
	struct lab_access_token token = { .not_before_s = now - 300 };

	token.expires_on_s = lab_tampered(by, "expired") ? now - 600 : now + TOKEN_LIFE_S;
	kw_json_add_string(header, "typ", "JWT");
	kw_json_add_string(header, "alg", "RS256");
	kw_json_add_string(header, "kid", "lab-entra");
	kw_json_add_string(claims, "aud",
			   lab_tampered(by, "audience") ? "https://other.example" : resource);
	kw_json_add_string(claims, "iss", issuer);
	kw_json_add_int(claims, "iat", token.not_before_s);
	kw_json_add_int(claims, "nbf", token.not_before_s);
	kw_json_add_int(claims, "exp", token.expires_on_s);
	kw_json_add_string(claims, "appid", identity->client_id);
	kw_json_add_string(claims, "oid", identity->object_id);
	kw_json_add_string(claims, "tid", LAB_TENANT);
	kw_json_add_string(claims, "uti", canary);
	input = lab_jws_input(header, claims);
	token.text = lab_jws_sign(input, lab_pki.entra.key);
	lab_keep_line("tokens", token.text);
	return token;
}

static void add_number(struct kw_json *object, const char *name, int64_t number, bool as_text)
{
	KW_CLEANUP(freep) char *text = kw_format("%lld", (long long)number);

	if (as_text)
		kw_json_add_string(object, name, text);
	else
		kw_json_add_int(object, name, number);
}

void lab_access_token_reply(struct lab_reply *reply, enum lab_service by, const char *resource,
			    struct lab_access_token *token)
{
	struct kw_json *root = kw_json_new_object();
	bool imds = by == LAB_IMDS;
	int64_t left = token->expires_on_s - lab_now_s();

	if (!lab_tampered(by, "no-token"))
		kw_json_add_string(root, "access_token", token->text);
	kw_json_add_string(root, "token_type", "Bearer");
	add_number(root, "expires_in", left, imds);
	if (imds) {
		kw_json_add_string(root, "refresh_token", "");
		add_number(root, "expires_on", token->expires_on_s, true);
		add_number(root, "not_before", token->not_before_s, true);
		kw_json_add_string(root, "resource", resource);
	} else {
		add_number(root, "ext_expires_in", left, false);
	}
	free(token->text);
	token->text = NULL;
	lab_reply_json(reply, 200, root);
}

static bool member_is(const struct kw_json *object, const char *name, const char *expected)
{
	const char *text = kw_json_string(kw_json_get(object, name));

	return text != NULL && strcmp(text, expected) == 0;
}

/* What is wrong with the claims; NULL: nothing. */
static const char *claims_fault(const struct kw_json *claims, const char *resource)
{
	int64_t not_before = 0, expires = 0, now = lab_now_s();
	KW_CLEANUP(freep) char *issuer = entra_issuer();

	if (!member_is(claims, "aud", resource))
		return "it is for another audience";
	if (!member_is(claims, "iss", issuer))
		return "it is of another tenant";
	if (!kw_json_int(kw_json_get(claims, "exp"), &expires) || expires <= now)
		return "it has expired";
	if (kw_json_int(kw_json_get(claims, "nbf"), &not_before) && not_before > now)
		return "it is not valid yet";
	return NULL;
}

/* Whose token it is; NULL: `ret_why` says what is wrong with it. */
static const struct lab_identity *owner_of(const char *token, const char *resource,
					   const char **ret_why)
{
	KW_CLEANUP(lab_jws_clear) struct lab_jws jws = { 0 };
	const char *client;

	if (!lab_jws_open(token, &jws, ret_why))
		return NULL;
	*ret_why = "its alg is not RS256";
	if (!member_is(jws.header, "alg", "RS256"))
		return NULL;
	*ret_why = "its signature is not of the lab's Entra";
	if (!lab_jws_verify(&jws, lab_pki.entra.key))
		return NULL;
	*ret_why = claims_fault(jws.payload, resource);
	if (*ret_why != NULL)
		return NULL;
	*ret_why = "it is of an unknown identity";
	client = kw_json_string(kw_json_get(jws.payload, "appid"));
	return client != NULL ? lab_identity_of_client(client) : NULL;
}

bool lab_access_allowed(const struct lab_request *request, const char *resource,
			enum lab_permission wanted, struct lab_reply *reply)
{
	const char *header = lab_request_header(request, "Authorization");
	const struct lab_identity *identity = NULL;
	const char *why = "there is none";

	if (header != NULL && strncasecmp(header, "Bearer ", 7) == 0)
		identity = owner_of(header + 7, resource, &why);
	if (identity == NULL) {
		lab_reply_error(reply, 401, "Unauthorized", NULL,
				"AKV10000: the bearer token is not accepted: %s", why);
		lab_reply_header(reply, "WWW-Authenticate",
				 "Bearer authorization=\"%s/%s\", resource=\"%s\"", lab_site.entra,
				 LAB_TENANT, resource);
		return false;
	}
	if (!lab_identity_may(identity, wanted)) {
		lab_reply_error(reply, 403, "Forbidden", "ForbiddenByPolicy",
				"the identity %s does not have the permission for this operation",
				identity->client_id);
		return false;
	}
	return true;
}
