/* SPDX-License-Identifier: Apache-2.0 */
/* Colours, for people alone: on a terminal that shows them, unless NO_COLOR is set. */
#pragma once

#include <stdio.h>

enum kw_colour { KW_COLOUR_GOOD, KW_COLOUR_DOUBTFUL, KW_COLOUR_BAD };

/* `text`, and blanks behind it up to `width`. */
void kw_colour_print(FILE *to, enum kw_colour colour, int width, const char *text);
