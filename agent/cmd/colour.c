/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/colour.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool shows_colours(FILE *to)
{
	const char *no_colour = secure_getenv("NO_COLOR"), *terminal = secure_getenv("TERM");

	return isatty(fileno(to)) && !(no_colour && *no_colour) && terminal
	       && strcmp(terminal, "dumb") != 0;
}

void kw_colour_print(FILE *to, enum kw_colour colour, int width, const char *text)
{
	static const char *const codes[] = {
		[KW_COLOUR_GOOD] = "\033[32m",
		[KW_COLOUR_DOUBTFUL] = "\033[33m",
		[KW_COLOUR_BAD] = "\033[31m",
	};
	bool coloured = shows_colours(to);

	fprintf(to, "%s%-*s%s", coloured ? codes[colour] : "", width, text,
		coloured ? "\033[0m" : "");
}
