/* SPDX-License-Identifier: Apache-2.0 */
/* Whose keys are asked for, and how long they are kept (key release 2.6). */
#include "azure/maa.h"
#include "fake_http.h"
#include "fake_time.h"

#define METADATA "https://attest.example/.well-known/openid-configuration"
#define JWKS "https://attest.example/certs"
#define GOOD_METADATA "{\"issuer\":\"https://attest.example\",\"jwks_uri\":\"" JWKS "\"}"
#define SET(kid) "{\"keys\":[{\"kid\":\"" kid "\",\"kty\":\"RSA\"}]}"

enum { MINUTE_MS = 60 * 1000, DAY_MS = 24 * 60 * MINUTE_MS };

struct world {
	struct fake_time time;
	struct kw_clock clock;
	struct kw_token_keys *keys;
	struct kw_error err;
};

static void world_start(struct world *world)
{
	*world = (struct world){ .time.boot_ms = 1000 };
	world->clock = fake_clock(&world->time);
	world->keys = kw_token_keys_new(NULL, &world->clock);
}

/* True: a set was given; `kid_of_set` says whose. */
static bool get(struct world *world, const char *kid, const char **kid_of_set)
{
	static char found[16];
	KW_CLEANUP(kw_json_freep) struct kw_json *jwks = NULL;

	world->err = (struct kw_error){ 0 };
	if (kw_token_keys_get(world->keys, "https://attest.example", kid, &jwks, &world->err) < 0)
		return false;
	assert_null(world->err.def);
	snprintf(found, sizeof(found), "%s",
		 kw_json_string(kw_json_get(kw_json_first(kw_json_get(jwks, "keys")), "kid")));
	*kid_of_set = found;
	return true;
}

/* One fetch is two calls; the second set has another key. */
static const struct fake_answer two_fetches[] = {
	{ 200, GOOD_METADATA, KW_OK },
	{ 200, SET("k1"), KW_OK },
	{ 200, GOOD_METADATA, KW_OK },
	{ 200, SET("k2"), KW_OK },
};

static const struct keeping_row {
	const char *name, *kid;
	int64_t later_ms;
	size_t n_calls; /* of both gets together */
} keeping_rows[] = {
	{ "given the kid a moment later, nothing is fetched", "k1", 0, 2 },
	{ "given the kid in the last moment of the day, nothing is fetched", "k1", DAY_MS - 1, 2 },
	{ "given the kid a day later, it is fetched anew", "k1", DAY_MS, 4 },
	{ "given an unknown kid a moment later, nothing is fetched", "k2", 0, 2 },
	{ "given an unknown kid in the last moment of the minute, nothing is fetched", "k2",
	  MINUTE_MS - 1, 2 },
	{ "given an unknown kid a minute later, it is fetched anew", "k2", MINUTE_MS, 4 },
};

static void keeps(void **state)
{
	const struct keeping_row *row = *state;
	struct world world;
	const char *found = NULL;

	world_start(&world);
	fake_http_expect(two_fetches, 4);
	assert_true(get(&world, "k1", &found));
	assert_string_equal(found, "k1");
	assert_string_equal(fake_http.calls[0].url, METADATA);
	assert_string_equal(fake_http.calls[0].method, "GET");
	assert_string_equal(fake_http.calls[0].bearer, "");
	assert_int_equal(fake_http.calls[0].upstream, KW_UPSTREAM_MAA_KEYS);
	assert_string_equal(fake_http.calls[1].url, JWKS);
	world.time.boot_ms += row->later_ms;
	assert_true(get(&world, row->kid, &found));
	assert_int_equal(fake_http.n_calls, row->n_calls);
	assert_string_equal(found, row->n_calls == 4 ? "k2" : "k1");
	kw_token_keys_free(world.keys);
}

