/* SPDX-License-Identifier: Apache-2.0 */
/* The whole client against a loopback server. Time is ours: waiting costs none. */
#include "http/client.h"

#include "fake_time.h"
#include "given.h"
#include "loopback.h"
#include "rows.h"
#include "util/text.h"

/* One client, whose IMDS, attestation endpoint and vault are all the one server. */
struct world {
	struct loopback *server;
	struct fake_time time;
	struct kw_clock clock;
	struct kw_random random;
	struct kw_config config;
	struct kw_config_key key;
	char origin[64], url[128];
	char *endpoints[1];
	struct kw_http *http;
	struct kw_http_answer answer;
	struct kw_error err;
};

static void world_start(struct world *world, const struct loopback_reply *script, size_t n_script)
{
	*world = (struct world){ .config = given_config() };
	world->server = loopback_start(script, n_script);
	world->clock = fake_clock(&world->time);
	world->random = fake_random(&world->time);
	snprintf(world->origin, sizeof(world->origin), "http://127.0.0.1:%u", world->server->port);
	snprintf(world->url, sizeof(world->url), "%s/keys/db?secret=query", world->origin);
	world->key.url = world->url;
	world->endpoints[0] = world->origin;
	world->config.imds.endpoint = world->origin;
	world->config.keys = &world->key;
	world->config.n_keys = 1;
	world->config.attestation.endpoints = world->endpoints;
	world->config.attestation.n_endpoints = 1;
	assert_int_equal(kw_http_new(&world->config, &world->clock, &world->random, &world->http,
				     &world->err),
			 0);
}

static void world_stop(struct world *world)
{
	kw_http_answer_clear(&world->answer);
	kw_http_free(world->http);
	loopback_stop(world->server);
}
#define WORLD(script)                              \
	KW_CLEANUP(world_stop) struct world world; \
	world_start(&world, script, sizeof(script) / sizeof((script)[0]))

static int call(struct world *world, const struct kw_http_request *request)
{
	kw_http_answer_clear(&world->answer);
	world->err = (struct kw_error){ 0 };
	return kw_http_call(world->http, request, &world->answer, &world->err);
}

static struct kw_http_request get(const struct world *world, enum kw_upstream upstream)
{
	return (struct kw_http_request){
		.upstream = upstream, .method = "GET", .url = world->url, .answer_max = 1024
	};
}

static void a_200_is_handed_over(void **state)
{
	static const struct loopback_reply script[] = {
		{ LOOPBACK_ANSWER("200 OK",
				  "Content-Type: application/json\r\nx-ms-request-id: id-1\r\n"
				  "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n",
				  2, "{}"),
		  LOOPBACK_KEEP },
	};
	WORLD(script);
	const struct kw_http_request request = get(&world, KW_UPSTREAM_VAULT);
	(void)state;
	assert_int_equal(call(&world, &request), 0);
	assert_int_equal(world.answer.outcome, KW_HTTP_OK);
	assert_int_equal(world.answer.status, 200);
	assert_string_equal((char *)world.answer.body.data, "{}");
	assert_string_equal(world.answer.content_type, "application/json");
	assert_string_equal(world.answer.request_id, "id-1");
	assert_int_equal(world.answer.date_s, 784111777);
	assert_int_equal(world.answer.attempts, 1);
	assert_int_equal(world.err.upstream.status, 0);
}

static void a_request_is_what_the_services_expect(void **state)
{
	static const struct loopback_reply script[] = {
		{ LOOPBACK_ANSWER("200 OK", "", 0, ""), LOOPBACK_KEEP },
	};
	WORLD(script);
	const char *const headers[] = { "Metadata: true", NULL };
	struct kw_http_request request = get(&world, KW_UPSTREAM_MAA);
	char expect[512];
	(void)state;
	request.method = "POST";
	request.headers = headers;
	request.content_type = "application/json";
	request.body = kw_bytes_text("{\"a\":1}");
	assert_int_equal(call(&world, &request), 0);
	snprintf(expect, sizeof(expect),
		 "POST /keys/db?secret=query HTTP/1.1\r\n"
		 "Host: 127.0.0.1:%u\r\n"
		 "User-Agent: keyward/" KW_VERSION "\r\n"
		 "Accept: */*\r\n"
		 "Content-Type: application/json\r\n"
		 "Metadata: true\r\n"
		 "Content-Length: 7\r\n"
		 "\r\n"
		 "{\"a\":1}",
		 world.server->port);
	assert_string_equal(world.server->requests[0], expect);
	assert_int_equal(world.answer.body.len, 0);
}

