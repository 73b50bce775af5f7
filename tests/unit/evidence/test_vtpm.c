/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence from a software TPM, and what was wrapped for it. */
#include "evidence/given_vtpm.h"

#include "evidence/tpm_quote.h"

static void evidence_passes_every_check(void **state)
{
	KW_CLEANUP(kw_evidence_freep) struct kw_evidence *e = gather();
	struct kw_checks checks = { 0 };

	(void)state;
	kw_evidence_judge(e, &config, NOW_S, &checks);
	assert_true(checks.n_rows > 12);
	for (size_t i = 0; i < checks.n_rows; i++)
		if (checks.rows[i].verdict != KW_VERDICT_OK)
			fail_msg("%s: found %s", checks.rows[i].check, checks.rows[i].found);
	assert_int_equal(e->ak_public.len, 282); /* lengths of guest attestation 4.5a */
	assert_int_equal(e->wrapping_public.len, 312);
	assert_int_equal(e->quote.len, 113);
	assert_int_equal(e->certify.len, 141);
	assert_true(e->ak_cert.len < 1024);
	assert_int_equal(e->report.secure_boot, 1);
	nothing_is_left();
}

/* The command's exit status, in the state directory. */
static int checkquote(void)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		int quiet = open("/dev/null", O_WRONLY | O_CLOEXEC);

		if (chdir(tpm.dir) == 0 && dup2(quiet, STDOUT_FILENO) >= 0)
			execl("/usr/bin/tpm2_checkquote", "tpm2_checkquote", "-u", "ak.pem", "-m",
			      "quote.msg", "-s", "quote.sig", "-g", "sha256", (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void another_hand_accepts_the_quote(void **state)
{
	KW_CLEANUP(kw_evidence_freep) struct kw_evidence *e = NULL;
	KW_CLEANUP(freep) char *pem = NULL;
	KW_CLEANUP(kw_blob_clear) struct kw_blob signature = { 0 };
	char path[128];

	(void)state;
	if (access("/usr/bin/tpm2_checkquote", X_OK) != 0) {
		print_message("skipped: tpm2_checkquote is not installed\n");
		skip();
	}
	e = gather();
	pem = kw_public_key_pem(e->report.ak);
	put_hex(&signature, "0014000b"); /* RSASSA, SHA-256 */
	put_sized(&signature, e->quote_signature.data, e->quote_signature.len);
	snprintf(path, sizeof(path), "%s/ak.pem", tpm.dir);
	write_file(path, kw_bytes_text(pem));
	snprintf(path, sizeof(path), "%s/quote.msg", tpm.dir);
	write_file(path, kw_blob_bytes(&e->quote));
	snprintf(path, sizeof(path), "%s/quote.sig", tpm.dir);
	write_file(path, kw_blob_bytes(&signature));
	assert_int_equal(checkquote(), 0);
}

static void private_keys_differ_compatible_ones_do_not(void **state)
{
	KW_CLEANUP(kw_evidence_freep) struct kw_evidence *first = gather();
	KW_CLEANUP(kw_evidence_freep) struct kw_evidence *second = gather();
	KW_CLEANUP(kw_evidence_freep) struct kw_evidence *third = NULL, *fourth = NULL;

	(void)state;
	assert_false(kw_public_key_equal(first->wrapping_key, second->wrapping_key));
	config.evidence.wrapping_key = KW_WRAPPING_COMPATIBLE;
	third = gather();
	fourth = gather();
	assert_true(kw_bytes_are_zero(kw_secret_bytes(&third->unique)));
	assert_true(kw_public_key_equal(third->wrapping_key, fourth->wrapping_key));
	assert_false(kw_public_key_equal(first->wrapping_key, third->wrapping_key));
}

static struct kw_blob wrap_for(const struct kw_evidence *e, int padding, const EVP_MD *hash,
			       struct kw_bytes plain)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob n = kw_public_key_modulus(e->wrapping_key);
	EVP_PKEY *key = guest_key_from_modulus(kw_blob_bytes(&n));
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	struct kw_blob wrapped = kw_blob_new(GUEST_MODULUS_SIZE);
	size_t len = wrapped.len;

	assert_int_equal(EVP_PKEY_encrypt_init(ctx), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, padding), 1);
	if (hash)
		assert_int_equal(EVP_PKEY_CTX_set_rsa_oaep_md(ctx, hash), 1);
	assert_int_equal(EVP_PKEY_encrypt(ctx, wrapped.data, &len, plain.data, plain.len), 1);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
	return wrapped;
}

