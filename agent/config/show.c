/* SPDX-License-Identifier: Apache-2.0 */
/* kw_config_show(): the struct, walked by its table, as YAML that reads back to the same struct. */
#include "config/config.h"
#include "config/options.h"
#include "config/values.h"
#include "util/text.h"

#include <ctype.h>
#include <string.h>
#include <yaml.h>

/* Once an emitter call fails all later ones do, so only the last answer counts. */
struct writer {
	yaml_emitter_t emitter;
	bool failed;
};

static void put(struct writer *w, int made, yaml_event_t *event)
{
	if (!made || !yaml_emitter_emit(&w->emitter, event))
		w->failed = true;
}

/* What other readers of YAML might take for something else than a text. */
static bool is_ambiguous(const char *text)
{
	static const char *const words[] = { "true", "false", "yes",  "no", "on",
					     "off",  "null",  "none", "y",  "n" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(text, words[i]) == 0)
			return true;
	return !isalpha((unsigned char)*text) && *text != '/';
}

static void put_scalar(struct writer *w, const char *text, bool quoted)
{
	yaml_event_t event;
	yaml_scalar_style_t style =
		quoted ? YAML_DOUBLE_QUOTED_SCALAR_STYLE : YAML_PLAIN_SCALAR_STYLE;
	int made = yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)text,
						(int)strlen(text), 1, 1, style);

	put(w, made, &event);
}

static void put_value(struct writer *w, const struct kw_option *option, const char *text)
{
	bool words = option->kind == KW_OPTION_TEXT || option->kind == KW_OPTION_CHOICE;

	put_scalar(w, text, option->kind == KW_OPTION_MODE || (words && is_ambiguous(text)));
}

static void put_map_start(struct writer *w)
{
	yaml_event_t event;
	int made = yaml_mapping_start_event_initialize(&event, NULL, NULL, 1,
						       YAML_BLOCK_MAPPING_STYLE);

	put(w, made, &event);
}

static void put_map_end(struct writer *w)
{
	yaml_event_t event;
	int made = yaml_mapping_end_event_initialize(&event);

	put(w, made, &event);
}

static void put_members(struct writer *w, const struct kw_option *table, const void *base);

static void put_map(struct writer *w, const struct kw_option *table, const void *base)
{
	put_map_start(w);
	put_members(w, table, base);
	put_map_end(w);
}

static void put_list(struct writer *w, const struct kw_option *option, const void *base)
{
	const char *array = *(char *const *)kw_option_peek(base, option->at);
	size_t n = *(const size_t *)kw_option_peek(base, option->count_at);
	const struct kw_option *element = option->element;
	bool flow = element->kind != KW_OPTION_SECTION || element->flags & KW_OPTION_ONE_MEMBER;
	yaml_event_t event;
	int made = yaml_sequence_start_event_initialize(
		&event, NULL, NULL, 1, flow ? YAML_FLOW_SEQUENCE_STYLE : YAML_BLOCK_SEQUENCE_STYLE);

	put(w, made, &event);
	for (size_t i = 0; i < n; i++) {
		const void *at = array + i * option->size;
		KW_CLEANUP(freep) char *text = kw_value_text(element, at);

		if (element->kind == KW_OPTION_SECTION)
			put_map(w, element->members, at);
		else
			put_value(w, element, text);
	}
	made = yaml_sequence_end_event_initialize(&event);
	put(w, made, &event);
}

static void put_pairs(struct writer *w, const struct kw_option *option, const void *base)
{
	const struct kw_config_pair *pairs =
		*(struct kw_config_pair *const *)kw_option_peek(base, option->at);
	size_t n = *(const size_t *)kw_option_peek(base, option->count_at);

	put_map_start(w);
	for (size_t i = 0; i < n; i++) {
		put_scalar(w, pairs[i].name, is_ambiguous(pairs[i].name));
		put_scalar(w, pairs[i].value, is_ambiguous(pairs[i].value));
	}
	put_map_end(w);
}

static void put_member(struct writer *w, const struct kw_option *option, const void *base)
{
	const void *field = kw_option_peek(base, option->at);
	KW_CLEANUP(freep) char *text = kw_value_text(option, field);

	switch (option->kind) {
	case KW_OPTION_SECTION:
		put_scalar(w, option->name, false);
		put_map(w, option->members, field);
		break;
	case KW_OPTION_PART:
		if (!*(void *const *)field)
			break;
		put_scalar(w, option->name, false);
		put_map(w, option->members, *(void *const *)field);
		break;
	case KW_OPTION_LIST:
		put_scalar(w, option->name, false);
		put_list(w, option, base);
		break;
	case KW_OPTION_PAIRS:
		put_scalar(w, option->name, false);
		put_pairs(w, option, base);
		break;
	case KW_OPTION_NONE:
	case KW_OPTION_TEXT:
	case KW_OPTION_BOOL:
	case KW_OPTION_INTEGER:
	case KW_OPTION_DURATION:
	case KW_OPTION_MODE:
	case KW_OPTION_CHOICE:
		if (!text)
			break;
		put_scalar(w, option->name, false);
		put_value(w, option, text);
		break;
	}
}

static void put_members(struct writer *w, const struct kw_option *table, const void *base)
{
	for (; table->name; table++)
		put_member(w, table, base);
}

static void put_document(struct writer *w, const struct kw_config *config)
{
	yaml_event_t event;
	int made = yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING);

	put(w, made, &event);
	made = yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1);
	put(w, made, &event);
	put_map(w, kw_options, config);
	made = yaml_document_end_event_initialize(&event, 1);
	put(w, made, &event);
	made = yaml_stream_end_event_initialize(&event);
	put(w, made, &event);
}

int kw_config_show(const struct kw_config *config, FILE *to, struct kw_error *err)
{
	struct writer w = { 0 };

	if (!yaml_emitter_initialize(&w.emitter))
		return kw_fail(err, KW_E_SYS_INTERNAL, "libyaml gives no emitter");
	yaml_emitter_set_output_file(&w.emitter, to);
	yaml_emitter_set_unicode(&w.emitter, 1);
	yaml_emitter_set_width(&w.emitter, -1);
	put_document(&w, config);
	yaml_emitter_delete(&w.emitter);
	if (w.failed || fflush(to) != 0)
		return kw_fail(err, KW_E_OUT_STDOUT, "writing the configuration: %m");
	return 0;
}
