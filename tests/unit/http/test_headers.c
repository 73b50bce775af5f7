/* SPDX-License-Identifier: Apache-2.0 */
#include "http/headers.h"

#include "rows.h"

static struct kw_secret secret_of(const char *text)
{
	struct kw_secret secret = { 0 };
	struct kw_error err = { 0 };
	assert_int_equal(kw_secret_take(kw_bytes_text(text), &secret, &err), 0);
	return secret;
}

/* The list as one text, one line each. */
static void joined(const struct curl_slist *list, char *ret, size_t size)
{
	size_t len = 0;
	*ret = '\0';
	for (; list != NULL; list = list->next)
		len += (size_t)snprintf(ret + len, size - len, "%s\n", list->data);
}

static void requests_carry_what_they_name(void **state)
{
	KW_CLEANUP(kw_secret_clear) struct kw_secret bearer = secret_of("eyJ.eyJ.sig");
	KW_CLEANUP(kw_request_headers_freep) struct curl_slist *list = NULL;
	const char *const headers[] = { "Metadata: true", "Accept: application/json", NULL };
	const struct kw_http_request request = { .headers = headers,
						 .content_type = "application/json",
						 .bearer = &bearer };
	struct kw_error err = { 0 };
	char text[256];
	(void)state;
	assert_int_equal(kw_request_headers_new(&request, &list, &err), 0);
	joined(list, text, sizeof(text));
	assert_string_equal(text, "Expect:\n"
				  "Content-Type: application/json\n"
				  "Metadata: true\n"
				  "Accept: application/json\n"
				  "Authorization: Bearer eyJ.eyJ.sig\n");
	assert_int_equal(kw_arena_state().used, 64); /* the bearer alone; the line is gone */
}

static void requests_without_anything_send_no_type(void **state)
{
	KW_CLEANUP(kw_request_headers_freep) struct curl_slist *list = NULL;
	const struct kw_http_request request = { 0 };
	struct kw_error err = { 0 };
	char text[64];
	(void)state;
	assert_int_equal(kw_request_headers_new(&request, &list, &err), 0);
	joined(list, text, sizeof(text));
	assert_string_equal(text, "Expect:\nContent-Type:\n");
}

static const struct bad_row {
	const char *name, *header, *type, *bearer;
	enum kw_error_name expect;
} bad_rows[] = {
	{ "given a line break in a header, it is refused", "A: b\r\nC: d", "t", "x",
	  KW_E_SYS_INTERNAL },
	{ "given a control byte in a type, it is refused", "A: b", "t\x01", "x",
	  KW_E_SYS_INTERNAL },
	{ "given a line break in a bearer, it is refused", "A: b", "t", "x\r\nC: d",
	  KW_E_SYS_DATA },
	{ "given a blank in a bearer, it is refused", "A: b", "t", "x y", KW_E_SYS_DATA },
	{ "given an empty bearer, it is refused", "A: b", "t", "", KW_E_SYS_DATA },
	{ "given a bearer that is not ASCII, it is refused", "A: b", "t", "x\xc3\xa4",
	  KW_E_SYS_DATA },
};

static void bad_requests_are_refused(void **state)
{
	const struct bad_row *row = *state;
	KW_CLEANUP(kw_secret_clear) struct kw_secret bearer = secret_of(row->bearer);
	KW_CLEANUP(kw_request_headers_freep) struct curl_slist *list = NULL;
	const char *const headers[] = { row->header, NULL };
	const struct kw_http_request request = { .headers = headers,
						 .content_type = row->type,
						 .bearer = &bearer };
	struct kw_error err = { 0 };
	assert_int_equal(kw_request_headers_new(&request, &list, &err), -1);
	assert_true(kw_error_is(&err, row->expect));
	assert_null(list);
	assert_null(*row->bearer != '\0' ? strstr(err.detail, row->bearer) : NULL);
}