static void connections_are_used_again(void **state)
{
	static const struct loopback_reply script[] = {
		{ LOOPBACK_ANSWER("200 OK", "", 1, "x"), LOOPBACK_KEEP },
	};
	WORLD(script);
	const struct kw_http_request request = get(&world, KW_UPSTREAM_VAULT);
	(void)state;
	for (int i = 0; i < 5; i++)
		assert_int_equal(call(&world, &request), 0);
	assert_int_equal(atomic_load(&world.server->n_requests), 5);
	assert_int_equal(atomic_load(&world.server->n_connections), 1);
}

static void connections_that_idle_for_a_minute_are_closed(void **state)
{
	static const struct loopback_reply script[] = {
		{ LOOPBACK_ANSWER("200 OK", "", 1, "x"), LOOPBACK_KEEP },
	};
	WORLD(script);
	const struct kw_http_request request = get(&world, KW_UPSTREAM_VAULT);
	(void)state;
	assert_int_equal(call(&world, &request), 0);
	fake_sleep_ms(&world.time, 59999);
	kw_http_trim(world.http);
	assert_int_equal(call(&world, &request), 0);
	assert_int_equal(atomic_load(&world.server->n_connections), 1);
	fake_sleep_ms(&world.time, 60000);
	kw_http_trim(world.http);
	assert_int_equal(call(&world, &request), 0);
	assert_int_equal(atomic_load(&world.server->n_connections), 2);
}

static void a_redirect_is_not_followed(void **state)
{
	static const struct loopback_reply script[] = {
		{ LOOPBACK_ANSWER("302 Found", "Location: /elsewhere\r\n", 0, ""), LOOPBACK_KEEP },
	};
	WORLD(script);
	const struct kw_http_request request = get(&world, KW_UPSTREAM_VAULT);
	(void)state;
	assert_int_equal(call(&world, &request), 0);
	assert_int_equal(world.answer.outcome, KW_HTTP_FINAL);
	assert_int_equal(world.answer.status, 302);
	assert_int_equal(world.err.upstream.status, 302);
	assert_int_equal(atomic_load(&world.server->n_requests), 1);
}

static void paths_are_sent_as_they_are(void **state)
{
	static const struct loopback_reply script[] = {
		{ LOOPBACK_ANSWER("200 OK", "", 0, ""), LOOPBACK_KEEP },
	};
	WORLD(script);
	KW_CLEANUP(freep) char *url = kw_format("%s/a/../b/./c", world.origin);
	struct kw_http_request request = get(&world, KW_UPSTREAM_VAULT);
	(void)state;
	request.url = url;
	assert_int_equal(call(&world, &request), 0);
	assert_memory_equal(world.server->requests[0], "GET /a/../b/./c HTTP/1.1", 24);
}

static const struct loopback_reply ten_bytes[] = {
	{ LOOPBACK_ANSWER("200 OK", "", 10, "0123456789"), LOOPBACK_KEEP },
};
static const struct loopback_reply ten_chunked_bytes[] = {
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	  "5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n",
	  LOOPBACK_KEEP },
};
static const struct loopback_reply ten_bytes_to_the_end[] = {
	{ "HTTP/1.1 200 OK\r\n\r\n0123456789", LOOPBACK_CLOSE },
};

static const struct size_row {
	const char *name;
	const struct loopback_reply *script;
	size_t answer_max;
	bool secret, fits;
} size_rows[] = {
	{ "given as many bytes as may be, they are kept", ten_bytes, 10, false, true },
	{ "given one more, it is refused", ten_bytes, 9, false, false },
	{ "given none allowed, it is refused", ten_bytes, 0, false, false },
	{ "given chunks as long as may be, they are kept", ten_chunked_bytes, 10, false, true },
	{ "given chunks with one more, it is refused", ten_chunked_bytes, 9, false, false },
	{ "given an answer that ends with the connection, it is kept", ten_bytes_to_the_end, 10,
	  false, true },
	{ "given one that ends too late, it is refused", ten_bytes_to_the_end, 9, false, false },
	{ "given a secret as long as may be, it is kept", ten_bytes, 10, true, true },
	{ "given a secret with one more, it is refused", ten_bytes, 9, true, false },
};

static void sizes_are_capped(void **state)
{
	const struct size_row *row = *state;
	KW_CLEANUP(world_stop) struct world world;
	world_start(&world, row->script, 1);
	struct kw_http_request request = get(&world, KW_UPSTREAM_VAULT);
	request.answer_max = row->answer_max;
	request.answer_secret = row->secret;
	assert_int_equal(call(&world, &request), row->fits ? 0 : -1);
	if (row->fits) {
		const struct kw_bytes body = row->secret ? kw_secret_bytes(&world.answer.secret)
							 : kw_blob_bytes(&world.answer.body);
		assert_int_equal(body.len, 10);
		assert_string_equal((const char *)body.data, "0123456789");
		assert_int_equal(row->secret ? world.answer.body.len : world.answer.secret.len, 0);
		return;
	}
	assert_true(kw_error_is(&world.err, KW_E_REL_ANSWER));
	assert_non_null(strstr(world.err.detail, "has more than"));
	assert_int_equal(atomic_load(&world.server->n_requests), 1); /* asking again cannot help */
	assert_int_equal(kw_arena_state().used, 0);
}

