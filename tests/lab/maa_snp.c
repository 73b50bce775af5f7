/* SPDX-License-Identifier: Apache-2.0 */
/* Azure Attestation: attest/SevSnpVm, for guests that hold their own report (key release 2.1 to
 * 2.5). base64url with or without padding at every place. */
#include "jose.h"
#include "keep.h"
#include "maa.h"
#include "pki.h"
#include "util/base64.h"
#include "util/cleanup.h"
#include "util/json_scan.h"
#include "util/text.h"
#include "uvm.h"

#include <cJSON.h>
#include <string.h>

/* runtimeData or initTimeData. */
struct data {
	bool is_there;
	struct kw_blob bytes;
	struct kw_json *json; /* dataType JSON; NULL: Binary */
};
struct evidence {
	struct kw_blob report, chain;
	struct kw_json *uvm; /* array of texts, or NULL */
	struct data runtime, init;
	struct kw_json *nonce; /* string or number as it was written, or NULL */
	bool draft;	       /* a policy is only tried: the token must not be worth anything */
};

static void evidence_clear(struct evidence *e)
{
	kw_blob_clear(&e->report);
	kw_blob_clear(&e->chain);
	kw_json_free(e->uvm);
	kw_blob_clear(&e->runtime.bytes);
	kw_json_free(e->runtime.json);
	kw_blob_clear(&e->init.bytes);
	kw_json_free(e->init.json);
	kw_json_free(e->nonce);
}

static struct kw_json *parse(struct kw_bytes text, const char *what, struct lab_why *why)
{
	struct kw_json *json = NULL;
	struct kw_error err = { 0 };

	if (kw_json_parse(text, KW_JSON_STRICT, KW_E_SYS_DATA, &json, &err) < 0) {
		lab_refuse(why, "%s: %s", what, err.detail);
		return NULL;
	}
	if (kw_json_type(json) == KW_JSON_OBJECT)
		return json;
	kw_json_free(json);
	lab_refuse(why, "%s is not a JSON object", what);
	return NULL;
}

static bool take(const struct kw_json *object, const char *name, struct kw_blob *ret,
		 struct lab_why *why)
{
	const char *text = kw_json_string(kw_json_get(object, name));

	if (text == NULL)
		return lab_refuse(why, "'%s' is missing or not a string", name);
	return kw_base64_decode(KW_BASE64URL_LENIENT, kw_bytes_text(text), ret)
	       || lab_refuse(why, "'%s' is not base64url", name);
}

static bool take_endorsements(const struct kw_json *inner, struct evidence *e, struct lab_why *why)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob text = { 0 };
	KW_CLEANUP(kw_json_freep) struct kw_json *outer = NULL;
	const struct kw_json *list;

	if (kw_json_get(inner, "Endorsements") == NULL)
		return true;
	if (!take(inner, "Endorsements", &text, why))
		return false;
	outer = parse(kw_blob_bytes(&text), "'Endorsements'", why);
	list = kw_json_get(outer, "Uvm");
	if (outer == NULL)
		return false;
	if (kw_json_type(list) != KW_JSON_ARRAY || kw_json_count(list) == 0)
		return lab_refuse(why, "'Endorsements' has no list 'Uvm'");
	e->uvm = kw_json_copy(list);
	return true;
}

static bool take_report(const struct kw_json *body, struct evidence *e, struct lab_why *why)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob text = { 0 };
	KW_CLEANUP(kw_json_freep) struct kw_json *inner = NULL;

	if (!take(body, "report", &text, why))
		return false;
	inner = parse(kw_blob_bytes(&text), "'report'", why);
	return inner != NULL && take(inner, "SnpReport", &e->report, why)
	       && take(inner, "VcekCertChain", &e->chain, why) && take_endorsements(inner, e, why);
}

/* {"data","dataType"}; both empty is as good as absent. */
static bool take_data(const struct kw_json *body, const char *name, struct data *ret,
		      struct lab_why *why)
{
	const struct kw_json *object = kw_json_get(body, name);
	const char *type = kw_json_string(kw_json_get(object, "dataType"));

