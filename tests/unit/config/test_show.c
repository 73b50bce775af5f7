/* SPDX-License-Identifier: Apache-2.0 */
/* What is shown reads back to the same; the schema speaks of every row of the table. */
#include "config/config.h"
#include "config/full_config.h"
#include "config/options.h"
#include "rows.h"
#include "util/json.h"
#include "util/text.h"

static char *show(const char *text)
{
	KW_CLEANUP(kw_config_freep) struct kw_config *config = NULL;
	struct kw_error err = { 0 };
	char *shown = NULL;
	size_t len;
	FILE *to = open_memstream(&shown, &len);

	if (kw_config_parse("shown", text, strlen(text), &config, &err) < 0
	    || kw_config_show(config, to, &err) < 0)
		fail_msg("%s", err.detail);
	fclose(to);
	return shown;
}

static const struct row {
	const char *name, *text, *says;
} rows[] = {
	{ "given a minimal configuration, its defaults are shown", "apiVersion: keyward/v1\n",
	  "  tcti: device:/dev/tpmrm0\n  pcrs: [0, 1, 2, 3, 4, 5, 6, 7]\n" },
	{ "given every field, all are shown", full_config,
	  "allow: [{any: true}, {uid: 0}, {gid: 4294967294}, {token: app}]\n" },
	{ "given words that YAML takes for others, they are quoted",
	  "apiVersion: keyward/v1\n"
	  "attestation: {clientPayload: {a: 'yes', b: '1', c: 'null', 'no': '', d: ' x ', e: '# y',"
	  " f: \"\\u2028\\u0085\\uFEFF\", g: 'a: b', h: '\"\\', i: '-', j: \"\\U0001F600\"}}\n",
	  "a: \"yes\"\n" },
	{ "given a crl that is off, it stays a word", "apiVersion: keyward/v1\n",
	  "crl: \"off\"\n" },
};

static void reads_back(void **state)
{
	const struct row *row = *state;
	KW_CLEANUP(freep) char *first = show(row->text);
	KW_CLEANUP(freep) char *second = show(first);

	assert_string_equal(first, second);
	if (!strstr(first, row->says))
		fail_msg("no '%s' in:\n%s", row->says, first);
}

static void full_output_is_an_error(void **state)
{
	KW_CLEANUP(kw_config_freep) struct kw_config *config = NULL;
	struct kw_error err = { 0 };
	FILE *full = fopen("/dev/full", "w");

	(void)state;
	assert_int_equal(kw_config_parse("f", full_config, strlen(full_config), &config, &err), 0);
	assert_non_null(full);
	assert_int_equal(kw_config_show(config, full, &err), -1);
	assert_true(kw_error_is(&err, KW_E_OUT_STDOUT));
	assert_int_equal(kw_config_schema(full, &err), -1);
	assert_true(kw_error_is(&err, KW_E_OUT_STDOUT));
	fclose(full);
}

/* Every row below `table` stands in the schema's object, with its description and default. */
static size_t compare(const struct kw_option *table, const struct kw_json *object)
{
	const struct kw_json *properties = kw_json_get(object, "properties");
	size_t n = 0;

	for (; table->name; table++) {
		const struct kw_json *found = kw_json_get(properties, table->name);
		const struct kw_json *items = kw_json_get(found, "items");

		assert_non_null(found);
		assert_string_equal(kw_json_string(kw_json_get(found, "description")), table->help);
		assert_int_equal(kw_json_get(found, "default") != NULL, table->fallback != NULL);
		n++;
		if (table->members)
			n += compare(table->members, found);
		if (table->element && table->element->members)
			n += compare(table->element->members, items);
	}
	assert_int_equal(kw_json_count(properties) > 0, n > 0);
	return n;
}

static void the_schema_lists_every_option(void **state)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *schema = NULL;
	KW_CLEANUP(freep) char *text = NULL;
	struct kw_error err = { 0 };
	size_t len;
	FILE *to = open_memstream(&text, &len);

	(void)state;
	assert_int_equal(kw_config_schema(to, &err), 0);
	fclose(to);
	assert_int_equal(
		kw_json_parse(kw_bytes_text(text), KW_JSON_STRICT, KW_E_SYS_DATA, &schema, &err),
		0);
	assert_string_equal(kw_json_string(kw_json_get(schema, "$schema")),
			    "https://json-schema.org/draft/2020-12/schema");
	assert_string_equal(kw_json_string(kw_json_at(kw_json_get(schema, "required"), 0)),
			    "apiVersion");
	assert_true(compare(kw_options, schema) > 100);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(full_output_is_an_error),
		cmocka_unit_test(the_schema_lists_every_option),
	};
	int failed = KW_ROWS_RUN(rows, reads_back);

	return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
