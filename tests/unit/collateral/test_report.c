/* SPDX-License-Identifier: Apache-2.0 */
#include "chain_fixture.h"

#include <openssl/ecdsa.h>

enum { SIGNED_SIZE = 672, SIGNATURE_SIZE = 512, NUMBER_SIZE = 72, P384_SIZE = 48 };

static uint8_t signed_part[SIGNED_SIZE], signature[SIGNATURE_SIZE];

/* One report and its VCEK, both untouched; a row bends one of them. */
struct given {
	struct fixture_spec spec;
	struct kw_signed_report report;
	uint8_t signature[SIGNATURE_SIZE], signed_part[SIGNED_SIZE];
	bool allow_masked;
};

/* The numbers of the DER signature, turned round. */
static void sign_once(void)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	ECDSA_SIG *numbers = NULL;
	uint8_t der[128], big[P384_SIZE];
	const uint8_t *at = der;
	size_t len = sizeof(der);

	for (size_t i = 0; i < SIGNED_SIZE; i++)
		signed_part[i] = (uint8_t)i;
	assert_int_equal(EVP_DigestSignInit(ctx, NULL, EVP_sha384(), NULL, fixture_key(KEY_LEAF)),
			 1);
	assert_int_equal(EVP_DigestSign(ctx, der, &len, signed_part, SIGNED_SIZE), 1);
	numbers = d2i_ECDSA_SIG(NULL, &at, (long)len);
	for (size_t half = 0; half < 2; half++) {
		const BIGNUM *n = half ? ECDSA_SIG_get0_s(numbers) : ECDSA_SIG_get0_r(numbers);

		BN_bn2binpad(n, big, sizeof(big));
		for (size_t i = 0; i < sizeof(big); i++)
			signature[half * NUMBER_SIZE + i] = big[sizeof(big) - 1 - i];
	}
	ECDSA_SIG_free(numbers);
	EVP_MD_CTX_free(ctx);
}

static void nothing(struct given *g)
{
	(void)g;
}
static void changed_report(struct given *g)
{
	g->signed_part[SIGNED_SIZE - 1] ^= 1;
}
static void changed_r(struct given *g)
{
	g->signature[5] ^= 1;
}
static void changed_s(struct given *g)
{
	g->signature[NUMBER_SIZE + 5] ^= 1;
}
static void other_key(struct given *g)
{
	g->spec.leaf.key = KEY_P256;
}
static void rsa_key(struct given *g)
{
	g->spec.leaf.key = KEY_RSA_2048;
}
static void turn_round(uint8_t *number)
{
	for (size_t i = 0; i < P384_SIZE / 2; i++) {
		uint8_t low = number[i];

		number[i] = number[P384_SIZE - 1 - i];
		number[P384_SIZE - 1 - i] = low;
	}
}
static void big_endian(struct given *g)
{
	turn_round(g->signature);
	turn_round(g->signature + NUMBER_SIZE);
	g->signature[P384_SIZE - 1] &= 0x7f; /* below the order, whatever it was */
	g->signature[NUMBER_SIZE + P384_SIZE - 1] &= 0x7f;
}
static void r_is_zero(struct given *g)
{
	memset(g->signature, 0, NUMBER_SIZE);
}
static void s_is_zero(struct given *g)
{
	memset(g->signature + NUMBER_SIZE, 0, NUMBER_SIZE);
}
static void r_upper_byte(struct given *g)
{
	g->signature[P384_SIZE] = 1;
}
static void s_last_upper_byte(struct given *g)
{
	g->signature[2 * NUMBER_SIZE - 1] = 1;
}
static void byte_behind_s(struct given *g)
{
	g->signature[2 * NUMBER_SIZE] = 1;
}
/* FIPS 186-4 D.1.2.4. */
static void set_order(uint8_t *number)
{
	const uint8_t low[] = { 0x73, 0x29, 0xc5, 0xcc, 0x6a, 0x19, 0xec, 0xec,
				0x7a, 0xa7, 0xb0, 0x48, 0xb2, 0x0d, 0x1a, 0x58,
				0xdf, 0x2d, 0x37, 0xf4, 0x81, 0x4d, 0x63, 0xc7 };

	memset(number, 0xff, P384_SIZE);
	memcpy(number, low, sizeof(low));
}
static void s_is_the_order(struct given *g)
{
	set_order(g->signature + NUMBER_SIZE);
}
static void s_is_the_order_less_one(struct given *g)
{
	set_order(g->signature + NUMBER_SIZE);
	g->signature[NUMBER_SIZE]--;
}
static void cut_signature(struct given *g)
{
	g->report.signature.len = 2 * NUMBER_SIZE - 1;
}
static void other_algorithm(struct given *g)
{
	g->report.signature_algo = 2;
}
static void signed_by_vlek(struct given *g)
{
	g->report.signing_key = 1;
}
static void signed_by_none(struct given *g)
{
	g->report.signing_key = 7;
}
static void signed_by_reserved(struct given *g)
{
	g->report.signing_key = 2;
}
static void version_3_milan(struct given *g)
{
	g->report.version = 3;
	g->report.family = 0x19;
	g->report.model = 0x01;
}
static void version_3_genoa(struct given *g)
{
	version_3_milan(g);
	g->report.model = 0x11;
}
static void version_3_unknown(struct given *g)
{
	version_3_milan(g);
	g->report.model = 0x7f;
}
static void other_chip(struct given *g)
{
	g->report.chip_id[63] ^= 1;
}
static void masked(struct given *g)
{
	g->report.chip_masked = true;
	memset(g->report.chip_id, 0, sizeof(g->report.chip_id));
}
static void masked_and_allowed(struct given *g)
{
	masked(g);
	g->allow_masked = true;
}
static void zero_chip(struct given *g)
{
	memset(g->report.chip_id, 0, sizeof(g->report.chip_id));
}
static void other_bootloader(struct given *g)
{
	g->report.reported_tcb[0]++;
}
static void other_tee(struct given *g)
{
	g->report.reported_tcb[1]++;
}
static void other_snp(struct given *g)
{
	g->report.reported_tcb[6]++;
}
static void other_microcode(struct given *g)
{
	g->report.reported_tcb[7]++;
}
static void high_microcode(struct given *g)
{
	fixture_set_spl(&g->spec.leaf, "3.8", 0xd3);
	g->report.reported_tcb[7] = 0xd3;
}
static void leaf_without_tcb(struct given *g)
{
	fixture_remove(&g->spec.leaf, "3.1");
	fixture_remove(&g->spec.leaf, "3.2");
	fixture_remove(&g->spec.leaf, "3.3");
	fixture_remove(&g->spec.leaf, "3.8");
	memset(g->report.reported_tcb, 0, sizeof(g->report.reported_tcb));
}

