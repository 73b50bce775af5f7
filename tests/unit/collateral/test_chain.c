/* SPDX-License-Identifier: Apache-2.0 */
#include "chain_fixture.h"

static struct kw_amd_roots *trusted; /* the fixture's ARK key, for Milan, Genoa and Turin alike */

/* --- One deviation, one row. */

static void nothing(struct fixture_spec *spec)
{
	(void)spec;
}
static void other_ark(struct fixture_spec *spec)
{
	spec->ark.key = spec->ark.signer = spec->ask.signer = KEY_OTHER_RSA;
}
static void flipped_ark(struct fixture_spec *spec)
{
	spec->ark.flip = true;
}
static void ark_signed_by_other(struct fixture_spec *spec)
{
	spec->ark.signer = KEY_OTHER_RSA;
}
static void ask_by_other_ark(struct fixture_spec *spec)
{
	spec->ask.signer = KEY_OTHER_RSA;
}
static void leaf_by_other_ask(struct fixture_spec *spec)
{
	spec->leaf.signer = KEY_OTHER_RSA;
}
static void flipped_leaf(struct fixture_spec *spec)
{
	spec->leaf.flip = true;
}
static void leaf_of_other_issuer(struct fixture_spec *spec)
{
	spec->leaf.issuer_cn = "SEV-Genoa";
}
static void ask_is_no_ca(struct fixture_spec *spec)
{
	spec->ask.is_ca = false;
}
static void leaf_sha256(struct fixture_spec *spec)
{
	spec->leaf.hash = spec->leaf.mask_hash = "SHA256";
	spec->leaf.salt = 32;
}
static void leaf_mask_sha256(struct fixture_spec *spec)
{
	spec->leaf.mask_hash = "SHA256";
}
static void leaf_salt_32(struct fixture_spec *spec)
{
	spec->leaf.salt = 32;
}
static void leaf_salt_49(struct fixture_spec *spec)
{
	spec->leaf.salt = 49;
}
static void leaf_pkcs1(struct fixture_spec *spec)
{
	spec->leaf.mask_hash = NULL;
}
static void ask_sha512(struct fixture_spec *spec)
{
	spec->ask.hash = spec->ask.mask_hash = "SHA512";
}
static void ark_salt_32(struct fixture_spec *spec)
{
	spec->ark.salt = 32;
}
static void ask_rsa_2048(struct fixture_spec *spec)
{
	spec->ask.key = spec->leaf.signer = KEY_RSA_2048;
}
static void leaf_p256(struct fixture_spec *spec)
{
	spec->leaf.key = KEY_P256;
}
static void leaf_rsa(struct fixture_spec *spec)
{
	spec->leaf.key = KEY_RSA_2048;
}
static void leaf_version_2(struct fixture_spec *spec)
{
	spec->leaf.version = 2;
}
static void leaf_other_name(struct fixture_spec *spec)
{
	spec->leaf.cn = "VCEK";
}
static void vcek_named_vlek(struct fixture_spec *spec)
{
	spec->leaf.cn = "SEV-VLEK";
}
static void ask_other_name(struct fixture_spec *spec)
{
	spec->ask.cn = "SEV-VLEK-Milan";
}
static void other_organisation(struct fixture_spec *spec)
{
	spec->leaf.organisation = spec->ask.organisation = spec->ark.organisation =
		"Advanced Macro Devices";
}
static void leaf_ended(struct fixture_spec *spec)
{
	spec->leaf.until_s = fixture_now - 1;
}
static void leaf_ends_now(struct fixture_spec *spec)
{
	spec->leaf.until_s = fixture_now;
}
static void ask_ended(struct fixture_spec *spec)
{
	spec->ask.until_s = fixture_now - 1;
}
static void ark_ended(struct fixture_spec *spec)
{
	spec->ark.until_s = fixture_now - 1;
}
static void leaf_starts_now(struct fixture_spec *spec)
{
	spec->leaf.from_s = fixture_now;
}
static void leaf_starts_later(struct fixture_spec *spec)
{
	spec->leaf.from_s = fixture_now + 1;
}
static void ask_starts_later(struct fixture_spec *spec)
{
	spec->ask.from_s = fixture_now + 1;
}
static void genoa_ask(struct fixture_spec *spec)
{
	spec->ask.cn = "SEV-Genoa";
}
static void genoa_leaf(struct fixture_spec *spec)
{
	fixture_set_text(&spec->leaf, "2", "Genoa");
}
static void no_tcb(struct fixture_spec *spec)
{
	fixture_remove(&spec->leaf, "3.1");
	fixture_remove(&spec->leaf, "3.2");
	fixture_remove(&spec->leaf, "3.3");
	fixture_remove(&spec->leaf, "3.8");
}
static void no_chip(struct fixture_spec *spec)
{
	fixture_remove(&spec->leaf, "4");
}
static void short_chip_on_milan(struct fixture_spec *spec)
{
	fixture_set(&spec->leaf, "4", "\1\2\3\4\5\6\7\10", 8);
}

