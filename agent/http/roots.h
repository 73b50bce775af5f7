/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whom TLS trusts: the system's bundle, and the roots that tls.caFile adds. The bundle alone is
 * left to libcurl, which reads it for each new connection; with added roots both are read once into
 * one PEM text, of which each connection keeps a copy.
 */
#pragma once

#include "util/bytes.h"
#include "util/error.h"

#include <stdbool.h>

#define KW_SYSTEM_ROOTS "/etc/ssl/certs/ca-certificates.crt"

struct kw_roots {
	const char *file;   /* borrowed; NULL if `pem` holds what there is */
	struct kw_blob pem; /* empty: there are none, and no certificate can be trusted */
};

/* A missing bundle gives no roots: a machine that only speaks plain HTTP needs none. CFG_VALUE: the
 * file of the configuration is missing or has no certificate. `added` may be "". */
int kw_roots_read(const char *system, const char *added, struct kw_roots *ret,
		  struct kw_error *err) KW_MUST_USE;
static inline bool kw_roots_any(const struct kw_roots *roots)
{
	return roots->file != NULL || roots->pem.len > 0;
}
void kw_roots_clear(struct kw_roots *roots);