static void vlek(struct given *g)
{
	g->spec.leaf.cn = "SEV-VLEK";
	fixture_remove(&g->spec.leaf, "4");
	fixture_set_text(&g->spec.leaf, "5", "CN=cloud.example");
	g->report.signing_key = 1;
	g->report.chip_masked = true;
}
static void vlek_leaf_for_a_vcek_report(struct given *g)
{
	vlek(g);
	g->report.signing_key = 0;
}

static void turin(struct given *g)
{
	const uint8_t tcb[KW_TCB_SIZE] = { 1, 3, 0, 8, 0, 0, 0, 115 };

	fixture_set_text(&g->spec.leaf, "2", "Turin-C1");
	fixture_set_spl(&g->spec.leaf, "3.9", 1);
	fixture_set(&g->spec.leaf, "4", "\1\2\3\4\5\6\7\10", 8);
	memcpy(g->report.reported_tcb, tcb, sizeof(tcb));
	memset(g->report.chip_id + 8, 0, sizeof(g->report.chip_id) - 8);
	g->report.version = 3;
	g->report.family = 0x1a;
	g->report.model = 0x02;
}
static void turin_other_fmc(struct given *g)
{
	turin(g);
	g->report.reported_tcb[0]++;
}
static void turin_other_chip(struct given *g)
{
	turin(g);
	g->report.chip_id[7] ^= 1;
}
static void turin_long_chip(struct given *g)
{
	turin(g);
	g->report.chip_id[8] = 1;
}