/* 784111777 is Sun, 06 Nov 1994 08:49:37 GMT. */
static const struct answer_row {
	const char *name;
	const char *lines[6];
	struct kw_http_answer expect;
} answer_rows[] = {
	{ "given none, all are empty", { "HTTP/1.1 200 OK\r\n", "\r\n" }, { 0 } },
	{ "given a type, it is kept without blanks",
	  { "HTTP/1.1 200 OK\r\n", "CONTENT-type: \t application/json \r\n" },
	  { .content_type = "application/json" } },
	{ "given Microsoft's request id, it is kept",
	  { "HTTP/1.1 200 OK\r\n", "x-ms-client-request-id: mine\r\n",
	    "x-ms-request-id: theirs\r\n" },
	  { .request_id = "theirs" } },
	{ "given only our own request id, it is kept",
	  { "HTTP/1.1 200 OK\r\n", "X-Ms-Client-Request-Id: mine\r\n" },
	  { .request_id = "mine" } },
	{ "given a challenge, it is kept",
	  { "HTTP/1.1 401 No\r\n", "WWW-Authenticate: Bearer resource=\"https://vault\"\r\n" },
	  { .www_authenticate = "Bearer resource=\"https://vault\"" } },
	{ "given seconds to wait, they are read",
	  { "HTTP/1.1 429 No\r\n", "retry-after: 12\r\n" },
	  { .retry_after_s = 12 } },
	{ "given dates, one is held against the other",
	  { "HTTP/1.1 429 No\r\n", "Retry-After: Sun, 06 Nov 1994 08:49:57 GMT\r\n",
	    "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n" },
	  { .retry_after_s = 20, .date_s = 784111777 } },
	{ "given a date to wait for alone, it is held against our clock",
	  { "HTTP/1.1 429 No\r\n", "Retry-After: Sun, 06 Nov 1994 08:49:47 GMT\r\n" },
	  { .retry_after_s = 5 } },
	{ "given a Date that is none, it is ignored",
	  { "HTTP/1.1 200 OK\r\n", "Date: never\r\n" },
	  { 0 } },
	{ "given an interim answer, its headers do not count",
	  { "HTTP/1.1 100 Continue\r\n", "Retry-After: 5\r\n", "Content-Type: x\r\n", "\r\n",
	    "HTTP/1.1 200 OK\r\n", "\r\n" },
	  { 0 } },
	{ "given control bytes, they are cleaned",
	  { "HTTP/1.1 200 OK\r\n", "x-ms-request-id: a\x1b[2Jb\r\n" },
	  { .request_id = "a?[2Jb" } },
	{ "given a longer name, it is another header",
	  { "HTTP/1.1 200 OK\r\n", "Content-Type-X: y\r\n", "Content-Typ: y\r\n" },
	  { 0 } },
};

static void answers_are_read(void **state)
{
	const struct answer_row *row = *state;
	struct kw_answer_headers headers = { 0 };
	struct kw_http_answer answer = { 0 };
	for (size_t i = 0; i < 6 && row->lines[i] != NULL; i++)
		assert_true(kw_answer_headers_take(&headers, kw_bytes_text(row->lines[i])));
	kw_answer_headers_apply(&headers, 784111782, &answer);
	assert_string_equal(answer.content_type, row->expect.content_type);
	assert_string_equal(answer.request_id, row->expect.request_id);
	assert_string_equal(answer.www_authenticate, row->expect.www_authenticate);
	assert_int_equal(answer.retry_after_s, row->expect.retry_after_s);
	assert_int_equal(answer.date_s, row->expect.date_s);
}

static void headers_are_capped(void **state)
{
	static uint8_t line[KW_ANSWER_HEADERS_MAX];
	struct kw_answer_headers headers = { 0 };
	(void)state;
	memset(line, 'x', sizeof(line));
	assert_true(kw_answer_headers_take(&headers, (struct kw_bytes){ line, sizeof(line) - 1 }));
	assert_true(kw_answer_headers_take(&headers, (struct kw_bytes){ line, 1 }));
	assert_false(kw_answer_headers_take(&headers, (struct kw_bytes){ line, 1 }));
}

static void interim_answers_do_not_lift_the_cap(void **state)
{
	struct kw_answer_headers headers = { 0 };
	const struct kw_bytes line = kw_bytes_text("HTTP/1.1 100 Continue\r\n");
	size_t taken = 0;
	(void)state;
	while (kw_answer_headers_take(&headers, line))
		taken++;
	assert_int_equal(taken, KW_ANSWER_HEADERS_MAX / line.len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_carry_what_they_name),
		cmocka_unit_test(requests_without_anything_send_no_type),
		cmocka_unit_test(headers_are_capped),
		cmocka_unit_test(interim_answers_do_not_lift_the_cap),
	};
	return KW_ROWS_RUN(bad_rows, bad_requests_are_refused)
	       + KW_ROWS_RUN(answer_rows, answers_are_read)
	       + cmocka_run_group_tests_name("headers", tests, NULL, NULL);
}
