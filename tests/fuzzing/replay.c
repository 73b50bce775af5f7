/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzz target over every file of a directory: what was found once is never lost again. */
#include "fuzzing/fuzz.h"
#include "util/file.h"
#include "util/text.h"

#include <dirent.h>
#include <stdio.h>

enum { INPUT_MAX = 16 << 20 };

static int is_input(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static bool replay(const char *directory, const char *name)
{
	KW_CLEANUP(freep) char *path = kw_format("%s/%s", directory, name);
	KW_CLEANUP(kw_blob_clear) struct kw_blob input = { 0 };
	struct kw_error err = { 0 };

	if (kw_file_read(path, INPUT_MAX, KW_E_SYS_FILE, &input, &err) < 0) {
		fprintf(stderr, "%s\n", err.detail);
		return false;
	}
	(void)LLVMFuzzerTestOneInput(input.data, input.len);
	return true;
}

int main(int argc, char **argv)
{
	struct dirent **entries = NULL;
	int n = argc == 2 ? scandir(argv[1], &entries, is_input, alphasort) : -1, failed = 0;

	if (n <= 0) {
		fprintf(stderr, "usage: %s DIRECTORY, with at least one file\n", argv[0]);
		return EXIT_FAILURE;
	}
	for (int i = 0; i < n; i++) {
		failed += !replay(argv[1], entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	printf("%d inputs\n", n);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
