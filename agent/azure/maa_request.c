/* SPDX-License-Identifier: Apache-2.0 */
/* The body of AzureGuest (guest attestation 4.2 to 4.8). Pure: bytes in, JSON text out. */
#include "azure/maa.h"
#include "util/base64.h"
#include "util/text.h"

#include <string.h>

enum { VERSION_DIGITS = 9 };

static void add_base64(struct kw_json *object, const char *name, struct kw_bytes bytes)
{
	KW_CLEANUP(freep) char *text = kw_base64_encode(KW_BASE64, bytes);

	kw_json_add_string(object, name, text);
}

/* Os-release. */

static bool take_line(struct kw_cursor *c, struct kw_bytes *ret)
{
	size_t left = kw_cursor_left(c);
	const uint8_t *from = c->in.data + c->at, *stop = left ? memchr(from, '\n', left) : NULL;

	if (stop == NULL)
		return left > 0 && kw_take(c, left, ret);
	return kw_take(c, (size_t)(stop - from), ret) && kw_skip(c, 1);
}

/* The value of NAME= or VERSION_ID=, quotes removed; false if there is no such line. */
static bool os_release_value(struct kw_bytes text, const char *name, char *ret, size_t size)
{
	size_t name_len = strlen(name);
	struct kw_cursor c = { .in = text };
	struct kw_bytes part;

	while (take_line(&c, &part)) {
		const char *line = (const char *)part.data;
		size_t len = part.len, at = name_len + 1, n = 0;

		if (len > name_len && memcmp(line, name, name_len) == 0 && line[name_len] == '=') {
			for (; at < len && n + 1 < size; at++)
				if (line[at] != '"' && line[at] != '\'' && line[at] != '\r')
					ret[n++] = line[at];
			ret[n] = '\0';
			return n > 0;
		}
	}
	return false;
}

static bool take_number(const char **text, int64_t *ret)
{
	int64_t number = 0;
	size_t n = 0;

	for (; n < VERSION_DIGITS && **text >= '0' && **text <= '9'; n++)
		number = number * 10 + *(*text)++ - '0';
	*ret = number;
	return n > 0;
}

/* "22.04" is 22 and 4; what cannot be read is 1 and 0, as in the reference client. */
static void parse_version(const char *text, struct kw_os_info *os)
{
	int64_t major = 0, minor = 0;

	if (!take_number(&text, &major) || major == 0)
		return;
	if (*text++ == '.')
		(void)!take_number(&text, &minor);
	os->major = major;
	os->minor = minor;
}

int kw_os_info_parse(struct kw_bytes os_release, struct kw_os_info *ret, struct kw_error *err)
{
	struct kw_os_info os = { .major = 1, .minor = 0 };
	char version[32] = "", name[sizeof(os.distro)] = "";

	if (!os_release_value(os_release, "NAME", name, sizeof(name)))
		return kw_fail(err, KW_E_SYS_DATA, "os-release has no NAME");
	kw_text_clean(kw_bytes_text(name), os.distro, sizeof(os.distro));
	if (os_release_value(os_release, "VERSION_ID", version, sizeof(version)))
		parse_version(version, &os);
	*ret = os;
	return 0;
}

/* The parts of the inner JSON. */

static void add_pcrs(struct kw_json *info, const struct kw_pcr_values *pcrs)
{
	enum { FIRST_EIGHT = 8 };
	struct kw_json *set = kw_json_add_array(info, "PcrSet");
	struct kw_json *values = kw_json_add_array(info, "PCRs");

	for (int64_t i = 0; i < FIRST_EIGHT; i++) {
		struct kw_json *value = kw_json_add_object(values, NULL);

		kw_json_add_int(set, NULL, i);
		kw_json_add_int(value, "Index", i);
		add_base64(value, "Digest", (struct kw_bytes){ pcrs->value[i], KW_SHA256_SIZE });
	}
}