	if (object == NULL)
		return true;
	if (type == NULL || !take(object, "data", &ret->bytes, why))
		return lab_refuse(why, "'%s' is not an object with data and dataType", name);
	if (*type == '\0' && ret->bytes.len == 0)
		return true;
	ret->is_there = true;
	if (strcmp(type, "Binary") == 0)
		return true;
	if (strcmp(type, "JSON") != 0)
		return lab_refuse(why, "dataType of '%s' is neither JSON nor Binary", name);
	ret->json = parse(kw_blob_bytes(&ret->bytes), name, why);
	return ret->json != NULL;
}

/* A number keeps its digits: clients send more of them than a double holds. */
static struct kw_json *number_as_written(struct kw_bytes body)
{
	struct kw_json_place place = { 0 };
	struct kw_error err = { 0 };
	KW_CLEANUP(kw_blob_clear) struct kw_blob digits = { 0 };

	if (kw_json_scan(body, "nonce", KW_E_SYS_DATA, &place, &err) < 0 || !place.is_there)
		lab_die("a nonce that was read is not there");
	digits = kw_blob_copy(place.raw);
	return (struct kw_json *)cJSON_CreateRaw((const char *)digits.data);
}

static bool take_nonce(const struct kw_json *body, struct kw_bytes text, struct evidence *e,
		       struct lab_why *why)
{
	const struct kw_json *nonce = kw_json_get(body, "nonce");

	if (nonce == NULL)
		return true;
	if (kw_json_type(nonce) == KW_JSON_STRING)
		e->nonce = kw_json_copy(nonce);
	else if (kw_json_type(nonce) == KW_JSON_NUMBER)
		e->nonce = number_as_written(text);
	else
		return lab_refuse(why, "'nonce' is neither a string nor a number");
	return true;
}

static bool read_body(struct kw_bytes text, struct evidence *e, struct lab_why *why)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *body = parse(text, "the body", why);

	if (body == NULL)
		return false;
	e->draft = kw_json_get(body, "draftPolicyForAttestation") != NULL;
	return take_report(body, e, why) && take_data(body, "runtimeData", &e->runtime, why)
	       && take_data(body, "initTimeData", &e->init, why) && take_nonce(body, text, e, why);
}

static bool digest_is(const struct data *data, struct kw_bytes expected)
{
	uint8_t digest[LAB_SHA256_SIZE];

	lab_sha256(kw_blob_bytes(&data->bytes), digest);
	return memcmp(digest, expected.data, sizeof(digest)) == 0;
}

static bool judge_data(const struct evidence *e, const struct lab_snp *r, struct lab_why *why)
{
	struct kw_bytes tail = { r->report_data.data + LAB_SHA256_SIZE,
				 r->report_data.len - LAB_SHA256_SIZE };

	if (e->runtime.is_there && !digest_is(&e->runtime, r->report_data))
		return lab_refuse(why, "REPORT_DATA is not the SHA-256 of runtimeData");
	if (e->runtime.is_there && !kw_bytes_are_zero(tail))
		return lab_refuse(why, "REPORT_DATA has something behind the digest");
	if (e->init.is_there && !digest_is(&e->init, r->host_data))
		return lab_refuse(why, "HOST_DATA is not the SHA-256 of initTimeData");
	return true;
}

static bool judge_endorsements(const struct evidence *e, const struct lab_snp *r,
			       struct lab_why *why)
{
	for (const struct kw_json *one = kw_json_first(e->uvm); one != NULL;
	     one = kw_json_next(one)) {
		KW_CLEANUP(kw_blob_clear) struct kw_blob cose = { 0 };
		const char *text = kw_json_string(one);

		if (text == NULL
		    || !kw_base64_decode(KW_BASE64URL_LENIENT, kw_bytes_text(text), &cose))
			return lab_refuse(why, "a member of 'Uvm' is not base64url");
		if (!lab_uvm_judge(kw_blob_bytes(&cose), r->measurement, why))
			return false;
	}
	return true;
}

