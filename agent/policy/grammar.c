/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The grammar of release policies (key release 5.2). What breaks it is refused; what it does not
 * name (further members, operators that are documented but not in effect) is kept as foreign, since
 * the vault may know it.
 */
#include "policy/policy.h"

#include "policy/scalar.h"
#include "util/memory.h"
#include "util/origin.h"
#include "util/text.h"

#include <string.h>

enum { WORD_SIZE = 64 };

static bool is_word(const char *name, const char *const *words)
{
	for (; *words; words++)
		if (strcmp(name, *words) == 0)
			return true;
	return false;
}

static int refuse(struct kw_error *err, const char *what)
{
	return kw_fail(err, KW_E_REL_GRAMMAR, "%s", what);
}

/* Nodes. */

static void free_node(struct kw_policy_node *node)
{
	struct kw_policy_node *next = NULL;

	for (struct kw_policy_node *child = node->first; child; child = next) {
		next = child->next;
		free_node(child);
	}
	free(node->authority);
	free(node->claim);
	free(node->operator_name);
	free(node->expected);
	free(node);
}
KW_DEFINE_FREEP(struct kw_policy_node, free_node);

static bool has_foreign_member(const struct kw_json *object, const char *const *known)
{
	for (const struct kw_json *m = kw_json_first(object); m; m = kw_json_next(m))
		if (!is_word(kw_json_name(m), known))
			return true;
	return false;
}

/* Tests. */

/* `equals`, or the first member that stands in its place; NULL: there is none. */
static const struct kw_json *find_operator(const struct kw_json *test)
{
	const struct kw_json *found = kw_json_get(test, "equals");

	for (const struct kw_json *m = kw_json_first(test); m && !found; m = kw_json_next(m))
		if (strcmp(kw_json_name(m), "claim") != 0)
			found = m;
	return found;
}

static int read_test(const struct kw_json *json, struct kw_policy_node *node, struct kw_error *err)
{
	static const char *const known[] = { "claim", "equals", NULL };
	const struct kw_json *compared = find_operator(json);
	const char *claim = NULL;

	if (kw_json_want_string(json, "claim", KW_E_REL_GRAMMAR, &claim, err) < 0)
		return -1;
	if (claim[0] == '\0')
		return refuse(err, "'claim' is empty");
	if (!compared)
		return refuse(err, "the claim is compared with nothing");
	if (strcmp(kw_json_name(compared), "equals") == 0 && !kw_policy_is_scalar(compared))
		return refuse(err, "'equals' is not a string, a number, true or false");
	node->kind = KW_POLICY_TEST;
	node->claim = kw_strdup(claim);
	node->operator_name = kw_strdup(kw_json_name(compared));
	node->expected = kw_policy_scalar_text(compared);
	node->expected_type = kw_json_type(compared);
	node->foreign = has_foreign_member(json, known) || !node->expected;
	return 0;
}

/* Selectors. */

/* The members of an object that select: one is right. */
struct selector {
	const struct kw_json *list;
	enum kw_policy_kind kind;
	size_t n;
};

static struct selector find_selector(const struct kw_json *object)
{
	static const char *const any[] = { "anyOf", "anyof", NULL };
	static const char *const all[] = { "allOf", "allof", NULL };
	struct selector found = { 0 };

	for (const struct kw_json *m = kw_json_first(object); m; m = kw_json_next(m)) {
		bool is_any = is_word(kw_json_name(m), any);

		if (!is_any && !is_word(kw_json_name(m), all))
			continue;
		found.list = m;
		found.kind = is_any ? KW_POLICY_ANY_OF : KW_POLICY_ALL_OF;
		found.n++;
	}
	return found;
}

/* Each element of the list becomes a child, in order. */
static int read_list(const struct kw_json *list, const char *what,
		     int (*read)(const struct kw_json *json, struct kw_policy_node *node,
				 struct kw_error *err),
		     struct kw_policy_node *node, struct kw_error *err)
{
	struct kw_policy_node **end = &node->first;
	size_t i = 1;

