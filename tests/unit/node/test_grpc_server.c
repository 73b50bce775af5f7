/* SPDX-License-Identifier: Apache-2.0 */
/* Both ends of a connection, joined without a socket; and bytes that nobody would send. */
#include "fake_time.h"
#include "node/grpc_client.h"
#include "node/grpc_server.h"
#include "rows.h"

#include <stdio.h>

static unsigned n_calls;

static enum kw_grpc_status echo(void *ctx KW_UNUSED, struct kw_bytes request,
				struct kw_grpc_reply *ret)
{
	n_calls++;
	ret->message = kw_blob_copy(request);
	return KW_GRPC_OK;
}

static enum kw_grpc_status refuse(void *ctx KW_UNUSED, struct kw_bytes request KW_UNUSED,
				  struct kw_grpc_reply *ret)
{
	(void)snprintf(ret->text, sizeof(ret->text), "no such thing");
	return KW_GRPC_NOT_FOUND;
}

static const struct kw_grpc_method methods[] = {
	{ "/t.S/Echo", false, echo },
	{ "/t.S/Refuse", false, refuse },
	{ "/t.S/Watch", true, echo },
	{ 0 },
};

struct world {
	struct fake_time time;
	struct kw_clock clock;
	struct kw_grpc_server server;
	struct kw_grpc_peer *peer;
};

static void world_open(struct world *world)
{
	*world = (struct world){ .time.boot_ms = 1000 };
	world->clock = fake_clock(&world->time);
	world->server = (struct kw_grpc_server){ methods, NULL, &world->clock };
	world->peer = kw_grpc_peer_new(&world->server);
	n_calls = 0;
}

/* Everything that `from` has to say reaches `to`, or is dropped (NULL); how many bytes. */
static size_t carry(struct kw_grpc_session *from, struct kw_grpc_session *to)
{
	size_t n = 0;
	struct kw_bytes out;

	while ((out = kw_grpc_pending(from)).len > 0) {
		n += out.len;
		if (to && !kw_grpc_feed(to, out))
			fail_msg("%zu bytes were refused", out.len);
		kw_grpc_sent(from, out.len);
	}
	return n;
}

static void talk(struct kw_grpc_session *a, struct kw_grpc_session *b)
{
	while (carry(a, b) + carry(b, a) > 0)
		;
}

static const struct row {
	const char *name, *path;
	size_t len; /* of the request */
	int status;
	const char *says;
} rows[] = {
	{ "given a method, it answers", "/t.S/Echo", 10, KW_GRPC_OK, "" },
	{ "given the longest message, it comes back", "/t.S/Echo", KW_GRPC_MESSAGE_MAX, KW_GRPC_OK,
	  "" },
	{ "given one byte more, it is too long", "/t.S/Echo", KW_GRPC_MESSAGE_MAX + 1,
	  KW_GRPC_RESOURCE_EXHAUSTED, "too long" },
	{ "given a method that refuses, its words arrive", "/t.S/Refuse", 0, KW_GRPC_NOT_FOUND,
	  "no such thing" },
	{ "given an unknown method, it says so", "/t.S/Nothing", 0, KW_GRPC_UNIMPLEMENTED,
	  "no such method" },
};

static void answers(void **state)
{
	const struct row *row = *state;
	KW_CLEANUP(kw_blob_clear) struct kw_blob request = kw_blob_new(row->len);
	KW_CLEANUP(kw_grpc_call_freep)
	struct kw_grpc_call *call = kw_grpc_call_new(row->path, kw_blob_bytes(&request));
	struct kw_grpc_outcome outcome = { 0 };
	struct world world;

	world_open(&world);
	talk(kw_grpc_call_session(call), kw_grpc_peer_session(world.peer));
	assert_true(kw_grpc_call_done(call, &outcome));
	assert_int_equal(outcome.status, row->status);
	assert_non_null(strstr(outcome.text, row->says));
	kw_grpc_peer_free(world.peer);
}

static void a_watcher_is_told_the_newest_and_no_more(void **state)
{
	KW_CLEANUP(kw_grpc_call_freep)
	struct kw_grpc_call *call = kw_grpc_call_new("/t.S/Watch", (struct kw_bytes){ 0 });
	struct kw_grpc_outcome outcome = { 0 };
	struct world world;

	(void)state;
	world_open(&world);
	talk(kw_grpc_call_session(call), kw_grpc_peer_session(world.peer));
	assert_int_equal(kw_grpc_peer_watching(world.peer), 1);
	assert_int_equal(n_calls, 1);
	for (int i = 0; i < 100; i++)
		kw_grpc_peer_renew(world.peer);
	talk(kw_grpc_call_session(call), kw_grpc_peer_session(world.peer));
	assert_int_equal(n_calls, 2);
	assert_false(kw_grpc_call_done(call, &outcome));
	world.time.boot_ms += 2 * KW_GRPC_CALL_MS;
	assert_true(kw_grpc_peer_tick(world.peer) == INT64_MAX); /* a watcher may stay */
	kw_grpc_peer_free(world.peer);
}