static void vlek(struct fixture_spec *spec)
{
	spec->ask.cn = "SEV-VLEK-Milan";
	spec->leaf.cn = "SEV-VLEK";
	fixture_remove(&spec->leaf, "4");
	fixture_set_text(&spec->leaf, "2", "Milan");
	fixture_set_text(&spec->leaf, "5", "CN=cloud.example");
}
static void vlek_by_ask(struct fixture_spec *spec)
{
	vlek(spec);
	spec->ask.cn = "SEV-Milan";
}
static void vlek_named_vcek(struct fixture_spec *spec)
{
	vlek(spec);
	spec->leaf.cn = "SEV-VCEK";
}

static void genoa(struct fixture_spec *spec)
{
	spec->ark.cn = "ARK-Genoa";
	spec->ask.cn = "SEV-Genoa";
	fixture_set_text(&spec->leaf, "2", "Genoa");
}
static void turin(struct fixture_spec *spec)
{
	spec->ark.cn = "ARK-Turin";
	spec->ask.cn = "SEV-Turin";
	fixture_set_text(&spec->leaf, "2", "Turin-C1");
	fixture_set_spl(&spec->leaf, "3.9", 1);
	fixture_set(&spec->leaf, "4", "\1\2\3\4\5\6\7\10", 8);
}
static void turin_without_fmc(struct fixture_spec *spec)
{
	turin(spec);
	fixture_remove(&spec->leaf, "3.9");
}
static void unknown_product(struct fixture_spec *spec)
{
	spec->ark.cn = "ARK-Venice";
}

