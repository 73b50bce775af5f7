/* SPDX-License-Identifier: Apache-2.0 */
/* kw_config_schema(): the option table as JSON Schema 2020-12. */
#include "config/config.h"
#include "config/options.h"
#include "util/json.h"
#include "util/text.h"

#include <string.h>

#define DURATION_PATTERN "^[0-9]+(ms|s|m|h|d)$"
#define MODE_PATTERN "^0[0-7]{3}$"

static void describe(const struct kw_option *option, struct kw_json *to);

static void describe_members(const struct kw_option *table, struct kw_json *to)
{
	struct kw_json *properties, *required = NULL;

	kw_json_add_string(to, "type", "object");
	kw_json_add_bool(to, "additionalProperties", false);
	properties = kw_json_add_object(to, "properties");
	for (const struct kw_option *row = table; row->name; row++) {
		describe(row, kw_json_add_object(properties, row->name));
		if (!(row->flags & KW_OPTION_MANDATORY))
			continue;
		if (!required)
			required = kw_json_add_array(to, "required");
		kw_json_add_string(required, NULL, row->name);
	}
}

static void describe_text(const struct kw_option *option, struct kw_json *to)
{
	KW_CLEANUP(freep) char *pattern = NULL;

	kw_json_add_string(to, "type", "string");
	kw_json_add_int(to, "maxLength", option->max ? option->max : KW_TEXT_MAX);
	if (!kw_option_may_be_empty(option))
		kw_json_add_int(to, "minLength", 1);
	if (!option->form)
		return;
	pattern = kw_format("%s%s", kw_option_may_be_empty(option) ? "^$|" : "",
			    option->form->pattern);
	kw_json_add_string(to, "pattern", pattern);
}

static void describe_choice(const struct kw_option *option, struct kw_json *to)
{
	struct kw_json *words = kw_json_add_array(to, "enum");

	for (size_t i = 0; option->words[i]; i++)
		kw_json_add_string(words, NULL, option->words[i]);
}

static void describe_duration(const struct kw_option *option, struct kw_json *to)
{
	KW_CLEANUP(freep) char *min = kw_duration_text(option->min);
	KW_CLEANUP(freep) char *max = kw_duration_text(option->max);

	kw_json_add_string(to, "type", "string");
	kw_json_add_string(to, "pattern", DURATION_PATTERN);
	kw_json_add_string(to, "x-minimum", min);
	kw_json_add_string(to, "x-maximum", max);
}

static void describe_kind(const struct kw_option *option, struct kw_json *to)
{
	switch (option->kind) {
	case KW_OPTION_NONE:
		break;
	case KW_OPTION_TEXT:
		describe_text(option, to);
		break;
	case KW_OPTION_BOOL:
		kw_json_add_string(to, "type", "boolean");
		break;
	case KW_OPTION_INTEGER:
		kw_json_add_string(to, "type", "integer");
		kw_json_add_int(to, "minimum", option->min);
		kw_json_add_int(to, "maximum", option->max);
		break;
	case KW_OPTION_DURATION:
		describe_duration(option, to);
		break;
	case KW_OPTION_MODE:
		kw_json_add_string(to, "type", "string");
		kw_json_add_string(to, "pattern", MODE_PATTERN);
		break;
	case KW_OPTION_CHOICE:
		describe_choice(option, to);
		break;
	case KW_OPTION_SECTION:
	case KW_OPTION_PART:
		describe_members(option->members, to);
		break;
	case KW_OPTION_LIST:
		kw_json_add_string(to, "type", "array");
		kw_json_add_int(to, "minItems", option->min);
		kw_json_add_int(to, "maxItems", option->max);
		describe(option->element, kw_json_add_object(to, "items"));
		break;
	case KW_OPTION_PAIRS:
		kw_json_add_string(to, "type", "object");
		kw_json_add_int(to, "maxProperties", option->max);
		kw_json_add_string(kw_json_add_object(to, "additionalProperties"), "type",
				   "string");
		break;
	}
}

static bool is_text(enum kw_option_kind kind)
{
	return kind == KW_OPTION_TEXT || kind == KW_OPTION_DURATION || kind == KW_OPTION_MODE
	       || kind == KW_OPTION_CHOICE;
}

/* Defaults of all other kinds are written as JSON in the table. */
static void describe_fallback(const struct kw_option *option, struct kw_json *to)
{
	struct kw_json *value = NULL;
	struct kw_error err = { 0 };

	if (!option->fallback)
		return;
	if (is_text(option->kind))
		kw_json_add_string(to, "default", option->fallback);
	else if (kw_json_parse(kw_bytes_text(option->fallback), KW_JSON_STRICT, KW_E_SYS_INTERNAL,
			       &value, &err)
		 == 0)
		kw_json_add(to, "default", value);
}

static void describe(const struct kw_option *option, struct kw_json *to)
{
	kw_json_add_string(to, "description", option->help);
	describe_kind(option, to);
	describe_fallback(option, to);
	if (option->flags & KW_OPTION_ONE_MEMBER) {
		kw_json_add_int(to, "minProperties", 1);
		kw_json_add_int(to, "maxProperties", 1);
	}
	if (option->flags & KW_OPTION_RESTART)
		kw_json_add_bool(to, "x-needs-restart", true);
}

int kw_config_schema(FILE *to, struct kw_error *err)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *schema = kw_json_new_object();
	KW_CLEANUP(freep) char *text = NULL;

	kw_json_add_string(schema, "$schema", "https://json-schema.org/draft/2020-12/schema");
	kw_json_add_string(schema, "$id", "urn:keyward:config:v1");
	kw_json_add_string(schema, "title", "configuration of keyward");
	describe_members(kw_options, schema);
	text = kw_json_print_pretty(schema);
	if (fprintf(to, "%s\n", text) < 0 || fflush(to) != 0)
		return kw_fail(err, KW_E_OUT_STDOUT, "writing the schema: %m");
	return 0;
}
