/* SPDX-License-Identifier: Apache-2.0 */
/* Requests and answers are written here byte by byte, from the field numbers of the API. */
#include "node/plugin.h"
#include "rows.h"
#include "util/log.h"

#include <fcntl.h>

static char resource[] = "d/t", device[] = "/d", directory[] = "/p";
static struct kw_config config = {
	.node = { .resource = resource, .device = device, .directory = directory, .count = 12 }
};

static enum kw_grpc_status call(struct kw_plugin *plugin, const char *method,
				struct kw_bytes request, struct kw_grpc_reply *ret)
{
	for (const struct kw_grpc_method *m = kw_plugin_methods; m->path; m++)
		if (strcmp(strrchr(m->path, '/') + 1, method) == 0)
			return m->call(plugin, request, ret);
	fail_msg("no method '%s'", method);
	return KW_GRPC_UNIMPLEMENTED;
}

/* One container (field 1), with ids (field 1 in it). */
static const struct row {
	const char *name, *request;
	size_t len;
	bool healthy;
	enum kw_grpc_status status;
	uint64_t n_handed_out;
} rows[] = {
	{ "given an id, it is handed out", "\x0a\x07\x0a\x05tpm-0", 9, true, KW_GRPC_OK, 1 },
	{ "given the last id, it is handed out", "\x0a\x08\x0a\x06tpm-11", 10, true, KW_GRPC_OK,
	  1 },
	{ "given two ids, both count", "\x0a\x0e\x0a\x05tpm-0\x0a\x05tpm-1", 16, true, KW_GRPC_OK,
	  2 },
	{ "given an unknown field, it is skipped", "\x0a\x09\x0a\x05tpm-0\x48\x01", 11, true,
	  KW_GRPC_OK, 1 },
	{ "given the id behind the last, it is not found", "\x0a\x08\x0a\x06tpm-12", 10, true,
	  KW_GRPC_NOT_FOUND, 0 },
	{ "given a zero in front, it is not found", "\x0a\x08\x0a\x06tpm-01", 10, true,
	  KW_GRPC_NOT_FOUND, 0 },
	{ "given a sign, it is not found", "\x0a\x08\x0a\x06tpm-+1", 10, true, KW_GRPC_NOT_FOUND,
	  0 },
	{ "given no number, it is not found", "\x0a\x06\x0a\x04tpm-", 8, true, KW_GRPC_NOT_FOUND,
	  0 },
	{ "given half of a name, it is not found", "\x0a\x04\x0a\x02tp", 6, true, KW_GRPC_NOT_FOUND,
	  0 },
	{ "given a container without ids, it is refused", "\x0a\x00", 2, true,
	  KW_GRPC_INVALID_ARGUMENT, 0 },
	{ "given a length that leads outside, it is refused", "\x0a\x7f\x0a", 3, true,
	  KW_GRPC_INVALID_ARGUMENT, 0 },
	{ "given no device on the node, it is not available", "\x0a\x07\x0a\x05tpm-0", 9, false,
	  KW_GRPC_UNAVAILABLE, 0 },
};

static void allocates(void **state)
{
	/* devices (3): "/d", "/h", "rw"; mounts (2): "/p", "/p", true */
	static const char answer[] = "\x0a\x1a"
				     "\x12\x0a\x0a\x02/p\x12\x02/p\x18\x01"
				     "\x1a\x0c\x0a\x02/d\x12\x02/h\x1a\x02rw";
	const struct row *row = *state;
	struct kw_plugin plugin = { &config, "/h", row->healthy, 0 };
	struct kw_grpc_reply reply = { 0 };
	const struct kw_bytes request = { (const uint8_t *)row->request, row->len };

	assert_int_equal(call(&plugin, "Allocate", request, &reply), row->status);
	assert_int_equal(plugin.n_allocated, row->n_handed_out);
	if (row->status == KW_GRPC_OK) {
		assert_int_equal(reply.message.len, sizeof(answer) - 1);
		assert_memory_equal(reply.message.data, answer, sizeof(answer) - 1);
	} else {
		assert_int_equal(reply.message.len, 0);
		assert_int_not_equal(reply.text[0], '\0');
	}
	kw_blob_clear(&reply.message);
}

static void the_list_tells_every_device_and_its_health(void **state)
{
	static const char first[] = "\x0a\x12\x0a\x05tpm-0\x12\x09Unhealthy";
	struct kw_plugin plugin = { &config, "/h", false, 0 };
	struct kw_grpc_reply reply = { 0 };

	(void)state;
	assert_int_equal(call(&plugin, "ListAndWatch", (struct kw_bytes){ 0 }, &reply), KW_GRPC_OK);
	assert_memory_equal(reply.message.data, first, sizeof(first) - 1);
	assert_int_equal(reply.message.len, 10 * 20 + 2 * 21);
	kw_blob_clear(&reply.message);
}

static void the_registration_names_us(void **state)
{
	static const char expected[] = "\x0a\x07v1beta1\x12\x10keyward-tpm.sock\x1a\x03"
				       "d/t\x22\x00";
	KW_CLEANUP(kw_blob_clear) struct kw_blob found = kw_plugin_registration(&config);

	(void)state;
	assert_int_equal(found.len, sizeof(expected) - 1);
	assert_memory_equal(found.data, expected, found.len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_list_tells_every_device_and_its_health),
		cmocka_unit_test(the_registration_names_us),
	};

	kw_log_setup(KW_LOG_ERROR, KW_LOG_TEXT, STDERR_FILENO);
	return KW_ROWS_RUN(rows, allocates)
	       + cmocka_run_group_tests_name("plugin", tests, NULL, NULL);
}