static void a_long_secret_grows_in_the_arena(void **state)
{
	static char text[64 + 10000 + 1];
	const struct loopback_reply script[] = { { text, LOOPBACK_KEEP } };
	int head = snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n");
	memset(text + head, 'k', 10000);
	WORLD(script);
	struct kw_http_request request = get(&world, KW_UPSTREAM_VAULT);
	(void)state;
	request.answer_secret = true;
	request.answer_max = 10000;
	assert_int_equal(call(&world, &request), 0);
	assert_int_equal(world.answer.secret.len, 10000);
	assert_memory_equal(world.answer.secret.data, text + head, 10000);
}

static void a_long_message_of_a_refusal_is_left_out(void **state)
{
	static const struct loopback_reply script[] = {
		{ LOOPBACK_ANSWER("403 Forbidden", "x-ms-request-id: id\r\n", 10, "0123456789"),
		  LOOPBACK_KEEP },
	};
	WORLD(script);
	struct kw_http_request request = get(&world, KW_UPSTREAM_VAULT);
	(void)state;
	request.answer_max = 9;
	assert_int_equal(call(&world, &request), 0);
	assert_int_equal(world.answer.status, 403);
	assert_int_equal(world.answer.body.len, 0);
	assert_string_equal(world.err.upstream.request_id, "id");
}

#define GOOD                                                          \
	{                                                             \
		LOOPBACK_ANSWER("200 OK", "", 2, "ok"), LOOPBACK_KEEP \
	}

static void a_429_is_asked_again_when_it_says(void **state)
{
	static const struct loopback_reply script[] = {
		{ LOOPBACK_ANSWER("429 Too Many Requests", "Retry-After: 7\r\n", 0, ""),
		  LOOPBACK_KEEP },
		GOOD,
	};
	WORLD(script);
	const struct kw_http_request request = get(&world, KW_UPSTREAM_VAULT);
	(void)state;
	assert_int_equal(call(&world, &request), 0);
	assert_int_equal(world.answer.status, 200);
	assert_int_equal(world.answer.attempts, 2);
	assert_int_equal(world.answer.retry_after_s, 0);
	assert_int_equal(atomic_load(&world.time.slept_ms), 7000);
	assert_int_equal(atomic_load(&world.server->n_connections), 1); /* the host is there */
	assert_null(world.err.def);
}

static void a_retry_after_behind_the_deadline_is_not_waited_for(void **state)
{
	static const struct loopback_reply script[] = {
		{ LOOPBACK_ANSWER("429 Too Many Requests", "Retry-After: 45\r\n", 0, ""),
		  LOOPBACK_KEEP },
	};
	WORLD(script);
	const struct kw_http_request request = get(&world, KW_UPSTREAM_VAULT);
	(void)state;
	assert_int_equal(call(&world, &request), 0);
	assert_int_equal(world.answer.outcome, KW_HTTP_RETRY);
	assert_int_equal(world.answer.attempts, 1);
	assert_int_equal(world.answer.retry_after_s, 45);
	assert_int_equal(world.err.upstream.retry_after_s, 45);
	assert_int_equal(atomic_load(&world.time.slept_ms), 0);
}

static void a_retry_after_beyond_the_patience_goes_back_to_the_caller(void **state)
{
	static const struct loopback_reply script[] = {
		{ LOOPBACK_ANSWER("503 Service Unavailable", "Retry-After: 6\r\n", 0, ""),
		  LOOPBACK_KEEP },
		GOOD,
	};
	WORLD(script);
	const struct kw_http_request request = get(&world, KW_UPSTREAM_VAULT);
	(void)state;
	kw_http_patience(world.http, 5000);
	assert_int_equal(call(&world, &request), 0);
	assert_int_equal(world.answer.outcome, KW_HTTP_RETRY);
	assert_int_equal(world.answer.attempts, 1);
	assert_int_equal(world.err.upstream.retry_after_s, 6);
	assert_int_equal(atomic_load(&world.time.slept_ms), 0);
}

