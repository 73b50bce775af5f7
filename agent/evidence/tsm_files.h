/* SPDX-License-Identifier: Apache-2.0 */
/* Directories and attributes of configfs-tsm, for tsm.c alone. Functions that give a bool leave the
 * reason in errno. */
#pragma once

#include "util/bytes.h"
#include "util/clock.h"

enum { KW_TSM_PATH_SIZE = 320, KW_TSM_TEXT_SIZE = 64 };

struct kw_tsm_entry {
	char path[KW_TSM_PATH_SIZE]; /* "": none */
};

/* The name says which container and which process it is of. */
bool kw_tsm_entry_make(const char *directory, const struct kw_random *random,
		       struct kw_tsm_entry *ret) KW_MUST_USE;
void kw_tsm_entry_remove(struct kw_tsm_entry *entry);
/* What processes of this container left behind that are gone now. */
void kw_tsm_remove_leftovers(const char *directory);

/* To the end, whatever size the file claims; EFBIG beyond `max`. */
bool kw_tsm_read(const struct kw_tsm_entry *entry, const char *name, size_t max,
		 struct kw_blob *ret) KW_MUST_USE;
/* One line, cleaned, without its newline. */
bool kw_tsm_read_text(const struct kw_tsm_entry *entry, const char *name,
		      char ret[KW_TSM_TEXT_SIZE]) KW_MUST_USE;
/* In one write. */
bool kw_tsm_write(const struct kw_tsm_entry *entry, const char *name,
		  struct kw_bytes content) KW_MUST_USE;
/* Decimal digits and nothing else. */
bool kw_tsm_number(const char *text, uint64_t *ret) KW_MUST_USE;