static const struct row {
	const char *name;
	void (*bend)(struct fixture_spec *spec);
	enum kw_error_name expect;
	const char *check;
} rows[] = {
	{ "given an untouched chain, every check is ok", nothing, KW_OK, NULL },
	{ "given a leaf that ends this second, it is still valid", leaf_ends_now, KW_OK, NULL },
	{ "given a leaf that starts this second, it is valid", leaf_starts_now, KW_OK, NULL },
	{ "given a VLEK chain, every check is ok", vlek, KW_OK, NULL },
	{ "given a Turin chain with a short hwID, every check is ok", turin, KW_OK, NULL },
	{ "given a Genoa chain, every check is ok", genoa, KW_OK, NULL },
	{ "given another ARK, the root is refused", other_ark, KW_E_COL_ROOT, "ARK key" },
	{ "given the ARK's key with a flipped self-signature, the chain is refused", flipped_ark,
	  KW_E_COL_CHAIN, "ARK signature" },
	{ "given an ARK signed by another key, the chain is refused", ark_signed_by_other,
	  KW_E_COL_CHAIN, "ARK signature" },
	{ "given an ASK that the ARK did not sign, the chain is refused", ask_by_other_ark,
	  KW_E_COL_CHAIN, "ASK signature" },
	{ "given a VCEK of another ASK, the chain is refused", leaf_by_other_ask, KW_E_COL_CHAIN,
	  "leaf signature" },
	{ "given a VCEK with a flipped signature, the chain is refused", flipped_leaf,
	  KW_E_COL_CHAIN, "leaf signature" },
	{ "given a VCEK that names another issuer, the chain is refused", leaf_of_other_issuer,
	  KW_E_COL_CHAIN, "AMD chain" },
	{ "given an ASK that is no CA, the chain is refused", ask_is_no_ca, KW_E_COL_CHAIN,
	  "AMD chain" },
	{ "given a VCEK signed with SHA-256, its form is refused", leaf_sha256,
	  KW_E_COL_CERTIFICATE, "leaf form" },
	{ "given a VCEK with MGF1 of SHA-256, its form is refused", leaf_mask_sha256,
	  KW_E_COL_CERTIFICATE, "leaf form" },
	{ "given a VCEK with a salt of 32 bytes, its form is refused", leaf_salt_32,
	  KW_E_COL_CERTIFICATE, "leaf form" },
	{ "given a VCEK with a salt of 49 bytes, its form is refused", leaf_salt_49,
	  KW_E_COL_CERTIFICATE, "leaf form" },
	{ "given a VCEK signed with PKCS#1 v1.5, its form is refused", leaf_pkcs1,
	  KW_E_COL_CERTIFICATE, "leaf form" },
	{ "given an ASK signed with SHA-512, its form is refused", ask_sha512, KW_E_COL_CERTIFICATE,
	  "ASK form" },
	{ "given an ARK with a salt of 32 bytes, its form is refused", ark_salt_32,
	  KW_E_COL_CERTIFICATE, "ARK form" },
	{ "given an ASK of 2048 bits, its form is refused", ask_rsa_2048, KW_E_COL_CERTIFICATE,
	  "ASK form" },
	{ "given a VCEK on P-256, its form is refused", leaf_p256, KW_E_COL_CERTIFICATE,
	  "leaf form" },
	{ "given a VCEK with an RSA key, its form is refused", leaf_rsa, KW_E_COL_CERTIFICATE,
	  "leaf form" },
	{ "given an X.509 version 2 VCEK, its form is refused", leaf_version_2,
	  KW_E_COL_CERTIFICATE, "leaf form" },
	{ "given a VCEK named VCEK, its form is refused", leaf_other_name, KW_E_COL_CERTIFICATE,
	  "leaf form" },
	{ "given hwID under the name of a VLEK, its form is refused", vcek_named_vlek,
	  KW_E_COL_CERTIFICATE, "leaf form" },
	{ "given an ASVK above a VCEK, its form is refused", ask_other_name, KW_E_COL_CERTIFICATE,
	  "ASK form" },
	{ "given an ASK above a VLEK, its form is refused", vlek_by_ask, KW_E_COL_CERTIFICATE,
	  "ASK form" },
	{ "given cspID under the name of a VCEK, its form is refused", vlek_named_vcek,
	  KW_E_COL_CERTIFICATE, "leaf form" },
	{ "given another organisation, the names are refused", other_organisation,
	  KW_E_COL_CERTIFICATE, "AMD names" },
	{ "given a VCEK without a TCB, its extensions are refused", no_tcb, KW_E_COL_CERTIFICATE,
	  "leaf extensions" },
	{ "given a VCEK without hwID, its extensions are refused", no_chip, KW_E_COL_CERTIFICATE,
	  "leaf extensions" },
	{ "given eight bytes of hwID on Milan, its extensions are refused", short_chip_on_milan,
	  KW_E_COL_CERTIFICATE, "leaf extensions" },
	{ "given a Turin VCEK without FMC, its extensions are refused", turin_without_fmc,
	  KW_E_COL_CERTIFICATE, "leaf extensions" },
	{ "given a VCEK that ended a second ago, it has expired", leaf_ended, KW_E_COL_EXPIRED,
	  "certificate validity" },
	{ "given an ASK that ended a second ago, it has expired", ask_ended, KW_E_COL_EXPIRED,
	  "certificate validity" },
	{ "given an ARK that ended a second ago, it has expired", ark_ended, KW_E_COL_EXPIRED,
	  "certificate validity" },
	{ "given a VCEK that starts in a second, the clock is blamed", leaf_starts_later,
	  KW_E_COL_CLOCK, "clock" },
	{ "given an ASK that starts in a second, the clock is blamed", ask_starts_later,
	  KW_E_COL_CLOCK, "clock" },
	{ "given a Genoa ASK in a Milan chain, the products differ", genoa_ask, KW_E_COL_PRODUCT,
	  "product line" },
	{ "given a Genoa VCEK in a Milan chain, the products differ", genoa_leaf, KW_E_COL_PRODUCT,
	  "product line" },
};

