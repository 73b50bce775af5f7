/* SPDX-License-Identifier: Apache-2.0 */
/* What is no token at all, and the kid by which its key is found. */
#include "azure/maa.h"
#include "bent.h"
#include "test_keys.h"

#define E30 "e30" /* {} */
#define ALG "eyJhbGciOiJSUzI1NiJ9"

static const struct form_row {
	const char *name, *token;
} form_rows[] = {
	{ "given nothing, it is no token", "" },
	{ "given two parts, it is no token", ALG "." E30 },
	{ "given four parts, it is no token", ALG "." E30 ".AA.AA" },
	{ "given no signature, it is no token", ALG "." E30 "." },
	{ "given a padded part, it is no token", ALG "." E30 "=.AA" },
	{ "given standard base64, it is no token", ALG "." E30 ".+/+/" },
	{ "given a list as payload, it is no token", ALG ".W10.AA" },
	{ "given no alg, it is no token", E30 "." E30 ".AA" },
	{ "given alg twice, it is no token", "eyJhbGciOiJSUzI1NiIsImFsZyI6Im5vbmUifQ." E30 ".AA" },
	{ "given a blank behind it, it is no token", ALG "." E30 ".AA " },
};

static void refuses_the_form(void **state)
{
	const struct form_row *row = *state;
	const struct kw_token_rules rules = { .now_s = 5000 };
	struct kw_checks checks = { 0 };
	struct kw_error err = { 0 };
	char kid[8] = "before";

	assert_int_equal(
		kw_token_judge(kw_bytes_text(row->token), NULL, &rules, &checks, NULL, &err), -1);
	assert_true(kw_error_is(&err, KW_E_TOK_FORM));
	assert_int_equal(kw_checks_find(&checks, "token form")->verdict, KW_VERDICT_FAILED);
	err = (struct kw_error){ 0 };
	assert_int_equal(kw_token_kid(kw_bytes_text(row->token), kid, sizeof(kid), &err), -1);
	assert_true(kw_error_is(&err, KW_E_TOK_FORM));
	assert_string_equal(kid, "before");
}

static const struct kid_row {
	const char *name, *header;
	size_t size;
	enum kw_error_name expect;
} kid_rows[] = {
	{ "given a kid that just fits, it is given", "{\"alg\":\"RS256\",\"kid\":\"12345\"}", 6,
	  KW_OK },
	{ "given one character more, it is refused", "{\"alg\":\"RS256\",\"kid\":\"12345\"}", 5,
	  KW_E_TOK_FORM },
	{ "given no kid, it is refused", "{\"alg\":\"RS256\"}", 16, KW_E_TOK_FORM },
	{ "given a number as kid, it is refused", "{\"alg\":\"RS256\",\"kid\":1}", 16,
	  KW_E_TOK_FORM },
	{ "given another algorithm, no kid is given", "{\"alg\":\"HS256\",\"kid\":\"12345\"}", 16,
	  KW_E_TOK_ALG },
};

static void gives_the_kid(void **state)
{
	const struct kid_row *row = *state;
	EVP_PKEY *key = test_rsa_key(2048, 3);
	KW_CLEANUP(freep) char *token = signed_jws(key, row->header, "{}");
	struct kw_error err = { 0 };
	char kid[16] = "before";

	EVP_PKEY_free(key);
	int result = kw_token_kid(kw_bytes_text(token), kid, row->size, &err);
	assert_int_equal(result, row->expect == KW_OK ? 0 : -1);
	assert_ptr_equal(err.def, kw_error_def(row->expect));
	assert_string_equal(kid, result == 0 ? "12345" : "before");
}

int main(void)
{
	return KW_ROWS_RUN(form_rows, refuses_the_form) + KW_ROWS_RUN(kid_rows, gives_the_kid);
}
