/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The token-signing keys of the configured attestation endpoints (key release 2.6): metadata and
 * key set are fetched from the configured origin and nowhere else, whatever a token's header says.
 */
#include "azure/endpoint.h"
#include "azure/maa.h"
#include "util/memory.h"
#include "util/text.h"

#include <pthread.h>
#include <string.h>

enum {
	METADATA_MAX = 64 * 1024,
	JWKS_MAX = 1024 * 1024,
	LIFE_MS = 24 * 60 * 60 * 1000,
	REFETCH_PAUSE_MS = 60 * 1000, /* for an unknown kid, at most once a minute */
};

struct entry { /* one endpoint; once made it stays as long as the whole */
	char *endpoint;
	pthread_mutex_t flight; /* held while fetching: single flight; guards what follows */
	struct kw_json *jwks;	/* the last good copy, or NULL */
	int64_t fetched_ms;
	struct entry *next;
};

struct kw_token_keys {
	struct kw_http *http;
	const struct kw_clock *clock;
	pthread_mutex_t lock; /* of the list; never held while anybody waits */
	struct entry *entries;
};

struct kw_token_keys *kw_token_keys_new(struct kw_http *http, const struct kw_clock *clock)
{
	struct kw_token_keys *keys = kw_alloc(sizeof(*keys));

	keys->http = http;
	keys->clock = clock;
	pthread_mutex_init(&keys->lock, NULL);
	return keys;
}

void kw_token_keys_free(struct kw_token_keys *keys)
{
	struct entry *next = NULL;

	if (keys == NULL)
		return;
	for (struct entry *e = keys->entries; e != NULL; e = next) {
		next = e->next;
		pthread_mutex_destroy(&e->flight);
		kw_json_free(e->jwks);
		free(e->endpoint);
		free(e);
	}
	pthread_mutex_destroy(&keys->lock);
	free(keys);
}

static int fetch_json(struct kw_token_keys *keys, const char *url, size_t max, struct kw_json **ret,
		      struct kw_error *err)
{
	KW_CLEANUP(kw_http_answer_clear) struct kw_http_answer answer = { 0 };
	static const char *const headers[] = { "Accept: application/json", NULL };
	struct kw_http_request request = {
		.upstream = KW_UPSTREAM_MAA_KEYS,
		.method = "GET",
		.url = url,
		.headers = headers,
		.answer_max = max,
	};

	if (kw_http_call(keys->http, &request, &answer, err) < 0)
		return -1;
	if (answer.outcome != KW_HTTP_OK)
		return kw_http_refused(&answer, KW_E_TOK_BUSY, KW_E_TOK_METADATA, err);
	return kw_json_parse(kw_blob_bytes(&answer.body), KW_JSON_STRICT, KW_E_TOK_METADATA, ret,
			     err);
}

/* 2.6, point 5: the issuer is the endpoint, and the key set lies on the same origin. */
static int check_metadata(const struct kw_json *metadata, const struct kw_origin *origin,
			  const char **ret_jwks_uri, struct kw_error *err)
{
	const char *issuer = NULL, *jwks_uri = NULL;
	struct kw_origin of_keys = { 0 };
	char cleaned[160];

	if (kw_json_want_string(metadata, "issuer", KW_E_TOK_METADATA, &issuer, err) < 0
	    || kw_json_want_string(metadata, "jwks_uri", KW_E_TOK_METADATA, &jwks_uri, err) < 0)
		return -1;
	if (!kw_origin_is(origin, issuer)) {
		kw_text_clean(kw_bytes_text(issuer), cleaned, sizeof(cleaned));
		return kw_fail(err, KW_E_TOK_METADATA,
			       "metadata names the issuer '%s', expected the endpoint's own origin",
			       cleaned);
	}
	if (!kw_origin_parse(jwks_uri, &of_keys, NULL) || !kw_origin_equal(origin, &of_keys)) {
		kw_text_clean(kw_bytes_text(jwks_uri), cleaned, sizeof(cleaned));
		return kw_fail(err, KW_E_TOK_METADATA, "the key set lies at '%s', another origin",
			       cleaned);
	}
	*ret_jwks_uri = jwks_uri;
	return 0;
}