static void judge(const struct fixture_spec *spec, struct kw_checks *ret)
{
	KW_CLEANUP(kw_collateral_freep) struct kw_collateral *collateral = fixture_collateral(spec);

	kw_collateral_judge(collateral, trusted, fixture_now, ret);
}

static void ends_in_its_own_row(void **state)
{
	const struct row *row = *state;
	struct fixture_spec spec = fixture_spec();
	struct kw_checks checks = { 0 };
	const struct kw_check *named;

	row->bend(&spec);
	judge(&spec, &checks);
	assert_true(checks.n_rows >= 12);
	for (size_t i = 0; i < checks.n_rows; i++) {
		const struct kw_check *check = &checks.rows[i];

		if (check->verdict != KW_VERDICT_OK && check->error != row->expect)
			fail_msg("%s: expected '%s', found '%s'", check->check, check->expected,
				 check->found);
	}
	if (!row->check)
		return;
	named = kw_checks_find(&checks, row->check);
	assert_non_null(named);
	assert_int_equal(named->verdict, KW_VERDICT_FAILED);
}

/* --- Several rows at once. */

static enum kw_verdict verdict_of(const struct kw_checks *checks, const char *check)
{
	const struct kw_check *row = kw_checks_find(checks, check);

	assert_non_null(row);
	return row ? row->verdict : KW_VERDICT_FAILED;
}

static void makes_every_check_after_a_failure(void **state)
{
	struct fixture_spec spec = fixture_spec();
	struct kw_checks checks = { 0 };

	(void)state;
	other_ark(&spec);
	leaf_salt_32(&spec);
	leaf_ended(&spec);
	genoa_leaf(&spec);
	judge(&spec, &checks);
	assert_int_equal(verdict_of(&checks, "ARK key"), KW_VERDICT_FAILED);
	assert_int_equal(verdict_of(&checks, "ARK signature"), KW_VERDICT_OK);
	assert_int_equal(verdict_of(&checks, "leaf form"), KW_VERDICT_FAILED);
	assert_int_equal(verdict_of(&checks, "certificate validity"), KW_VERDICT_FAILED);
	assert_int_equal(verdict_of(&checks, "clock"), KW_VERDICT_OK);
	assert_int_equal(verdict_of(&checks, "product line"), KW_VERDICT_FAILED);
}

static void refuses_an_unknown_product_line(void **state)
{
	struct fixture_spec spec = fixture_spec();
	struct kw_checks checks = { 0 };

	(void)state;
	unknown_product(&spec);
	judge(&spec, &checks);
	assert_int_equal(verdict_of(&checks, "ARK key"), KW_VERDICT_FAILED);
	assert_int_equal(verdict_of(&checks, "product line"), KW_VERDICT_FAILED);
}

/* A key that is trusted for Milan must not vouch for Genoa. */
static void trusts_a_root_for_its_product_alone(void **state)
{
	KW_CLEANUP(kw_amd_roots_freep) struct kw_amd_roots *milan = NULL;
	KW_CLEANUP(kw_collateral_freep) struct kw_collateral *collateral = NULL;
	KW_CLEANUP(fixture_clear) struct fixture_chain chain = { 0 };
	struct fixture_spec spec = fixture_spec();
	struct kw_checks checks = { 0 };
	struct kw_error err = { 0 };

	(void)state;
	fixture_make(&spec, &chain);
	assert_int_equal(kw_amd_roots_parse(kw_bytes_text(chain.ark), &milan, &err), 0);
	genoa(&spec);
	collateral = fixture_collateral(&spec);
	kw_collateral_judge(collateral, milan, fixture_now, &checks);
	assert_int_equal(verdict_of(&checks, "ARK key"), KW_VERDICT_FAILED);
	assert_int_equal(kw_checks_result(&checks, 0, &err), -1);
	assert_true(kw_error_is(&err, KW_E_COL_ROOT));
}

