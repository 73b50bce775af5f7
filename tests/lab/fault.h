/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The faults that are on: set and cleared by `keyward-lab fault` through the control socket, taken
 * by the services. All functions are thread-safe.
 */
#pragma once

#include "lab.h"

/* As lab_fault_take(), for faults with a path=TEXT argument only if `path` contains it. */
bool lab_fault_take_at(enum lab_service service, const char *kind, const char *path,
		       struct lab_fault *ret);
/* A number among the arguments, `missing` if it is not there. */
long lab_fault_number(const struct lab_fault *fault, const char *name, long missing);

/* The words behind `fault --dir D`. Gives an owned text for the user; `ret_ok` says what it is. */
char *lab_fault_command(const char *const *words, size_t n_words, bool *ret_ok);
/* What is on, one line each. Owned. */
char *lab_fault_list(void);
