/* SPDX-License-Identifier: Apache-2.0 */
/* The body of AzureGuest, member by member (guest attestation 4.2 to 4.8). Encodings are made with
 * OpenSSL, not with our own. */
#include "azure/maa.h"
#include "bent.h"

#define CLAIMS "{\"keys\":[]} "

enum { TEXT_SIZE = 8192, PROTOCOL_PCRS = 8 };

/* Standard base64, padded. */
static char *b64(struct kw_bytes raw)
{
	char text[TEXT_SIZE];

	assert_true(4 * ((raw.len + 2) / 3) < sizeof(text));
	EVP_EncodeBlock((uint8_t *)text, raw.data, (int)raw.len);
	return kw_strdup(raw.len ? text : "");
}

static char *b64_of_text(const char *text)
{
	return b64(kw_bytes_text(text));
}

/* The other alphabet, without padding. */
static char *b64url(struct kw_bytes raw)
{
	char *text = b64(raw);

	for (char *at = text; *at; at++)
		*at = *at == '+' ? '-' : *at == '/' ? '_' : *at;
	text[strcspn(text, "=")] = '\0';
	return text;
}

static void add_b64(struct kw_json *to, const char *name, struct kw_bytes raw)
{
	KW_CLEANUP(freep) char *text = b64(raw);

	kw_json_add_string(to, name, text);
}

struct guest {
	uint8_t report[1184];
	struct kw_evidence evidence;
	struct kw_collateral collateral;
	struct kw_os_info os;
};

static struct kw_blob some_bytes(uint8_t first, size_t len)
{
	struct kw_blob blob = kw_blob_new(len);

	for (size_t i = 0; i < len; i++)
		blob.data[i] = (uint8_t)(first + 3 * i);
	return blob;
}

/* Lengths as in 4.5a, so that each kind of padding occurs. */
static void guest_make(struct guest *guest)
{
	static char vcek[] = "-----BEGIN CERTIFICATE-----\nVk9F\n-----END CERTIFICATE-----\n";
	static char chain[] = "-----BEGIN CERTIFICATE-----\nQVNL\n-----END CERTIFICATE-----\n";
	struct kw_evidence *e = &guest->evidence;

	for (size_t i = 0; i < sizeof(guest->report); i++)
		guest->report[i] = (uint8_t)(0xfb + 7 * i);
	e->report.layout.hardware_report = KW_BYTES(guest->report);
	e->report.layout.claims = kw_bytes_text(CLAIMS);
	e->ak_cert = some_bytes(1, 900);
	e->ak_public = some_bytes(2, 282);
	e->quote = some_bytes(3, 113);
	e->quote_signature = some_bytes(4, 256);
	e->wrapping_public = some_bytes(5, 312);
	e->certify = some_bytes(6, 141);
	e->certify_signature = some_bytes(7, 256);
	e->event_log = some_bytes(8, 1000);
	for (size_t i = 0; i < KW_TPM_PCRS; i++)
		memset(e->pcrs.value[i], (int)(0xf0 + i), KW_DIGEST_MAX);
	guest->collateral.vcek_pem = vcek;
	guest->collateral.chain_pem = chain;
	guest->os = (struct kw_os_info){ .distro = "Azure Linux?", .major = 3, .minor = 0 };
}

static void guest_clear(struct guest *guest)
{
	struct kw_evidence *e = &guest->evidence;

	kw_blob_clear(&e->ak_cert);
	kw_blob_clear(&e->ak_public);
	kw_blob_clear(&e->quote);
	kw_blob_clear(&e->quote_signature);
	kw_blob_clear(&e->wrapping_public);
	kw_blob_clear(&e->certify);
	kw_blob_clear(&e->certify_signature);
	kw_blob_clear(&e->event_log);
}