static int fetch(struct kw_token_keys *keys, const char *endpoint, struct kw_json **ret,
		 struct kw_error *err)
{
	KW_CLEANUP(freep)
	char *url = kw_endpoint_url(endpoint, "/.well-known/openid-configuration");
	KW_CLEANUP(kw_json_freep) struct kw_json *metadata = NULL;
	KW_CLEANUP(kw_json_freep) struct kw_json *jwks = NULL;
	struct kw_origin origin = { 0 };
	const char *jwks_uri = NULL;

	if (!kw_origin_parse(endpoint, &origin, NULL))
		return kw_fail(err, KW_E_CFG_VALUE, "'%s' is no endpoint", endpoint);
	if (fetch_json(keys, url, METADATA_MAX, &metadata, err) < 0
	    || check_metadata(metadata, &origin, &jwks_uri, err) < 0
	    || fetch_json(keys, jwks_uri, JWKS_MAX, &jwks, err) < 0)
		return -1;
	if (kw_json_type(kw_json_get(jwks, "keys")) != KW_JSON_ARRAY)
		return kw_fail(err, KW_E_TOK_METADATA, "the key set has no array 'keys'");
	*ret = KW_STEAL(jwks);
	return 0;
}

static struct entry *entry_of(struct kw_token_keys *keys, const char *endpoint)
{
	struct entry *e = NULL;

	pthread_mutex_lock(&keys->lock);
	for (e = keys->entries; e != NULL && strcmp(e->endpoint, endpoint) != 0; e = e->next)
		;
	if (e == NULL) {
		e = kw_alloc(sizeof(*e));
		e->endpoint = kw_strdup(endpoint);
		pthread_mutex_init(&e->flight, NULL);
		e->next = keys->entries;
		keys->entries = e;
	}
	pthread_mutex_unlock(&keys->lock);
	return e;
}

static bool has_kid(const struct kw_json *jwks, const char *kid)
{
	const struct kw_json *key = kw_json_first(kw_json_get(jwks, "keys"));

	for (; key != NULL; key = kw_json_next(key)) {
		const char *found = kw_json_string(kw_json_get(key, "kid"));

		if (found != NULL && strcmp(found, kid) == 0)
			return true;
	}
	return false;
}

/* Fresh enough: young and has the kid; or lacks it, but was fetched less than a minute ago. */
static bool is_good(const struct kw_token_keys *keys, const struct entry *e, const char *kid)
{
	int64_t age_ms = kw_boot_ms(keys->clock) - e->fetched_ms;

	return e->jwks != NULL && age_ms < LIFE_MS
	       && (has_kid(e->jwks, kid) || age_ms < REFETCH_PAUSE_MS);
}

static int get_locked(struct kw_token_keys *keys, struct entry *e, const char *kid,
		      struct kw_json **ret, struct kw_error *err)
{
	struct kw_json *fetched = NULL;

	if (!is_good(keys, e, kid)) {
		if (fetch(keys, e->endpoint, &fetched, err) == 0) {
			kw_json_free(e->jwks);
			e->jwks = fetched;
			e->fetched_ms = kw_boot_ms(keys->clock);
		} else if (e->jwks == NULL || err->def->kind == KW_UNTRUSTED
			   || !kw_error_is_outage(err) || !has_kid(e->jwks, kid)) {
			return -1; /* an outage leaves the last good copy in use */
		}
	}
	*err = (struct kw_error){ 0 };
	*ret = kw_json_copy(e->jwks);
	return 0;
}

int kw_token_keys_get(struct kw_token_keys *keys, const char *endpoint, const char *kid,
		      struct kw_json **ret_jwks, struct kw_error *err)
{
	struct entry *e = entry_of(keys, endpoint);
	int result = 0;

	pthread_mutex_lock(&e->flight);
	result = get_locked(keys, e, kid, ret_jwks, err);
	pthread_mutex_unlock(&e->flight);
	if (result < 0)
		return kw_wrap(err, "keys of %s", endpoint);
	return 0;
}
