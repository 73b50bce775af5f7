/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The directories that clients make below D/tsm/report, and what reading and writing their files
 * means (Linux, drivers/virt/coco/guest/report.c). Functions give 0 or an errno. Belongs to the one
 * thread that serves the file system.
 */
#pragma once

#include "util/bytes.h"

#include <sys/types.h>

/* A node: the root, an entry, or a file in an entry. */
enum { LAB_TSM_ROOT = 1 };

int lab_tsm_make(const char *name, uint64_t *ret_node);
int lab_tsm_remove(const char *name);
int lab_tsm_find(uint64_t directory, const char *name, uint64_t *ret_node);
/* S_IFDIR or S_IFREG with the permissions; 0: there is no such node any more. */
mode_t lab_tsm_mode(uint64_t node);
/* The `i`-th name in a directory, NULL behind the last. */
const char *lab_tsm_name(uint64_t directory, size_t i, uint64_t *ret_node);
/* Bytes from `offset` on, borrowed until the next call. */
int lab_tsm_read(uint64_t node, size_t offset, struct kw_bytes *ret);
int lab_tsm_write(uint64_t node, size_t offset, struct kw_bytes data);
void lab_tsm_clear(void);
