/* SPDX-License-Identifier: Apache-2.0 */
/* Azure Attestation: routes, attest/AzureGuest, the keys, the OpenID metadata. */
#include "maa.h"

#include "jose.h"
#include "keep.h"
#include "pki.h"
#include "services.h"
#include "site.h"
#include "util/text.h"

#include <string.h>
#include <strings.h>

/* The member of the body in each version of the API; NULL: not a version that has AzureGuest. */
static const char *body_member(const char *version)
{
	if (version != NULL && strcmp(version, "2020-10-01") == 0)
		return "AttestationInfo";
	if (version != NULL && strcmp(version, "2025-06-01") == 0)
		return "attestationInfo";
	return NULL;
}

static void answer(const struct lab_evidence *evidence, const struct lab_findings *findings,
		   struct lab_reply *reply)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *claims = lab_maa_claims(evidence, findings);
	KW_CLEANUP(freep) char *token = lab_maa_token(claims);
	KW_CLEANUP(freep) char *envelope = lab_maa_seal(token, findings->key);
	struct kw_json *root = kw_json_new_object();

	lab_keep_line("tokens", token);
	lab_add_b64url(root, "token", kw_bytes_text(envelope));
	lab_reply_json(reply, 200, root);
	lab_reply_reason(reply, "a token, jti %.16s", kw_json_string(kw_json_get(claims, "jti")));
}

/* What every attest operation asks of a request. */
static bool acceptable(const struct lab_request *request, struct lab_reply *reply)
{
	const char *type = lab_request_header(request, "Content-Type");

	if (type != NULL && strncasecmp(type, "application/json", strlen("application/json")) == 0)
		return true;
	lab_reply_error(reply, 415, "UnsupportedMediaType", NULL,
			"Content-Type is not application/json");
	return false;
}

static void attest_guest(const struct lab_request *request, struct lab_reply *reply)
{
	KW_CLEANUP(freep) char *version = lab_query_get(request->query, "api-version");
	KW_CLEANUP(lab_evidence_clear) struct lab_evidence evidence = { 0 };
	KW_CLEANUP(lab_findings_clear) struct lab_findings findings = { 0 };
	const char *member = body_member(version);
	struct lab_why why = { "" };

	if (member == NULL)
		lab_reply_error(reply, 400, "UnsupportedApiVersion", NULL,
				"api-version '%s' does not have AzureGuest",
				version != NULL ? version : "");
	else if (!lab_evidence_read(kw_blob_bytes(&request->body), member, &evidence, &why)
		 || !lab_judge(&evidence, &findings, &why))
		lab_reply_error(reply, 400, "InvalidParameter", NULL, "%s", why.text);
	else
		answer(&evidence, &findings, reply);
}

/* Of the signing key, as the service publishes it. Owned. */
static struct kw_blob certificate(const struct lab_request *request)
{
	static const char *const deviations[] = { "key-cert-name", "key-cert-expired" };
	X509 *bent = NULL;
	struct kw_blob der;

	for (size_t i = 0; i < sizeof(deviations) / sizeof(deviations[0]); i++)
		if (bent == NULL && !request->internal && lab_tampered(LAB_MAA, deviations[i]))
			bent = lab_pki_maa_bent(deviations[i]);
	der = lab_cert_der(bent != NULL ? bent : lab_pki.maa.cert);
	X509_free(bent);
	return der;
}

/* Only the certificate. */
static void keys(const struct lab_request *request, struct lab_reply *reply)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob der = certificate(request);
	KW_CLEANUP(freep) char *kid = lab_maa_kid();
	struct kw_json *root = kw_json_new_object();
	struct kw_json *key = kw_json_new_object();

	kw_json_add_string(key, "kid", kid);
	kw_json_add_string(key, "kty", "RSA");
	lab_add_b64(kw_json_add_array(key, "x5c"), NULL, kw_blob_bytes(&der));
	kw_json_add(kw_json_add_array(root, "keys"), NULL, key);
	lab_reply_json(reply, 200, root);
}

static void metadata(const struct lab_request *request, struct lab_reply *reply)
{
	bool other_issuer = !request->internal && lab_tampered(LAB_MAA, "openid-issuer");
	bool other_keys = !request->internal && lab_tampered(LAB_MAA, "jwks-uri");
	KW_CLEANUP(freep)
	char *keys_url =
		kw_format("%s/certs", other_keys ? "https://evil.attest.example" : lab_site.maa);
	KW_CLEANUP(freep) char *revocation = kw_format("%s/revoke", lab_site.maa);
	struct kw_json *root = kw_json_new_object();
	struct kw_json *list;

	kw_json_add_string(root, "issuer",
			   other_issuer ? "https://evil.attest.example" : lab_site.maa);
	kw_json_add_string(root, "jwks_uri", keys_url);
	kw_json_add_string(root, "revocation_endpoint", revocation);
	list = kw_json_add_array(root, "response_types_supported");
	kw_json_add_string(list, NULL, "token");
	kw_json_add_string(list, NULL, "none");
	kw_json_add_string(kw_json_add_array(root, "id_token_signing_alg_values_supported"), NULL,
			   "RS256");
	list = kw_json_add_array(root, "claims_supported");
	kw_json_add_string(list, NULL, "x-ms-isolation-tee");
	kw_json_add_string(list, NULL, "x-ms-runtime");
	lab_reply_json(reply, 200, root);
}

/* Newer versions name the error in a header as well (key release 2.4). */
static void name_error(const struct lab_request *request, struct lab_reply *reply)
{
	KW_CLEANUP(freep) char *version = lab_query_get(request->query, "api-version");

	if (reply->code != NULL && version != NULL && strcmp(version, "2020-10-01") > 0)
		lab_reply_header(reply, "x-ms-error-code", "%s", reply->code);
}

void lab_maa_handle(const struct lab_request *request, struct lab_reply *reply)
{
	bool get = strcmp(request->method, "GET") == 0;
	bool guest = strcasecmp(request->path, "/attest/AzureGuest") == 0;
	bool snp = strcasecmp(request->path, "/attest/SevSnpVm") == 0;

	if ((guest || snp) && strcmp(request->method, "POST") == 0) {
		if (acceptable(request, reply))
			(guest ? attest_guest : lab_maa_attest_snp)(request, reply);
		name_error(request, reply);
	} else if (get && strcmp(request->path, "/certs") == 0) {
		keys(request, reply);
	} else if (get && strcmp(request->path, "/.well-known/openid-configuration") == 0) {
		metadata(request, reply);
	} else {
		lab_reply_error(reply, 404, "NotFound", NULL, "no such operation");
	}
}
