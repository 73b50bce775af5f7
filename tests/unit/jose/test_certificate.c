/* SPDX-License-Identifier: Apache-2.0 */
#include "jose/certificate.h"

#include "certificate_data.h"
#include "given.h"
#include "rsa_data.h"

static const struct good_row {
	const char *name, *base64;
	size_t padding; /* zero bytes behind, as in an NV index */
	const char *subject_cn, *issuer_cn, *issuer;
	bool self_issued;
} good_rows[] = {
	{ "given a certificate, its members are read", cert_rsa, 0, "machine-7",
	  "Example vTPM CA - 01", "CN=Example vTPM CA - 01,O=Example\\, Inc.,C=US", false },
	{ "given one with padding behind it, they are the same", cert_rsa, 3500, "machine-7",
	  "Example vTPM CA - 01", "CN=Example vTPM CA - 01,O=Example\\, Inc.,C=US", false },
	{ "given one by itself, that is said", cert_self, 0, "https://attest.example.test",
	  "https://attest.example.test", "CN=https://attest.example.test", true },
	{ "given no common name, it is empty", cert_no_cn, 0, "", "Example vTPM CA - 01",
	  "CN=Example vTPM CA - 01,O=Example\\, Inc.,C=US", false },
	{ "given two common names, the last counts, cleaned", cert_two_cns, 0, "evil?name",
	  "Example vTPM CA - 01", "CN=Example vTPM CA - 01,O=Example\\, Inc.,C=US", false },
};

static void reads_members(void **state)
{
	const struct good_row *row = *state;
	KW_CLEANUP(kw_blob_clear) struct kw_blob der = given_base64(row->base64);
	KW_CLEANUP(kw_blob_clear) struct kw_blob padding = kw_blob_new(row->padding);
	KW_CLEANUP(kw_certificate_clear) struct kw_certificate found = { 0 };
	KW_CLEANUP(kw_public_key_freep) struct kw_public_key *key = given_key(rsa_spki);
	struct kw_error err = { 0 };
	size_t size = der.len;

	kw_blob_append(&der, kw_blob_bytes(&padding));
	assert_int_equal(kw_certificate_parse(kw_blob_bytes(&der), row->padding > 0,
					      KW_E_TPM_AK_CERT, &found, &err),
			 0);
	assert_string_equal(found.subject_cn, row->subject_cn);
	assert_string_equal(found.issuer_cn, row->issuer_cn);
	assert_string_equal(found.issuer, row->issuer);
	assert_int_equal(found.self_issued, row->self_issued);
	assert_int_equal(found.der_size, size);
	assert_int_equal(found.not_before_s, 1735787045); /* 2025-01-02 03:04:05 */
	assert_int_equal(found.not_after_s, 3011587750);  /* 2065-06-07 08:09:10 */
	assert_true(kw_public_key_equal(found.key, key));
}

static const struct bad_row {
	const char *name, *hex_lead; /* replaces the first bytes */
	size_t cut;		     /* bytes left; 0: all */
	size_t extra;
	bool trailing;
	const char *says;
} bad_rows[] = {
	{ "given one byte behind and none allowed, it is refused", "", 0, 1, false,
	  "bytes, but its DER takes" },
	{ "given one byte too few, it is refused", "", 500, 0, true, "no whole DER object" },
	{ "given one byte alone, it is refused", "", 1, 0, true, "1 bytes hold no whole DER" },
	{ "given another tag, it is refused", "31", 0, 0, true, "no whole DER object" },
	{ "given an indefinite length, it is refused", "3080", 0, 0, true, "no whole DER object" },
	{ "given a length of five bytes, it is refused", "30850000000200", 0, 0, true,
	  "no whole DER object" },
	{ "given a length with a leading zero, it is refused", "30830001", 0, 0, true,
	  "no whole DER object" },
	{ "given a short length in long form, it is refused", "30817f", 0, 0, true,
	  "no whole DER object" },
	{ "given a length past the end, it is refused", "3084ffffffff", 0, 0, true,
	  "no whole DER object" },
	{ "given an empty sequence, it is refused", "3000", 0, 0, true, "2 bytes are not X.509" },
};

static void refuses_what_is_none(void **state)
{
	const struct bad_row *row = *state;
	KW_CLEANUP(kw_blob_clear) struct kw_blob der = given_base64(cert_rsa);
	KW_CLEANUP(kw_certificate_clear) struct kw_certificate found = { 0 };
	struct kw_error err = { 0 };

	assert_true(kw_hex_decode(row->hex_lead, der.data, strlen(row->hex_lead) / 2));
	if (row->cut)
		der.len = row->cut;
	for (size_t i = 0; i < row->extra; i++)
		kw_blob_append(&der, (struct kw_bytes){ (const uint8_t *)"", 1 });
	assert_int_equal(kw_certificate_parse(kw_blob_bytes(&der), row->trailing, KW_E_TPM_AK_CERT,
					      &found, &err),
			 -1);
	assert_true(kw_error_is(&err, KW_E_TPM_AK_CERT));
	assert_non_null(strstr(err.detail, row->says));
	assert_null(found.key);
}

static const struct kind_row {
	const char *name, *base64, *says;
} kind_rows[] = {
	{ "given an Ed25519 key, it is refused", cert_ed25519, "neither RSA nor EC" },
	{ "given a bare public key, it is refused", rsa_spki, "not X.509" },
	{ "given a private key, it is refused", rsa_pkcs8, "not X.509" },
};

static void refuses_other_kinds(void **state)
{
	const struct kind_row *row = *state;
	KW_CLEANUP(kw_blob_clear) struct kw_blob der = given_base64(row->base64);
	KW_CLEANUP(kw_certificate_clear) struct kw_certificate found = { 0 };
	struct kw_error err = { 0 };

	assert_int_equal(
		kw_certificate_parse(kw_blob_bytes(&der), false, KW_E_TOK_KEY_WEAK, &found, &err),
		-1);
	assert_true(kw_error_is(&err, KW_E_TOK_KEY_WEAK));
	assert_non_null(strstr(err.detail, row->says));
}

int main(void)
{
	return KW_ROWS_RUN(good_rows, reads_members) + KW_ROWS_RUN(bad_rows, refuses_what_is_none)
	       + KW_ROWS_RUN(kind_rows, refuses_other_kinds);
}
