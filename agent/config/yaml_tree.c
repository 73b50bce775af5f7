/* SPDX-License-Identifier: Apache-2.0 */
#include "config/yaml_tree.h"

#include "util/memory.h"
#include "util/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

enum { PATH_NAME_SIZE = 64 }; /* of one name in kw_yaml_find() */

struct builder {
	yaml_parser_t parser;
	const char *file;
	struct kw_bytes text;
	size_t n_nodes;
	struct kw_error *err;
};

int kw_fail_at(struct kw_error *err, enum kw_error_name name, const struct kw_place *at,
	       const char *fmt, ...)
{
	char detail[sizeof(err->detail)];
	va_list args;

	va_start(args, fmt);
	vsnprintf(detail, sizeof(detail), fmt, args);
	va_end(args);
	return kw_fail(err, name, "%s:%zu:%zu: %s", at->file, at->line, at->column, detail);
}

void kw_yaml_free(struct kw_yaml *root)
{
	struct kw_yaml *child, *next;

	if (!root)
		return;
	for (child = root->first; child; child = next) {
		next = child->next;
		kw_yaml_free(child);
	}
	free(root->name);
	free(root->text);
	free(root);
}

static struct kw_place place_of(const struct builder *b, const yaml_mark_t *mark)
{
	return (struct kw_place){ b->file, mark->line + 1, mark->column + 1 };
}

/* libyaml gives no mark, only an offset, for bytes that are not characters. */
static struct kw_place place_of_offset(const struct builder *b, size_t offset)
{
	struct kw_place at = { b->file, 1, 1 };

	for (size_t i = 0; i < offset && i < b->text.len; i++) {
		at.column++;
		if (b->text.data[i] == '\n') {
			at.line++;
			at.column = 1;
		}
	}
	return at;
}

static int syntax_error(const struct builder *b)
{
	const yaml_parser_t *p = &b->parser;
	const char *problem = p->problem ? p->problem : "out of memory";
	struct kw_place at = place_of(b, &p->problem_mark);

	if (p->error == YAML_READER_ERROR)
		at = place_of_offset(b, p->problem_offset);
	if (p->context)
		return kw_fail_at(b->err, KW_E_CFG_SYNTAX, &at, "%s %s", problem, p->context);
	return kw_fail_at(b->err, KW_E_CFG_SYNTAX, &at, "%s", problem);
}

static int next_event(struct builder *b, yaml_event_t *ret)
{
	yaml_event_delete(ret);
	return yaml_parser_parse(&b->parser, ret) ? 0 : syntax_error(b);
}

/* What would let a text mean more than it says. */
static const char *forbidden(const yaml_event_t *event)
{
	const yaml_char_t *anchor = NULL, *tag = NULL;

	if (event->type == YAML_ALIAS_EVENT)
		return "an alias";
	if (event->type == YAML_SCALAR_EVENT) {
		anchor = event->data.scalar.anchor;
		tag = event->data.scalar.tag;
	} else if (event->type == YAML_SEQUENCE_START_EVENT) {
		anchor = event->data.sequence_start.anchor;
		tag = event->data.sequence_start.tag;
	} else if (event->type == YAML_MAPPING_START_EVENT) {
		anchor = event->data.mapping_start.anchor;
		tag = event->data.mapping_start.tag;
	}
	return anchor ? "an anchor" : tag ? "a tag" : NULL;
}

static int take_text(struct builder *b, const yaml_event_t *event, char **ret)
{
	const yaml_char_t *text = event->data.scalar.value;
	struct kw_place at = place_of(b, &event->start_mark);

	for (size_t i = 0; i < event->data.scalar.length; i++)
		if (text[i] < 0x20 || text[i] == 0x7f)
			return kw_fail_at(b->err, KW_E_CFG_SYNTAX, &at,
					  "the text has a control character (0x%02x)", text[i]);
	*ret = kw_strdup((const char *)text);
	return 0;
}

/* NULL: refused. */
static struct kw_yaml *node_new(struct builder *b, const yaml_event_t *event)
{
	struct kw_place at = place_of(b, &event->start_mark);
	const char *what = forbidden(event);
	struct kw_yaml *node = NULL;