static void a_host_that_named_a_time_is_left_alone_until_then(void **state)
{
	static const struct loopback_reply script[] = {
		{ LOOPBACK_ANSWER("429 Too Many Requests", "Retry-After: 6\r\n", 0, ""),
		  LOOPBACK_KEEP },
		GOOD,
	};
	WORLD(script);
	const struct kw_http_request request = get(&world, KW_UPSTREAM_VAULT);
	(void)state;
	kw_http_patience(world.http, 5000);
	assert_int_equal(call(&world, &request), 0);
	assert_int_equal(call(&world, &request), -1);
	assert_true(kw_error_is(&world.err, KW_E_REL_UNREACHABLE));
	assert_non_null(strstr(world.err.detail, "not asked: it named a Retry-After"));
	assert_int_equal(world.err.upstream.retry_after_s, 6);
	assert_int_equal(atomic_load(&world.server->n_requests), 1);

	fake_sleep_ms(&world.time, 1000); /* what is left is within the patience */
	assert_int_equal(call(&world, &request), 0);
	assert_int_equal(world.answer.status, 200);
	assert_int_equal(atomic_load(&world.time.boot_ms), 6000);
}

static void a_retry_after_with_a_refusal_stops_nobody(void **state)
{
	static const struct loopback_reply script[] = {
		{ LOOPBACK_ANSWER("403 Forbidden", "Retry-After: 60\r\n", 0, ""), LOOPBACK_KEEP },
		GOOD,
	};
	WORLD(script);
	const struct kw_http_request request = get(&world, KW_UPSTREAM_VAULT);
	(void)state;
	assert_int_equal(call(&world, &request), 0);
	assert_int_equal(call(&world, &request), 0);
	assert_int_equal(world.answer.status, 200);
	assert_int_equal(atomic_load(&world.time.slept_ms), 0);
}

static void a_503_is_asked_again_over_a_new_connection(void **state)
{
	static const struct loopback_reply script[] = {
		{ LOOPBACK_ANSWER("503 Service Unavailable", "", 0, ""), LOOPBACK_KEEP },
		{ LOOPBACK_ANSWER("500 Internal Server Error", "", 0, ""), LOOPBACK_KEEP },
		GOOD,
	};
	WORLD(script);
	const struct kw_http_request request = get(&world, KW_UPSTREAM_MAA);
	(void)state;
	assert_int_equal(call(&world, &request), 0);
	assert_int_equal(world.answer.status, 200);
	assert_int_equal(world.answer.attempts, 3);
	assert_int_equal(atomic_load(&world.server->n_connections), 3);
}

