/* SPDX-License-Identifier: Apache-2.0 */
/* Visits every item of $KEYWARD_VECTORS/expected.json: one test per item, by the handler of its
 * kind. */
#include "vectors/item.h"

#include "util/file.h"
#include "util/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { SKIPPED = 77, EXPECTED_SIZE_MAX = KW_JSON_SIZE_MAX };

static const struct {
	const char *kind;
	void (*handle)(struct vec_item *item);
} handlers[] = {
	{ "hcl-report", vec_hcl_report },
	{ "tpm-quote", vec_tpm_quote },
	{ "eventlog", vec_eventlog },
	{ "snp-report", vec_snp_report },
	{ "cert-chain", vec_cert_chain },
	{ "thim", vec_thim },
	{ "wycheproof", vec_wycheproof },
	{ "jwk", vec_jwk },
	{ "keywrap", vec_keywrap },
	{ "key-hsm", vec_key_hsm },
	{ "jws", vec_jws },
	{ "release-policy", vec_release_policy },
	{ "claims", vec_claims },
	{ "opaque", vec_opaque },
};

static size_t n_items, n_facts; /* that a handler visited, that were compared */

static void (*handler_of(const char *kind))(struct vec_item *)
{
	for (size_t i = 0; kind && i < sizeof(handlers) / sizeof(handlers[0]); i++)
		if (strcmp(handlers[i].kind, kind) == 0)
			return handlers[i].handle;
	return NULL;
}

static void yields_the_expected_facts(void **state)
{
	struct vec_item *item = *state;
	const char *kind = kw_json_string(kw_json_get(item->json, "kind"));
	void (*handle)(struct vec_item *) = handler_of(kind);

	if (!handle) {
		fail_msg("%s: no handler for the kind '%s'", vec_id(item), kind ? kind : "(none)");
		return;
	}
	handle(item);
	n_facts += vec_item_finish(item);
	n_items++;
	free(KW_STEAL(item->visited));
	if (item->n_failures)
		fail_msg("%s: %u findings differ", vec_id(item), item->n_failures);
}

static int visit_all(const char *folder, const struct kw_json *document)
{
	const struct kw_json *list = kw_json_get(document, "items");
	size_t n = kw_json_count(list);
	struct CMUnitTest *tests = calloc(n + 1, sizeof(*tests));
	struct vec_item *items = calloc(n + 1, sizeof(*items));
	struct vec_item common = { .folder = folder,
				   .informative = kw_json_get(document, "informative"),
				   .structural = kw_json_get(document, "structural") };
	int failed = 1;

	if (tests && items && n > 0
	    && kw_json_int(kw_json_get(document, "default_time"), &common.default_time)) {
		struct vec_item *item = items;

		for (const struct kw_json *at = kw_json_first(list); at; at = kw_json_next(at)) {
			*item = common;
			item->json = at;
			tests[item - items] =
				(struct CMUnitTest){ .name = vec_id(item),
						     .test_func = yields_the_expected_facts,
						     .initial_state = item };
			item++;
		}
		failed = _cmocka_run_group_tests("vectors", tests, n, NULL, NULL);
	}
	free(tests);
	free(items);
	return failed;
}

int main(void)
{
	const char *folder = secure_getenv("KEYWARD_VECTORS");
	KW_CLEANUP(freep) char *path = NULL;
	KW_CLEANUP(kw_blob_clear) struct kw_blob text = { 0 };
	KW_CLEANUP(kw_json_freep) struct kw_json *document = NULL;
	struct kw_error err = { 0 };
	int failed;

	path = kw_format("%s/expected.json", folder ? folder : "");
	if (!folder || access(path, F_OK) != 0) {
		printf("skipped: vectors: KEYWARD_VECTORS does not name a folder with "
		       "expected.json\n");
		return SKIPPED;
	}
	if (kw_file_read(path, EXPECTED_SIZE_MAX, KW_E_CFG_READ, &text, &err) < 0
	    || kw_json_parse(kw_blob_bytes(&text), KW_JSON_STRICT, KW_E_CFG_READ, &document, &err)
		       < 0) {
		fprintf(stderr, "vectors: %s\n", err.detail);
		return 1;
	}
	failed = visit_all(folder, document);
	printf("%zu vector items, %zu vector facts\n", n_items, n_facts);
	return failed ? 1 : 0;
}