/* The inner JSON out of the body; the body has one member, in unpadded base64url. */
static struct kw_json *inner_of(struct kw_bytes body)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *outer = NULL;
	KW_CLEANUP(kw_blob_clear) struct kw_blob inner = { 0 };
	struct kw_json *json = NULL;
	struct kw_error err = { 0 };

	if (kw_json_parse(body, KW_JSON_STRICT, KW_E_SYS_DATA, &outer, &err) < 0
	    || kw_json_want_base64(outer, "AttestationInfo", KW_BASE64URL, KW_E_SYS_DATA, &inner,
				   &err)
		       < 0
	    || kw_json_parse(kw_blob_bytes(&inner), KW_JSON_STRICT, KW_E_SYS_DATA, &json, &err) < 0)
		fail_msg("%s", err.detail);
	assert_int_equal(kw_json_count(outer), 1);
	return json;
}

static struct kw_json *inner_json(const struct guest *guest, const char *payload)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *sent = NULL;
	KW_CLEANUP(kw_blob_clear) struct kw_blob body = { 0 };
	struct kw_error err = { 0 };

	if ((payload
	     && kw_json_parse(kw_bytes_text(payload), KW_JSON_STRICT, KW_E_SYS_DATA, &sent, &err)
			< 0)
	    || kw_maa_guest_body(&guest->evidence, &guest->collateral, &guest->os, sent, &body,
				 &err)
		       < 0)
		fail_msg("%s", err.detail);
	return inner_of(kw_blob_bytes(&body));
}

static struct kw_json *expected_tpm_info(const struct kw_evidence *e)
{
	struct kw_json *info = kw_json_new_object();
	struct kw_json *set = kw_json_add_array(info, "PcrSet");
	struct kw_json *pcrs = kw_json_add_array(info, "PCRs");

	add_b64(info, "AikCert", kw_blob_bytes(&e->ak_cert));
	add_b64(info, "AikPub", kw_blob_bytes(&e->ak_public));
	add_b64(info, "PcrQuote", kw_blob_bytes(&e->quote));
	add_b64(info, "PcrSignature", kw_blob_bytes(&e->quote_signature));
	add_b64(info, "EncKeyPub", kw_blob_bytes(&e->wrapping_public));
	add_b64(info, "EncKeyCertifyInfo", kw_blob_bytes(&e->certify));
	add_b64(info, "EncKeyCertifyInfoSignature", kw_blob_bytes(&e->certify_signature));
	for (int i = 0; i < PROTOCOL_PCRS; i++) {
		struct kw_json *pcr = kw_json_add_object(pcrs, NULL);

		kw_json_add_int(set, NULL, i);
		kw_json_add_int(pcr, "Index", i);
		add_b64(pcr, "Digest", (struct kw_bytes){ e->pcrs.value[i], 32 });
	}
	return info;
}

static struct kw_json *expected_isolation_info(const struct guest *guest)
{
	struct kw_json *info = kw_json_new_object();
	KW_CLEANUP(freep) char *report = b64url(KW_BYTES(guest->report));
	KW_CLEANUP(freep)
	char *pem = kw_format("%s%s", guest->collateral.vcek_pem, guest->collateral.chain_pem);
	KW_CLEANUP(freep) char *chain = b64_of_text(pem);
	KW_CLEANUP(freep)
	char *proof = kw_format("{\"SnpReport\":\"%s\",\"VcekCertChain\":\"%s\"}", report, chain);
	struct kw_json *evidence = NULL;

	assert_int_equal(strlen(report), 1579); /* 4.7 */
	assert_non_null(strpbrk(report, "-_"));
	kw_json_add_string(info, "Type", "SevSnp");
	evidence = kw_json_add_object(info, "Evidence");
	add_b64(evidence, "Proof", kw_bytes_text(proof));
	add_b64(evidence, "RunTimeData", kw_bytes_text(CLAIMS));
	return info;
}

static void assert_same(const struct kw_json *found, const struct kw_json *expected,
			const char *what)
{
	KW_CLEANUP(freep) char *is = found ? kw_json_print(found) : NULL;
	KW_CLEANUP(freep) char *should_be = kw_json_print(expected);

	if (!found || !kw_json_equal(found, expected))
		fail_msg("%s is %s, expected %s", what, is ? is : "nothing", should_be);
}

