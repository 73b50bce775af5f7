/* SPDX-License-Identifier: Apache-2.0 */
/* Guest evidence made here with OpenSSL, then bent at one place per row. */
#include "rows.h"
#include "test_keys.h"

#include "evidence/made_evidence.h"

static void leave(struct kw_evidence *e)
{
	(void)e;
}

static void change_claims(struct kw_evidence *e)
{
	e->hcl.data[1236] ^= 1;
}

static void raise_vmpl(struct kw_evidence *e)
{
	e->snp.vmpl = 2;
}

static void allow_debugging(struct kw_evidence *e)
{
	e->snp.policy_debug = true;
}

static void allow_migration(struct kw_evidence *e)
{
	e->snp.policy_migration_agent = true;
}

static void clear_bit_17(struct kw_evidence *e)
{
	e->snp.policy_reserved_one = false;
}

static void set_reserved(struct kw_evidence *e)
{
	e->snp.reserved_is_zero = false;
}

static void use_another_ak(struct kw_evidence *e)
{
	replace(&e->ak_public, ak_public(other, AK_ATTRIBUTES, "0014 000b"));
}

static void cut_ak(struct kw_evidence *e)
{
	e->ak_public.len--;
}

static void unrestrict_ak(struct kw_evidence *e)
{
	replace(&e->ak_public, ak_public(ak, "00040472", "0014 000b"));
}

static void unfix_ak(struct kw_evidence *e)
{
	replace(&e->ak_public, ak_public(ak, "00050470", "0014 000b"));
}

static void take_sign_from_ak(struct kw_evidence *e)
{
	replace(&e->ak_public, ak_public(ak, "00010472", "0014 000b"));
}

static void let_ak_decrypt(struct kw_evidence *e)
{
	replace(&e->ak_public, ak_public(ak, "00070472", "0014 000b"));
}

static void let_ak_sign_with_pss(struct kw_evidence *e)
{
	replace(&e->ak_public, ak_public(ak, AK_ATTRIBUTES, "0016 000b"));
}

static void let_ak_sign_with_sha1(struct kw_evidence *e)
{
	replace(&e->ak_public, ak_public(ak, AK_ATTRIBUTES, "0014 0004"));
}

static void lose_certificate(struct kw_evidence *e)
{
	kw_blob_clear(&e->ak_cert);
}

static void spoil_certificate(struct kw_evidence *e)
{
	e->ak_cert.data[0] = 0;
}

static void certify_another_ak(struct kw_evidence *e)
{
	replace(&e->ak_cert, guest_certificate(other, other, ISSUER, NOW_S - 1, NOW_S + 1));
}

static void use_placeholder(struct kw_evidence *e)
{
	replace(&e->ak_cert, guest_certificate(ak, other, "MICROSOFT AZURE TRUSTED VM RSA CA",
					       NOW_S - 1, NOW_S + 1));
}

/* The configured skew is 300 s. */
static void end_certificate_300_s_ago(struct kw_evidence *e)
{
	replace(&e->ak_cert, guest_certificate(ak, other, ISSUER, NOW_S - YEAR_S, NOW_S - 300));
}

static void end_certificate_301_s_ago(struct kw_evidence *e)
{
	replace(&e->ak_cert, guest_certificate(ak, other, ISSUER, NOW_S - YEAR_S, NOW_S - 301));
}

static void begin_certificate_in_300_s(struct kw_evidence *e)
{
	replace(&e->ak_cert, guest_certificate(ak, other, ISSUER, NOW_S + 300, NOW_S + YEAR_S));
}

static void begin_certificate_in_301_s(struct kw_evidence *e)
{
	replace(&e->ak_cert, guest_certificate(ak, other, ISSUER, NOW_S + 301, NOW_S + YEAR_S));
}

static void change_quote(struct kw_evidence *e)
{
	e->quote.data[e->quote.len - 1] ^= 1;
}