static const struct again_row {
	const char *name;
	struct loopback_reply first;
	enum kw_upstream upstream;
	int expect_attempts;
} again_rows[] = {
	{ "given a reset, it is asked again", { NULL, LOOPBACK_RESET }, KW_UPSTREAM_VAULT, 2 },
	{ "given a closed connection, it is asked again",
	  { NULL, LOOPBACK_CLOSE },
	  KW_UPSTREAM_VAULT,
	  2 },
	{ "given a cut body, it is asked again",
	  { LOOPBACK_ANSWER("200 OK", "", 100, "short"), LOOPBACK_CLOSE },
	  KW_UPSTREAM_VAULT,
	  2 },
	{ "given cut chunks, it is asked again",
	  { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n012", LOOPBACK_CLOSE },
	  KW_UPSTREAM_VAULT,
	  2 },
	{ "given cut headers, it is asked again",
	  { "HTTP/1.1 200 OK\r\nConte", LOOPBACK_CLOSE },
	  KW_UPSTREAM_VAULT,
	  2 },
	{ "given 404 of the vault, it is not asked again",
	  { LOOPBACK_ANSWER("404 Not Found", "", 0, ""), LOOPBACK_KEEP },
	  KW_UPSTREAM_VAULT,
	  1 },
	{ "given 404 of IMDS, it is asked again",
	  { LOOPBACK_ANSWER("404 Not Found", "", 0, ""), LOOPBACK_KEEP },
	  KW_UPSTREAM_IMDS,
	  2 },
	{ "given 410 of THIM, it is asked again",
	  { LOOPBACK_ANSWER("410 Gone", "", 0, ""), LOOPBACK_KEEP },
	  KW_UPSTREAM_THIM,
	  2 },
	{ "given 409 of the vault, it is not asked again",
	  { LOOPBACK_ANSWER("409 Conflict", "", 0, ""), LOOPBACK_KEEP },
	  KW_UPSTREAM_VAULT,
	  1 },
	{ "given 408, it is asked again",
	  { LOOPBACK_ANSWER("408 Request Timeout", "", 0, ""), LOOPBACK_KEEP },
	  KW_UPSTREAM_MAA,
	  2 },
};

static void what_may_pass_is_asked_again(void **state)
{
	const struct again_row *row = *state;
	const struct loopback_reply script[] = { row->first, GOOD };
	WORLD(script);
	const struct kw_http_request request = get(&world, row->upstream);
	assert_int_equal(call(&world, &request), 0);
	assert_int_equal(world.answer.status == 200, row->expect_attempts == 2);
	assert_int_equal(world.answer.attempts, row->expect_attempts);
	assert_int_equal(atomic_load(&world.server->n_requests), row->expect_attempts);
}

static void once_means_once(void **state)
{
	static const struct loopback_reply script[] = {
		{ LOOPBACK_ANSWER("503 Service Unavailable", "", 0, ""), LOOPBACK_KEEP },
		GOOD,
	};
	WORLD(script);
	struct kw_http_request request = get(&world, KW_UPSTREAM_VAULT);
	(void)state;
	request.once = true;
	assert_int_equal(call(&world, &request), 0);
	assert_int_equal(world.answer.status, 503);
	assert_int_equal(world.answer.outcome, KW_HTTP_RETRY);
}

static void attempts_that_all_fail_are_counted_in_the_error(void **state)
{
	static const struct loopback_reply script[] = { { NULL, LOOPBACK_RESET } };
	WORLD(script);
	const struct kw_http_request request = get(&world, KW_UPSTREAM_VAULT);
	(void)state;
	assert_int_equal(call(&world, &request), -1);
	assert_true(kw_error_is(&world.err, KW_E_REL_UNREACHABLE));
	assert_true(kw_error_is_outage(&world.err));
	assert_non_null(strstr(world.err.detail, "(6 attempts)"));
	assert_non_null(strstr(world.err.detail, "GET http://127.0.0.1:"));
	assert_non_null(strstr(world.err.detail, "/keys/db: "));
	assert_null(strstr(world.err.detail, "secret=query"));
	const struct kw_http_stats stats = kw_http_stats(world.http, KW_UPSTREAM_VAULT);
	assert_int_equal(stats.calls, 1);
	assert_int_equal(stats.attempts, 6);
	assert_int_equal(stats.retries, 5);
	assert_int_equal(stats.transport_errors, 6);
}

static void no_attempt_starts_after_the_deadline(void **state)
{
	static const struct loopback_reply script[] = {
		{ LOOPBACK_ANSWER("429 Too Many Requests", "Retry-After: 3\r\n", 0, ""),
		  LOOPBACK_KEEP },
	};
	WORLD(script);
	struct kw_http_request request = get(&world, KW_UPSTREAM_VAULT);
	(void)state;
	atomic_store(&world.time.boot_ms, 100000);
	request.deadline_ms = 107000; /* two waits of 3 s fit, a third would end behind it */
	assert_int_equal(call(&world, &request), 0);
	assert_int_equal(world.answer.attempts, 3);
	assert_int_equal(atomic_load(&world.time.boot_ms), 106000);

	request.deadline_ms = 106000;
	assert_int_equal(call(&world, &request), -1);
	assert_true(kw_error_is(&world.err, KW_E_REL_UNREACHABLE));
	assert_int_equal(atomic_load(&world.server->n_requests), 3);
}

static void a_restart_of_imds_is_waited_out(void **state)
{
	static const struct loopback_reply gone = {
		LOOPBACK_ANSWER("410 Gone", "Retry-After: 9\r\n", 0, ""), LOOPBACK_KEEP
	};
	const struct loopback_reply script[] = { gone, gone, gone, gone, gone, gone, gone, GOOD };
	WORLD(script);
	const struct kw_http_request request = get(&world, KW_UPSTREAM_IMDS);
	(void)state;
	assert_int_equal(call(&world, &request), 0);
	assert_int_equal(world.answer.status, 200);
	assert_int_equal(world.answer.attempts, 8);
	assert_int_equal(atomic_load(&world.time.slept_ms), 63000);
}

static void a_silent_server_is_given_up(void **state)
{
	static const struct loopback_reply script[] = { { NULL, LOOPBACK_HOLD } };
	WORLD(script);
	struct kw_http_request request = get(&world, KW_UPSTREAM_MAA);
	(void)state;
	request.deadline_ms = 50;
	request.once = true;
	assert_int_equal(call(&world, &request), -1);
	assert_true(kw_error_is(&world.err, KW_E_ATT_UNREACHABLE));
	assert_non_null(strstr(world.err.detail, "timed out"));
}

static void a_peer_that_does_not_speak_http_is_told(void **state)
{
	static const struct loopback_reply script[] = { { "SSH-2.0-x\r\n\r\n", LOOPBACK_CLOSE } };
	WORLD(script);
	const struct kw_http_request request = get(&world, KW_UPSTREAM_MAA_KEYS);
	(void)state;
	assert_int_equal(call(&world, &request), -1);
	assert_true(kw_error_is(&world.err, KW_E_TOK_METADATA));
	assert_int_equal(atomic_load(&world.server->n_requests), 1);
}

static void a_closed_port_is_told(void **state)
{
	static const struct loopback_reply script[] = { GOOD };
	WORLD(script);
	const struct kw_http_request request = get(&world, KW_UPSTREAM_THIM);
	(void)state;
	loopback_stop(KW_STEAL(world.server));
	assert_int_equal(call(&world, &request), -1);
	assert_true(kw_error_is(&world.err, KW_E_COL_UNREACHABLE));
}

static void an_origin_that_is_not_configured_is_not_asked(void **state)
{
	static const struct loopback_reply script[] = { GOOD };
	WORLD(script);
	struct kw_http_request request = get(&world, KW_UPSTREAM_VAULT);
	KW_CLEANUP(freep) char *other = kw_format("http://localhost:%u/", world.server->port);
	(void)state;
	request.url = other;
	assert_int_equal(call(&world, &request), -1);
	assert_true(kw_error_is(&world.err, KW_E_CFG_ORIGIN));
	request.url = world.url;
	request.upstream = KW_UPSTREAM_ENTRA;
	assert_int_equal(call(&world, &request), -1);
	assert_true(kw_error_is(&world.err, KW_E_CFG_ORIGIN));
	assert_int_equal(atomic_load(&world.server->n_connections), 0);
}

static void a_bearer_is_not_sent_in_the_clear(void **state)
{
	static const struct loopback_reply script[] = { GOOD };
	WORLD(script);
	KW_CLEANUP(kw_secret_clear) struct kw_secret bearer = { 0 };
	struct kw_http_request request = get(&world, KW_UPSTREAM_VAULT);
	(void)state;
	assert_int_equal(kw_secret_take(kw_bytes_text("token"), &bearer, &world.err), 0);
	request.bearer = &bearer;
	assert_int_equal(call(&world, &request), -1);
	assert_true(kw_error_is(&world.err, KW_E_CFG_ORIGIN));
	assert_int_equal(atomic_load(&world.server->n_connections), 0);
}

static void proxies_of_the_environment_are_ignored(void **state)
{
	static const struct loopback_reply script[] = { GOOD };
	WORLD(script);
	const struct kw_http_request request = get(&world, KW_UPSTREAM_VAULT);
	(void)state;
	setenv("http_proxy", "http://127.0.0.1:9", 1);
	setenv("all_proxy", "http://127.0.0.1:9", 1);
	assert_int_equal(call(&world, &request), 0);
	unsetenv("http_proxy");
	unsetenv("all_proxy");
}

static void a_configured_proxy_is_used_but_not_for_imds(void **state)
{
	static const struct loopback_reply script[] = { GOOD };
	WORLD(script);
	struct kw_http_request request = get(&world, KW_UPSTREAM_VAULT);
	char *elsewhere = "http://vault.invalid:81/keys/db";
	(void)state;
	kw_http_free(KW_STEAL(world.http));
	world.key.url = elsewhere;
	world.config.network.proxy = world.origin;
	assert_int_equal(
		kw_http_new(&world.config, &world.clock, &world.random, &world.http, &world.err),
		0);
	request.url = elsewhere;
	assert_int_equal(call(&world, &request), 0);
	assert_memory_equal(world.server->requests[0], "GET http://vault.invalid:81/keys/db ", 36);
	request = get(&world, KW_UPSTREAM_IMDS);
	assert_int_equal(call(&world, &request), 0);
	assert_memory_equal(world.server->requests[1], "GET /keys/db?", 13);
}

static void connect_to_leads_to_another_address(void **state)
{
	static const struct loopback_reply script[] = { GOOD };
	WORLD(script);
	struct kw_http_request request = get(&world, KW_UPSTREAM_VAULT);
	KW_CLEANUP(freep)
	char *entry = kw_format("vault.invalid:81:127.0.0.1:%u", world.server->port);
	(void)state;
	kw_http_free(KW_STEAL(world.http));
	world.key.url = "http://vault.invalid:81/keys/db";
	world.config.network.connect_to = &entry;
	world.config.network.n_connect_to = 1;
	assert_int_equal(
		kw_http_new(&world.config, &world.clock, &world.random, &world.http, &world.err),
		0);
	request.url = world.key.url;
	assert_int_equal(call(&world, &request), 0);
	assert_non_null(strstr(world.server->requests[0], "\r\nHost: vault.invalid:81\r\n"));
}

static void names_are_resolved_by_us(void **state)
{
	static const struct loopback_reply script[] = { GOOD };
	WORLD(script);
	struct kw_http_request request = get(&world, KW_UPSTREAM_VAULT);
	KW_CLEANUP(freep)
	char *url = kw_format("http://vault.localhost:%u/keys/db", world.server->port);
	(void)state;
	kw_http_free(KW_STEAL(world.http));
	world.key.url = url;
	assert_int_equal(
		kw_http_new(&world.config, &world.clock, &world.random, &world.http, &world.err),
		0);
	request.url = url;
	assert_int_equal(call(&world, &request), 0);
	assert_int_equal(call(&world, &request), 0);
	assert_int_equal(atomic_load(&world.server->n_connections), 1);
}

static void outages_in_a_row_are_failed_fast(void **state)
{
	static const struct loopback_reply reset = { NULL, LOOPBACK_RESET };
	const struct loopback_reply script[] = { reset, reset, reset, GOOD };
	WORLD(script);
	struct kw_http_request request = get(&world, KW_UPSTREAM_VAULT);
	(void)state;
	request.once = true;
	for (int i = 0; i < 3; i++)
		assert_int_equal(call(&world, &request), -1);
	assert_int_equal(call(&world, &request), -1);
	assert_true(kw_error_is(&world.err, KW_E_REL_UNREACHABLE));
	assert_int_equal(world.err.upstream.retry_after_s, 20);
	assert_int_equal(atomic_load(&world.server->n_requests), 3);
	fake_sleep_ms(&world.time, 20000);
	assert_int_equal(call(&world, &request), 0);
	assert_int_equal(call(&world, &request), 0);
}

static void after_a_cancel_nothing_is_asked(void **state)
{
	static const struct loopback_reply script[] = { GOOD };
	WORLD(script);
	const struct kw_http_request request = get(&world, KW_UPSTREAM_IMDS);
	(void)state;
	kw_http_cancel(world.http);
	assert_int_equal(call(&world, &request), -1);
	assert_true(kw_error_is(&world.err, KW_E_IDN_UNREACHABLE));
	assert_non_null(strstr(world.err.detail, "stopping"));
	assert_false(kw_http_pause(world.http, 1000));
	assert_int_equal(atomic_load(&world.time.slept_ms), 0);
}

static void *cancel_soon(void *ctx)
{
	struct world *world = ctx;
	while (atomic_load(&world->server->n_requests) == 0)
		sched_yield();
	kw_http_cancel(world->http);
	return NULL;
}

static void a_cancel_ends_a_call_under_way(void **state)
{
	static const struct loopback_reply script[] = { { NULL, LOOPBACK_HOLD } };
	WORLD(script);
	const struct kw_http_request request = get(&world, KW_UPSTREAM_IMDS);
	pthread_t thread;
	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, cancel_soon, &world), 0);
	assert_int_equal(call(&world, &request), -1);
	pthread_join(thread, NULL);
	assert_non_null(strstr(world.err.detail, "stopping"));
}