static void add_tpm_info(struct kw_json *inner, const struct kw_evidence *e)
{
	struct kw_json *info = kw_json_add_object(inner, "TpmInfo");

	add_base64(info, "AikCert", kw_blob_bytes(&e->ak_cert));
	add_base64(info, "AikPub", kw_blob_bytes(&e->ak_public));
	add_base64(info, "PcrQuote", kw_blob_bytes(&e->quote));
	add_base64(info, "PcrSignature", kw_blob_bytes(&e->quote_signature));
	add_pcrs(info, &e->pcrs);
	add_base64(info, "EncKeyPub", kw_blob_bytes(&e->wrapping_public));
	add_base64(info, "EncKeyCertifyInfo", kw_blob_bytes(&e->certify));
	add_base64(info, "EncKeyCertifyInfoSignature", kw_blob_bytes(&e->certify_signature));
}

/* Mixed flavours on purpose (4.7): SnpReport is base64url without padding, all around it base64. */
static char *proof_text(const struct kw_evidence *e, const struct kw_collateral *collateral)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *proof = kw_json_new_object();
	KW_CLEANUP(freep)
	char *pem = kw_format("%s%s", collateral->vcek_pem, collateral->chain_pem);
	KW_CLEANUP(freep)
	char *report = kw_base64_encode(KW_BASE64URL, e->report.layout.hardware_report);

	kw_json_add_string(proof, "SnpReport", report);
	add_base64(proof, "VcekCertChain", kw_bytes_text(pem));
	return kw_json_print(proof);
}

static void add_isolation_info(struct kw_json *inner, const struct kw_evidence *e,
			       const struct kw_collateral *collateral)
{
	KW_CLEANUP(freep) char *proof = proof_text(e, collateral);
	struct kw_json *info = kw_json_add_object(inner, "IsolationInfo");
	struct kw_json *evidence = NULL;

	kw_json_add_string(info, "Type", "SevSnp");
	evidence = kw_json_add_object(info, "Evidence");
	add_base64(evidence, "Proof", kw_bytes_text(proof));
	add_base64(evidence, "RunTimeData", e->report.layout.claims);
}

static int add_payload(struct kw_json *inner, const struct kw_json *payload, struct kw_error *err)
{
	struct kw_json *object = NULL;

	if (payload == NULL) {
		kw_json_add_null(inner, "ClientPayload");
		return 0;
	}
	object = kw_json_add_object(inner, "ClientPayload");
	for (const struct kw_json *m = kw_json_first(payload); m != NULL; m = kw_json_next(m)) {
		if (kw_json_string(m) == NULL)
			return kw_fail(err, KW_E_SYS_DATA, "client payload: '%s' is not a string",
				       kw_json_name(m));
		add_base64(object, kw_json_name(m), kw_bytes_text(kw_json_string(m)));
	}
	return 0;
}

static int inner_text(const struct kw_evidence *evidence, const struct kw_collateral *collateral,
		      const struct kw_os_info *os, const struct kw_json *payload, char **ret,
		      struct kw_error *err)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *inner = kw_json_new_object();

	kw_json_add_string(inner, "AttestationProtocolVersion", "2.0");
	add_base64(inner, "OSType", kw_bytes_text("Linux"));
	add_base64(inner, "OSDistro", kw_bytes_text(os->distro));
	kw_json_add_int(inner, "OSVersionMajor", os->major);
	kw_json_add_int(inner, "OSVersionMinor", os->minor);
	add_base64(inner, "OSBuild", kw_bytes_text("NotApplication")); /* sic (4.3) */
	add_base64(inner, "TcgLogs", kw_blob_bytes(&evidence->event_log));
	if (add_payload(inner, payload, err) < 0)
		return -1;
	add_tpm_info(inner, evidence);
	add_isolation_info(inner, evidence, collateral);
	*ret = kw_json_print(inner);
	return 0;
}

int kw_maa_guest_body(const struct kw_evidence *evidence, const struct kw_collateral *collateral,
		      const struct kw_os_info *os, const struct kw_json *payload,
		      struct kw_blob *ret, struct kw_error *err)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *body = kw_json_new_object();
	KW_CLEANUP(freep) char *inner = NULL;
	KW_CLEANUP(freep) char *encoded = NULL;
	KW_CLEANUP(freep) char *text = NULL;

	if (inner_text(evidence, collateral, os, payload, &inner, err) < 0)
		return -1;
	encoded = kw_base64_encode(KW_BASE64URL, kw_bytes_text(inner));
	kw_json_add_string(body, "AttestationInfo", encoded);
	text = kw_json_print(body);
	*ret = kw_blob_copy(kw_bytes_text(text));
	return 0;
}
