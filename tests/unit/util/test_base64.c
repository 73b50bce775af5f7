/* SPDX-License-Identifier: Apache-2.0 */
#include "rows.h"
#include "util/base64.h"

/* `plain` NULL: refused. The vectors of RFC 4648 section 10 come first. */
static const struct decode_row {
	const char *name;
	enum kw_base64 flavour;
	const char *text, *plain;
} decode_rows[] = {
	{ "given nothing, it is nothing", KW_BASE64, "", "" },
	{ "given f, padded", KW_BASE64, "Zg==", "f" },
	{ "given fo, padded", KW_BASE64, "Zm8=", "fo" },
	{ "given foo", KW_BASE64, "Zm9v", "foo" },
	{ "given foob, padded", KW_BASE64, "Zm9vYg==", "foob" },
	{ "given fooba, padded", KW_BASE64, "Zm9vYmE=", "fooba" },
	{ "given foobar", KW_BASE64, "Zm9vYmFy", "foobar" },
	{ "given the last two digits of the standard alphabet", KW_BASE64, "+/+/", "\xfb\xff\xbf" },
	{ "given the last two digits of the URL alphabet", KW_BASE64URL, "-_-_", "\xfb\xff\xbf" },
	{ "given no padding where it is due, it is refused", KW_BASE64, "Zg", NULL },
	{ "given half the padding, it is refused", KW_BASE64, "Zg=", NULL },
	{ "given too much padding, it is refused", KW_BASE64, "Zm8==", NULL },
	{ "given padding alone, it is refused", KW_BASE64, "====", NULL },
	{ "given padding behind a whole group, it is refused", KW_BASE64, "Zm9v====", NULL },
	{ "given one pad behind a whole group, it is refused", KW_BASE64, "Zm9v=", NULL },
	{ "given data behind padding, it is refused", KW_BASE64, "Zg==Zg==", NULL },
	{ "given bits behind one byte, it is refused", KW_BASE64, "Zh==", NULL },
	{ "given bits behind two bytes, it is refused", KW_BASE64, "Zm9=", NULL },
	{ "given one digit, it is refused", KW_BASE64URL, "Z", NULL },
	{ "given five digits, it is refused", KW_BASE64URL, "Zm9vY", NULL },
	{ "given a blank, it is refused", KW_BASE64, "Zm 9v", NULL },
	{ "given a newline, it is refused", KW_BASE64, "Zm9v\n", NULL },
	{ "given the URL alphabet for the standard one, it is refused", KW_BASE64, "-_-_", NULL },
	{ "given the standard alphabet for URL, it is refused", KW_BASE64URL, "+/+/", NULL },
	{ "given another character, it is refused", KW_BASE64URL, "Zm9*", NULL },
	{ "given a byte above ASCII, it is refused", KW_BASE64URL, "Zm9\xc3", NULL },
	{ "given URL without padding", KW_BASE64URL, "Zm8", "fo" },
	{ "given padding where none may be, it is refused", KW_BASE64URL, "Zm8=", NULL },
	{ "given URL with padding", KW_BASE64URL_PADDED, "Zm8=", "fo" },
	{ "given URL without the padding due, it is refused", KW_BASE64URL_PADDED, "Zm8", NULL },
	{ "given lenient URL without padding", KW_BASE64URL_LENIENT, "Zg", "f" },
	{ "given lenient URL with padding", KW_BASE64URL_LENIENT, "Zg==", "f" },
	{ "given lenient URL with wrong padding, it is refused", KW_BASE64URL_LENIENT,
	  "Zg=", NULL },
	{ "given lenient URL with the other alphabet, it is refused", KW_BASE64URL_LENIENT, "+/+/",
	  NULL },
	{ "given either: standard", KW_BASE64_EITHER, "+/+/", "\xfb\xff\xbf" },
	{ "given either: URL", KW_BASE64_EITHER, "-_-_", "\xfb\xff\xbf" },
	{ "given either: no padding", KW_BASE64_EITHER, "Zg", "f" },
	{ "given either: padding over two lines", KW_BASE64_EITHER, "Zm\r\n9vYg=\n=\n", "foob" },
	{ "given either: both alphabets mixed, it is refused", KW_BASE64_EITHER, "+_+_", NULL },
	{ "given either: both mixed the other way, it is refused", KW_BASE64_EITHER, "-/", NULL },
	{ "given either: a blank, it is refused", KW_BASE64_EITHER, "Zm 9v", NULL },
};

