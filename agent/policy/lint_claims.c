/* SPDX-License-Identifier: Apache-2.0 */
/* The tests of a policy against what attestation tokens say (key release 2.5). */
#include "policy/lint.h"

#include "util/text.h"

#include <string.h>
#include <strings.h>

#define TEE "x-ms-isolation-tee."
#define SNP "x-ms-sevsnpvm-"
#define RUNTIME "x-ms-runtime"

/* Names below x-ms-isolation-tee on a confidential VM, at the top of a container's token. */
static const struct {
	const char *name;
	size_t hex_length; /* of its value; 0: no hex */
} snp_claims[] = {
	{ "x-ms-attestation-type", 0 }, { "x-ms-compliance-status", 0 },
	{ "x-ms-runtime", 0 },		{ SNP "authorkeydigest", 96 },
	{ SNP "bootloader-svn", 0 },	{ SNP "familyId", 32 },
	{ SNP "guestsvn", 0 },		{ SNP "hostdata", 64 },
	{ SNP "idkeydigest", 96 },	{ SNP "imageId", 32 },
	{ SNP "is-debuggable", 0 },	{ SNP "launchmeasurement", 96 },
	{ SNP "microcode-svn", 0 },	{ SNP "migration-allowed", 0 },
	{ SNP "reportdata", 128 },	{ SNP "reportid", 64 },
	{ SNP "smt-allowed", 0 },	{ SNP "snpfw-svn", 0 },
	{ SNP "tee-svn", 0 },		{ SNP "vmpl", 0 },
};
enum { N_SNP_CLAIMS = sizeof(snp_claims) / sizeof(snp_claims[0]) };

/* Without x-ms-isolation-tee. */
static const char *bare(const char *claim)
{
	return strncmp(claim, TEE, strlen(TEE)) == 0 ? claim + strlen(TEE) : claim;
}

static bool is_snp_name(const char *name)
{
	return strncmp(name, SNP, strlen(SNP)) == 0;
}

