/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML, read strictly into a tree that remembers where everything stood. One document of maps,
 * lists and scalars; anchors, aliases, tags, directives, repeated names and control characters are
 * refused, and size, depth and width are limited before anything is believed. What a scalar means
 * is the reader's business (config/load.c). The tree owns its texts; places borrow the file's name.
 */
#pragma once

#include "util/bytes.h"
#include "util/cleanup.h"
#include "util/error.h"

enum {
	KW_YAML_SIZE_MAX = 1 << 20, /* bytes */
	KW_YAML_DEPTH_MAX = 16,
	KW_YAML_NODES_MAX = 100000,
	KW_YAML_MEMBERS_MAX = 64, /* of one map */
};

struct kw_place {
	const char *file;
	size_t line, column; /* both from 1 */
};

enum kw_yaml_kind { KW_YAML_SCALAR, KW_YAML_LIST, KW_YAML_MAP };

struct kw_yaml {
	enum kw_yaml_kind kind;
	struct kw_place at;
	char *name; /* as a member of a map, else NULL */
	struct kw_place name_at;
	char *text; /* of a scalar: UTF-8 without control characters */
	bool quoted;
	struct kw_yaml *first, *last, *next;
	size_t n_children;
};

/* CFG_SYNTAX, or CFG_FIELD for a repeated name. An empty document is refused. */
int kw_yaml_parse(const char *file, struct kw_bytes text, struct kw_yaml **ret,
		  struct kw_error *err) KW_MUST_USE;
void kw_yaml_free(struct kw_yaml *root);
KW_DEFINE_FREEP(struct kw_yaml, kw_yaml_free);

const struct kw_yaml *kw_yaml_member(const struct kw_yaml *map, const char *name);
/* The deepest node that exists on the way along "keys[2].url": where a message can point to. */
const struct kw_yaml *kw_yaml_find(const struct kw_yaml *root, const char *path);
/* Nothing was written where a value is due: blank, ~ or null. */
bool kw_yaml_is_null(const struct kw_yaml *node);

/* kw_fail() with "FILE:LINE:COLUMN: " in front. */
int kw_fail_at(struct kw_error *err, enum kw_error_name name, const struct kw_place *at,
	       const char *fmt, ...) KW_PRINTF(4, 5);