static const struct row {
	const char *name;
	void (*bend)(struct given *g);
	enum kw_error_name expect;
	const char *check;
} rows[] = {
	{ "given an untouched report, every check is ok", nothing, KW_OK, NULL },
	{ "given a non-zero byte behind S, it is not covered", byte_behind_s, KW_OK, NULL },
	{ "given microcode above 127, it is compared as it is", high_microcode, KW_OK, NULL },
	{ "given version 3 on Milan, every check is ok", version_3_milan, KW_OK, NULL },
	{ "given a Turin report, every check is ok", turin, KW_OK, NULL },
	{ "given a VLEK report, the chip id is no failure", vlek, KW_OK, NULL },
	{ "given a masked chip id that is allowed, nothing fails", masked_and_allowed, KW_OK,
	  NULL },
	{ "given a changed report, its signature is refused", changed_report, KW_E_SNP_SIGNATURE,
	  "report signature" },
	{ "given a changed R, the signature is refused", changed_r, KW_E_SNP_SIGNATURE,
	  "report signature" },
	{ "given a changed S, the signature is refused", changed_s, KW_E_SNP_SIGNATURE,
	  "report signature" },
	{ "given a big-endian signature, it is refused", big_endian, KW_E_SNP_SIGNATURE,
	  "report signature" },
	{ "given S of the order less one, it is refused by value", s_is_the_order_less_one,
	  KW_E_SNP_SIGNATURE, "report signature" },
	{ "given a leaf on P-256, the signature is refused", other_key, KW_E_SNP_SIGNATURE,
	  "report signature" },
	{ "given a leaf with an RSA key, the signature is refused", rsa_key, KW_E_SNP_SIGNATURE,
	  "report signature" },
	{ "given another signing key than the leaf's, it is refused", signed_by_vlek,
	  KW_E_SNP_SIGNING_KEY, "signing key" },
	{ "given no signing key, it is refused", signed_by_none, KW_E_SNP_SIGNING_KEY,
	  "signing key" },
	{ "given a reserved signing key, it is refused", signed_by_reserved, KW_E_SNP_SIGNING_KEY,
	  "signing key" },
	{ "given a VLEK for a report by a VCEK, it is refused", vlek_leaf_for_a_vcek_report,
	  KW_E_SNP_SIGNING_KEY, "signing key" },
	{ "given a Genoa processor and a Milan leaf, they differ", version_3_genoa,
	  KW_E_COL_PRODUCT, "report product" },
	{ "given another chip, it is refused", other_chip, KW_E_COL_CHIP_ID, "chip id" },
	{ "given a zero chip id that is not masked, it is refused", zero_chip, KW_E_COL_CHIP_ID,
	  "chip id" },
	{ "given another Turin chip, it is refused", turin_other_chip, KW_E_COL_CHIP_ID,
	  "chip id" },
	{ "given more than eight bytes of a Turin chip, it is refused", turin_long_chip,
	  KW_E_COL_CHIP_ID, "chip id" },
	{ "given another boot loader, the TCB is refused", other_bootloader, KW_E_COL_TCB,
	  "reported TCB" },
	{ "given another TEE, the TCB is refused", other_tee, KW_E_COL_TCB, "reported TCB" },
	{ "given another SNP firmware, the TCB is refused", other_snp, KW_E_COL_TCB,
	  "reported TCB" },
	{ "given another microcode, the TCB is refused", other_microcode, KW_E_COL_TCB,
	  "reported TCB" },
	{ "given another FMC on Turin, the TCB is refused", turin_other_fmc, KW_E_COL_TCB,
	  "reported TCB" },
	{ "given a leaf without TCB, zeros are refused too", leaf_without_tcb, KW_E_COL_TCB,
	  "reported TCB" },
};

/* What spoils these fails a later check as well. */
static const struct row form_rows[] = {
	{ "given R zero, the form is refused", r_is_zero, KW_E_SNP_SIGNATURE_FORM,
	  "signature form" },
	{ "given S zero, the form is refused", s_is_zero, KW_E_SNP_SIGNATURE_FORM,
	  "signature form" },
	{ "given a 49th byte in R, the form is refused", r_upper_byte, KW_E_SNP_SIGNATURE_FORM,
	  "signature form" },
	{ "given a 72nd byte in S, the form is refused", s_last_upper_byte, KW_E_SNP_SIGNATURE_FORM,
	  "signature form" },
	{ "given S of the order, the form is refused", s_is_the_order, KW_E_SNP_SIGNATURE_FORM,
	  "signature form" },
	{ "given a cut signature, the form is refused", cut_signature, KW_E_SNP_SIGNATURE_FORM,
	  "signature form" },
	{ "given another algorithm, the form is refused", other_algorithm, KW_E_SNP_SIGNATURE_FORM,
	  "signature algorithm" },
	{ "given an unknown processor, it is refused", version_3_unknown, KW_E_SNP_PRODUCT,
	  "processor" },
	{ "given a masked chip id, it is refused", masked, KW_E_COL_MASKED, "chip id shown" },
};

