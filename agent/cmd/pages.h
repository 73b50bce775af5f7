/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is written from the tables for others to read: manual pages in mdoc(7), completion for bash.
 * `keyward help -o man|bash` prints them; the build installs what it prints. Constant data in, text
 * out; no threads.
 */
#pragma once

#include "cmd/command.h"

/* keyward(1); the page of one command, its verbs included; keyward.yaml(5). */
void kw_man_print(FILE *to);
void kw_man_print_command(FILE *to, const struct kw_command *command);
void kw_man_print_config(FILE *to);
void kw_completion_print(FILE *to);

/* For the files that print pages. */

/* .Dd, .Dt, .Os and NAME. */
void kw_man_print_head(FILE *to, const char *name, int section, const char *summary);
/* Running text: what mdoc would take for a request or an escape is kept from it. */
void kw_man_print_text(FILE *to, const char *text);
/* The same as one argument of a macro. */
void kw_man_print_argument(FILE *to, const char *text);