	if (what) {
		(void)kw_fail_at(b->err, KW_E_CFG_SYNTAX, &at, "%s is not allowed here", what);
	} else if (++b->n_nodes > KW_YAML_NODES_MAX) {
		(void)kw_fail_at(b->err, KW_E_CFG_SYNTAX, &at, "more than %d values",
				 KW_YAML_NODES_MAX);
	} else {
		node = kw_alloc(sizeof(*node));
		node->at = at;
	}
	return node;
}

static void append(struct kw_yaml *parent, struct kw_yaml *child)
{
	if (parent->last)
		parent->last->next = child;
	else
		parent->first = child;
	parent->last = child;
	parent->n_children++;
}

static int build(struct builder *b, const yaml_event_t *start, unsigned depth,
		 struct kw_yaml **ret);

static int build_list(struct builder *b, unsigned depth, struct kw_yaml *list)
{
	KW_CLEANUP(yaml_event_delete) yaml_event_t event = { 0 };
	struct kw_yaml *child;

	list->kind = KW_YAML_LIST;
	for (;;) {
		if (next_event(b, &event) < 0)
			return -1;
		if (event.type == YAML_SEQUENCE_END_EVENT)
			return 0;
		if (build(b, &event, depth, &child) < 0)
			return -1;
		append(list, child);
	}
}

static int take_name(struct builder *b, const struct kw_yaml *map, const yaml_event_t *event,
		     char **ret)
{
	KW_CLEANUP(freep) char *name = NULL;
	struct kw_place at = place_of(b, &event->start_mark);

	if (event->type != YAML_SCALAR_EVENT || forbidden(event))
		return kw_fail_at(b->err, KW_E_CFG_SYNTAX, &at, "a name is expected here");
	if (map->n_children == KW_YAML_MEMBERS_MAX)
		return kw_fail_at(b->err, KW_E_CFG_SYNTAX, &at, "more than %d names in one map",
				  KW_YAML_MEMBERS_MAX);
	if (take_text(b, event, &name) < 0)
		return -1;
	if (kw_yaml_member(map, name))
		return kw_fail_at(b->err, KW_E_CFG_FIELD, &at,
				  "field '%.64s' is repeated; first on line %zu", name,
				  kw_yaml_member(map, name)->name_at.line);
	*ret = KW_STEAL(name);
	return 0;
}

static int build_member(struct builder *b, const yaml_event_t *start, unsigned depth,
			struct kw_yaml *map)
{
	KW_CLEANUP(yaml_event_delete) yaml_event_t event = { 0 };
	KW_CLEANUP(freep) char *name = NULL;
	struct kw_yaml *child;

	if (take_name(b, map, start, &name) < 0 || next_event(b, &event) < 0
	    || build(b, &event, depth, &child) < 0)
		return -1;
	child->name = KW_STEAL(name);
	child->name_at = place_of(b, &start->start_mark);
	append(map, child);
	return 0;
}

static int build_map(struct builder *b, unsigned depth, struct kw_yaml *map)
{
	KW_CLEANUP(yaml_event_delete) yaml_event_t event = { 0 };

	map->kind = KW_YAML_MAP;
	for (;;) {
		if (next_event(b, &event) < 0)
			return -1;
		if (event.type == YAML_MAPPING_END_EVENT)
			return 0;
		if (build_member(b, &event, depth, map) < 0)
			return -1;
	}
}

/* The value that begins with `start`; `depth` containers are open around it. */
static int build(struct builder *b, const yaml_event_t *start, unsigned depth, struct kw_yaml **ret)
{
	KW_CLEANUP(kw_yaml_freep) struct kw_yaml *node = node_new(b, start);

	if (!node)
		return -1;
	if (start->type == YAML_SCALAR_EVENT) {
		node->quoted = start->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
		if (take_text(b, start, &node->text) < 0)
			return -1;
	} else if (depth == KW_YAML_DEPTH_MAX) {
		return kw_fail_at(b->err, KW_E_CFG_SYNTAX, &node->at, "nested deeper than %d",
				  KW_YAML_DEPTH_MAX);
	} else if (start->type == YAML_SEQUENCE_START_EVENT) {
		if (build_list(b, depth + 1, node) < 0)
			return -1;
	} else if (build_map(b, depth + 1, node) < 0) {
		return -1;
	}
	*ret = KW_STEAL(node);
	return 0;
}