static void decodes_as_expected(void **state)
{
	const struct decode_row *row = *state;
	struct kw_bytes text = kw_bytes_text(row->text), plain = kw_bytes_text(row->plain);
	struct kw_blob blob = { 0 };
	struct kw_secret secret = { 0 };

	assert_int_equal(kw_base64_decode(row->flavour, text, &blob), row->plain != NULL);
	assert_int_equal(kw_base64_decode_secret(row->flavour, text, &secret), row->plain != NULL);
	assert_true(kw_bytes_equal(kw_blob_bytes(&blob), plain));
	assert_true(kw_bytes_equal(kw_secret_bytes(&secret), plain));
	assert_int_equal(blob.data != NULL, row->plain != NULL); /* untouched on failure */
	assert_int_equal(secret.data != NULL, row->plain != NULL);
	if (blob.data && secret.data) {
		assert_int_equal(blob.data[blob.len], '\0');
		assert_int_equal(secret.data[secret.len], '\0');
	}
	kw_blob_clear(&blob);
	kw_secret_clear(&secret);
	assert_int_equal(kw_arena_state().used, 0);
}

static const struct encode_row {
	const char *name;
	enum kw_base64 flavour;
	const char *plain, *text;
} encode_rows[] = {
	{ "given nothing, nothing is written", KW_BASE64, "", "" },
	{ "given f, two pads are written", KW_BASE64, "f", "Zg==" },
	{ "given fo, one pad is written", KW_BASE64, "fo", "Zm8=" },
	{ "given foo, none is written", KW_BASE64, "foo", "Zm9v" },
	{ "given foobar, two groups are written", KW_BASE64, "foobar", "Zm9vYmFy" },
	{ "given high bits, the standard alphabet is used", KW_BASE64, "\xfb\xff\xbf", "+/+/" },
	{ "given high bits, the URL alphabet is used", KW_BASE64URL, "\xfb\xff\xbf", "-_-_" },
	{ "given f for URL, no pad is written", KW_BASE64URL, "f", "Zg" },
	{ "given fo for URL, no pad is written", KW_BASE64URL, "fo", "Zm8" },
	{ "given f for padded URL, pads are written", KW_BASE64URL_PADDED, "f", "Zg==" },
};

static void encodes_as_expected(void **state)
{
	const struct encode_row *row = *state;
	char *text = kw_base64_encode(row->flavour, kw_bytes_text(row->plain));
	struct kw_secret secret = { 0 };

	assert_string_equal(text, row->text);
	assert_true(kw_base64_encode_secret(row->flavour, kw_bytes_text(row->plain), &secret));
	assert_string_equal((char *)secret.data, row->text);
	assert_int_equal(secret.len, strlen(row->text));
	free(text);
	kw_secret_clear(&secret);
}

static void every_byte_comes_back(void **state)
{
	static const enum kw_base64 flavours[] = { KW_BASE64, KW_BASE64URL, KW_BASE64URL_PADDED };
	uint8_t raw[256];

	(void)state;
	for (size_t i = 0; i < sizeof(raw); i++)
		raw[i] = (uint8_t)(i * 7);
	for (size_t f = 0; f < 3; f++)
		for (size_t len = 0; len <= sizeof(raw); len++) {
			struct kw_blob back = { 0 };
			char *text = kw_base64_encode(flavours[f], (struct kw_bytes){ raw, len });
			assert_true(kw_base64_decode(flavours[f], kw_bytes_text(text), &back));
			assert_int_equal(back.len, len);
			assert_memory_equal(back.data, raw, len);
			kw_blob_clear(&back);
			free(text);
		}
}

static void a_full_arena_is_a_refusal(void **state)
{
	struct kw_secret all = { 0 }, ret = { 0 };
	struct kw_error err = { 0 };

	(void)state;
	assert_int_equal(kw_secret_new(kw_arena_state().size - 1, &all, &err), 0);
	assert_false(kw_base64_decode_secret(KW_BASE64, kw_bytes_text("Zm9v"), &ret));
	assert_false(kw_base64_encode_secret(KW_BASE64, kw_bytes_text("foo"), &ret));
	assert_null(ret.data);
	kw_secret_clear(&all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_byte_comes_back),
		cmocka_unit_test(a_full_arena_is_a_refusal),
	};
	return KW_ROWS_RUN(decode_rows, decodes_as_expected)
	       + KW_ROWS_RUN(encode_rows, encodes_as_expected)
	       + cmocka_run_group_tests_name("base64", tests, NULL, NULL);
}
