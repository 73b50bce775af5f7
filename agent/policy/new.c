/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/new.h"

#include "policy/policy.h"
#include "policy/scalar.h"
#include "util/text.h"

#include <string.h>

#define TEE "x-ms-isolation-tee"

/* Where the guest's claims stand: below TEE for a VM, at the top for a container. */
struct guest {
	const struct kw_json *claims;
	const char *prefix;
	bool is_vm;
};

static int find_guest(const struct kw_json *claims, struct guest *ret, struct kw_error *err)
{
	const struct kw_json *tee = kw_json_get(claims, TEE);
	struct guest guest = { .claims = tee ? tee : claims,
			       .prefix = tee ? TEE "." : "",
			       .is_vm = tee != NULL };
	const char *type = kw_json_string(kw_json_get(guest.claims, "x-ms-attestation-type"));
	bool debuggable = true;

	if (!type || strcmp(type, "sevsnpvm") != 0)
		return kw_fail(err, KW_E_TOK_TYPE, "the token is of no SEV-SNP guest");
	if (!kw_json_bool(kw_json_get(guest.claims, "x-ms-sevsnpvm-is-debuggable"), &debuggable)
	    || debuggable)
		return kw_fail(err, KW_E_TOK_DEBUG,
			       "the token does not say that its machine cannot be debugged");
	*ret = guest;
	return 0;
}

/* A test for the value that the token has; text, as Microsoft's samples write it. */
static int add_test(struct kw_json *list, const struct guest *guest, const char *name,
		    bool required, struct kw_error *err)
{
	KW_CLEANUP(freep) char *claim = kw_format("%s%s", guest->prefix, name);
	KW_CLEANUP(freep)
	char *value = kw_policy_scalar_text(kw_json_get(guest->claims, name));
	struct kw_json *test;

	if (!value && !required)
		return 0;
	if (!value)
		return kw_fail(err, KW_E_TOK_FORM, "the token has no claim '%s'", claim);
	test = kw_json_add_object(list, NULL);
	kw_json_add_string(test, "claim", claim);
	kw_json_add_string(test, "equals", value);
	return 0;
}

static int add_authority(struct kw_json *list, const char *url, const struct guest *guest,
			 const struct kw_policy_wish *wish, struct kw_error *err)
{
	struct kw_json *authority = kw_json_add_object(list, NULL), *tests;

	kw_json_add_string(authority, "authority", url);
	tests = kw_json_add_array(authority, "allOf");
	if (add_test(tests, guest, "x-ms-attestation-type", true, err) < 0
	    || add_test(tests, guest, "x-ms-compliance-status", false, err) < 0
	    || add_test(tests, guest, "x-ms-sevsnpvm-is-debuggable", true, err) < 0)
		return -1;
	if ((wish->host_data || !guest->is_vm)
	    && add_test(tests, guest, "x-ms-sevsnpvm-hostdata", true, err) < 0)
		return -1;
	return wish->measurement
		       ? add_test(tests, guest, "x-ms-sevsnpvm-launchmeasurement", true, err)
		       : 0;
}

/* Issuers have no slash at the end. */
static char *without_slash(const char *url, size_t len)
{
	while (len > 0 && url[len - 1] == '/')
		len--;
	return kw_format("%.*s", (int)len, url);
}

static int add_authorities(struct kw_json *list, const char *urls, const struct guest *guest,
			   const struct kw_policy_wish *wish, struct kw_error *err)
{
	for (;;) {
		size_t len = strcspn(urls, ",");
		KW_CLEANUP(freep) char *url = without_slash(urls, len);

		if (add_authority(list, url, guest, wish, err) < 0)
			return -1;
		if (urls[len] == '\0')
			return 0;
		urls += len + 1;
	}
}

/* What was made must be what a vault takes. */
static int check(const struct kw_json *policy, struct kw_error *err)
{
	KW_CLEANUP(freep) char *text = kw_json_print(policy);
	KW_CLEANUP(kw_policy_freep) struct kw_policy *parsed = NULL;

	return kw_policy_parse(kw_bytes_text(text), &parsed, err);
}

int kw_policy_new(const struct kw_json *claims, const struct kw_policy_wish *wish,
		  struct kw_json **ret, struct kw_error *err)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *policy = kw_json_new_object();
	const char *authorities = wish->authorities;
	struct guest guest = { 0 };

	if (find_guest(claims, &guest, err) < 0)
		return -1;
	if (!authorities
	    && kw_json_want_string(claims, "iss", KW_E_TOK_FORM, &authorities, err) < 0)
		return -1;
	kw_json_add_string(policy, "version", "1.0.0");
	if (add_authorities(kw_json_add_array(policy, "anyOf"), authorities, &guest, wish, err) < 0
	    || check(policy, err) < 0)
		return -1;
	*ret = KW_STEAL(policy);
	return 0;
}