/* The runtime data with a foreign key in the first place, the kid as it was. */
static struct kw_json *with_foreign_key(const struct kw_json *runtime)
{
	const struct kw_json *keys = kw_json_get(runtime, "keys");
	struct kw_json *bent = kw_json_new_object();
	struct kw_json *list = kw_json_add_array(bent, "keys");
	struct kw_json *key = kw_json_new_object();

	kw_json_add_string(key, "kid", kw_json_string(kw_json_get(kw_json_first(keys), "kid")));
	kw_json_add_string(key, "kty", "RSA");
	kw_json_add_string(kw_json_add_array(key, "key_ops"), NULL, "encrypt");
	lab_jwk_add_public(key, lab_pki_late(&lab_pki.evil_maa)->key);
	kw_json_add(list, NULL, key);
	return bent;
}

static bool fault(const char *kind)
{
	struct lab_fault taken;

	return lab_fault_take(LAB_MAA, kind, &taken);
}

static struct kw_json *runtime_claim(const struct kw_json *runtime)
{
	struct kw_json *claim =
		fault("token-wrapping-key") ? with_foreign_key(runtime) : kw_json_copy(runtime);

	if (lab_tampered(LAB_MAA, "runtime"))
		kw_json_add_string(claim, "more", "than was sent");
	return claim;
}

static struct kw_json *claims_of(const struct evidence *e, const struct lab_snp *r)
{
	struct kw_json *claims = lab_maa_claims_new("sevsnpvm");

	if (e->uvm != NULL)
		kw_json_add_string(claims, "x-ms-compliance-status", "azure-compliant-uvm");
	if (fault("token-payload"))
		kw_json_add_string(claims, "nonce", "somebody else's nonce");
	else if (e->nonce != NULL)
		kw_json_add(claims, "nonce", kw_json_copy(e->nonce));
	if (e->runtime.json != NULL)
		kw_json_add(claims, "x-ms-runtime", runtime_claim(e->runtime.json));
	if (e->init.json != NULL)
		kw_json_add(claims, "x-ms-inittime", kw_json_copy(e->init.json));
	lab_maa_add_snp(claims, r);
	return claims;
}

/* Of no worth: nothing vouches for it. */
static char *unsecured(const struct kw_json *claims)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *header = kw_json_new_object();
	KW_CLEANUP(freep) char *input = NULL;

	kw_json_add_string(header, "alg", "none");
	kw_json_add_string(header, "typ", "JWT");
	input = lab_jws_input(header, claims);
	return kw_format("%s.", input);
}

static void answer(const struct evidence *e, const struct lab_snp *r, struct lab_reply *reply)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *claims = claims_of(e, r);
	KW_CLEANUP(freep) char *token = e->draft ? unsecured(claims) : lab_maa_token(claims);
	struct kw_json *root = kw_json_new_object();

	lab_keep_line("tokens", token);
	kw_json_add_string(root, "token", token);
	lab_reply_json(reply, 200, root);
	lab_reply_reason(reply, "a token, jti %.16s", kw_json_string(kw_json_get(claims, "jti")));
}

static bool version_known(const char *version)
{
	static const char *const known[] = { "2020-10-01", "2022-08-01", "2025-06-01" };

	for (size_t i = 0; version != NULL && i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i], version) == 0)
			return true;
	return false;
}

void lab_maa_attest_snp(const struct lab_request *request, struct lab_reply *reply)
{
	KW_CLEANUP(freep) char *version = lab_query_get(request->query, "api-version");
	KW_CLEANUP(evidence_clear) struct evidence e = { 0 };
	struct lab_snp r = { 0 };
	struct lab_why why = { "" };

	if (!version_known(version))
		lab_reply_error(reply, 400, "UnsupportedApiVersion", NULL,
				"api-version '%s' does not have SevSnpVm",
				version != NULL ? version : "");
	else if (!read_body(kw_blob_bytes(&request->body), &e, &why)
		 || !lab_judge_report(kw_blob_bytes(&e.report), kw_blob_bytes(&e.chain), &r, &why)
		 || !judge_data(&e, &r, &why) || !judge_endorsements(&e, &r, &why))
		lab_reply_error(reply, 400, "InvalidParameter", NULL, "%s", why.text);
	else
		answer(&e, &r, reply);
}