static void quote_nothing(struct kw_evidence *e)
{
	struct kw_blob quote = { 0 };
	uint8_t digest[GUEST_SHA256_SIZE];

	SHA256(NULL, 0, digest);
	put_head(&quote, e, QUOTE, "0000");
	put_hex(&quote, "00000000");
	put_sized(&quote, digest, sizeof(digest));
	replace(&e->quote, quote);
	replace(&e->quote_signature, guest_sign(ak, kw_blob_bytes(&e->quote)));
}

/* Their digest is right; what the policy of the wrapping key is made of is another matter. */
static void quote_more_pcrs(struct kw_evidence *e)
{
	uint8_t joined[(N_PCRS + 1) * GUEST_SHA256_SIZE] = { 0 }, digest[GUEST_SHA256_SIZE];
	struct kw_blob quote = { 0 };

	for (size_t i = 0; i < N_PCRS; i++)
		memcpy(joined + i * GUEST_SHA256_SIZE, e->pcrs.value[i], GUEST_SHA256_SIZE);
	SHA256(joined, sizeof(joined), digest);
	e->pcrs.present = 0x1ff;
	put_head(&quote, e, QUOTE, "0000");
	put_hex(&quote, "00000001 000b 03 ff0100");
	put_sized(&quote, digest, sizeof(digest));
	replace(&e->quote, quote);
	replace(&e->quote_signature, guest_sign(ak, kw_blob_bytes(&e->quote)));
}

/* Signed by the right key, after it has repeated what somebody gave it. */
static void quote_with_data(struct kw_evidence *e)
{
	struct kw_blob quote = { 0 };
	uint8_t digest[GUEST_SHA256_SIZE];

	digest_of_pcrs(e, digest);
	put_head(&quote, e, QUOTE, "0001 00");
	put_hex(&quote, SELECTION);
	put_sized(&quote, digest, sizeof(digest));
	replace(&e->quote, quote);
	replace(&e->quote_signature, guest_sign(ak, kw_blob_bytes(&e->quote)));
}

static void quote_as_another(struct kw_evidence *e)
{
	e->quote.data[10] ^= 1; /* in the signer's name */
	replace(&e->quote_signature, guest_sign(ak, kw_blob_bytes(&e->quote)));
}

static void offer_certify_as_quote(struct kw_evidence *e)
{
	replace(&e->quote, kw_blob_copy(kw_blob_bytes(&e->certify)));
	replace(&e->quote_signature, kw_blob_copy(kw_blob_bytes(&e->certify_signature)));
}

static void change_pcr(struct kw_evidence *e)
{
	e->pcrs.value[2][0] = 1;
}

static void offer_quote_as_certify(struct kw_evidence *e)
{
	replace(&e->certify, kw_blob_copy(kw_blob_bytes(&e->quote)));
	replace(&e->certify_signature, kw_blob_copy(kw_blob_bytes(&e->quote_signature)));
}

static void certify_by_another(struct kw_evidence *e)
{
	certify_again(e, other, CERTIFY);
}

static void certify_without_tpm(struct kw_evidence *e)
{
	certify_again(e, ak, "ff544346 8017");
}

static void cut_certify(struct kw_evidence *e)
{
	e->certify.len--;
}

static void certify_with_data(struct kw_evidence *e)
{
	certify_with(e, certify_of(e, CERTIFY, "0001 00", NULL_HIERARCHY), ak);
}

static void certify_of_the_owner(struct kw_evidence *e)
{
	certify_with(e, certify_of(e, CERTIFY, "0000", "40000001"), ak);
}

static void certify_as_another(struct kw_evidence *e)
{
	e->certify.data[10] ^= 1;
	replace(&e->certify_signature, guest_sign(ak, kw_blob_bytes(&e->certify)));
}

/* Well certified, but with another exponent. */
static void shorten_exponent(struct kw_evidence *e)
{
	const size_t exponent_at = 2 + 2 + 2 + 4 + 2 + GUEST_SHA256_SIZE + 2 + 2 + 2;

	e->wrapping_public.data[exponent_at + 3] = 3;
	certify_again(e, ak, CERTIFY);
}

