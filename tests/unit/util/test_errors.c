/* SPDX-License-Identifier: Apache-2.0 */
/* The catalogue itself: one test for each row of util/errors.def. */
#include "rows.h"
#include "util/error.h"

#include <ctype.h>
#include <strings.h>

static const char *const stages[] = { "CFG", "TPM", "SNP", "COL", "ATT", "TOK", "IDN",
				      "REL", "UNW", "STO", "SRV", "OUT", "SEC", "SYS" };

/* The usual pair of each kind; a row may name a more exact HTTP status of those beside it. */
static const struct pair {
	short http, exit;
	short exact[7];
} pairs[] = {
	[KW_USAGE] = { 400, 64, { 405, 406, 409, 413, 415, 431 } },
	[KW_DATA] = { 422, 65, { 0 } },
	[KW_NOT_FOUND] = { 404, 66, { 0 } },
	[KW_UNAVAILABLE] = { 503, 69, { 0 } },
	[KW_INTERNAL] = { 500, 70, { 0 } },
	[KW_NO_OUTPUT] = { 500, 73, { 0 } },
	[KW_IO] = { 500, 74, { 0 } },
	[KW_AGAIN] = { 503, 75, { 409, 429 } },
	[KW_UNTRUSTED] = { 502, 76, { 0 } },
	[KW_DENIED] = { 403, 77, { 401, 410 } },
	[KW_CONFIG] = { 500, 78, { 0 } },
};

static void id_is_of_its_stage(const struct kw_error_def *def)
{
	bool known = false;

	for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++)
		known = known || strcmp(def->stage, stages[i]) == 0;
	assert_true(known);
	assert_int_equal(strlen(def->id), strlen("KW-ATT-003"));
	assert_memory_equal(def->id, "KW-", 3);
	assert_memory_equal(def->id + 3, def->stage, 3);
	assert_int_equal(def->id[6], '-');
	for (size_t i = 7; i < 10; i++)
		assert_true(isdigit((unsigned char)def->id[i]));
}

static void statuses_are_those_of_the_kind(const struct kw_error_def *def)
{
	const struct pair *pair = &pairs[def->kind];
	bool fits = def->http_status == pair->http;

	assert_int_equal(def->exit_status, pair->exit);
	for (size_t i = 0; pair->exact[i] != 0; i++)
		fits = fits || def->http_status == pair->exact[i];
	assert_true(fits);
}

/* "the TPM ...", "PCR values ..." and "IMDS ..." may start so; "The ..." may not. */
static void sentence_is_plain(const char *text)
{
	size_t len = strlen(text);

	assert_true(len > 0 && len < 100);
	assert_true(text[len - 1] != '.' && text[len - 1] != ' ' && text[0] != ' ');
	if (isupper((unsigned char)text[0]))
		assert_true(isupper((unsigned char)text[1]));
	for (size_t i = 0; i < len; i++)
		assert_true(text[i] >= ' ' && text[i] <= '~');
}

static void row_is_well_formed(void **state)
{
	const struct kw_error_def *def = *state, *all = NULL;
	size_t n = 0, same = 0;

	id_is_of_its_stage(def);
	statuses_are_those_of_the_kind(def);
	sentence_is_plain(def->cause);
	sentence_is_plain(def->remedy);
	all = kw_error_all(&n);
	assert_int_equal(n, KW_N_ERRORS - 1);
	for (size_t i = 0; i < n; i++)
		same += strcasecmp(all[i].id, def->id) == 0;
	assert_int_equal(same, 1); /* never reused */
	assert_ptr_equal(kw_error_find(def->id), def);
}

int main(void)
{
	size_t n = 0;
	const struct kw_error_def *all = kw_error_all(&n);
	struct CMUnitTest *tests = calloc(n, sizeof(*tests));

	if (!tests)
		return 1;
	for (size_t i = 0; i < n; i++)
		tests[i] = (struct CMUnitTest){ all[i].id, row_is_well_formed, NULL, NULL,
						(void *)&all[i] };
	int failed = _cmocka_run_group_tests("catalogue", tests, n, NULL, NULL);
	free(tests);
	return failed;
}
