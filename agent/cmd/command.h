/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line as a table: one row per command, one file per row; the help, the manual page
 * and the completion of a command come from its row. main() runs the row, prints the error once
 * and exits with its status. Results go to standard output, all else to standard error.
 * Single-threaded until a command starts threads of its own.
 */
#pragma once

#include "cmd/flags.h"
#include "config/config.h"
#include "service/service.h"

struct kw_command {
	const char *name, *summary;
	const char
		*about; /* NULL, or what the manual says: paragraphs with an empty line between */
	const struct kw_flag *flags;
	/* `argv` starts behind the command's name. The exit status, or -1 with `err`. */
	int (*run)(int argc, char **argv, struct kw_error *err);
	const struct kw_command *const *verbs; /* instead of flags and run; ends with NULL */
};

extern const struct kw_command *const kw_commands[]; /* in the order of the help; ends with NULL */
extern const struct kw_command kw_cmd_attest, kw_cmd_collateral, kw_cmd_config, kw_cmd_doctor,
	kw_cmd_decrypt, kw_cmd_encrypt, kw_cmd_explain, kw_cmd_extend, kw_cmd_help, kw_cmd_init,
	kw_cmd_keyprovider, kw_cmd_node, kw_cmd_policy, kw_cmd_probe, kw_cmd_quote, kw_cmd_release,
	kw_cmd_seal, kw_cmd_serve, kw_cmd_unseal, kw_cmd_verify, kw_cmd_version;

/* `argv` starts behind the program's name. The exit status, or -1 with `err`. */
int kw_command_run(int argc, char **argv, struct kw_error *err) KW_MUST_USE;
/* To standard error: "ID: detail" and a line with the hint; one line of JSON if log.format says so.
 */
void kw_command_report(const struct kw_error *err);
/* NULL, with CFG_USAGE and the nearest name: there is none of that name. */
const struct kw_command *kw_command_find(const struct kw_command *const *commands, const char *name,
					 struct kw_error *err);

/* What commands do before they touch secrets: reads the configuration, sets up the log, opens the
 * arena. KW_ONE_SHOT: somebody wants a result, so the log says nothing below a warning unless the
 * configuration asks for debug. */
enum kw_command_kind { KW_ONE_SHOT, KW_LONG_LIVED };
int kw_command_prepare(enum kw_command_kind kind, const char *path, struct kw_config **ret,
		       struct kw_error *err) KW_MUST_USE;
/* The same behind the reading; takes nothing. */
int kw_command_settle(enum kw_command_kind kind, const struct kw_config *config,
		      struct kw_error *err) KW_MUST_USE;
/* For a reload: what this process has made of `now` is enough for `next`. CFG_RESTART. */
int kw_command_settled(const struct kw_config *now, const struct kw_config *next,
		       struct kw_error *err) KW_MUST_USE;
/* The service of a command that calls it from its one thread. */
int kw_command_open_service(const struct kw_config *config, struct kw_service **ret,
			    struct kw_error *err) KW_MUST_USE;

/* The rule of a configured key, or NULL with CFG_UNKNOWN_KEY and the nearest name. */
const struct kw_config_key *kw_command_key(const struct kw_config *config, const char *name,
					   struct kw_error *err);

/* `keyward --help`, and that of one command; `name` is "config show" for a verb. */
void kw_help_print(FILE *to);
void kw_help_print_command(FILE *to, const char *name, const struct kw_command *command);
