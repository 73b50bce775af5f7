/* SPDX-License-Identifier: Apache-2.0 */
#include "http/retry.h"

#include <ctype.h>
#include <curl/curl.h>

enum { METADATA_WAIT_MIN_MS = 1000 };

enum {
	HTTP_OK = 200,
	HTTP_NOT_FOUND = 404,
	HTTP_REQUEST_TIMEOUT = 408,
	HTTP_GONE = 410,
	HTTP_TOO_MANY_REQUESTS = 429,
	HTTP_SERVER_ERROR = 500,
	HTTP_STATUS_END = 600,
};

static bool is_server_error(int status)
{
	return status >= HTTP_SERVER_ERROR && status < HTTP_STATUS_END;
}

enum kw_http_outcome kw_retry_outcome(enum kw_upstream upstream, int status)
{
	if (status == HTTP_OK)
		return KW_HTTP_OK;
	if (status == HTTP_REQUEST_TIMEOUT || status == HTTP_TOO_MANY_REQUESTS
	    || is_server_error(status))
		return KW_HTTP_RETRY;
	if (kw_upstream_is_metadata(upstream) && (status == HTTP_NOT_FOUND || status == HTTP_GONE))
		return KW_HTTP_RETRY;
	return KW_HTTP_FINAL;
}

bool kw_retry_can_help(const struct kw_attempt_end *end)
{
	if (end->failure != KW_FAILURE_NONE)
		return end->failure == KW_FAILURE_TRANSPORT;
	return kw_retry_outcome(end->upstream, end->status) == KW_HTTP_RETRY;
}

bool kw_retry_is_outage(const struct kw_attempt_end *end)
{
	return end->failure == KW_FAILURE_TRANSPORT
	       || (end->failure == KW_FAILURE_NONE && is_server_error(end->status));
}

static int64_t smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* A number from 0 to `most`. */
static int64_t jitter(uint64_t chance, int64_t most)
{
	return most > 0 ? (int64_t)(chance % ((uint64_t)most + 1)) : 0;
}

static int64_t backoff_ms(const struct kw_retry_rules *rules, int64_t n_attempts)
{
	int64_t most = smaller(rules->base_ms, rules->max_ms);
	for (int64_t n = 1; n < n_attempts && most > 0 && most < rules->max_ms; n++)
		most = most > rules->max_ms / 2 ? rules->max_ms : most * 2;
	return most;
}

static int64_t wait_ms(const struct kw_retry_rules *rules, const struct kw_attempt_end *end,
		       int64_t n_attempts, uint64_t chance)
{
	int64_t wait = jitter(chance, backoff_ms(rules, n_attempts));
	if (end->retry_after_s > 0)
		return (int64_t)end->retry_after_s * 1000 + wait;
	int64_t least = smaller(METADATA_WAIT_MIN_MS, rules->max_ms);
	return kw_upstream_is_metadata(end->upstream) && wait < least ? least : wait;
}

bool kw_retry_again(const struct kw_retry_rules *rules, const struct kw_attempt_end *end,
		    int64_t n_attempts, int64_t left_ms, uint64_t chance, int64_t *ret_wait_ms)
{
	bool restarting = kw_upstream_is_metadata(end->upstream) && end->status == HTTP_GONE;
	if (!kw_retry_can_help(end) || (n_attempts >= rules->attempts && !restarting))
		return false;
	int64_t wait = wait_ms(rules, end, n_attempts, chance);
	if (wait >= left_ms)
		return false;
	*ret_wait_ms = wait;
	return true;
}

static int seconds(const char *text)
{
	int64_t n = 0;
	for (; isdigit((unsigned char)*text) && n <= KW_RETRY_AFTER_MAX_S; text++)
		n = n * 10 + (*text - '0');
	return (int)smaller(n, KW_RETRY_AFTER_MAX_S);
}

static bool is_number(const char *text)
{
	if (*text == '\0')
		return false;
	while (isdigit((unsigned char)*text))
		text++;
	return *text == '\0';
}

int kw_retry_after_parse(const char *text, int64_t now_s)
{
	if (is_number(text))
		return seconds(text);
	int64_t date_s = curl_getdate(text, NULL);
	if (date_s <= now_s || date_s == -1)
		return 0;
	return (int)smaller(date_s - now_s, KW_RETRY_AFTER_MAX_S);
}