static void opens(struct kw_evidence *e, enum kw_rsa_scheme scheme, enum kw_hash oaep,
		  const EVP_MD *hash)
{
	static const uint8_t plain[32] = { 1, 2, 3 };
	KW_CLEANUP(kw_blob_clear)
	struct kw_blob wrapped =
		wrap_for(e, scheme == KW_RSA_ES ? RSA_PKCS1_PADDING : RSA_PKCS1_OAEP_PADDING, hash,
			 KW_BYTES(plain));
	KW_CLEANUP(kw_secret_clear) struct kw_secret opened = { 0 };
	struct kw_error err = { 0 };

	if (e->provider->unwrap(e, scheme, oaep, kw_blob_bytes(&wrapped), &opened, &err) < 0)
		fail_msg("%s", err.detail);
	assert_int_equal(opened.len, sizeof(plain));
	assert_memory_equal(opened.data, plain, sizeof(plain));
}

static void what_was_wrapped_opens(void **state)
{
	KW_CLEANUP(kw_evidence_freep) struct kw_evidence *e = gather();

	(void)state;
	opens(e, KW_RSA_OAEP, KW_SHA1, EVP_sha1());
	opens(e, KW_RSA_OAEP, KW_SHA256, EVP_sha256());
	opens(e, KW_RSA_OAEP, KW_SHA384, EVP_sha384());
	opens(e, KW_RSA_ES, KW_SHA256, NULL);
	nothing_is_left();
}

static void does_not_open(struct kw_evidence *e, enum kw_rsa_scheme scheme, struct kw_bytes wrapped,
			  enum kw_error_name expected, const char *says)
{
	struct kw_secret opened = { 0 };
	struct kw_error err = { 0 };

	assert_int_equal(e->provider->unwrap(e, scheme, KW_SHA256, wrapped, &opened, &err), -1);
	assert_null(opened.data);
	if (!kw_error_is(&err, expected) || !strstr(err.detail, says))
		fail_msg("%s: %s", err.def->id, err.detail);
	nothing_is_left();
}

static void bad_ciphertexts_get_one_answer(void **state)
{
	static const uint8_t plain[32], foreign[GUEST_MODULUS_SIZE] = { 0, 1 };
	static const char one[] = "the ciphertext does not open in the TPM";
	uint8_t high[GUEST_MODULUS_SIZE];
	KW_CLEANUP(kw_evidence_freep) struct kw_evidence *e = gather();
	KW_CLEANUP(kw_blob_clear)
	struct kw_blob sha1 = wrap_for(e, RSA_PKCS1_OAEP_PADDING, EVP_sha1(), KW_BYTES(plain));
	struct kw_bytes cut = { sha1.data, sha1.len - 1 };

	(void)state;
	memset(high, 0xff, sizeof(high));
	does_not_open(e, KW_RSA_OAEP, kw_blob_bytes(&sha1), KW_E_UNW_FAILED, one);
	does_not_open(e, KW_RSA_ES, kw_blob_bytes(&sha1), KW_E_UNW_FAILED, one);
	does_not_open(e, KW_RSA_OAEP, KW_BYTES(foreign), KW_E_UNW_FAILED, one);
	does_not_open(e, KW_RSA_ES, KW_BYTES(foreign), KW_E_UNW_FAILED, one);
	does_not_open(e, KW_RSA_OAEP, KW_BYTES(high), KW_E_UNW_FAILED, one);
	does_not_open(e, KW_RSA_OAEP, cut, KW_E_UNW_FAILED, one);
}

