/* SPDX-License-Identifier: Apache-2.0 */
#include "identity.h"

#include "site.h"
#include "util/text.h"

#include <stdatomic.h>
#include <string.h>
#include <strings.h>

enum { SYSTEM, APP, READER, N_IDENTITIES };
enum { EVERYTHING = LAB_MAY_READ | LAB_MAY_WRITE | LAB_MAY_RELEASE };

#define RESOURCE_ID(name)                                                        \
	"/subscriptions/00000000-0000-4000-8000-000000000001/resourcegroups/lab" \
	"/providers/Microsoft.ManagedIdentity/userAssignedIdentities/" name

static const struct lab_identity identities[N_IDENTITIES] = {
	[SYSTEM] = { "system", "00000000-1111-4222-8333-444444444444",
		     "00000000-aaaa-4bbb-8ccc-dddddddddddd", RESOURCE_ID("system"), false },
	[APP] = { "app", "11111111-2222-3333-4444-555555555555",
		  "11111111-aaaa-4bbb-8ccc-dddddddddddd", RESOURCE_ID("app"), true },
	[READER] = { "reader", "22222222-3333-4444-5555-666666666666",
		     "22222222-aaaa-4bbb-8ccc-dddddddddddd", RESOURCE_ID("reader"), false },
};
static atomic_uint permissions[N_IDENTITIES] = { EVERYTHING, EVERYTHING, LAB_MAY_READ };

static bool is_assigned(size_t i)
{
	switch (lab_site.options->identities) {
	case LAB_SYSTEM:
		return i == SYSTEM;
	case LAB_USER:
		return i == APP;
	case LAB_BOTH:
		return true;
	case LAB_MANY:
		return i != SYSTEM;
	}
	return false;
}

const struct lab_identity *lab_identity_federated(void)
{
	return &identities[APP];
}

const struct lab_identity *lab_identity_of_client(const char *client_id)
{
	for (size_t i = 0; i < N_IDENTITIES; i++)
		if (strcasecmp(identities[i].client_id, client_id) == 0)
			return &identities[i];
	return NULL;
}

const struct lab_identity *lab_identity_find(const char *kind, const char *value)
{
	for (size_t i = 0; i < N_IDENTITIES; i++) {
		const struct lab_identity *one = &identities[i];
		const char *name = strcmp(kind, "client_id") == 0   ? one->client_id
				   : strcmp(kind, "object_id") == 0 ? one->object_id
								    : one->resource_id;

		if (is_assigned(i) && strcasecmp(name, value) == 0)
			return one;
	}
	return NULL;
}

const struct lab_identity *lab_identity_default(const char **ret_why)
{
	switch (lab_site.options->identities) {
	case LAB_SYSTEM:
	case LAB_BOTH:
		return &identities[SYSTEM];
	case LAB_USER:
		return &identities[APP];
	case LAB_MANY:
		break;
	}
	*ret_why = "Multiple user assigned identities exist, please specify the clientId / "
		   "resourceId of the identity in the token request";
	return NULL;
}

bool lab_identity_may(const struct lab_identity *identity, enum lab_permission wanted)
{
	return (atomic_load(&permissions[identity - identities]) & (unsigned)wanted) != 0;
}

static unsigned permission_of(const char *word)
{
	static const struct {
		const char *word;
		unsigned bits;
	} known[] = {
		{ "get", LAB_MAY_READ },
		{ "manage", LAB_MAY_WRITE },
		{ "release", LAB_MAY_RELEASE },
		{ "all", EVERYTHING },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i].word, word) == 0)
			return known[i].bits;
	return 0;
}

static char *describe(size_t i)
{
	unsigned bits = atomic_load(&permissions[i]);

	return kw_format("%s%s%s%s%s", identities[i].name, (bits & LAB_MAY_READ) ? " get" : "",
			 (bits & LAB_MAY_WRITE) ? " manage" : "",
			 (bits & LAB_MAY_RELEASE) ? " release" : "", bits == 0 ? " nothing" : "");
}

static bool is_named(const struct lab_identity *identity, const char *word)
{
	return strcmp(identity->name, word) == 0 || strcasecmp(identity->client_id, word) == 0;
}

char *lab_identity_command(bool permit, const char *const *words, size_t n_words, bool *ret_ok)
{
	unsigned bits = 0;
	size_t i = 0;

	*ret_ok = false;
	if (n_words < 2)
		return kw_format("name an identity and what it may: get, manage, release or all");
	while (i < N_IDENTITIES && !is_named(&identities[i], words[0]))
		i++;
	if (i == N_IDENTITIES)
		return kw_format("unknown identity '%s': system app reader", words[0]);
	for (size_t n = 1; n < n_words; n++) {
		unsigned bit = permission_of(words[n]);

		if (bit == 0)
			return kw_format("unknown permission '%s': get manage release all",
					 words[n]);
		bits |= bit;
	}
	if (permit)
		atomic_fetch_or(&permissions[i], bits);
	else
		atomic_fetch_and(&permissions[i], ~bits);
	*ret_ok = true;
	return describe(i);
}