enum { N_CALLERS = 4, N_CALLS = 20 };

struct caller {
	struct world *world;
	pthread_t thread;
	int good;
};

static void *call_often(void *ctx)
{
	struct caller *caller = ctx;
	const struct kw_http_request request = get(caller->world, KW_UPSTREAM_VAULT);
	for (int i = 0; i < N_CALLS; i++) {
		KW_CLEANUP(kw_http_answer_clear) struct kw_http_answer answer = { 0 };
		struct kw_error err = { 0 };
		caller->good += kw_http_call(caller->world->http, &request, &answer, &err) == 0
				&& answer.outcome == KW_HTTP_OK;
	}
	return NULL;
}

static void threads_share_a_client(void **state)
{
	static const struct loopback_reply script[] = {
		{ LOOPBACK_ANSWER("500 Internal Server Error", "", 0, ""), LOOPBACK_KEEP },
		GOOD,
		{ NULL, LOOPBACK_RESET },
		GOOD,
	};
	WORLD(script);
	struct caller callers[N_CALLERS];
	(void)state;
	for (int i = 0; i < N_CALLERS; i++) {
		callers[i] = (struct caller){ .world = &world };
		assert_int_equal(pthread_create(&callers[i].thread, NULL, call_often, &callers[i]),
				 0);
	}
	for (int i = 0; i < N_CALLERS; i++) {
		pthread_join(callers[i].thread, NULL);
		assert_int_equal(callers[i].good, N_CALLS);
	}
}

