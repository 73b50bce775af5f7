/* SPDX-License-Identifier: Apache-2.0 */
#include "collateral/roots.h"

#include "chain_fixture.h"

#include <unistd.h>

/* Key release 1.4, the table of pins: SHA-256 of the SubjectPublicKeyInfo. */
static const struct pin {
	const char *name, *hex;
	enum kw_product product;
} pins[] = {
	{ "given the key of ARK-Milan, it is a root of Milan",
	  "9f056bee44377e29308cb5ffa895bdfb62d18881fa6bed8d6f075b0204089cb9", KW_MILAN },
	{ "given the key of ARK-Genoa, it is a root of Genoa",
	  "429a69c9422aa258ee4d8db5fcda9c6470ef15f8cd5a9cebd6cbc7d90b863831", KW_GENOA },
	{ "given the key of ARK-Turin, it is a root of Turin",
	  "4f125410563a2ab9a50356f9243f6fe0b6f73de98603f53f90339c70e9d7ad08", KW_TURIN },
};

static void is_pinned_for_its_product_alone(void **state)
{
	const struct pin *pin = *state;
	KW_CLEANUP(kw_amd_roots_freep) struct kw_amd_roots *roots = NULL;
	uint8_t digest[KW_SHA256_SIZE];
	struct kw_error err = { 0 };

	assert_true(kw_hex_decode(pin->hex, digest, sizeof(digest)));
	assert_int_equal(kw_amd_roots_load("builtin", &roots, &err), 0);
	for (enum kw_product p = KW_PRODUCT_UNKNOWN; p <= KW_TURIN; p++)
		assert_true(kw_amd_roots_have(roots, p, digest) == (p == pin->product));
	digest[0] ^= 1;
	assert_false(kw_amd_roots_have(roots, pin->product, digest));
}

static void nothing(struct fixture_spec *spec)
{
	(void)spec;
}
static void broken_signature(struct fixture_spec *spec)
{
	spec->ark.flip = true;
}
static void other_name(struct fixture_spec *spec)
{
	spec->ark.cn = "ARK-Venice";
}
static void no_prefix(struct fixture_spec *spec)
{
	spec->ark.cn = "Milan";
}
static void issued_by_another(struct fixture_spec *spec)
{
	spec->ark.issuer_cn = "ARK-Genoa";
}

static const struct row {
	const char *name;
	void (*bend)(struct fixture_spec *spec);
	bool good;
	const char *says;
} rows[] = {
	{ "given a self-signed ARK, it is trusted", nothing, true, "" },
	{ "given a broken self-signature, it is refused", broken_signature, false,
	  "not signed by its own key" },
	{ "given an unknown product, it is refused", other_name, false, "'ARK-Venice'" },
	{ "given a name without ARK, it is refused", no_prefix, false, "'Milan'" },
	{ "given no self-signed certificate, it is refused", issued_by_another, false,
	  "no self-signed certificate" },
};

static void takes_self_signed_arks(void **state)
{
	const struct row *row = *state;
	KW_CLEANUP(kw_amd_roots_freep) struct kw_amd_roots *roots = NULL;
	KW_CLEANUP(fixture_clear) struct fixture_chain chain = { 0 };
	struct fixture_spec spec = fixture_spec();
	struct kw_error err = { 0 };
	int r;

	row->bend(&spec);
	fixture_make(&spec, &chain);
	r = kw_amd_roots_parse(kw_bytes_text(chain.chain), &roots, &err);
	assert_int_equal(r, row->good ? 0 : -1);
	assert_ptr_equal(err.def, row->good ? NULL : kw_error_def(KW_E_CFG_VALUE));
	assert_non_null(strstr(err.detail, row->says));
}

/* The ASK of the file is an issued certificate: no anchor. */
static void trusts_no_intermediate(void **state)
{
	KW_CLEANUP(kw_amd_roots_freep) struct kw_amd_roots *roots = NULL;
	KW_CLEANUP(fixture_clear) struct fixture_chain chain = { 0 };
	KW_CLEANUP(X509_freep) X509 *ark = NULL;
	KW_CLEANUP(X509_freep) X509 *ask = NULL;
	struct fixture_spec spec = fixture_spec();
	uint8_t digest[KW_SHA256_SIZE];
	struct kw_error err = { 0 };

	(void)state;
	fixture_make(&spec, &chain);
	ark = kw_x509_parse(kw_blob_bytes(&chain.ark_der));
	ask = kw_x509_parse(kw_blob_bytes(&chain.ask_der));
	assert_int_equal(kw_amd_roots_parse(kw_bytes_text(chain.chain), &roots, &err), 0);
	kw_x509_spki_digest(ark, digest);
	assert_true(kw_amd_roots_have(roots, KW_MILAN, digest));
	kw_x509_spki_digest(ask, digest);
	assert_false(kw_amd_roots_have(roots, KW_MILAN, digest));
}

static void reads_a_file_and_names_it_in_errors(void **state)
{
	KW_CLEANUP(kw_amd_roots_freep) struct kw_amd_roots *roots = NULL;
	KW_CLEANUP(fixture_clear) struct fixture_chain chain = { 0 };
	struct fixture_spec spec = fixture_spec();
	char path[] = "/tmp/keyward-roots-XXXXXX";
	struct kw_error err = { 0 };
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(kw_amd_roots_load(path, &roots, &err), -1);
	assert_non_null(strstr(err.detail, path));
	fixture_make(&spec, &chain);
	assert_int_equal(write(fd, chain.ark, strlen(chain.ark)), strlen(chain.ark));
	close(fd);
	err = (struct kw_error){ 0 };
	assert_int_equal(kw_amd_roots_load(path, &roots, &err), 0);
	unlink(path);
	kw_amd_roots_free(KW_STEAL(roots));
	assert_int_equal(kw_amd_roots_load(path, &roots, &err), -1);
	assert_true(kw_error_is(&err, KW_E_CFG_VALUE));
}

static void keeps_no_more_than_the_limit(void **state)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob pem = { 0 };
	KW_CLEANUP(kw_amd_roots_freep) struct kw_amd_roots *roots = NULL;
	KW_CLEANUP(fixture_clear) struct fixture_chain chain = { 0 };
	struct fixture_spec spec = fixture_spec();
	struct kw_error err = { 0 };

	(void)state;
	fixture_make(&spec, &chain);
	for (int i = 0; i < KW_DER_LIST_MAX; i++)
		kw_blob_append(&pem, kw_bytes_text(chain.ark));
	assert_int_equal(kw_amd_roots_parse(kw_blob_bytes(&pem), &roots, &err), 0);
	kw_amd_roots_free(KW_STEAL(roots));
	kw_blob_append(&pem, kw_bytes_text(chain.ark));
	assert_int_equal(kw_amd_roots_parse(kw_blob_bytes(&pem), &roots, &err), -1);
	assert_non_null(strstr(err.detail, "certificate 17 of at most 16"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trusts_no_intermediate),
		cmocka_unit_test(reads_a_file_and_names_it_in_errors),
		cmocka_unit_test(keeps_no_more_than_the_limit),
	};

	fixture_rsa_bits = 2048;
	return KW_ROWS_RUN(pins, is_pinned_for_its_product_alone)
	       + KW_ROWS_RUN(rows, takes_self_signed_arks)
	       + cmocka_run_group_tests(tests, NULL, NULL);
}