static void judges_a_chain_without_leaf(void **state)
{
	KW_CLEANUP(kw_collateral_freep) struct kw_collateral *collateral = NULL;
	KW_CLEANUP(fixture_clear) struct fixture_chain chain = { 0 };
	struct fixture_spec spec = fixture_spec();
	struct kw_checks checks = { 0 };
	struct kw_error err = { 0 };

	(void)state;
	vlek(&spec);
	fixture_make(&spec, &chain);
	assert_int_equal(kw_collateral_from_certificates((struct kw_bytes){ 0 },
							 kw_bytes_text(chain.chain), "test",
							 &collateral, &err),
			 0);
	kw_collateral_judge(collateral, trusted, fixture_now, &checks);
	assert_int_equal(kw_checks_result(&checks, 0, &err), 0);
	assert_int_equal(verdict_of(&checks, "AMD chain"), KW_VERDICT_OK);
	assert_int_equal(verdict_of(&checks, "leaf signature"), KW_VERDICT_NOT_POSSIBLE);
}

static const struct tcbm_row {
	const char *name;
	uint64_t tcbm;
	enum kw_error_name expect;
	bool given;
} tcbm_rows[] = {
	{ "given the leaf's TCB as tcbm, it passes", 0x7308000000000003, KW_OK, true },
	{ "given no tcbm, nothing is compared", 0, KW_OK, false },
	{ "given another boot loader, tcbm is refused", 0x7308000000000004, KW_E_COL_TCBM, true },
	{ "given another microcode, tcbm is refused", 0x7408000000000003, KW_E_COL_TCBM, true },
	{ "given the bytes in memory order, tcbm is refused", 0x0300000000000873, KW_E_COL_TCBM,
	  true },
};

static void holds_tcbm_against_the_leaf(void **state)
{
	const struct tcbm_row *row = *state;
	struct fixture_spec spec = fixture_spec();
	KW_CLEANUP(kw_collateral_freep) struct kw_collateral *collateral = NULL;
	struct kw_checks checks = { 0 };
	struct kw_error err = { 0 };

	collateral = fixture_collateral(&spec);
	collateral->has_tcbm = row->given;
	collateral->tcbm = row->tcbm;
	kw_collateral_judge(collateral, trusted, fixture_now, &checks);
	assert_int_equal(kw_checks_result(&checks, 0, &err), row->expect == KW_OK ? 0 : -1);
	assert_ptr_equal(err.def, kw_error_def(row->expect));
	assert_true((kw_checks_find(&checks, "tcbm") != NULL) == row->given);
}

/* One key for three names, so that the rows above bend one thing only. */
static void trust_the_fixture(void)
{
	static const char *const names[] = { "ARK-Milan", "ARK-Genoa", "ARK-Turin" };
	char pem[3 * FIXTURE_PEM_MAX] = "";
	struct kw_error err = { 0 };

	for (size_t i = 0; i < 3; i++) {
		KW_CLEANUP(fixture_clear) struct fixture_chain chain = { 0 };
		struct fixture_spec spec = fixture_spec();

		spec.ark.cn = names[i];
		fixture_make(&spec, &chain);
		snprintf(pem + strlen(pem), sizeof(pem) - strlen(pem), "%s", chain.ark);
	}
	if (kw_amd_roots_parse(kw_bytes_text(pem), &trusted, &err) < 0)
		abort();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes_every_check_after_a_failure),
		cmocka_unit_test(refuses_an_unknown_product_line),
		cmocka_unit_test(trusts_a_root_for_its_product_alone),
		cmocka_unit_test(judges_a_chain_without_leaf),
	};
	int failed;

	trust_the_fixture();
	failed = KW_ROWS_RUN(rows, ends_in_its_own_row)
		 + KW_ROWS_RUN(tcbm_rows, holds_tcbm_against_the_leaf)
		 + cmocka_run_group_tests(tests, NULL, NULL);
	kw_amd_roots_free(trusted);
	return failed;
}
