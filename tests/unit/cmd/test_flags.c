/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/flags.h"
#include "config/config.h"
#include "rows.h"

struct args {
	const char *name, *more, *config, *format;
	bool quiet;
	int colour;
};
static const struct kw_flag flags[] = {
	{ KW_POSITIONAL, 0, "NAME", "", "a name", offsetof(struct args, name), NULL },
	{ KW_TRAILING, 0, "MORE", "", "more", offsetof(struct args, more), NULL },
	KW_FLAG_CONFIG(struct args, config),
	{ KW_OPTIONAL, 'o', "format", "FORMAT", "a format", offsetof(struct args, format), "jwk" },
	{ KW_SWITCH, 'q', "quiet", "", "say less", offsetof(struct args, quiet), NULL },
	{ KW_CHOICE, 0, "colour", "red|green|light-blue",
	  "one of three, of which the help tells "
	  "in two lines",
	  offsetof(struct args, colour), NULL },
	{ 0 },
};

enum { WORDS_MAX = 8 };

static const struct row {
	const char *name;
	char *words[WORDS_MAX];
	const char *says; /* of the refusal; NULL: these are taken */
	struct args expect;
} rows[] = {
	{ "given a name alone, the rest has its defaults",
	  { "n" },
	  NULL,
	  { "n", NULL, KW_DEFAULT_CONFIG, "jwk", false, -1 } },
	{ "given all, all is taken",
	  { "-q", "-c", "/c", "n", "--format", "pem", "m" },
	  NULL,
	  { "n", "m", "/c", "pem", true, -1 } },
	{ "given an equals sign, it is taken",
	  { "--config=/c=d", "n", "--format=x" },
	  NULL,
	  { "n", NULL, "/c=d", "x", false, -1 } },
	{ "given a value at its letter, it is taken",
	  { "-ojson", "n" },
	  NULL,
	  { "n", NULL, KW_DEFAULT_CONFIG, "json", false, -1 } },
	{ "given two dashes, flags end",
	  { "--", "-q", "--format" },
	  NULL,
	  { "-q", "--format", KW_DEFAULT_CONFIG, "jwk", false, -1 } },
	{ "given a dash alone, it is a word",
	  { "-" },
	  NULL,
	  { "-", NULL, KW_DEFAULT_CONFIG, "jwk", false, -1 } },
	{ "given a dash for a value, it is taken",
	  { "n", "-o", "-" },
	  NULL,
	  { "n", NULL, KW_DEFAULT_CONFIG, "-", false, -1 } },
	{ "given no name, it is asked for", { "-q" }, "NAME is missing: a name", { 0 } },
	{ "given a word too many, it is named",
	  { "a", "b", "c" },
	  "'c' is one word too many",
	  { 0 } },
	{ "given a misspelt flag, the nearest is named",
	  { "n", "--fromat=x" },
	  "unknown option '--fromat', did you mean '--format'?",
	  { 0 } },
	{ "given a misspelt help, it is named",
	  { "--hlep" },
	  "unknown option '--hlep', did you mean '--help'?",
	  { 0 } },
	{ "given a flag like no other, it is named",
	  { "--xyzzyxyzzy" },
	  "unknown option '--xyzzyxyzzy'",
	  { 0 } },
	{ "given a positional as a flag, it is unknown",
	  { "--NAME=x" },
	  "unknown option '--NAME'",
	  { 0 } },
	{ "given an unknown letter, it is named", { "-x" }, "unknown option '-x'", { 0 } },
	{ "given a cut name of a flag, it is unknown",
	  { "n", "--form", "x" },
	  "unknown option '--form'",
	  { 0 } },
	{ "given no value, it is asked for",
	  { "n", "--format" },
	  "'--format' needs a FORMAT",
	  { 0 } },
	{ "given a flag for a value, it is not taken",
	  { "n", "-o", "-q" },
	  "'--format' needs a FORMAT",
	  { 0 } },
	{ "given an empty value, it is refused",
	  { "n", "--format=" },
	  "'--format' needs a FORMAT",
	  { 0 } },
	{ "given a value for a switch, it is refused",
	  { "n", "--quiet=yes" },
	  "'--quiet' takes no value",
	  { 0 } },
	{ "given letters together, they are refused",
	  { "n", "-qo" },
	  "'--quiet' takes no value",
	  { 0 } },
	{ "given the first word of a choice, its place is 0",
	  { "n", "--colour", "red" },
	  NULL,
	  { "n", NULL, KW_DEFAULT_CONFIG, "jwk", false, 0 } },
	{ "given the last word of a choice, its place is 2",
	  { "n", "--colour=light-blue" },
	  NULL,
	  { "n", NULL, KW_DEFAULT_CONFIG, "jwk", false, 2 } },
	{ "given a misspelt word of a choice, the nearest is named",
	  { "n", "--colour=gren" },
	  "'--colour' cannot be 'gren', did you mean 'green'?",
	  { 0 } },
	{ "given the beginning of a word, it is no word of a choice",
	  { "n", "--colour=light-" },
	  "'--colour' cannot be 'light-', expected red|green|light-blue",
	  { 0 } },
	{ "given no word of a choice, they are named",
	  { "n", "--colour" },
	  "'--colour' needs one of red|green|light-blue",
	  { 0 } },
	{ "given a flag twice, it is refused",
	  { "n", "-o", "a", "--format=b" },
	  "'--format' is given twice",
	  { 0 } },
};

