/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The security context of a container group or a Kata pod: files that the platform lays beside the
 * workload (spec: SNP evidence 8). Nothing in them is trusted by itself.
 */
#pragma once

#include "util/bytes.h"
#include "util/error.h"

enum kw_context_item {
	KW_CONTEXT_HOST_CERTIFICATES, /* JSON as THIM gives it */
	KW_CONTEXT_REFERENCE_INFO,    /* COSE: what endorses the guest's measurement */
	KW_CONTEXT_SECURITY_POLICY,   /* HOST_DATA is its SHA-256 */
};
/* Decoded. The file, else the variable; COL_NONE if there is neither, COL_ANSWER if what is there
 * cannot be read. */
int kw_context_read(enum kw_context_item item, struct kw_blob *ret,
		    struct kw_error *err) KW_MUST_USE;

/* SNP evidence 8.1: the directory of the security context: the named one, the first of the root
 * directory, the place of AKS Kata. It need not exist. Owned. */
char *kw_security_context_directory(void);

/* A file that may be absent (COL_NONE), told from one that cannot be read (COL_ANSWER). */
int kw_read_if_there(const char *path, size_t max, struct kw_blob *ret,
		     struct kw_error *err) KW_MUST_USE;