static void judge(const struct row *row, struct kw_checks *ret)
{
	KW_CLEANUP(kw_collateral_freep) struct kw_collateral *collateral = NULL;
	struct given given = {
		.spec = fixture_spec(),
		.report = {
			.version = 2,
			.signature_algo = 1,
			.reported_tcb = { 3, 0, 0, 0, 0, 0, 8, 115 },
		},
	};

	memcpy(given.signature, signature, sizeof(signature));
	memcpy(given.signed_part, signed_part, sizeof(signed_part));
	fixture_chip_id(given.report.chip_id);
	given.report.signature = KW_BYTES(given.signature);
	given.report.signed_part = KW_BYTES(given.signed_part);
	row->bend(&given);
	collateral = fixture_collateral(&given.spec);
	kw_collateral_judge_report(collateral, &given.report, given.allow_masked, ret);
}

static void ends_in_its_own_row(void **state)
{
	const struct row *row = *state;
	struct kw_checks checks = { 0 };
	struct kw_error err = { 0 };
	size_t n_failed = 0;

	judge(row, &checks);
	for (size_t i = 0; i < checks.n_rows; i++)
		n_failed += checks.rows[i].verdict == KW_VERDICT_FAILED;
	assert_int_equal(n_failed, row->check ? 1 : 0);
	assert_int_equal(kw_checks_result(&checks, 0, &err), row->check ? -1 : 0);
	assert_ptr_equal(err.def, kw_error_def(row->expect));
	if (row->check)
		assert_int_equal(kw_checks_find(&checks, row->check)->verdict, KW_VERDICT_FAILED);
}

static void fails_first_in_its_own_row(void **state)
{
	const struct row *row = *state;
	struct kw_checks checks = { 0 };
	struct kw_error err = { 0 };

	judge(row, &checks);
	assert_int_equal(kw_checks_result(&checks, 0, &err), -1);
	assert_true(kw_error_is(&err, row->expect));
	assert_int_equal(kw_checks_find(&checks, row->check)->verdict, KW_VERDICT_FAILED);
}

static void a_masked_chip_is_never_ok(void **state)
{
	const struct row row = { "", masked_and_allowed, KW_OK, NULL };
	struct kw_checks checks = { 0 };

	(void)state;
	judge(&row, &checks);
	assert_int_equal(kw_checks_find(&checks, "chip id")->verdict, KW_VERDICT_NOT_POSSIBLE);
	assert_string_equal(kw_checks_find(&checks, "chip id shown")->found, "masked");
}

static void whether_the_chip_is_shown_is_asked_of_a_vcek_alone(void **state)
{
	const struct row with_vcek = { "", nothing, KW_OK, NULL };
	const struct row with_vlek = { "", vlek, KW_OK, NULL };
	struct kw_checks checks = { 0 };

	(void)state;
	judge(&with_vcek, &checks);
	assert_int_equal(kw_checks_find(&checks, "chip id shown")->verdict, KW_VERDICT_OK);
	checks.n_rows = 0;
	judge(&with_vlek, &checks);
	assert_null(kw_checks_find(&checks, "chip id shown"));
	assert_int_equal(kw_checks_find(&checks, "chip id")->verdict, KW_VERDICT_NOT_POSSIBLE);
}

static void a_chain_without_leaf_verifies_no_report(void **state)
{
	KW_CLEANUP(kw_collateral_freep) struct kw_collateral *collateral = NULL;
	KW_CLEANUP(fixture_clear) struct fixture_chain chain = { 0 };
	struct fixture_spec spec = fixture_spec();
	const struct kw_signed_report report = { .version = 2 };
	struct kw_checks checks = { 0 };
	struct kw_error err = { 0 };

	(void)state;
	fixture_make(&spec, &chain);
	assert_int_equal(kw_collateral_from_certificates((struct kw_bytes){ 0 },
							 kw_bytes_text(chain.chain), "test",
							 &collateral, &err),
			 0);
	kw_collateral_judge_report(collateral, &report, false, &checks);
	assert_int_equal(kw_checks_result(&checks, 0, &err), -1);
	assert_true(kw_error_is(&err, KW_E_SNP_SIGNATURE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_masked_chip_is_never_ok),
		cmocka_unit_test(whether_the_chip_is_shown_is_asked_of_a_vcek_alone),
		cmocka_unit_test(a_chain_without_leaf_verifies_no_report),
	};

	fixture_rsa_bits = 2048;
	sign_once();
	return KW_ROWS_RUN(rows, ends_in_its_own_row)
	       + KW_ROWS_RUN(form_rows, fails_first_in_its_own_row)
	       + cmocka_run_group_tests(tests, NULL, NULL);
}
