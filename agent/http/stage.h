/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What differs between the upstreams: their names for people, their rows of the error catalogue,
 * and whether they are the host's own metadata server. And what a failed attempt was: libcurl's
 * many codes sorted into the few kinds that decide row and retry. Pure.
 */
#pragma once

#include "http/client.h"

enum { KW_N_UPSTREAMS = KW_UPSTREAM_KUBERNETES + 1 };

const char *kw_upstream_text(enum kw_upstream upstream); /* "the vault" */

/* IMDS and THIM are one link-local server: no proxy, short connects, retries while it restarts. */
static inline bool kw_upstream_is_metadata(enum kw_upstream upstream)
{
	return upstream == KW_UPSTREAM_IMDS || upstream == KW_UPSTREAM_THIM;
}

enum kw_failure {
	KW_FAILURE_NONE,
	KW_FAILURE_TRANSPORT, /* DNS, connect, time-out, reset, broken off: trying again can help */
	KW_FAILURE_TLS,	      /* certificate or protocol not accepted */
	KW_FAILURE_ANSWER,    /* not HTTP, or over the cap */
	KW_FAILURE_CANCELLED, /* kw_http_cancel() */
	KW_FAILURE_LOCAL,     /* nothing of the upstream's: the error is set already */
};

/* `code` is a CURLcode, `words` what libcurl said about it. */
enum kw_failure kw_failure_of(int code, const char *words);
enum kw_error_name kw_failure_row(enum kw_failure failure, enum kw_upstream upstream);