static void says_what_the_protocol_asks(void **state)
{
	KW_CLEANUP(guest_clear) struct guest guest = { 0 };
	KW_CLEANUP(kw_json_freep) struct kw_json *inner = NULL;
	KW_CLEANUP(kw_json_freep) struct kw_json *expected = kw_json_new_object();

	(void)state;
	guest_make(&guest);
	inner = inner_json(&guest, "{\"nonce\":\"1234\"}");
	kw_json_add_string(expected, "AttestationProtocolVersion", "2.0");
	kw_json_add_string(expected, "OSType", "TGludXg=");
	kw_json_add_string(expected, "OSDistro", "QXp1cmUgTGludXg/");
	kw_json_add_int(expected, "OSVersionMajor", 3);
	kw_json_add_int(expected, "OSVersionMinor", 0);
	kw_json_add_string(expected, "OSBuild", "Tm90QXBwbGljYXRpb24=");
	add_b64(expected, "TcgLogs", kw_blob_bytes(&guest.evidence.event_log));
	kw_json_add_string(kw_json_add_object(expected, "ClientPayload"), "nonce", "MTIzNA==");
	kw_json_add(expected, "TpmInfo", expected_tpm_info(&guest.evidence));
	kw_json_add(expected, "IsolationInfo", expected_isolation_info(&guest));
	assert_same(inner, expected, "the inner JSON");
}

static void sends_an_empty_log(void **state)
{
	KW_CLEANUP(guest_clear) struct guest guest = { 0 };
	KW_CLEANUP(kw_json_freep) struct kw_json *inner = NULL;

	(void)state;
	guest_make(&guest);
	kw_blob_clear(&guest.evidence.event_log);
	inner = inner_json(&guest, NULL);
	assert_string_equal(kw_json_string(kw_json_get(inner, "TcgLogs")), "");
}

static const struct payload_row {
	const char *name, *payload, *sent; /* payload NULL: none; sent NULL: refused */
} payload_rows[] = {
	{ "given none, null is sent", NULL, "null" },
	{ "given no member, an empty object is sent", "{}", "{}" },
	{ "given texts, each is encoded", "{\"nonce\":\"1234\",\"a\":\"\\u00e4?>\"}",
	  "{\"nonce\":\"MTIzNA==\",\"a\":\"w6Q/Pg==\"}" },
	{ "given an empty text, it stays empty", "{\"a\":\"\"}", "{\"a\":\"\"}" },
	{ "given a number, it is refused", "{\"nonce\":1234}", NULL },
	{ "given a nested object, it is refused", "{\"nonce\":\"1\",\"a\":{\"b\":\"c\"}}", NULL },
	{ "given null, it is refused", "{\"nonce\":null}", NULL },
};

static void encodes_the_payload(void **state)
{
	const struct payload_row *row = *state;
	KW_CLEANUP(guest_clear) struct guest guest = { 0 };
	KW_CLEANUP(kw_json_freep) struct kw_json *payload = NULL;
	KW_CLEANUP(kw_json_freep) struct kw_json *expected = NULL;
	KW_CLEANUP(kw_json_freep) struct kw_json *inner = NULL;
	KW_CLEANUP(kw_blob_clear) struct kw_blob body = { 0 };
	struct kw_error err = { 0 };

	guest_make(&guest);
	if (!row->sent) {
		assert_int_equal(kw_json_parse(kw_bytes_text(row->payload), KW_JSON_STRICT,
					       KW_E_SYS_DATA, &payload, &err),
				 0);
		assert_int_equal(kw_maa_guest_body(&guest.evidence, &guest.collateral, &guest.os,
						   payload, &body, &err),
				 -1);
		assert_true(kw_error_is(&err, KW_E_SYS_DATA));
		return;
	}
	inner = inner_json(&guest, row->payload);
	assert_int_equal(kw_json_parse(kw_bytes_text(row->sent), KW_JSON_STRICT, KW_E_SYS_DATA,
				       &expected, &err),
			 0);
	assert_same(kw_json_get(inner, "ClientPayload"), expected, "the payload");
}

