/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one way out: every call to IMDS, THIM, KDS, MAA, Entra, vault and key sets goes through
 * kw_http_call(). It checks the origin against the configuration, resolves the name (c-ares, no
 * NSS, no thread), keeps TLS at 1.2 or later, follows no redirect, caps the answer, and retries
 * what can help: Retry-After, full jitter, per-attempt and overall deadlines, a breaker per host. A
 * host that names a Retry-After is left alone by all calls until then. Services have no loops. A
 * struct kw_http may be used from several threads; each call blocks its own. No foreign type is
 * visible.
 */
#pragma once

#include "config/config.h"
#include "util/clock.h"
#include "util/counters.h"
#include "util/secret.h"

enum kw_upstream {
	KW_UPSTREAM_IMDS,
	KW_UPSTREAM_THIM,
	KW_UPSTREAM_KDS,
	KW_UPSTREAM_MAA,
	KW_UPSTREAM_MAA_KEYS,
	KW_UPSTREAM_ENTRA,
	KW_UPSTREAM_VAULT,
	KW_UPSTREAM_KUBERNETES, /* only of kw_http_new_kubernetes() */
};
enum kw_http_outcome {
	KW_HTTP_OK,    /* 200 */
	KW_HTTP_RETRY, /* 408, 429, 5xx (IMDS: 404, 410 too) after the last attempt that the
			  deadline allowed */
	KW_HTTP_FINAL, /* any other status */
};

struct kw_http_request {
	enum kw_upstream
		upstream;   /* decides proxy, retry class and the stage of transport errors */
	const char *method; /* "GET", "POST" or "PATCH" */
	const char *url;
	const char *const
		*headers; /* "Name: value", NULL-terminated; NULL for none; nothing secret */
	const struct kw_secret *bearer; /* Authorization: Bearer, or NULL */
	const char *content_type;	/* of the body, or NULL */
	struct kw_bytes body;		/* borrowed for the call; may point into the arena */
	size_t answer_max;		/* bytes; a longer 200 is an error, never cut; of another
					   status, whose body is a message, it is left out */
	bool answer_secret;		/* receive into the arena */
	bool once;			/* no retry: the caller's own rule applies (401, 409) */
	int64_t deadline_ms; /* on the boot clock; 0: retry.deadline (IMDS: imdsDeadline) from now
			      */
};

struct kw_http_answer {
	enum kw_http_outcome outcome;
	int status;
	struct kw_blob body;	 /* empty if answer_secret */
	struct kw_secret secret; /* if answer_secret */
	char content_type[64], request_id[64], www_authenticate[256];
	int retry_after_s; /* 0: none */
	int attempts;
	int64_t date_s; /* the Date header, 0 if none: clock skew */
};
void kw_http_answer_clear(struct kw_http_answer *answer);

struct kw_http;
/* The allowed origins are those of `config`, which must outlive it. */
int kw_http_new(const struct kw_config *config, const struct kw_clock *clock,
		const struct kw_random *random, struct kw_http **ret,
		struct kw_error *err) KW_MUST_USE;
/* Another client, for the API of the cluster at the origin `url` and nothing else, trusting
 * `ca_file` and nothing else; never by a proxy. Both outlive it. */
int kw_http_new_kubernetes(const struct kw_config *config, const struct kw_clock *clock,
			   const struct kw_random *random, const char *url, const char *ca_file,
			   struct kw_http **ret, struct kw_error *err) KW_MUST_USE;
void kw_http_free(struct kw_http *http);
KW_DEFINE_FREEP(struct kw_http, kw_http_free);
/* Makes all running and later calls fail soon (SIGTERM). Safe from any thread. */
void kw_http_cancel(struct kw_http *http);
/* Nothing lasts longer than that (boot clock; 0: no such end): for a program that has to be done by
 * then. Before the first call. */
void kw_http_end_by(struct kw_http *http, int64_t boot_ms);
/* Closes connections that were not used for a minute. Every call does it too; whoever is idle for
 * long calls it now and then, because an open TLS connection holds most of a megabyte. */
void kw_http_trim(struct kw_http *http);
/* A call that would have to wait longer than that for its next attempt ends instead, and whoever
 * made it comes back later (err->upstream.retry_after_s): a thread that others need does not sleep
 * for long. Without it the deadline alone decides. Before the first call. */
void kw_http_patience(struct kw_http *http, int64_t ms);
/* Waits, for a caller whose own rule repeats a call (409, AADSTS70021). False: cancelled, past the
 * end, or longer than the patience; then nothing was waited for. */
bool kw_http_pause(struct kw_http *http, int64_t ms) KW_MUST_USE;

/*
 * 0: an HTTP answer is in `ret`, whatever its status; err->upstream is filled if it is not 200, so
 * that the service can name the row. -1: no answer; the row is that of the stage: *_UNREACHABLE
 * (DNS, connect, time-out, reset, broken off, breaker open, cancelled), *_TLS, *_ANSWER (over the
 * cap, not HTTP), CFG_ORIGIN (not a configured origin for this upstream, or a bearer without https;
 * nothing was sent).
 */
int kw_http_call(struct kw_http *http, const struct kw_http_request *request,
		 struct kw_http_answer *ret, struct kw_error *err) KW_MUST_USE;

/* Fills err->upstream and fails with the row for an answer that is not 200, by stage: `busy` for
 * KW_HTTP_RETRY, else `final`. The upstream's own code and message (error.code, error.message,
 * error_description) are put in the detail, cleaned. For services whose statuses need no finer
 * reading. */
int kw_http_refused(const struct kw_http_answer *answer, enum kw_error_name busy,
		    enum kw_error_name final, struct kw_error *err);

/* RFC 6750 2.1: the bytes that a bearer token may have. Anything else could end the header line. */
bool kw_http_is_bearer(struct kw_bytes token);

/* What is counted for operators goes there, too. Before the first call. */
void kw_http_count_into(struct kw_http *http, struct kw_counters *counters);
struct kw_counters *kw_http_counted(const struct kw_http *http); /* or NULL; `http` may be NULL */
/* True: a host of that upstream is not asked at the moment, after outages in a row. */
bool kw_http_breaker_is_open(struct kw_http *http, enum kw_upstream upstream);
const char *kw_upstream_word(enum kw_upstream upstream); /* "imds", "maa", "vault": a label */

struct kw_http_stats { /* for metrics and tests */
	uint64_t calls, attempts, retries, transport_errors;
};
struct kw_http_stats kw_http_stats(const struct kw_http *http, enum kw_upstream upstream);
