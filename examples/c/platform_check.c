/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gates a workload: runs a program only on a machine whose evidence verifies and whose attestation
 * service vouches for it.
 *
 *	platform_check CONFIG PROGRAM [ARGUMENT...]
 *
 * cc -o platform_check platform_check.c $(pkg-config --cflags --libs keyward)
 */
#include <keyward/keyward.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct keyward *context = NULL;
	struct keyward_error err;
	char *collateral = NULL, *token = NULL;
	int attested;

	if (argc < 3) {
		fprintf(stderr, "usage: %s CONFIG PROGRAM [ARGUMENT...]\n", argv[0]);
		return 64;
	}
	/* First what can be seen from here: AMD's certificates fit this processor's report. Then
	 * the whole exchange; the token is verified by the library and not needed any further. */
	attested = keyward_open(argv[1], &context, &err) == 0
		   && keyward_collateral(context, &collateral, NULL, &err) == 0
		   && keyward_attest(context, &token, &err) == 0;
	keyward_free(collateral);
	keyward_free(token);
	keyward_close(context);
	if (!attested) {
		fprintf(stderr, "%s: %s\n  hint: %s\n", err.id, err.detail, err.hint);
		return err.exit_status;
	}
	execvp(argv[2], argv + 2);
	perror(argv[2]);
	return 66;
}