	if (kw_json_type(list) != KW_JSON_ARRAY || kw_json_count(list) == 0)
		return kw_fail(err, KW_E_REL_GRAMMAR, "there is no list of one %s or more", what);
	for (const struct kw_json *at = kw_json_first(list); at; at = kw_json_next(at), i++) {
		KW_CLEANUP(free_nodep) struct kw_policy_node *child = kw_alloc(sizeof(*child));

		if (kw_json_type(at) != KW_JSON_OBJECT)
			return kw_fail(err, KW_E_REL_GRAMMAR, "%s %zu is not an object", what, i);
		if (read(at, child, err) < 0)
			return kw_wrap(err, "%s %zu", what, i);
		*end = KW_STEAL(child);
		end = &(*end)->next;
	}
	return 0;
}

static int read_condition(const struct kw_json *json, struct kw_policy_node *node,
			  struct kw_error *err);

static int read_selector(const struct kw_json *json, struct kw_policy_node *node,
			 struct kw_error *err)
{
	static const char *const known[] = {
		"authority", "anyOf", "anyof", "allOf", "allof", NULL
	};
	struct selector selector = find_selector(json);

	if (selector.n != 1)
		return kw_fail(err, KW_E_REL_GRAMMAR, "%zu of allOf and anyOf, expected one",
			       selector.n);
	node->kind = selector.kind;
	node->lower_case = strcmp(kw_json_name(selector.list), "anyof") == 0
			   || strcmp(kw_json_name(selector.list), "allof") == 0;
	node->foreign = has_foreign_member(json, known);
	return read_list(selector.list, "condition", read_condition, node, err);
}

/* Recursion ends with the depth that the JSON reader allows. */
static int read_condition(const struct kw_json *json, struct kw_policy_node *node,
			  struct kw_error *err)
{
	if (!kw_json_get(json, "claim"))
		return read_selector(json, node, err);
	if (find_selector(json).n > 0)
		return refuse(err, "it is both a test and a list of conditions");
	return read_test(json, node, err);
}

static int read_authority(const struct kw_json *json, struct kw_policy_node *node,
			  struct kw_error *err)
{
	const char *url = NULL;
	struct kw_origin origin = { 0 };
	char cleaned[WORD_SIZE];

	if (kw_json_want_string(json, "authority", KW_E_REL_GRAMMAR, &url, err) < 0)
		return -1;
	if (!kw_origin_parse(url, &origin, NULL) || !origin.tls) {
		kw_text_clean(kw_bytes_text(url), cleaned, sizeof(cleaned));
		return kw_fail(err, KW_E_REL_GRAMMAR, "'authority' is '%s', expected an https URL",
			       cleaned);
	}
	node->authority = kw_strdup(url);
	return read_selector(json, node, err);
}

/* The whole. */

static int read_version(const struct kw_json *json, struct kw_policy *policy, struct kw_error *err)
{
	static const char *const known[] = { "1.0.0", "1.0", "0.2", NULL };
	const char *version = NULL;

	if (kw_json_want_string(json, "version", KW_E_REL_GRAMMAR, &version, err) < 0)
		return -1;
	policy->version_known = is_word(version, known);
	kw_text_clean(kw_bytes_text(version), policy->version, sizeof(policy->version));
	return 0;
}

int kw_policy_parse(struct kw_bytes text, struct kw_policy **ret, struct kw_error *err)
{
	static const char *const known[] = { "version", "anyOf", NULL };
	KW_CLEANUP(kw_json_freep) struct kw_json *json = NULL;
	KW_CLEANUP(kw_policy_freep) struct kw_policy *policy = kw_alloc(sizeof(*policy));

	if (text.len > KW_POLICY_SIZE_MAX)
		return kw_fail(err, KW_E_REL_GRAMMAR, "the policy has %zu bytes, allowed %d",
			       text.len, KW_POLICY_SIZE_MAX);
	if (kw_json_parse(text, KW_JSON_STRICT, KW_E_REL_GRAMMAR, &json, err) < 0)
		return -1;
	if (kw_json_type(json) != KW_JSON_OBJECT)
		return refuse(err, "the policy is not an object");
	policy->root = kw_alloc(sizeof(*policy->root));
	policy->root->kind = KW_POLICY_ANY_OF;
	policy->root->foreign = has_foreign_member(json, known);
	if (read_version(json, policy, err) < 0
	    || read_list(kw_json_get(json, "anyOf"), "authority", read_authority, policy->root, err)
		       < 0)
		return -1;
	*ret = KW_STEAL(policy);
	return 0;
}

void kw_policy_free(struct kw_policy *policy)
{
	if (!policy)
		return;
	free_nodep(&policy->root);
	free(policy);
}
