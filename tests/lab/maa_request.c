/* SPDX-License-Identifier: Apache-2.0 */
/* The AzureGuest request, taken apart with exactly the encodings of guest attestation 4.2 to 4.8.
 */
#include "judge.h"
#include "util/base64.h"
#include "util/cleanup.h"
#include "util/text.h"
#include "util/utf8.h"

#include <string.h>

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

static const char *flavour_name(enum kw_base64 flavour)
{
	return flavour == KW_BASE64 ? "base64" : "unpadded base64url";
}

static bool take(const struct kw_json *object, const char *name, enum kw_base64 flavour,
		 struct kw_blob *ret, struct lab_why *why)
{
	const char *text = kw_json_string(kw_json_get(object, name));

	if (text == NULL)
		return lab_refuse(why, "'%s' is missing or not a string", name);
	if (!kw_base64_decode(flavour, kw_bytes_text(text), ret))
		return lab_refuse(why, "'%s' is not %s", name, flavour_name(flavour));
	return true;
}

static bool take_some(const struct kw_json *object, const char *name, enum kw_base64 flavour,
		      struct kw_blob *ret, struct lab_why *why)
{
	return take(object, name, flavour, ret, why)
	       && (ret->len > 0 || lab_refuse(why, "'%s' is empty", name));
}

static bool take_text(const struct kw_json *object, const char *name, char **ret,
		      struct lab_why *why)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob text = { 0 };

	if (!take_some(object, name, KW_BASE64, &text, why))
		return false;
	if (text.data == NULL || memchr(text.data, '\0', text.len) != NULL)
		return lab_refuse(why, "'%s' has a NUL inside", name);
	*ret = kw_strdup((const char *)text.data);
	return true;
}

static const struct kw_json *child(const struct kw_json *object, const char *name,
				   struct lab_why *why)
{
	const struct kw_json *value = kw_json_get(object, name);

	if (kw_json_type(value) == KW_JSON_OBJECT)
		return value;
	lab_refuse(why, "'%s' is missing or not an object", name);
	return NULL;
}

static bool take_os(const struct kw_json *info, struct lab_evidence *ret, struct lab_why *why)
{
	const char *version = kw_json_string(kw_json_get(info, "AttestationProtocolVersion"));

	if (version == NULL || strcmp(version, "2.0") != 0)
		return lab_refuse(why, "'AttestationProtocolVersion' is not \"2.0\"");
	if (!take_text(info, "OSType", &ret->os_type, why)
	    || !take_text(info, "OSDistro", &ret->os_distro, why)
	    || !take_text(info, "OSBuild", &ret->os_build, why))
		return false;
	if (strcmp(ret->os_type, "Linux") != 0)
		return lab_refuse(why, "'OSType' is '%s', expected 'Linux'", ret->os_type);
	if (!kw_json_int(kw_json_get(info, "OSVersionMajor"), &ret->os_major)
	    || !kw_json_int(kw_json_get(info, "OSVersionMinor"), &ret->os_minor)
	    || ret->os_major < 1 || ret->os_minor < 0)
		return lab_refuse(why, "'OSVersionMajor' and 'OSVersionMinor' are not a version");
	return true;
}

/* Guest attestation 4.8: UTF-8 without NUL. */
static bool payload_text(const char *name, struct kw_bytes text, struct lab_why *why)
{
	size_t at = 0, len;

	if (text.len > 0 && memchr(text.data, '\0', text.len) != NULL)
		return lab_refuse(why, "'%s' of 'ClientPayload' has a NUL inside", name);
	while (at < text.len && (len = kw_utf8_length(text, at)) > 0)
		at += len;
	return at == text.len || lab_refuse(why, "'%s' of 'ClientPayload' is not UTF-8", name);
}

static bool take_payload(const struct kw_json *info, struct lab_evidence *ret, struct lab_why *why)
{
	const struct kw_json *payload = kw_json_get(info, "ClientPayload");

	if (payload == NULL)
		return lab_refuse(why, "'ClientPayload' is missing");
	if (kw_json_type(payload) == KW_JSON_NULL)
		return true;
	if (kw_json_type(payload) != KW_JSON_OBJECT)
		return lab_refuse(why, "'ClientPayload' is neither an object nor null");
	for (const struct kw_json *one = kw_json_first(payload); one != NULL;
	     one = kw_json_next(one)) {
		KW_CLEANUP(kw_blob_clear) struct kw_blob text = { 0 };

		if (!take(payload, kw_json_name(one), KW_BASE64, &text, why)
		    || !payload_text(kw_json_name(one), kw_blob_bytes(&text), why))
			return false;
	}
	ret->payload = kw_json_copy(payload);
	return true;
}

