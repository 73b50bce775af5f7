/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/output.h"

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

void kw_checks_print(const struct kw_checks *checks, FILE *to)
{
	int width = widest(checks);

	for (size_t i = 0; i < checks->n_rows; i++) {
		const struct kw_check *row = &checks->rows[i];
		bool due = row->verdict != KW_VERDICT_OK && *row->expected;

		fprintf(to, "%-*s%-*s  %s%s%s\n", VERDICT_COLUMN, kw_verdict_text(row->verdict),
			width, row->check, row->found, due ? ", expected " : "",
			due ? row->expected : "");
	}
}
