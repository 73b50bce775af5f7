/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/command.h"

static const struct kw_flag flags[] = { { 0 } };

static int run(int argc, char **argv, struct kw_error *err)
{
	if (kw_flags_parse(flags, argc, argv, NULL, err) < 0)
		return -1;
	puts("keyward " KW_VERSION);
	puts("built with " KW_LIBRARIES);
	return 0;
}

const struct kw_command kw_cmd_version = {
	.name = "version",
	.summary = "the version of keyward and of its libraries",
	.flags = flags,
	.run = run,
};
