/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/print_policy.h"

#include "cmd/colour.h"
#include "policy/hints.h"
#include "util/text.h"

#include <string.h>

enum { VERDICT_WIDTH = 9, INDENT = 2, CLAIM_WIDTH_MAX = 64, EXPECTED_WIDTH_MAX = 40 };

struct widths {
	int claim, expected;
};

static char *clean(const char *text)
{
	char cleaned[512];

	kw_text_clean(kw_bytes_text(text ? text : ""), cleaned, sizeof(cleaned));
	return kw_strdup(cleaned);
}

/* The texts of one line; owned. */
struct line {
	char *what, *expected, *found;
};

static void line_clear(struct line *line)
{
	free(line->what);
	free(line->expected);
	free(line->found);
}

static const char *selector_text(const struct kw_policy_node *node)
{
	return node->kind == KW_POLICY_ALL_OF ? "all of" : "any of";
}

static struct line line_of(const struct kw_policy_result *result)
{
	const struct kw_policy_node *node = result->node;
	struct line line = { .found = kw_policy_found_text(result, false) };

	if (node->kind == KW_POLICY_TEST) {
		KW_CLEANUP(freep) char *expected = clean(node->expected);
		KW_CLEANUP(freep) char *operator_name = clean(node->operator_name);

		line.what = clean(node->claim);
		line.expected = kw_format("%s %s", operator_name, expected);
	} else if (node->authority) {
		line.what = kw_format("authority, %s", selector_text(node));
		line.expected = clean(node->authority);
	} else {
		line.what = kw_strdup(selector_text(node));
		line.expected = kw_strdup("");
	}
	return line;
}

static int at_most(size_t width, int max)
{
	return width < (size_t)max ? (int)width : max;
}

static void measure(const struct kw_policy_result *result, int depth, struct widths *widths)
{
	KW_CLEANUP(line_clear) struct line line = line_of(result);
	int claim = at_most(strlen(line.what) + (size_t)(depth * INDENT), CLAIM_WIDTH_MAX);
	int expected = at_most(strlen(line.expected), EXPECTED_WIDTH_MAX);

	if (claim > widths->claim)
		widths->claim = claim;
	if (expected > widths->expected)
		widths->expected = expected;
	for (const struct kw_policy_result *child = result->first; child; child = child->next)
		measure(child, depth + 1, widths);
}

static void print_hints(unsigned hints, int indent, FILE *to)
{
	for (unsigned bit = 0; bit < KW_POLICY_HINTS; bit++)
		if (hints >> bit & 1)
			fprintf(to, "%*shint: %s\n", indent, "",
				kw_policy_hint_text((enum kw_policy_hint)(1U << bit)));
}

static enum kw_colour colour_of(enum kw_policy_verdict verdict)
{
	switch (verdict) {
	case KW_POLICY_TRUE:
		return KW_COLOUR_GOOD;
	case KW_POLICY_UNKNOWN:
		return KW_COLOUR_DOUBTFUL;
	case KW_POLICY_FALSE:
		break;
	}
	return KW_COLOUR_BAD;
}

static void print_line(const struct kw_policy_result *result, int depth,
		       const struct widths *widths, FILE *to)
{
	KW_CLEANUP(line_clear) struct line line = line_of(result);

	kw_colour_print(to, colour_of(result->verdict), VERDICT_WIDTH,
			kw_policy_truth_text(result->verdict));
	fprintf(to, "%*s%-*s  %-*s  %s\n", depth * INDENT, "", widths->claim - depth * INDENT,
		line.what, widths->expected, line.expected, line.found);
	if (result->node->authority && !result->authority_matches)
		fprintf(to, "%*shint: not the issuer of the token\n",
			VERDICT_WIDTH + (depth + 1) * INDENT, "");
	print_hints(result->hints, VERDICT_WIDTH + (depth + 1) * INDENT, to);
	for (const struct kw_policy_result *child = result->first; child; child = child->next)
		print_line(child, depth + 1, widths, to);
}

void kw_policy_print(const struct kw_policy_result *result, unsigned token_hints, FILE *to)
{
	struct widths widths = { .claim = (int)strlen("claim"),
				 .expected = (int)strlen("expected") };

	for (const struct kw_policy_result *child = result->first; child; child = child->next)
		measure(child, 0, &widths);
	fprintf(to, "%-*s%-*s  %-*s  %s\n", VERDICT_WIDTH, "verdict", widths.claim, "claim",
		widths.expected, "expected", "found");
	for (const struct kw_policy_result *child = result->first; child; child = child->next)
		print_line(child, 0, &widths, to);
	print_hints(token_hints, 0, to);
}
