/* SPDX-License-Identifier: Apache-2.0 */
/* Framing as gRPC's "Length-Prefixed-Message" has it. */
#include "node/grpc.h"
#include "rows.h"

static const struct frame_row {
	const char *name;
	uint8_t bytes[8];
	size_t len;
	enum kw_grpc_status status;
	size_t message_len;
} frame_rows[] = {
	{ "given an empty message, it is one", { 0 }, 5, KW_GRPC_OK, 0 },
	{ "given three bytes, they are the message", { 0, 0, 0, 0, 3, 7, 8, 9 }, 8, KW_GRPC_OK, 3 },
	{ "given nothing, it is refused", { 0 }, 0, KW_GRPC_INTERNAL, 0 },
	{ "given four bytes of prefix, it is refused", { 0 }, 4, KW_GRPC_INTERNAL, 0 },
	{ "given one byte too few, it is refused",
	  { 0, 0, 0, 0, 3, 7, 8 },
	  7,
	  KW_GRPC_INTERNAL,
	  0 },
	{ "given one byte too many, it is refused",
	  { 0, 0, 0, 0, 1, 7, 8 },
	  7,
	  KW_GRPC_INTERNAL,
	  0 },
	{ "given the greatest length, it is refused",
	  { 0, 255, 255, 255, 255, 1 },
	  6,
	  KW_GRPC_INTERNAL,
	  0 },
	{ "given compression, it is not offered", { 1, 0, 0, 0, 0 }, 5, KW_GRPC_UNIMPLEMENTED, 0 },
	{ "given another flag, it is refused", { 2, 0, 0, 0, 0 }, 5, KW_GRPC_INTERNAL, 0 },
};

static void unframes(void **state)
{
	const struct frame_row *row = *state;
	struct kw_bytes message = { 0 };
	const char *why = NULL;

	assert_int_equal(kw_grpc_unframe((struct kw_bytes){ row->bytes, row->len }, &message, &why),
			 row->status);
	assert_int_equal(message.len, row->message_len);
	assert_non_null(why);
}

static const struct text_row {
	const char *name, *text;
	int status; /* of a grpc-status */
	bool is_type;
} text_rows[] = {
	{ "given 0, it is ok", "0", 0, false },
	{ "given 16, it is that", "16", 16, false },
	{ "given no digit, it is unknown", "", KW_GRPC_UNKNOWN, false },
	{ "given a sign, it is unknown", "-1", KW_GRPC_UNKNOWN, false },
	{ "given five digits, it is unknown", "00000", KW_GRPC_UNKNOWN, false },
	{ "given the type, it is gRPC", "application/grpc", KW_GRPC_UNKNOWN, true },
	{ "given a format behind it, it is gRPC", "application/grpc+proto", KW_GRPC_UNKNOWN, true },
	{ "given another type, it is not", "application/grpc-web", KW_GRPC_UNKNOWN, false },
	{ "given a part of the type, it is not", "application/grp", KW_GRPC_UNKNOWN, false },
};

static void reads_texts(void **state)
{
	const struct text_row *row = *state;

	assert_int_equal(kw_grpc_status_parse(kw_bytes_text(row->text)), row->status);
	assert_int_equal(kw_grpc_is_content_type(kw_bytes_text(row->text)), row->is_type);
}

static void a_body_ends_at_its_limit(void **state)
{
	const size_t max = KW_GRPC_PREFIX_SIZE + KW_GRPC_MESSAGE_MAX;
	KW_CLEANUP(kw_blob_clear) struct kw_blob bytes = kw_blob_new(max);
	struct kw_grpc_body body = { 0 };

	(void)state;
	kw_grpc_body_take(&body, kw_blob_bytes(&bytes));
	assert_false(body.too_long);
	kw_grpc_body_take(&body, (struct kw_bytes){ bytes.data, 1 });
	assert_true(body.too_long);
	assert_int_equal(body.bytes.len, max);
	kw_grpc_body_clear(&body);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(a_body_ends_at_its_limit) };

	return KW_ROWS_RUN(frame_rows, unframes) + KW_ROWS_RUN(text_rows, reads_texts)
	       + cmocka_run_group_tests_name("body", tests, NULL, NULL);
}