static int expect_start(struct builder *b, yaml_event_t *event)
{
	struct kw_place at;

	if (next_event(b, event) < 0 || next_event(b, event) < 0)
		return -1;
	at = place_of(b, &event->start_mark);
	if (event->type != YAML_DOCUMENT_START_EVENT)
		return kw_fail_at(b->err, KW_E_CFG_SYNTAX, &at, "the file is empty");
	if (event->data.document_start.version_directive
	    || event->data.document_start.tag_directives.start
		       != event->data.document_start.tag_directives.end)
		return kw_fail_at(b->err, KW_E_CFG_SYNTAX, &at, "directives are not allowed");
	return next_event(b, event);
}

static int expect_end(struct builder *b, yaml_event_t *event)
{
	struct kw_place at;

	if (next_event(b, event) < 0 || next_event(b, event) < 0)
		return -1;
	at = place_of(b, &event->start_mark);
	if (event->type != YAML_STREAM_END_EVENT)
		return kw_fail_at(b->err, KW_E_CFG_SYNTAX, &at,
				  "a second document; one is expected");
	return 0;
}

static int build_document(struct builder *b, struct kw_yaml **ret)
{
	KW_CLEANUP(yaml_event_delete) yaml_event_t event = { 0 };
	KW_CLEANUP(kw_yaml_freep) struct kw_yaml *root = NULL;

	if (expect_start(b, &event) < 0 || build(b, &event, 0, &root) < 0
	    || expect_end(b, &event) < 0)
		return -1;
	*ret = KW_STEAL(root);
	return 0;
}

int kw_yaml_parse(const char *file, struct kw_bytes text, struct kw_yaml **ret,
		  struct kw_error *err)
{
	struct builder b = { .file = file, .text = text, .err = err };
	struct kw_place start = { file, 1, 1 };
	int r;

	if (text.len > KW_YAML_SIZE_MAX)
		return kw_fail_at(err, KW_E_CFG_SYNTAX, &start, "%zu bytes, at most %d are read",
				  text.len, KW_YAML_SIZE_MAX);
	if (!yaml_parser_initialize(&b.parser))
		kw_out_of_memory();
	yaml_parser_set_encoding(&b.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&b.parser, text.data, text.len);
	r = build_document(&b, ret);
	yaml_parser_delete(&b.parser);
	return r;
}

const struct kw_yaml *kw_yaml_member(const struct kw_yaml *map, const char *name)
{
	const struct kw_yaml *child = map->kind == KW_YAML_MAP ? map->first : NULL;

	while (child && strcmp(child->name, name) != 0)
		child = child->next;
	return child;
}

static const struct kw_yaml *element(const struct kw_yaml *list, unsigned long i)
{
	const struct kw_yaml *child = list->kind == KW_YAML_LIST ? list->first : NULL;

	while (child && i-- > 0)
		child = child->next;
	return child;
}

const struct kw_yaml *kw_yaml_find(const struct kw_yaml *root, const char *path)
{
	char name[PATH_NAME_SIZE];
	size_t len;

	for (const struct kw_yaml *next = root; next;) {
		root = next;
		if (*path == '[') {
			next = element(root, strtoul(path + 1, NULL, 10));
			path = strchr(path, ']') + 1;
			continue;
		}
		path += *path == '.';
		len = strcspn(path, ".[");
		if (len == 0 || len >= sizeof(name))
			break;
		memcpy(name, path, len);
		name[len] = '\0';
		next = kw_yaml_member(root, name);
		path += len;
	}
	return root;
}

bool kw_yaml_is_null(const struct kw_yaml *node)
{
	return node->kind == KW_YAML_SCALAR && !node->quoted
	       && (!*node->text || strcmp(node->text, "~") == 0
		   || strcasecmp(node->text, "null") == 0);
}
