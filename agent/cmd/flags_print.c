/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/flags.h"

#include "util/cleanup.h"
#include "util/text.h"

#include <string.h>

enum { FLAG_COLUMN = 24, LINE_WIDTH = 80 }; /* where the help's second column starts and ends */

void kw_flags_print_usage(const struct kw_flag *flags, FILE *to)
{
	fputs(" [OPTIONS]", to);
	for (const struct kw_flag *flag = flags; flag->kind; flag++)
		if (kw_flag_is_positional(flag))
			fprintf(to, flag->kind == KW_TRAILING ? " [%s]" : " %s", flag->name);
}

static char *first_column(const struct kw_flag *flag)
{
	const char *blank = *flag->value ? " " : "";

	if (kw_flag_is_positional(flag))
		return kw_strdup(flag->name);
	if (flag->letter)
		return kw_format("-%c, --%s%s%s", flag->letter, flag->name, blank, flag->value);
	return kw_format("    --%s%s%s", flag->name, blank, flag->value);
}

static char *second_column(const struct kw_flag *flag)
{
	if (flag->fallback)
		return kw_format("%s [%s]", flag->help, flag->fallback);
	if (flag->kind == KW_POSITIONAL_CHOICE)
		return kw_format("%s: %s", flag->help, flag->value);
	return kw_strdup(flag->help);
}

/* Word by word; a line that would be too long goes on below, in the same column. */
static void print_wrapped(const char *text, FILE *to)
{
	size_t at = FLAG_COLUMN;

	for (size_t len; *(text += strspn(text, " ")); text += len) {
		bool first = at == FLAG_COLUMN;

		len = strcspn(text, " ");
		if (!first && at + 1 + len > LINE_WIDTH) {
			fprintf(to, "\n%*s", FLAG_COLUMN, "");
			at = FLAG_COLUMN;
			first = true;
		}
		fprintf(to, "%s%.*s", first ? "" : " ", (int)len, text);
		at += len + !first;
	}
	fputc('\n', to);
}

void kw_flags_print(const struct kw_flag *flags, FILE *to)
{
	for (const struct kw_flag *flag = flags; flag->kind; flag++) {
		KW_CLEANUP(freep) char *first = first_column(flag);
		KW_CLEANUP(freep) char *second = second_column(flag);

		fprintf(to, "  %-*s", FLAG_COLUMN - 2, first);
		if (strlen(first) >= FLAG_COLUMN - 2) /* too long: its text goes below it */
			fprintf(to, "\n%*s", FLAG_COLUMN, "");
		print_wrapped(second, to);
	}
	fprintf(to, "  %-*s%s\n", FLAG_COLUMN - 2, "-h, --help", "this text");
}