static const struct refused_row {
	const char *name, *metadata; /* NULL: the good one */
	int status;
	const char *jwks;
	int jwks_status;
	enum kw_error_name expect;
} refused_rows[] = {
	{ "given metadata of another issuer, it is refused",
	  "{\"issuer\":\"https://evil.example\",\"jwks_uri\":\"" JWKS "\"}", 200, NULL, 0,
	  KW_E_TOK_METADATA },
	{ "given metadata of a longer issuer, it is refused",
	  "{\"issuer\":\"https://attest.example.evil\",\"jwks_uri\":\"" JWKS "\"}", 200, NULL, 0,
	  KW_E_TOK_METADATA },
	{ "given no issuer, it is refused", "{\"jwks_uri\":\"" JWKS "\"}", 200, NULL, 0,
	  KW_E_TOK_METADATA },
	{ "given keys on another host, they are not fetched",
	  "{\"issuer\":\"https://attest.example\",\"jwks_uri\":\"https://evil.example/certs\"}",
	  200, NULL, 0, KW_E_TOK_METADATA },
	{ "given keys on another port, they are not fetched",
	  "{\"issuer\":\"https://attest.example\",\"jwks_uri\":"
	  "\"https://attest.example:8443/certs\"}",
	  200, NULL, 0, KW_E_TOK_METADATA },
	{ "given keys over http, they are not fetched",
	  "{\"issuer\":\"https://attest.example\",\"jwks_uri\":\"http://attest.example/certs\"}",
	  200, NULL, 0, KW_E_TOK_METADATA },
	{ "given the host as user, nothing is fetched",
	  "{\"issuer\":\"https://attest.example\",\"jwks_uri\":"
	  "\"https://attest.example@evil.example/certs\"}",
	  200, NULL, 0, KW_E_TOK_METADATA },
	{ "given no key set, it is refused", "{\"issuer\":\"https://attest.example\"}", 200, NULL,
	  0, KW_E_TOK_METADATA },
	{ "given metadata that is no JSON, it is refused", "<html>", 200, NULL, 0,
	  KW_E_TOK_METADATA },
	{ "given metadata twice, it is refused", GOOD_METADATA GOOD_METADATA, 200, NULL, 0,
	  KW_E_TOK_METADATA },
	{ "given no metadata, it is refused", "", 404, NULL, 0, KW_E_TOK_METADATA },
	{ "given a busy service, it is said", "", 503, NULL, 0, KW_E_TOK_BUSY },
	{ "given no service, it is said", NULL, 0, NULL, 0, KW_E_TOK_UNREACHABLE },
	{ "given a list as key set, it is refused", GOOD_METADATA, 200, "[]", 200,
	  KW_E_TOK_METADATA },
	{ "given an object of keys, it is refused", GOOD_METADATA, 200, "{\"keys\":{}}", 200,
	  KW_E_TOK_METADATA },
	{ "given no keys, it is refused", GOOD_METADATA, 200, "", 410, KW_E_TOK_METADATA },
	{ "given busy keys, it is said", GOOD_METADATA, 200, "", 500, KW_E_TOK_BUSY },
};

static void refuses(void **state)
{
	const struct refused_row *row = *state;
	const struct fake_answer script[] = {
		{ row->status, row->metadata, KW_E_TOK_UNREACHABLE },
		{ row->jwks_status, row->jwks, KW_E_TOK_UNREACHABLE },
	};
	struct world world;
	const char *found = NULL;

	world_start(&world);
	fake_http_expect(script, row->jwks ? 2 : 1);
	assert_false(get(&world, "k1", &found));
	assert_ptr_equal(world.err.def, kw_error_def(row->expect));
	assert_non_null(strstr(world.err.detail, "keys of https://attest.example"));
	kw_token_keys_free(world.keys);
}

/* What a day later goes wrong while a good copy is there. */
static const struct copy_row {
	const char *name, *kid;
	struct fake_answer answer;
	bool given; /* the old copy */
} copy_rows[] = {
	{ "given an outage, the last good copy serves",
	  "k1",
	  { 0, NULL, KW_E_TOK_UNREACHABLE },
	  true },
	{ "given a busy service, the last good copy serves", "k1", { 503, NULL, KW_OK }, true },
	{ "given an outage and an unknown kid, it does not",
	  "k2",
	  { 0, NULL, KW_E_TOK_UNREACHABLE },
	  false },
	{ "given TLS that is not accepted, it does not", "k1", { 0, NULL, KW_E_TOK_TLS }, false },
	{ "given metadata of another, it does not",
	  "k1",
	  { 200, "{\"issuer\":\"https://evil.example\",\"jwks_uri\":\"" JWKS "\"}", KW_OK },
	  false },
};

static void keeps_the_copy(void **state)
{
	const struct copy_row *row = *state;
	const struct fake_answer script[] = { two_fetches[0], two_fetches[1], row->answer };
	struct world world;
	const char *found = NULL;

	world_start(&world);
	fake_http_expect(script, 3);
	assert_true(get(&world, "k1", &found));
	world.time.boot_ms += DAY_MS;
	assert_int_equal(get(&world, row->kid, &found), row->given);
	assert_int_equal(fake_http.n_calls, 3);
	kw_token_keys_free(world.keys);
}

static const struct endpoint_row {
	const char *name, *endpoint;
} endpoint_rows[] = {
	{ "given a slash behind the endpoint, the URL has one", "https://attest.example/" },
	{ "given a port that is the default, it is the same origin", "https://attest.example:443" },
};

static void builds_the_url(void **state)
{
	const struct endpoint_row *row = *state;
	KW_CLEANUP(kw_json_freep) struct kw_json *jwks = NULL;
	struct world world;

	world_start(&world);
	fake_http_expect(two_fetches, 2);
	assert_int_equal(kw_token_keys_get(world.keys, row->endpoint, "k1", &jwks, &world.err), 0);
	assert_non_null(strstr(fake_http.calls[0].url, "/.well-known/openid-configuration"));
	assert_null(strstr(fake_http.calls[0].url, "//.well-known"));
	kw_token_keys_free(world.keys);
}

int main(void)
{
	return KW_ROWS_RUN(keeping_rows, keeps) + KW_ROWS_RUN(refused_rows, refuses)
	       + KW_ROWS_RUN(copy_rows, keeps_the_copy)
	       + KW_ROWS_RUN(endpoint_rows, builds_the_url);
}
