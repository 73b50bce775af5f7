/* SPDX-License-Identifier: Apache-2.0 */
/* keyward.yaml(5), from the option table. */
#include "cmd/pages.h"
#include "config/options.h"
#include "util/text.h"

static const char *kind_text(enum kw_option_kind kind)
{
	switch (kind) {
	case KW_OPTION_TEXT:
		return "text";
	case KW_OPTION_BOOL:
		return "true|false";
	case KW_OPTION_INTEGER:
		return "number";
	case KW_OPTION_DURATION:
		return "duration";
	case KW_OPTION_MODE:
		return "\"0NNN\"";
	case KW_OPTION_CHOICE:
		return "word";
	case KW_OPTION_LIST:
		return "list";
	case KW_OPTION_PAIRS:
		return "map";
	case KW_OPTION_NONE:
	case KW_OPTION_SECTION:
	case KW_OPTION_PART:
		break;
	}
	return "section";
}

static void print_sentence(FILE *to, const char *begin, const char *end)
{
	KW_CLEANUP(freep) char *text = kw_format("%s%s%s.", begin, *begin ? " " : "", end);

	kw_man_print_text(to, text);
}

static void print_words(FILE *to, const struct kw_option *option)
{
	fputs("One of", to);
	for (size_t i = 0; option->words[i]; i++)
		fprintf(to, "%s %s", i ? "," : "", option->words[i]);
	fputs(".\n", to);
}

static void print_range(FILE *to, const struct kw_option *option)
{
	KW_CLEANUP(freep) char *min = NULL;
	KW_CLEANUP(freep) char *max = NULL;

	if (option->kind == KW_OPTION_DURATION) {
		min = kw_duration_text(option->min);
		max = kw_duration_text(option->max);
		fprintf(to, "From %s to %s.\n", min, max);
	} else if (option->kind == KW_OPTION_INTEGER) {
		fprintf(to, "From %lld to %lld.\n", (long long)option->min, (long long)option->max);
	}
}

static void print_default(FILE *to, const struct kw_option *option)
{
	if (option->flags & KW_OPTION_MANDATORY) {
		fputs("Mandatory.\n", to);
	} else if (option->fallback && *option->fallback) {
		fputs("Default:\n.Ql ", to);
		kw_man_print_argument(to, option->fallback);
		fputs(" .\n", to);
	}
}

static void print_option(FILE *to, const struct kw_option *option, const char *path)
{
	const struct kw_option *scalar = option->kind == KW_OPTION_LIST ? option->element : option;

	fprintf(to, ".It Cm %s Ar ", path);
	kw_man_print_argument(to, kind_text(option->kind));
	fputc('\n', to);
	print_sentence(to, "", option->help);
	if (scalar->words)
		print_words(to, scalar);
	if (scalar->form)
		print_sentence(to, scalar == option ? "Written as" : "Each is",
			       scalar->form->expected);
	print_range(to, option);
	print_default(to, option);
	if (option->flags & KW_OPTION_RESTART)
		fputs("A change needs a restart.\n", to);
	if (option->flags & KW_OPTION_TRUST)
		fputs("Another value makes trust custom, which is shown everywhere.\n", to);
}

static void print_table(FILE *to, const struct kw_option *table, const char *prefix)
{
	for (const struct kw_option *option = table; option->name; option++) {
		bool list = option->kind == KW_OPTION_LIST;
		KW_CLEANUP(freep)
		char *path = kw_format("%s%s%s%s", prefix, *prefix ? "." : "", option->name,
				       list && option->element->members ? "[]" : "");

		if (!option->members)
			print_option(to, option, path);
		if (option->members)
			print_table(to, option->members, path);
		else if (list && option->element->members)
			print_table(to, option->element->members, path);
	}
}

void kw_man_print_config(FILE *to)
{
	kw_man_print_head(to, "keyward.yaml", 5, "configuration of keyward");
	fputs(".Sh DESCRIPTION\n", to);
	kw_man_print_text(
		to,
		"A YAML file, read strictly: an unknown or repeated field is an error that names "
		"the place and the nearest name.\n\n"
		"Durations are whole numbers with ms, s, m, h or d. An origin, scheme and host "
		"and perhaps a port, is allowed exactly as it is listed.\n\n"
		"The fields are:");
	fputs(".Bl -tag -width Ds\n", to);
	print_table(to, kw_options, "");
	fputs(".El\n.Sh EXAMPLES\nThe smallest that releases a key:\n.Bd -literal -offset indent\n"
	      "apiVersion: keyward/v1\n"
	      "attestation:\n"
	      "  endpoints: [https://sharedweu.weu.attest.azure.net]\n"
	      "keys:\n"
	      "  - name: db\n"
	      "    url: https://contoso.vault.azure.net/keys/db\n"
	      ".Ed\n.Sh SEE ALSO\n.Xr keyward 1 ,\n.Xr keyward-config 1\n",
	      to);
}
