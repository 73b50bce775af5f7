/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/output.h"

#include "cmd/colour.h"

#include <string.h>

enum { VERDICT_COLUMN = 14 };

static int widest(const struct kw_checks *checks)
{
	size_t width = 0;

	for (size_t i = 0; i < checks->n_rows; i++)
		if (strlen(checks->rows[i].check) > width)
			width = strlen(checks->rows[i].check);
	return (int)width;
}

static enum kw_colour colour_of(enum kw_verdict verdict)
{
	switch (verdict) {
	case KW_VERDICT_OK:
		return KW_COLOUR_GOOD;
	case KW_VERDICT_NOT_POSSIBLE:
		return KW_COLOUR_DOUBTFUL;
	case KW_VERDICT_FAILED:
		break;
	}
	return KW_COLOUR_BAD;
}

void kw_checks_print(const struct kw_checks *checks, FILE *to)
{
	int width = widest(checks);

	for (size_t i = 0; i < checks->n_rows; i++) {
		const struct kw_check *row = &checks->rows[i];
		bool due = row->verdict != KW_VERDICT_OK && *row->expected;

		kw_colour_print(to, colour_of(row->verdict), VERDICT_COLUMN,
				kw_verdict_text(row->verdict));
		fprintf(to, "%-*s  %s%s%s\n", width, row->check, row->found,
			due ? ", expected " : "", due ? row->expected : "");
	}
}
