/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The output files of one key, and of the secrets that are sealed to it: written after a release,
 * removed when the key is gone. All of it waits for the file system, so the event thread never
 * calls it: in serve the keeper's job that released a key writes its files before it hands the
 * result back, and a job of its own removes them; init has one thread. Nothing locks: the files of
 * a key belong to one job at a time.
 */
#pragma once

#include "config/config.h"
#include "keys/material.h"

struct kw_outputs;
/* `config` and `rule` outlive it. */
struct kw_outputs *kw_outputs_new(const struct kw_config *config, const struct kw_config_key *rule);
size_t kw_outputs_count(const struct kw_outputs *outputs);
void kw_outputs_free(struct kw_outputs *outputs); /* leaves the files */
KW_DEFINE_FREEP(struct kw_outputs, kw_outputs_free);

/*
 * Every file that is not as it was written from this version, or this sealed source;
 * `ret_n_written` (NULL: not wanted)
 * says how many. A file that cannot be written does not keep the others from it and stays as it
 * was; the first error counts. OUT_WRITE, OUT_DISK, UNW_FORMAT,
 * UNW_JWE_*, SYS_FILE.
 */
int kw_outputs_write(struct kw_outputs *outputs, const struct kw_material *material,
		     size_t *ret_n_written, struct kw_error *err) KW_MUST_USE;
/* Every file, and what a killed writer left beside it. The first error counts. OUT_WRITE. */
int kw_outputs_remove(struct kw_outputs *outputs, struct kw_error *err) KW_MUST_USE;