/* Names that a misspelt one is compared with. */
static void lint_name(const char *claim, const char *place, struct kw_lint *ret)
{
	const char *names[N_SNP_CLAIMS + 1] = { NULL }, *name = bare(claim), *near;

	for (size_t i = 0; i < N_SNP_CLAIMS; i++) {
		names[i] = snp_claims[i].name;
		if (strcmp(name, names[i]) == 0)
			return;
	}
	if (!is_snp_name(name) && name == claim)
		return; /* of the machine or its owner: anything */
	if (strncmp(name, RUNTIME ".", strlen(RUNTIME ".")) == 0)
		return;
	near = kw_text_nearest(name, names);
	kw_lint_add(ret, KW_LINT_WARNING, "unknown-claim", place,
		    "no token is known to have '%.60s'%s%s%s", claim,
		    near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
}

/* 5.6: the most frequent cause of a denial, and its reverse. */
static void lint_prefix(const struct kw_policy_node *test, const char *place, struct kw_lint *ret)
{
	const char *name = bare(test->claim);
	bool nested = name != test->claim;
	bool type = strcmp(name, "x-ms-attestation-type") == 0 && test->expected;

	if (!nested && is_snp_name(name))
		kw_lint_add(ret, KW_LINT_WARNING, "flat-claim", place,
			    "tokens of confidential VMs have '%.50s' below x-ms-isolation-tee; "
			    "only those of containers have it at the top",
			    name);
	if (type && !nested && strcmp(test->expected, "sevsnpvm") == 0)
		kw_lint_add(ret, KW_LINT_WARNING, "flat-claim", place,
			    "of a confidential VM this is 'azurevm'; 'sevsnpvm' is below "
			    "x-ms-isolation-tee");
	if (type && nested && strcmp(test->expected, "azurevm") == 0)
		kw_lint_add(ret, KW_LINT_WARNING, "nested-claim", place,
			    "'azurevm' stands at the top, not below x-ms-isolation-tee");
}

static void lint_hex(const struct kw_policy_node *test, size_t length, const char *place,
		     struct kw_lint *ret)
{
	const char *value = test->expected;

	if (strlen(value) != length || strspn(value, "0123456789abcdefABCDEF") != length)
		kw_lint_add(ret, KW_LINT_ERROR, "digest-form", place,
			    "the value has %zu characters; the claim always has %zu hex digits",
			    strlen(value), length);
	else if (strpbrk(value, "ABCDEF"))
		kw_lint_add(ret, KW_LINT_ERROR, "digest-case", place,
			    "tokens have digests in lower case");
}

static void lint_value(const struct kw_policy_node *test, const char *place, struct kw_lint *ret)
{
	const char *name = bare(test->claim), *value = test->expected;

	if (!value)
		return;
	for (size_t i = 0; i < N_SNP_CLAIMS; i++)
		if (snp_claims[i].hex_length > 0 && strcmp(name, snp_claims[i].name) == 0)
			lint_hex(test, snp_claims[i].hex_length, place, ret);
	if ((strcasecmp(value, "true") == 0 && strcmp(value, "true") != 0)
	    || (strcasecmp(value, "false") == 0 && strcmp(value, "false") != 0))
		kw_lint_add(ret, KW_LINT_WARNING, "value-case", place,
			    "'%s' is not what tokens say: true and false in lower case", value);
	if (strcmp(name, SNP "is-debuggable") == 0 && strcasecmp(value, "true") == 0)
		kw_lint_add(ret, KW_LINT_WARNING, "debug", place,
			    "only machines that can be debugged pass");
}

/* What changes with every token, or with every image. */
static void lint_unsteady(const struct kw_policy_node *test, const char *place, struct kw_lint *ret)
{
	static const char *const passing[] = { "nonce", "jti",		"iat",		 "nbf",
					       "exp",	SNP "reportid", SNP "reportdata" };
	const char *name = bare(test->claim);

	for (size_t i = 0; i < sizeof(passing) / sizeof(passing[0]); i++)
		if (strcmp(name, passing[i]) == 0)
			kw_lint_add(ret, KW_LINT_ERROR, "passing-claim", place,
				    "'%s' is another one in every token or boot", name);
	if (strncmp(name, RUNTIME ".client-payload", strlen(RUNTIME ".client-payload")) == 0)
		kw_lint_add(ret, KW_LINT_WARNING, "passing-claim", place,
			    "the client payload is what the machine says of itself");
	if (strcmp(name, RUNTIME ".keys") == 0 || strcmp(name, RUNTIME) == 0)
		kw_lint_add(ret, KW_LINT_ERROR, "no-value", place,
			    "the path ends in an object or array, which equals nothing");
	if (strcmp(name, SNP "launchmeasurement") == 0 && name != test->claim)
		kw_lint_add(ret, KW_LINT_NOTE, "measurement", place,
			    "the firmware of confidential VMs is updated often: so must this be");
}

void kw_lint_claim(const struct kw_policy_node *test, const char *place, struct kw_lint *ret)
{
	if (strcmp(test->operator_name, "condition") == 0)
		kw_lint_add(ret, KW_LINT_WARNING, "old-form", place,
			    "condition and value are of older samples; write equals");
	else if (strcmp(test->operator_name, "equals") != 0)
		kw_lint_add(ret, KW_LINT_WARNING, "operator", place,
			    "'%.40s': only equals is in effect for vaults", test->operator_name);
	else if (test->foreign)
		kw_lint_add(ret, KW_LINT_WARNING, "foreign-member", place,
			    "a member that the grammar does not name, or a number that is not "
			    "whole");
	lint_name(test->claim, place, ret);
	lint_prefix(test, place, ret);
	lint_value(test, place, ret);
	lint_unsteady(test, place, ret);
}
