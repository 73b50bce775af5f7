/* SPDX-License-Identifier: Apache-2.0 */
#include "x5c_pki.h"

#include "jose/certificate.h"
#include "util/text.h"

#include <unistd.h>

static const struct row {
	const char *name, *before, *letters, *behind;
	int expect;
	const char *says;
} rows[] = {
	{ "given one root, it is taken", "", "R", "", 0, "" },
	{ "given two, they are taken", "", "RO", "", 0, "" },
	{ "given one twice, it is taken", "", "RR", "", 0, "" },
	{ "given text around, it is taken", "# roots\n", "R", "\n# end\n", 0, "" },
	{ "given nothing, it is refused", "", "", "", -1, "no certificate" },
	{ "given text alone, it is refused", "roots", "", "", -1, "no certificate" },
	{ "given a damaged one behind, it is refused", "", "R",
	  "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", -1, "damaged" },
	{ "given a cut one behind, it is refused", "", "R", "-----BEGIN CERTIFICATE-----\nAAAA\n",
	  -1, "damaged" },
};

static struct kw_blob text_of(const struct row *row)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob pem = x5c_pem(row->letters);
	struct kw_blob text = { 0 };

	kw_blob_append(&text, kw_bytes_text(row->before));
	kw_blob_append(&text, kw_blob_bytes(&pem));
	kw_blob_append(&text, kw_bytes_text(row->behind));
	return text;
}

static void parses(void **state)
{
	const struct row *row = *state;
	KW_CLEANUP(kw_blob_clear) struct kw_blob text = text_of(row);
	KW_CLEANUP(kw_signer_roots_freep) struct kw_signer_roots *roots = NULL;
	struct kw_error err = { 0 };

	assert_int_equal(kw_signer_roots_parse(kw_blob_bytes(&text), &roots, &err), row->expect);
	assert_int_equal(roots != NULL, row->expect == 0);
	assert_ptr_equal(err.def, kw_error_def(row->expect ? KW_E_CFG_VALUE : KW_OK));
	assert_non_null(strstr(err.detail, row->says));
}

/* The path of a new file with that content; the caller removes and frees it. */
static char *write_file(struct kw_bytes content)
{
	char path[] = "/tmp/keyward-test-roots-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, content.data, content.len), content.len);
	close(fd);
	return kw_strdup(path);
}

static void loads_a_file(void **state)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob pem = x5c_pem("R");
	KW_CLEANUP(freep) char *path = write_file(kw_blob_bytes(&pem));
	KW_CLEANUP(kw_signer_roots_freep) struct kw_signer_roots *roots = NULL;
	struct kw_error err = { 0 };

	(void)state;
	assert_int_equal(kw_signer_roots_load(path, &roots, &err), 0);
	unlink(path);
	kw_signer_roots_freep(&roots);
	assert_int_equal(kw_signer_roots_load(path, &roots, &err), -1);
	assert_true(kw_error_is(&err, KW_E_SYS_FILE));
	assert_non_null(strstr(err.detail, path));
}

static void names_a_bad_file(void **state)
{
	KW_CLEANUP(freep) char *path = write_file(kw_bytes_text("no PEM"));
	struct kw_signer_roots *roots = NULL;
	struct kw_error err = { 0 };

	(void)state;
	assert_int_equal(kw_signer_roots_load(path, &roots, &err), -1);
	unlink(path);
	assert_true(kw_error_is(&err, KW_E_CFG_VALUE));
	assert_non_null(strstr(err.detail, path));
}

/* Whoever sets the environment must not choose whom we trust. */
static void ignores_the_environment(void **state)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob pem = x5c_pem("R");
	KW_CLEANUP(freep) char *path = write_file(kw_blob_bytes(&pem));
	KW_CLEANUP(kw_json_freep) struct kw_json *x5c = x5c_json("LI");
	KW_CLEANUP(kw_signer_roots_freep) struct kw_signer_roots *roots = NULL;
	KW_CLEANUP(kw_public_key_freep) struct kw_public_key *key = NULL;
	KW_CLEANUP(freep) char *variable = kw_format("SSL_CERT_FILE=%s", path);
	struct kw_checks checks = { 0 };
	struct kw_error err = { 0 };
	char **before = environ;

	(void)state;
	environ = (char *[]){ variable, NULL };
	assert_int_equal(kw_signer_roots_load("system", &roots, &err), 0);
	assert_int_equal(kw_x5c_judge(x5c, NULL, roots, NULL, Y2026, &checks, &key, &err), 0);
	environ = before;
	unlink(path);
	assert_int_equal(kw_checks_result(&checks, 0, &err), -1);
	assert_true(kw_error_is(&err, KW_E_REL_JWS_CHAIN));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		{ "given a file, it is loaded; given none, that is named", loads_a_file, NULL, NULL,
		  NULL },
		{ "given a file that is no PEM, it is named", names_a_bad_file, NULL, NULL, NULL },
		{ "given SSL_CERT_FILE, 'system' does not follow it", ignores_the_environment, NULL,
		  NULL, NULL },
	};

	x5c_pki_make();
	int failed = KW_ROWS_RUN(rows, parses) + cmocka_run_group_tests(tests, NULL, NULL);
	x5c_pki_free();
	return failed;
}