static const struct os_row {
	const char *name, *text;
	const char *distro; /* NULL: refused */
	int64_t major, minor;
} os_rows[] = {
	{ "given Ubuntu, it is read", "PRETTY_NAME=\"x\"\nNAME=\"Ubuntu\"\nVERSION_ID=\"22.04\"\n",
	  "Ubuntu", 22, 4 },
	{ "given no quotes, it is read", "NAME=Fedora\nVERSION_ID=37", "Fedora", 37, 0 },
	{ "given single quotes and CRLF, it is read", "NAME='A B'\r\nVERSION_ID='3.0.2'\r\n", "A B",
	  3, 0 },
	{ "given three numbers, the second is the minor", "NAME=a\nVERSION_ID=1.22.333\n", "a", 1,
	  22 },
	{ "given no version, it is 1.0", "NAME=\"Arch Linux\"\n", "Arch Linux", 1, 0 },
	{ "given a word as version, it is 1.0", "NAME=a\nVERSION_ID=rolling\n", "a", 1, 0 },
	{ "given zero as version, it is 1.0", "NAME=a\nVERSION_ID=0.5\n", "a", 1, 0 },
	{ "given a word as minor, it is 0", "NAME=a\nVERSION_ID=7.x\n", "a", 7, 0 },
	{ "given a minus, it is 1.0", "NAME=a\nVERSION_ID=-7\n", "a", 1, 0 },
	{ "given nine digits, they are read", "NAME=a\nVERSION_ID=123456789.1\n", "a", 123456789,
	  1 },
	{ "given ten digits, nine are read", "NAME=a\nVERSION_ID=1234567890.1\n", "a", 123456789,
	  0 },
	{ "given control bytes, they are cleaned", "NAME=a\tb\n", "a?b", 1, 0 },
	{ "given the name twice, the first counts", "NAME=a\nNAME=b\n", "a", 1, 0 },
	{ "given a longer key only, it is refused", "NAMES=a\nXNAME=b\n", NULL, 0, 0 },
	{ "given a comment only, it is refused", "#NAME=a\n", NULL, 0, 0 },
	{ "given an empty name, it is refused", "NAME=\"\"\n", NULL, 0, 0 },
	{ "given the key without a value, it is refused", "NAME", NULL, 0, 0 },
	{ "given nothing, it is refused", "", NULL, 0, 0 },
};

static void reads_os_release(void **state)
{
	const struct os_row *row = *state;
	struct kw_os_info os = { .distro = "before", .major = 9 };
	struct kw_error err = { 0 };
	int result = kw_os_info_parse(kw_bytes_text(row->text), &os, &err);

	assert_int_equal(result, row->distro ? 0 : -1);
	assert_string_equal(os.distro, row->distro ? row->distro : "before");
	assert_int_equal(os.major, row->distro ? row->major : 9);
	assert_int_equal(os.minor, row->minor);
}

static void cuts_a_long_name(void **state)
{
	char text[5 + 200 + 1] = "NAME=";
	struct kw_os_info os;
	struct kw_error err = { 0 };

	(void)state;
	memset(text + 5, 'n', 200);
	assert_int_equal(kw_os_info_parse(kw_bytes_text(text), &os, &err), 0);
	assert_int_equal(strlen(os.distro), sizeof(os.distro) - 1);
}

int main(void)
{
	const struct CMUnitTest once[] = {
		{ "given evidence, the body is as documented", says_what_the_protocol_asks, NULL,
		  NULL, NULL },
		{ "given no event log, an empty text is sent", sends_an_empty_log, NULL, NULL,
		  NULL },
		{ "given a long name, it is cut", cuts_a_long_name, NULL, NULL, NULL },
	};

	return cmocka_run_group_tests_name("body", once, NULL, NULL)
	       + KW_ROWS_RUN(payload_rows, encodes_the_payload)
	       + KW_ROWS_RUN(os_rows, reads_os_release);
}
