/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the rows of the option table are written, and the parts of it that options.c takes from
 * options_keys.c. For these two files alone.
 */
#pragma once

#include "config/config.h"
#include "config/options.h"

#define ROW(the_name, the_kind, the_place, the_fallback, the_help, ...)              \
	{                                                                            \
		.name = (the_name), .kind = KW_OPTION_##the_kind, .at = (the_place), \
		.fallback = (the_fallback), .help = (the_help), __VA_ARGS__          \
	}
#define SECTION(the_name, the_place, the_help, the_members) \
	ROW(the_name, SECTION, the_place, NULL, the_help, .members = (the_members))
/* What a list is made of; its name is for messages. */
#define ELEMENT(the_name, the_kind, the_help, ...) \
	ROW(the_name, the_kind, 0, NULL, the_help, .flags = KW_OPTION_MANDATORY, __VA_ARGS__)
#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* Milliseconds, for the ranges. */
#define SECONDS(n) ((n)*INT64_C(1000))
#define HOURS(n) SECONDS((n)*3600)
#define DAYS(n) HOURS((n)*24)

#define ID_LAST INT64_C(4294967294) /* of uids and gids; the one behind it is "none" */

/* How many of each a configuration may have. */
enum { ENDPOINTS_MAX = 8, ALLOW_MAX = 64, OUTPUTS_MAX = 16 };

extern const struct kw_option kw_option_allow, kw_option_endpoint; /* elements */
extern const struct kw_option kw_option_key, kw_option_secret;
extern const struct kw_option kw_identity_options[]; /* of struct kw_config_identity */
extern const struct kw_option kw_node_options[];     /* of struct kw_config */