static const struct refusal_row {
	const char *name, *body;
	enum kw_http_outcome outcome;
	const char *expect_code, *expect_detail;
} refusal_rows[] = {
	{ "given the vault's form, code and inner code are told",
	  "{\"error\":{\"code\":\"Forbidden\",\"message\":\"no\",\"innererror\":{\"code\":"
	  "\"AccessDenied\"}}}",
	  KW_HTTP_FINAL, "Forbidden/AccessDenied", "HTTP 403 Forbidden/AccessDenied: no" },
	{ "given nested inner errors, the innermost is told",
	  "{\"error\":{\"code\":\"A\",\"innererror\":{\"code\":\"B\",\"innererror\":{\"code\":"
	  "\"C\"}}}}",
	  KW_HTTP_FINAL, "A/C", "HTTP 403 A/C" },
	{ "given the form of IMDS and Entra, both texts are told",
	  "{\"error\":\"invalid_request\",\"error_description\":\"Identity not found\"}",
	  KW_HTTP_FINAL, "invalid_request", "HTTP 403 invalid_request: Identity not found" },
	{ "given a message alone, it is told", "{\"Message\":\"gone\"}", KW_HTTP_RETRY, "",
	  "HTTP 403: gone" },
	{ "given control bytes, they are cleaned", "{\"error\":\"a\\u001b[31mb\"}", KW_HTTP_FINAL,
	  "a?[31mb", "HTTP 403 a?[31mb" },
	{ "given a code that is too long, it is cut",
	  "{\"error\":\"0123456789012345678901234567890123456789012345678901234567890\"}",
	  KW_HTTP_FINAL, "01234567890123456789012345678901234567890123456", "HTTP 403 0123" },
	{ "given no JSON, the status is told", "<html>", KW_HTTP_FINAL, "", "HTTP 403" },
	{ "given nothing, the status is told", "", KW_HTTP_RETRY, "", "HTTP 403" },
	{ "given other types, the status is told", "{\"error\":[1],\"message\":{}}", KW_HTTP_FINAL,
	  "", "HTTP 403" },
};

