/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RSA keys that the build made with openssl, beside the test programs: making one takes a while,
 * and under valgrind a minute. Another `n` is another key. The caller owns what it gets.
 */
#pragma once

#include <limits.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static inline EVP_PKEY *test_rsa_key(unsigned bits, unsigned n)
{
	char path[PATH_MAX] = { 0 };
	EVP_PKEY *key = NULL;
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *name = len > 0 ? strrchr(path, '/') : NULL;
	FILE *file = NULL;

	if (name) {
		snprintf(name, sizeof(path) - (size_t)(name - path), "/keys/rsa-%u-%u.pem", bits,
			 n);
		file = fopen(path, "re");
	}
	if (file) {
		key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
		fclose(file);
	}
	if (!key) {
		fprintf(stderr, "no key at '%s': the build target test_keys makes it\n", path);
		abort();
	}
	return key;
}