static void a_call_that_is_not_completed_is_reset(void **state)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob request = kw_blob_new(100);
	KW_CLEANUP(kw_grpc_call_freep)
	struct kw_grpc_call *call = kw_grpc_call_new("/t.S/Echo", kw_blob_bytes(&request));
	struct kw_grpc_outcome outcome = { 0 };
	struct kw_grpc_session *client = kw_grpc_call_session(call);
	struct kw_bytes out;
	struct world world;

	(void)state;
	world_open(&world);
	while (kw_grpc_peer_tick(world.peer)
	       == INT64_MAX) { /* until the request's headers are in */
		out = kw_grpc_pending(client);
		assert_true(out.len > 0);
		assert_true(kw_grpc_feed(kw_grpc_peer_session(world.peer), out));
		kw_grpc_sent(client, out.len);
	}
	(void)carry(kw_grpc_peer_session(world.peer), client);
	assert_false(kw_grpc_call_done(call, &outcome));
	world.time.boot_ms += KW_GRPC_CALL_MS;
	assert_true(kw_grpc_peer_tick(world.peer) == INT64_MAX);
	(void)carry(kw_grpc_peer_session(world.peer), client);
	assert_true(kw_grpc_call_done(call, &outcome));
	assert_int_not_equal(outcome.status, KW_GRPC_OK);
	kw_grpc_peer_free(world.peer);
}

/* xorshift: the same bytes in every run. */
static uint32_t next_chance(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

/* What a good client says, with some of its bytes changed: the server refuses it or lives on. */
static void bent_bytes_do_no_harm(void **state)
{
	uint32_t seed = 2463534242u;

	(void)state;
	for (int i = 0; i < 3000; i++) {
		KW_CLEANUP(kw_blob_clear) struct kw_blob said = kw_blob_new(0);
		KW_CLEANUP(kw_grpc_call_freep)
		struct kw_grpc_call *call =
			kw_grpc_call_new("/t.S/Echo", kw_bytes_text("12345678"));
		struct kw_bytes out;
		struct world world;

		while ((out = kw_grpc_pending(kw_grpc_call_session(call))).len > 0) {
			kw_blob_append(&said, out);
			kw_grpc_sent(kw_grpc_call_session(call), out.len);
		}
		for (uint32_t n = 1 + next_chance(&seed) % 8; n > 0; n--)
			said.data[next_chance(&seed) % said.len] = (uint8_t)next_chance(&seed);
		world_open(&world);
		if (kw_grpc_feed(kw_grpc_peer_session(world.peer), kw_blob_bytes(&said)))
			assert_true(carry(kw_grpc_peer_session(world.peer), NULL) > 0);
		assert_true(n_calls <= 1);
		kw_grpc_peer_free(world.peer);
	}
}

static void an_answer_needs_all_of_its_parts(void **state)
{
	/* SETTINGS; HEADERS of stream 1 that end it, with ":status: 200" alone (RFC 7541: index 8)
	 */
	static const uint8_t bare[] = {
		0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 1, 1, 5, 0, 0, 0, 1, 0x88
	};
	static const uint8_t not_http[] = "HTTP/1.1 200 OK\r\n\r\n";
	struct kw_grpc_outcome outcome = { 0 };
	struct kw_grpc_call *call = kw_grpc_call_new("/x", (struct kw_bytes){ 0 });

	(void)state;
	(void)carry(kw_grpc_call_session(call), NULL);
	assert_true(kw_grpc_feed(kw_grpc_call_session(call), KW_BYTES(bare)));
	assert_true(kw_grpc_call_done(call, &outcome));
	assert_int_equal(outcome.status, KW_GRPC_UNKNOWN);
	kw_grpc_call_free(call);
	call = kw_grpc_call_new("/x", (struct kw_bytes){ 0 });
	(void)carry(kw_grpc_call_session(call), NULL);
	(void)!kw_grpc_feed(kw_grpc_call_session(call), KW_BYTES(not_http));
	assert_false(kw_grpc_call_done(call, &outcome));
	kw_grpc_call_free(call);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_watcher_is_told_the_newest_and_no_more),
		cmocka_unit_test(a_call_that_is_not_completed_is_reset),
		cmocka_unit_test(bent_bytes_do_no_harm),
		cmocka_unit_test(an_answer_needs_all_of_its_parts),
	};

	return KW_ROWS_RUN(rows, answers)
	       + cmocka_run_group_tests_name("connections", tests, NULL, NULL);
}
