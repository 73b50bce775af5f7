/* SPDX-License-Identifier: Apache-2.0 */
/* Text as mdoc(7) wants it. */
#include "cmd/pages.h"

#include <ctype.h>
#include <string.h>

enum { LINE_WIDTH = 78 };

static void print_word(FILE *to, const char *word, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (word[i] == '\\')
			fputs("\\e", to);
		else
			fputc(word[i], to);
}

static bool ends_sentence(const char *word, size_t len)
{
	return len > 1 && strchr(".?!", word[len - 1]) != NULL;
}

/* Every sentence begins a line, as mdoc wants it; long ones are broken between words. */
void kw_man_print_text(FILE *to, const char *text)
{
	size_t at = 0; /* in the line */

	for (size_t len; *text; text += len) {
		if (text[0] == '\n' && text[1] == '\n') {
			fputs(at ? "\n.Pp\n" : ".Pp\n", to);
			at = 0;
		}
		text += strspn(text, " \n");
		len = strcspn(text, " \n");
		if (at > 0 && at + 1 + len > LINE_WIDTH) {
			fputc('\n', to);
			at = 0;
		}
		if (at == 0 && (*text == '.' || *text == '\''))
			fputs("\\&", to);
		fputs(at > 0 ? " " : "", to);
		print_word(to, text, len);
		at += len + (at > 0);
		if (ends_sentence(text, len) && text[len] == ' ') {
			fputc('\n', to);
			at = 0;
		}
	}
	fputs(at ? "\n" : "", to);
}

void kw_man_print_argument(FILE *to, const char *text)
{
	fputs("\\&", to);
	for (; *text; text++)
		if (*text == '"')
			fputs("\\(dq", to);
		else if (*text == ' ')
			fputs("\\ ", to); /* one argument */
		else
			print_word(to, text, 1);
}

void kw_man_print_head(FILE *to, const char *name, int section, const char *summary)
{
	fputs(".\\\" SPDX-License-Identifier: Apache-2.0\n.Dd " KW_RELEASED "\n.Dt ", to);
	for (const char *at = name; *at; at++)
		fputc(toupper((unsigned char)*at), to);
	fprintf(to, " %d\n.Os\n.Sh NAME\n.Nm %s\n.Nd %s\n", section, name, summary);
}