static void refusals_are_told(void **state)
{
	const struct refusal_row *row = *state;
	KW_CLEANUP(kw_http_answer_clear)
	struct kw_http_answer answer = { .outcome = row->outcome,
					 .status = 403,
					 .body = kw_blob_copy(kw_bytes_text(row->body)),
					 .request_id = "id-7",
					 .retry_after_s = 3 };
	struct kw_error err = { 0 };
	assert_int_equal(kw_http_refused(&answer, KW_E_REL_BUSY, KW_E_REL_DENIED, &err), -1);
	assert_true(
		kw_error_is(&err, row->outcome == KW_HTTP_RETRY ? KW_E_REL_BUSY : KW_E_REL_DENIED));
	assert_string_equal(err.upstream.code, row->expect_code);
	assert_int_equal(strncmp(err.detail, row->expect_detail, strlen(row->expect_detail)), 0);
	assert_int_equal(err.upstream.status, 403);
	assert_int_equal(err.upstream.retry_after_s, 3);
	assert_string_equal(err.upstream.request_id, "id-7");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_200_is_handed_over),
		cmocka_unit_test(a_request_is_what_the_services_expect),
		cmocka_unit_test(connections_are_used_again),
		cmocka_unit_test(connections_that_idle_for_a_minute_are_closed),
		cmocka_unit_test(a_redirect_is_not_followed),
		cmocka_unit_test(paths_are_sent_as_they_are),
		cmocka_unit_test(a_long_secret_grows_in_the_arena),
		cmocka_unit_test(a_long_message_of_a_refusal_is_left_out),
		cmocka_unit_test(a_429_is_asked_again_when_it_says),
		cmocka_unit_test(a_retry_after_behind_the_deadline_is_not_waited_for),
		cmocka_unit_test(a_retry_after_beyond_the_patience_goes_back_to_the_caller),
		cmocka_unit_test(a_host_that_named_a_time_is_left_alone_until_then),
		cmocka_unit_test(a_retry_after_with_a_refusal_stops_nobody),
		cmocka_unit_test(a_503_is_asked_again_over_a_new_connection),
		cmocka_unit_test(once_means_once),
		cmocka_unit_test(attempts_that_all_fail_are_counted_in_the_error),
		cmocka_unit_test(no_attempt_starts_after_the_deadline),
		cmocka_unit_test(a_restart_of_imds_is_waited_out),
		cmocka_unit_test(a_silent_server_is_given_up),
		cmocka_unit_test(a_peer_that_does_not_speak_http_is_told),
		cmocka_unit_test(a_closed_port_is_told),
		cmocka_unit_test(an_origin_that_is_not_configured_is_not_asked),
		cmocka_unit_test(a_bearer_is_not_sent_in_the_clear),
		cmocka_unit_test(proxies_of_the_environment_are_ignored),
		cmocka_unit_test(a_configured_proxy_is_used_but_not_for_imds),
		cmocka_unit_test(connect_to_leads_to_another_address),
		cmocka_unit_test(names_are_resolved_by_us),
		cmocka_unit_test(outages_in_a_row_are_failed_fast),
		cmocka_unit_test(after_a_cancel_nothing_is_asked),
		cmocka_unit_test(a_cancel_ends_a_call_under_way),
		cmocka_unit_test(threads_share_a_client),
	};
	return KW_ROWS_RUN(size_rows, sizes_are_capped)
	       + KW_ROWS_RUN(again_rows, what_may_pass_is_asked_again)
	       + KW_ROWS_RUN(refusal_rows, refusals_are_told)
	       + cmocka_run_group_tests_name("client", tests, NULL, NULL);
}
