/* SPDX-License-Identifier: Apache-2.0 */
/* One item of expected.json while its handler works: main.c makes it, item.c keeps the books. */
#pragma once

#include "vectors/vectors.h"

struct vec_leaf {
	const struct kw_json *value;
};

struct vec_item {
	const char *folder;				/* where the files are */
	int64_t default_time;				/* s */
	const struct kw_json *informative, *structural; /* lists of names */
	const struct kw_json *json;			/* the item; borrowed from the document */
	struct vec_leaf *visited;			/* leaves of its facts; owned */
	size_t n_visited;
	unsigned n_failures, n_verdicts;
	bool structural_refusal;
};

/* After the handler: every fact that is owed was reported. Returns how many facts were compared. */
size_t vec_item_finish(struct vec_item *item);