static void change_wrapping_key(struct kw_evidence *e)
{
	e->wrapping_public.data[100] ^= 1;
}

static void cut_wrapping_key(struct kw_evidence *e)
{
	e->wrapping_public.len--;
}

/* Well certified, but with a password in the place of the policy. */
static void let_password_open_wrapping_key(struct kw_evidence *e)
{
	replace(&e->wrapping_public, wrapping_public(e, "00020472"));
	certify_again(e, ak, CERTIFY);
}

/* Well certified, but under the policy of other PCR values. */
static void open_wrapping_key_by_other_pcrs(struct kw_evidence *e)
{
	e->pcrs.value[0][0] ^= 1;
	replace(&e->wrapping_public, wrapping_public(e, "00020432"));
	e->pcrs.value[0][0] ^= 1;
	certify_again(e, ak, CERTIFY);
}

static void change_log(struct kw_evidence *e)
{
	e->event_log.data[80] ^= 1; /* the first event's digest */
}

static void cut_log(struct kw_evidence *e)
{
	e->event_log.len--;
}

static void lose_log(struct kw_evidence *e)
{
	kw_blob_clear(&e->event_log);
}

static const struct row {
	const char *name;
	void (*bend)(struct kw_evidence *e);
	const char *check; /* the first row that fails */
	enum kw_error_name expect;
} rows[] = {
	{ "given good evidence, it passes", leave, NULL, KW_OK },
	{ "given changed claims, they are not bound", change_claims, "runtime claims hash",
	  KW_E_SNP_REPORT_DATA },
	{ "given another VMPL, it is refused", raise_vmpl, "vmpl", KW_E_SNP_VMPL },
	{ "given a debug policy, it is refused", allow_debugging, "debug policy", KW_E_SNP_DEBUG },
	{ "given a migration agent, it is refused", allow_migration, "migration policy",
	  KW_E_SNP_MIGRATION },
	{ "given a policy that cannot be, it is refused", clear_bit_17, "policy form",
	  KW_E_SNP_POLICY_FORM },
	{ "given a reserved field that is set, it is refused", set_reserved, "reserved fields",
	  KW_E_SNP_POLICY_FORM },
	{ "given another TPM's key, it is refused", use_another_ak, "attestation key in report",
	  KW_E_HCL_AK },
	{ "given a cut public area, it is refused", cut_ak, "attestation key in report",
	  KW_E_HCL_AK },
	{ "given an unrestricted key, it is refused", unrestrict_ak, "attestation key attributes",
	  KW_E_TPM_AK_TYPE },
	{ "given a key that may leave, it is refused", unfix_ak, "attestation key attributes",
	  KW_E_TPM_AK_TYPE },
	{ "given a key that cannot sign, it is refused", take_sign_from_ak,
	  "attestation key attributes", KW_E_TPM_AK_TYPE },
	{ "given a key that also decrypts, it is refused", let_ak_decrypt,
	  "attestation key attributes", KW_E_TPM_AK_TYPE },
	{ "given a key of another scheme, it is refused", let_ak_sign_with_pss,
	  "attestation key attributes", KW_E_TPM_AK_TYPE },
	{ "given a key of another hash, it is refused", let_ak_sign_with_sha1,
	  "attestation key attributes", KW_E_TPM_AK_TYPE },
	{ "given no certificate, it is refused", lose_certificate, "attestation key certificate",
	  KW_E_TPM_AK_CERT },
	{ "given no DER, it is refused", spoil_certificate, "attestation key certificate",
	  KW_E_TPM_AK_CERT },
	{ "given a certificate of another key, it is refused", certify_another_ak,
	  "attestation key certificate", KW_E_TPM_AK_CERT },
	{ "given the placeholder, it says that it is one", use_placeholder,
	  "placeholder certificate", KW_E_TPM_AK_PLACEHOLDER },
	{ "given a certificate that ended within the skew, it passes", end_certificate_300_s_ago,
	  NULL, KW_OK },
	{ "given a certificate that ended before, it is refused", end_certificate_301_s_ago,
	  "attestation key certificate", KW_E_TPM_AK_CERT },
	{ "given a certificate that begins within the skew, it passes", begin_certificate_in_300_s,
	  NULL, KW_OK },
	{ "given a certificate that begins later, it is refused", begin_certificate_in_301_s,
	  "attestation key certificate", KW_E_TPM_AK_CERT },
	{ "given a changed quote, it is refused", change_quote, "quote signature",
	  KW_E_TPM_QUOTE_SIGNATURE },
	{ "given a quote over nothing, it is refused", quote_nothing, "quoted pcrs",
	  KW_E_TPM_QUOTE_PCRS },
	{ "given a quote over more PCRs, it is refused", quote_more_pcrs, "quoted pcrs",
	  KW_E_TPM_QUOTE_PCRS },
	{ "given a quote with somebody's data, it is refused", quote_with_data, "quote nonce",
	  KW_E_TPM_QUOTE_NONCE },
	{ "given a quote that names another signer, it is refused", quote_as_another,
	  "quote signer", KW_E_TPM_QUOTE_SIGNATURE },
	{ "given a certify for a quote, it is refused", offer_certify_as_quote, "quote type",
	  KW_E_TPM_QUOTE_TYPE },
	{ "given another PCR value, it is refused", change_pcr, "pcr values", KW_E_TPM_QUOTE_PCRS },
	{ "given a quote for a certify, it is refused", offer_quote_as_certify,
	  "wrapping key certification", KW_E_TPM_CERTIFY },
	{ "given a certify by another key, it is refused", certify_by_another,
	  "wrapping key certification", KW_E_TPM_CERTIFY },
	{ "given a certify no TPM made, it is refused", certify_without_tpm,
	  "wrapping key certification", KW_E_TPM_CERTIFY },
	{ "given a certify with somebody's data, it is refused", certify_with_data,
	  "wrapping key certification", KW_E_TPM_CERTIFY },
	{ "given a certify of the owner's key, it is refused", certify_of_the_owner,
	  "wrapping key certification", KW_E_TPM_CERTIFY },
	{ "given a certify that names another signer, it is refused", certify_as_another,
	  "wrapping key certification", KW_E_TPM_CERTIFY },
	{ "given a wrapping key of another exponent, it is refused", shorten_exponent,
	  "wrapping key attributes", KW_E_TPM_CERTIFY },
	{ "given a cut certify, it is refused", cut_certify, "wrapping key certification",
	  KW_E_TPM_CERTIFY },
	{ "given a certify of another key, it is refused", change_wrapping_key,
	  "wrapping key certification", KW_E_TPM_CERTIFY },
	{ "given a cut wrapping key, it is refused", cut_wrapping_key, "wrapping key certification",
	  KW_E_TPM_CERTIFY },
	{ "given a wrapping key with a password, it is refused", let_password_open_wrapping_key,
	  "wrapping key attributes", KW_E_TPM_CERTIFY },
	{ "given a wrapping key under other PCRs, it is refused", open_wrapping_key_by_other_pcrs,
	  "wrapping key attributes", KW_E_TPM_CERTIFY },
	{ "given a changed log, it is refused", change_log, "event log", KW_E_TPM_PCR_EXTENDED },
	{ "given a cut log, it is refused", cut_log, "event log form", KW_E_TPM_LOG_FORM },
	{ "given no log, that is not possible and no failure", lose_log, NULL, KW_OK },
};

