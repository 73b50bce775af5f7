/* SPDX-License-Identifier: Apache-2.0 */
#include "rows.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/json.h"
#include "util/log.h"

#include <fcntl.h>
#include <unistd.h>

static int ends[2]; /* a pipe: what is logged comes out of the first */
static char said[8192];

static int open_pipe(void **state)
{
	(void)state;
	return pipe2(ends, O_NONBLOCK | O_CLOEXEC);
}

static int close_pipe(void **state)
{
	(void)state;
	close(ends[0]);
	return close(ends[1]);
}

/* What was written since the last call; one line behind the time. */
static const char *line(void)
{
	ssize_t n = read(ends[0], said, sizeof(said) - 1);

	said[n > 0 ? n : 0] = '\0';
	return said;
}

static const char *line_without_time(void)
{
	const char *blank = strchr(line(), ' ');

	assert_non_null(blank);
	assert_int_equal(blank - said, strlen("2026-01-01T00:00:00Z"));
	return blank + 1;
}

static const struct kw_error failed = {
	.detail = "key 'db': releasing: \xc3\xa4 HTTP 403",
	.upstream = { .status = 403, .code = "Forbidden", .request_id = "abc-1" },
};

static void text_is_one_line_for_people(void **state)
{
	(void)state;
	kw_log_setup(KW_LOG_INFO, KW_LOG_TEXT, ends[1]);
	kw_log(KW_LOG_INFO, "released", "db", "version %s", "v1");
	assert_string_equal(line_without_time(), "info released key='db' version v1\n");
	kw_log(KW_LOG_WARNING, "started", NULL, "%s", "");
	assert_string_equal(line_without_time(), "warning started\n");
}

static void text_of_an_error_has_id_and_remedy(void **state)
{
	struct kw_error err = failed;

	(void)state;
	kw_log_setup(KW_LOG_INFO, KW_LOG_TEXT, ends[1]);
	err.def = kw_error_def(KW_E_REL_POLICY);
	kw_log_error(KW_LOG_ERROR, "refused", "db", &err);
	assert_string_equal(
		line_without_time(),
		"error refused key='db' KW-REL-007: key 'db': releasing: \xc3\xa4 HTTP 403"
		" (HTTP 403, code Forbidden, request abc-1; `keyward explain NAME` names the "
		"claim; "
		"those of the guest lie below x-ms-isolation-tee)\n");
	err.upstream = (struct kw_error_upstream){ 0 };
	kw_log_error(KW_LOG_ERROR, "refused", NULL, &err);
	assert_non_null(strstr(line_without_time(), "403 (`keyward explain NAME`"));
}

static const char *member(const struct kw_json *object, const char *name)
{
	const char *text = kw_json_string(kw_json_get(object, name));

	return text ? text : "(none)";
}

static struct kw_json *json_line(void)
{
	struct kw_json *root = NULL;
	struct kw_error err = { 0 };
	struct kw_bytes text = kw_bytes_text(line());

	assert_int_equal(kw_json_parse(text, KW_JSON_STRICT, KW_E_SYS_DATA, &root, &err), 0);
	assert_int_equal(said[text.len - 1], '\n');
	assert_ptr_equal(strchr(said, '\n'), said + text.len - 1);
	return root;
}

static void json_is_one_object_for_collectors(void **state)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *root = NULL;

	(void)state;
	kw_log_setup(KW_LOG_DEBUG, KW_LOG_JSON, ends[1]);
	kw_log(KW_LOG_DEBUG, "released", "db", "said \"%s\"\n", "yes\x1b[2J");
	root = json_line();
	assert_int_equal(strlen(member(root, "time")), 20);
	assert_string_equal(member(root, "level"), "debug");
	assert_string_equal(member(root, "event"), "released");
	assert_string_equal(member(root, "key"), "db");
	assert_string_equal(member(root, "message"), "said \"yes?[2J\"?");
	assert_int_equal(kw_json_count(root), 5);
}

static void json_of_an_error_has_its_parts(void **state)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *root = NULL;
	struct kw_error err = failed;
	int64_t status = 0;

	(void)state;
	kw_log_setup(KW_LOG_INFO, KW_LOG_JSON, ends[1]);
	err.def = kw_error_def(KW_E_REL_POLICY);
	kw_log_error(KW_LOG_ERROR, "refused", "db", &err);
	root = json_line();
	assert_string_equal(member(root, "id"), "KW-REL-007");
	assert_string_equal(member(root, "stage"), "REL");
	assert_string_equal(member(root, "detail"), err.detail);
	assert_true(kw_json_int(kw_json_get(root, "upstream_status"), &status));
	assert_int_equal(status, 403);
	assert_string_equal(member(root, "upstream_code"), "Forbidden");
	assert_string_equal(member(root, "request_id"), "abc-1");
	assert_string_equal(member(root, "hint"), err.def->remedy);
}

static void levels_hold_back(void **state)
{
	struct kw_error none = { 0 };

	(void)state;
	kw_log_setup(KW_LOG_WARNING, KW_LOG_TEXT, ends[1]);
	assert_true(kw_log_enabled(KW_LOG_ERROR) && kw_log_enabled(KW_LOG_WARNING));
	assert_false(kw_log_enabled(KW_LOG_INFO) || kw_log_enabled(KW_LOG_DEBUG));
	kw_log(KW_LOG_INFO, "released", NULL, "%s", "x");
	none.def = kw_error_def(KW_E_SYS_DATA);
	kw_log_error(KW_LOG_INFO, "refused", NULL, &none);
	none.def = NULL;
	kw_log_error(KW_LOG_ERROR, "refused", NULL, &none); /* nothing failed */
	assert_string_equal(line(), "");
}

static void auto_is_json_without_a_terminal(void **state)
{
	(void)state;
	kw_log_setup(KW_LOG_INFO, KW_LOG_AUTO, ends[1]);
	kw_log(KW_LOG_INFO, "started", NULL, "%s", "x");
	assert_int_equal(line()[0], '{');
}

static void control_bytes_and_length_are_tamed(void **state)
{
	char long_text[5000];

	(void)state;
	kw_log_setup(KW_LOG_INFO, KW_LOG_TEXT, ends[1]);
	kw_log(KW_LOG_INFO, "refused", "d\nb", "a\r\nb\xff");
	assert_string_equal(line_without_time(), "info refused key='d?b' a??b?\n");
	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	kw_log(KW_LOG_INFO, "refused", NULL, "%s", long_text);
	assert_true(strlen(line()) < 2200);
	assert_int_equal(said[strlen(said) - 1], '\n');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_one_line_for_people),
		cmocka_unit_test(text_of_an_error_has_id_and_remedy),
		cmocka_unit_test(json_is_one_object_for_collectors),
		cmocka_unit_test(json_of_an_error_has_its_parts),
		cmocka_unit_test(levels_hold_back),
		cmocka_unit_test(auto_is_json_without_a_terminal),
		cmocka_unit_test(control_bytes_and_length_are_tamed),
	};
	return cmocka_run_group_tests_name("log", tests, open_pipe, close_pipe);
}