static void a_pcr_change_loses_the_key(void **state)
{
	KW_CLEANUP(kw_evidence_freep) struct kw_evidence *e = gather();
	struct kw_tpm t = { 0 };
	static const uint8_t any[GUEST_MODULUS_SIZE];

	(void)state;
	open_it(&t);
	provision_extend(t.esys, 5, "a neighbour");
	kw_tpm_close(&t);
	does_not_open(e, KW_RSA_OAEP, KW_BYTES(any), KW_E_TPM_KEY_LOST, "PCR 5 changed");
}

static void a_reset_loses_the_key(void **state)
{
	KW_CLEANUP(kw_evidence_freep) struct kw_evidence *e = gather();
	KW_CLEANUP(kw_evidence_freep) struct kw_evidence *later = NULL;
	struct kw_tpm t = { 0 };
	static const uint8_t any[GUEST_MODULUS_SIZE];

	(void)state;
	swtpm_stop(&tpm);
	swtpm_start(&tpm);
	snprintf(e->tcti, sizeof(e->tcti), "%s", tpm.tcti);
	open_it(&t);
	measure_boot(t.esys);
	kw_tpm_close(&t);
	does_not_open(e, KW_RSA_OAEP, KW_BYTES(any), KW_E_TPM_KEY_LOST, "the TPM was reset");
	later = gather();
	assert_int_equal(later->reset_count, e->reset_count + 1);
}

static void auto_takes_the_vtpm_and_says_why(void **state)
{
	const struct kw_provider *provider = NULL;
	struct kw_checks why = { 0 };
	struct kw_error err = { 0 };

	(void)state;
	assert_int_equal(kw_provider_choose(&config, &provider, &why, &err), 0);
	assert_ptr_equal(provider, &kw_provider_azure_vtpm);
	assert_int_equal(why.n_rows, 1);
	assert_int_equal(why.rows[0].verdict, KW_VERDICT_OK);
	nothing_is_left();
}

static void a_nonce_and_other_pcrs_can_be_quoted(void **state)
{
	static const uint8_t nonce_bytes[] = { 'n', 'o', 'n', 'c', 'e' };
	const struct kw_bytes nonce = KW_BYTES(nonce_bytes);
	KW_CLEANUP(kw_tpm_signed_clear) struct kw_tpm_signed quoted = { 0 };
	KW_CLEANUP(kw_blob_clear) struct kw_blob public = { 0 };
	KW_CLEANUP(kw_evidence_freep) struct kw_evidence *e = gather();
	const uint32_t every = (1u << KW_TPM_PCRS) - 1;
	struct kw_pcr_values pcrs;
	struct kw_checks checks = { 0 };
	struct kw_error err = { 0 };
	struct kw_tpm t = { 0 };
	ESYS_TR ak;

	(void)state;
	open_it(&t);
	assert_int_equal(kw_tpm_ak_open(&t, &ak, &public, &err), 0);
	assert_int_equal(kw_tpm_pcr_read(&t, every, &pcrs, &err), 0); /* 8 per command: a loop */
	assert_int_equal(pcrs.present, every);
	assert_int_equal(kw_tpm_quote(&t, ak, nonce, every, &quoted, &err), 0);
	kw_tpm_close(&t);
	kw_quote_judge(kw_blob_bytes(&quoted.attest), kw_blob_bytes(&quoted.signature),
		       e->report.ak, nonce, &pcrs, 1, &checks);
	if (kw_checks_result(&checks, 0, &err) < 0)
		fail_msg("%s", err.detail);
	assert_non_null(kw_checks_find(&checks, "quote nonce"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TPM_TEST(evidence_passes_every_check),
		TPM_TEST(another_hand_accepts_the_quote),
		TPM_TEST(private_keys_differ_compatible_ones_do_not),
		TPM_TEST(what_was_wrapped_opens),
		TPM_TEST(bad_ciphertexts_get_one_answer),
		TPM_TEST(a_pcr_change_loses_the_key),
		TPM_TEST(a_reset_loses_the_key),
		TPM_TEST(auto_takes_the_vtpm_and_says_why),
		TPM_TEST(a_nonce_and_other_pcrs_can_be_quoted),
	};

	return RUN_TPM_TESTS("vtpm", tests);
}
