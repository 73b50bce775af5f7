/* SPDX-License-Identifier: Apache-2.0 */
/* `keyward policy lint FILE`: what is wrong with a policy, or with the key or template around it.
 */
#include "cmd/output.h"
#include "cmd/policy.h"
#include "policy/lint.h"
#include "util/file.h"
#include "util/json.h"

enum { FILE_MAX = 1 << 20, LEVEL_WIDTH = 9 };

enum { FORMAT_TEXT, FORMAT_JSON };

struct args {
	const char *file;
	int format;
	bool strict;
};
static const struct kw_flag flags[] = {
	{ KW_POSITIONAL, 0, "FILE", "", "a policy, its base64, or a key or template with one",
	  offsetof(struct args, file), NULL },
	{ KW_CHOICE, 'o', "format", "text|json", "how to print what was found",
	  offsetof(struct args, format), "text" },
	{ KW_SWITCH, 0, "strict", "", "fail for warnings too", offsetof(struct args, strict),
	  NULL },
	{ 0 },
};

static void print_text(const struct kw_lint *lint)
{
	for (size_t i = 0; i < lint->n_rows; i++) {
		const struct kw_lint_finding *row = &lint->rows[i];

		printf("%-*s%s%s%s (%s)\n", LEVEL_WIDTH, kw_lint_level_text(row->level), row->place,
		       row->place[0] ? ": " : "", row->text, row->rule);
	}
	if (lint->n_rows == 0)
		printf("nothing found\n");
}

static int print_json(const struct kw_lint *lint, struct kw_error *err)
{
	const struct kw_output output = { .is_text = true };
	KW_CLEANUP(kw_json_freep) struct kw_json *json = kw_json_new_object();
	KW_CLEANUP(freep) char *text = NULL;
	struct kw_json *list = kw_json_add_array(json, "findings");

	for (size_t i = 0; i < lint->n_rows; i++) {
		const struct kw_lint_finding *row = &lint->rows[i];
		struct kw_json *object = kw_json_add_object(list, NULL);

		kw_json_add_string(object, "level", kw_lint_level_text(row->level));
		kw_json_add_string(object, "rule", row->rule);
		kw_json_add_string(object, "place", row->place);
		kw_json_add_string(object, "text", row->text);
	}
	text = kw_json_print(json);
	return kw_output_write(&output, kw_bytes_text(text), err);
}

static int conclude(const struct kw_lint *lint, const struct args *args, struct kw_error *err)
{
	size_t errors = kw_lint_count(lint, KW_LINT_ERROR);
	size_t warnings = kw_lint_count(lint, KW_LINT_WARNING);

	if (errors == 0 && !(args->strict && warnings > 0))
		return 0;
	return kw_fail(err, KW_E_REL_LINT, "'%s': %zu errors, %zu warnings", args->file, errors,
		       warnings);
}

static int run(int argc, char **argv, struct kw_error *err)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob file = { 0 };
	KW_CLEANUP(kw_policy_document_clear) struct kw_policy_document document = { 0 };
	struct kw_lint lint = { 0 };
	struct args args = { 0 };

	if (kw_flags_parse(flags, argc, argv, &args, err) < 0
	    || kw_file_read(args.file, FILE_MAX, KW_E_SYS_FILE, &file, err) < 0)
		return -1;
	if (kw_policy_document_read(kw_blob_bytes(&file), &document, err) < 0)
		return kw_wrap(err, "'%s'", args.file);
	kw_policy_lint_document(&document, &lint);
	if (args.format == FORMAT_JSON) {
		if (print_json(&lint, err) < 0)
			return -1;
	} else {
		print_text(&lint);
	}
	return conclude(&lint, &args, err);
}

const struct kw_command kw_policy_lint_verb = {
	.name = "lint",
	.summary = "what a vault would refuse, and what is usually not meant",
	.flags = flags,
	.run = run,
};