static bool take_pcr(const struct kw_json *tpm, size_t i, struct lab_evidence *ret,
		     struct lab_why *why)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob digest = { 0 };
	const struct kw_json *entry = kw_json_at(kw_json_get(tpm, "PCRs"), i);
	int64_t set = -1, index = -1;

	if (!kw_json_int(kw_json_at(kw_json_get(tpm, "PcrSet"), i), &set) || set != (int64_t)i)
		return lab_refuse(why, "'PcrSet' is not [0,1,2,3,4,5,6,7]");
	if (!kw_json_int(kw_json_get(entry, "Index"), &index) || index != (int64_t)i)
		return lab_refuse(why, "'PCRs' does not list index %zu at its place", i);
	if (!take(entry, "Digest", KW_BASE64, &digest, why))
		return false;
	if (digest.len != LAB_PCR_SIZE)
		return lab_refuse(why, "PCR %zu has %zu bytes, expected %d", i, digest.len,
				  LAB_PCR_SIZE);
	memcpy(ret->pcrs[i], digest.data, LAB_PCR_SIZE);
	return true;
}

static bool take_tpm(const struct kw_json *info, struct lab_evidence *ret, struct lab_why *why)
{
	const struct kw_json *tpm = child(info, "TpmInfo", why);

	if (tpm == NULL)
		return false;
	if (kw_json_count(kw_json_get(tpm, "PcrSet")) != LAB_N_PCRS
	    || kw_json_count(kw_json_get(tpm, "PCRs")) != LAB_N_PCRS)
		return lab_refuse(why, "'PcrSet' and 'PCRs' do not have %d entries", LAB_N_PCRS);
	for (size_t i = 0; i < LAB_N_PCRS; i++)
		if (!take_pcr(tpm, i, ret, why))
			return false;
	return take_some(tpm, "AikCert", KW_BASE64, &ret->ak_cert, why)
	       && take_some(tpm, "AikPub", KW_BASE64, &ret->ak_pub, why)
	       && take_some(tpm, "PcrQuote", KW_BASE64, &ret->quote, why)
	       && take_some(tpm, "PcrSignature", KW_BASE64, &ret->quote_signature, why)
	       && take_some(tpm, "EncKeyPub", KW_BASE64, &ret->key_pub, why)
	       && take_some(tpm, "EncKeyCertifyInfo", KW_BASE64, &ret->certify, why)
	       && take_some(tpm, "EncKeyCertifyInfoSignature", KW_BASE64, &ret->certify_signature,
			    why);
}

static bool take_isolation(const struct kw_json *info, struct lab_evidence *ret,
			   struct lab_why *why)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob text = { 0 };
	KW_CLEANUP(kw_json_freep) struct kw_json *proof = NULL;
	const struct kw_json *isolation = child(info, "IsolationInfo", why);
	const char *type = kw_json_string(kw_json_get(isolation, "Type"));
	const struct kw_json *evidence;

	if (isolation == NULL)
		return false;
	if (type == NULL || strcmp(type, "SevSnp") != 0)
		return lab_refuse(why, "'IsolationInfo.Type' is '%s', expected 'SevSnp'",
				  type != NULL ? type : "");
	evidence = child(isolation, "Evidence", why);
	if (evidence == NULL || !take_some(evidence, "Proof", KW_BASE64, &text, why)
	    || !take_some(evidence, "RunTimeData", KW_BASE64, &ret->runtime, why))
		return false;
	proof = parse(kw_blob_bytes(&text), "'Proof'", why);
	return proof != NULL && take_some(proof, "SnpReport", KW_BASE64URL, &ret->report, why)
	       && take_some(proof, "VcekCertChain", KW_BASE64, &ret->chain, why);
}

bool lab_evidence_read(struct kw_bytes body, const char *member, struct lab_evidence *ret,
		       struct lab_why *why)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *outer = parse(body, "the body", why);
	KW_CLEANUP(kw_blob_clear) struct kw_blob text = { 0 };
	KW_CLEANUP(kw_json_freep) struct kw_json *info = NULL;

	if (outer == NULL || !take_some(outer, member, KW_BASE64URL, &text, why))
		return false;
	info = parse(kw_blob_bytes(&text), "the attestation info", why);
	return info != NULL && take_os(info, ret, why) && take_payload(info, ret, why)
	       && take(info, "TcgLogs", KW_BASE64, &ret->log, why) && take_tpm(info, ret, why)
	       && take_isolation(info, ret, why);
}