static const struct kw_check *first_failed(const struct kw_checks *checks)
{
	for (size_t i = 0; i < checks->n_rows; i++)
		if (checks->rows[i].verdict == KW_VERDICT_FAILED)
			return &checks->rows[i];
	return NULL;
}

static void is_judged_as_expected(void **state)
{
	const struct row *row = *state;
	KW_CLEANUP(kw_evidence_freep) struct kw_evidence *e = make_evidence();
	const struct kw_config config = { .time.skew_ms = 300000 };
	const struct kw_check *failed;
	struct kw_checks checks = { 0 };

	row->bend(e);
	kw_evidence_judge(e, &config, NOW_S, &checks);
	failed = first_failed(&checks);
	if (!row->check) {
		if (failed)
			fail_msg("%s: found %s", failed->check, failed->found);
		return;
	}
	assert_non_null(failed);
	assert_string_equal(failed->check, row->check);
	assert_int_equal(failed->error, row->expect);
	assert_non_null(kw_checks_find(&checks, "event log")); /* checks go on after a failure */
}

static void rows_and_their_order_are_stable(void **state)
{
	static const char *const names[] = {
		"runtime claims hash",
		"vmpl",
		"debug policy",
		"migration policy",
		"policy form",
		"reserved fields",
		"attestation key in report",
		"attestation key attributes",
		"placeholder certificate",
		"attestation key certificate",
		"quote form",
		"quote magic",
		"quote type",
		"quote signature",
		"quote nonce",
		"pcr values",
		"quote signer",
		"quoted pcrs",
		"wrapping key certification",
		"wrapping key attributes",
		"event log form",
		"event log",
	};
	KW_CLEANUP(kw_evidence_freep) struct kw_evidence *e = make_evidence();
	const struct kw_config config = { 0 };
	struct kw_checks checks = { 0 };

	(void)state;
	kw_evidence_judge(e, &config, NOW_S, &checks);
	assert_int_equal(checks.n_rows, sizeof(names) / sizeof(names[0]));
	for (size_t i = 0; i < checks.n_rows; i++)
		assert_string_equal(checks.rows[i].check, names[i]);
}