static const char *text(const char *maybe)
{
	return maybe ? maybe : "(none)";
}

static void parses_as_expected(void **state)
{
	const struct row *row = *state;
	struct kw_error err = { 0 };
	struct args args = { 0 };
	char *argv[WORDS_MAX];
	int argc = 0;

	(void)unsetenv("KEYWARD_CONFIG");
	for (; argc < WORDS_MAX && row->words[argc]; argc++)
		argv[argc] = row->words[argc];
	assert_int_equal(kw_flags_parse(flags, argc, argv, &args, &err), row->says ? -1 : 0);
	if (row->says) {
		assert_true(kw_error_is(&err, KW_E_CFG_USAGE));
		assert_string_equal(err.detail, row->says);
		return;
	}
	assert_string_equal(text(args.name), text(row->expect.name));
	assert_string_equal(text(args.more), text(row->expect.more));
	assert_string_equal(text(args.config), text(row->expect.config));
	assert_string_equal(text(args.format), text(row->expect.format));
	assert_int_equal(args.quiet, row->expect.quiet);
	assert_int_equal(args.colour, row->expect.colour);
}

static const char *config_for(int argc, char **argv)
{
	struct kw_error err = { 0 };
	struct args args = { 0 };

	assert_int_equal(kw_flags_parse(flags, argc, argv, &args, &err), 0);
	return args.config;
}

static void the_variable_stands_between_flag_and_default(void **state)
{
	char name[] = "n", flag[] = "--config=/flag";
	char *argv[] = { name, flag };

	(void)state;
	assert_int_equal(setenv("KEYWARD_CONFIG", "/variable", 1), 0);
	assert_string_equal(config_for(1, argv), "/variable");
	assert_string_equal(config_for(2, argv), "/flag");
	assert_int_equal(setenv("KEYWARD_CONFIG", "", 1), 0);
	assert_string_equal(config_for(1, argv), KW_DEFAULT_CONFIG);
}

static void help_fits_a_terminal(void **state)
{
	char printed[1024] = "";
	FILE *to = fmemopen(printed, sizeof(printed), "w");

	(void)state;
	assert_non_null(to);
	kw_flags_print_usage(flags, to);
	fputc('\n', to);
	kw_flags_print(flags, to);
	fclose(to);
	assert_string_equal(
		printed,
		" [OPTIONS] NAME [MORE]\n"
		"  NAME                  a name\n"
		"  MORE                  more\n"
		"  -c, --config FILE     default $KEYWARD_CONFIG [/etc/keyward/keyward.yaml]\n"
		"  -o, --format FORMAT   a format [jwk]\n"
		"  -q, --quiet           say less\n"
		"      --colour red|green|light-blue\n"
		"                        one of three, of which the help tells in two lines\n"
		"  -h, --help            this text\n");
}

static void help_is_wanted_before_the_dashes(void **state)
{
	char help[] = "--help", letter[] = "-h", dashes[] = "--", name[] = "n";
	char *first[] = { name, help }, *second[] = { letter }, *after[] = { dashes, help };

	(void)state;
	assert_true(kw_flags_want_help(2, first));
	assert_true(kw_flags_want_help(1, second));
	assert_false(kw_flags_want_help(1, first));
	assert_false(kw_flags_want_help(2, after));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_variable_stands_between_flag_and_default),
		cmocka_unit_test(help_fits_a_terminal),
		cmocka_unit_test(help_is_wanted_before_the_dashes),
	};
	int failed = KW_ROWS_RUN(rows, parses_as_expected);

	return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
