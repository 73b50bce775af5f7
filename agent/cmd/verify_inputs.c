/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/verify_inputs.h"

#include "cmd/words.h"
#include "util/clock.h"
#include "util/file.h"

#include <string.h>

/* Which argument names the file of which input. */
static const struct {
	size_t arg, input;
} files[] = {
#define ROW(name)                                                                              \
	{                                                                                      \
		offsetof(struct kw_verify_args, name), offsetof(struct kw_verify_inputs, name) \
	}
	ROW(file),	 ROW(signature), ROW(roots),	 ROW(vcek),   ROW(chain),
	ROW(collateral), ROW(report),	 ROW(runtime),	 ROW(policy), ROW(ak),
	ROW(hcl),	 ROW(pcrs),	 ROW(event_log), ROW(jwks),   ROW(crl),
#undef ROW
};
enum { N_FILES = sizeof(files) / sizeof(files[0]) };

static struct kw_blob *input_at(struct kw_verify_inputs *inputs, size_t i)
{
	return (struct kw_blob *)(void *)((char *)inputs + files[i].input);
}

void kw_verify_inputs_clear(struct kw_verify_inputs *inputs)
{
	for (size_t i = 0; i < N_FILES; i++)
		kw_blob_clear(input_at(inputs, i));
	kw_blob_clear(&inputs->nonce);
}

static int read_files(const struct kw_verify_args *args, struct kw_verify_inputs *ret,
		      struct kw_error *err)
{
	for (size_t i = 0; i < N_FILES; i++) {
		const char *path = NULL;

		memcpy(&path, (const char *)args + files[i].arg, sizeof(path));
		/* AMD's own roots need no file. */
		if (!path || (path == args->roots && strcmp(path, "builtin") == 0))
			continue;
		if (kw_file_read(path, KW_VERIFY_FILE_MAX, KW_E_SYS_FILE, input_at(ret, i), err)
		    < 0)
			return -1;
	}
	return 0;
}

static int read_values(const struct kw_verify_args *args, struct kw_verify_inputs *ret,
		       struct kw_error *err)
{
	ret->now_s = kw_wall_s(&kw_clock_system);
	if ((args->time && kw_word_int("time", args->time, &ret->now_s, err) < 0)
	    || (args->skew && kw_word_int("skew", args->skew, &ret->skew_s, err) < 0)
	    || (args->nonce && kw_word_hex("nonce", args->nonce, &ret->nonce, err) < 0))
		return -1;
	if (args->vmpl && strcmp(args->vmpl, "any") == 0)
		ret->vmpl = -1;
	else if (args->vmpl)
		return kw_word_int("vmpl", args->vmpl, &ret->vmpl, err);
	return 0;
}

int kw_verify_inputs_read(const struct kw_verify_args *args, struct kw_verify_inputs *ret,
			  struct kw_error *err)
{
	if (read_values(args, ret, err) < 0)
		return -1;
	return read_files(args, ret, err);
}