static void a_debug_policy_can_be_allowed(void **state)
{
	KW_CLEANUP(kw_evidence_freep) struct kw_evidence *e = make_evidence();
	const struct kw_config config = { .evidence.allow_debug = true };
	struct kw_checks checks = { 0 };

	(void)state;
	allow_debugging(e);
	kw_evidence_judge(e, &config, NOW_S, &checks);
	assert_null(first_failed(&checks));
}

static void a_log_can_be_required(void **state)
{
	KW_CLEANUP(kw_evidence_freep) struct kw_evidence *e = make_evidence();
	const struct kw_config config = { .evidence.require_event_log = true };
	struct kw_checks checks = { 0 };

	(void)state;
	lose_log(e);
	kw_evidence_judge(e, &config, NOW_S, &checks);
	assert_int_equal(first_failed(&checks)->error, KW_E_TPM_LOG_MISSING);
}

static void no_log_is_not_possible(void **state)
{
	KW_CLEANUP(kw_evidence_freep) struct kw_evidence *e = make_evidence();
	const struct kw_config config = { 0 };
	struct kw_checks checks = { 0 };

	(void)state;
	lose_log(e);
	kw_evidence_judge(e, &config, NOW_S, &checks);
	assert_int_equal(kw_checks_find(&checks, "event log")->verdict, KW_VERDICT_NOT_POSSIBLE);
	assert_int_equal(kw_checks_find(&checks, "event log")->error, KW_E_TPM_LOG_MISSING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_and_their_order_are_stable),
		cmocka_unit_test(a_debug_policy_can_be_allowed),
		cmocka_unit_test(a_log_can_be_required),
		cmocka_unit_test(no_log_is_not_possible),
	};
	int failed;

	ak = test_rsa_key(2048, 0);
	wrapping = test_rsa_key(2048, 1);
	other = test_rsa_key(2048, 2);
	failed = KW_ROWS_RUN(rows, is_judged_as_expected)
		 + cmocka_run_group_tests_name("evidence judge", tests, NULL, NULL);
	EVP_PKEY_free(ak);
	EVP_PKEY_free(wrapping);
	EVP_PKEY_free(other);
	return failed;
}
