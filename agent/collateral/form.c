/* SPDX-License-Identifier: Apache-2.0 */
#include "collateral/form.h"

#include <openssl/err.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <string.h>

enum { DEFAULT_SALT = 20, SALT = 48, DEFAULT_TRAILER = 1, NAME_ENTRIES = 6, FORM_SIZE = 256 };

KW_DEFINE_FREEP(RSA_PSS_PARAMS, RSA_PSS_PARAMS_free);
KW_DEFINE_FREEP(X509_ALGOR, X509_ALGOR_free);

static const char *algorithm_name(const X509_ALGOR *algorithm)
{
	const ASN1_OBJECT *object = NULL;

	if (!algorithm)
		return "sha1"; /* RFC 4055 3.1: the default of an absent hash */
	X509_ALGOR_get0(&object, NULL, NULL, algorithm);
	return OBJ_nid2ln(OBJ_obj2nid(object));
}

/* The DER inside an algorithm's parameters; empty if there are none. */
static struct kw_bytes parameters_of(const X509_ALGOR *algorithm)
{
	const void *value = NULL;
	int type = V_ASN1_UNDEF;

	X509_ALGOR_get0(NULL, &type, &value, algorithm);
	if (type != V_ASN1_SEQUENCE)
		return (struct kw_bytes){ 0 };
	return (struct kw_bytes){ ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value) };
}

/* MGF1's own hash is the parameter of the mask algorithm. */
static void describe_mask(const X509_ALGOR *mask, char *ret, size_t size)
{
	struct kw_bytes der = mask ? parameters_of(mask) : (struct kw_bytes){ 0 };
	const uint8_t *at = der.data;
	KW_CLEANUP(X509_ALGOR_freep)
	X509_ALGOR *hash = der.len ? d2i_X509_ALGOR(NULL, &at, (long)der.len) : NULL;

	snprintf(ret, size, "%s %s", mask ? algorithm_name(mask) : "mgf1", algorithm_name(hash));
}

static long integer_or(const ASN1_INTEGER *integer, long absent)
{
	return integer ? ASN1_INTEGER_get(integer) : absent;
}

static void describe_signature(const X509 *certificate, char *ret, size_t size)
{
	const X509_ALGOR *algorithm = NULL;
	struct kw_bytes der;
	char mask[64];

	X509_get0_signature(NULL, &algorithm, certificate);
	der = parameters_of(algorithm);
	const uint8_t *at = der.data;
	KW_CLEANUP(RSA_PSS_PARAMS_freep)
	RSA_PSS_PARAMS *pss = der.len ? d2i_RSA_PSS_PARAMS(NULL, &at, (long)der.len) : NULL;

	if (!pss || X509_get_signature_nid(certificate) != NID_rsassaPss) {
		ERR_clear_error();
		snprintf(ret, size, "%s", algorithm_name(algorithm));
		return;
	}
	describe_mask(pss->maskGenAlgorithm, mask, sizeof(mask));
	snprintf(ret, size, "%s %s %s salt %ld trailer %ld", algorithm_name(algorithm),
		 algorithm_name(pss->hashAlgorithm), mask,
		 integer_or(pss->saltLength, DEFAULT_SALT),
		 integer_or(pss->trailerField, DEFAULT_TRAILER));
}

static void describe_key(const X509 *certificate, char *ret, size_t size)
{
	const EVP_PKEY *key = X509_get0_pubkey(certificate);
	char group[32] = "";

	if (!key)
		snprintf(ret, size, "no readable key");
	else if (EVP_PKEY_is_a(key, "EC")
		 && EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) == 1)
		snprintf(ret, size, "EC %s", group);
	else
		snprintf(ret, size, "%s %d", EVP_PKEY_get0_type_name(key), EVP_PKEY_get_bits(key));
}

bool kw_amd_form_judge(const X509 *certificate, enum kw_amd_place place, const char *check,
		       const char *common_name, struct kw_checks *checks)
{
	const char *key_due = place == KW_AMD_LEAF ? "EC secp384r1" : "RSA 4096";
	char due[FORM_SIZE], is[FORM_SIZE], expected[FORM_SIZE], found[FORM_SIZE];
	char key[48], signature[128], name[48];

	describe_key(certificate, key, sizeof(key));
	describe_signature(certificate, signature, sizeof(signature));
	kw_x509_common_name(X509_get_subject_name(certificate), name, sizeof(name));
	snprintf(due, sizeof(due), "v3, %s, rsassaPss sha384 mgf1 sha384 salt %d trailer %d",
		 key_due, SALT, DEFAULT_TRAILER);
	snprintf(is, sizeof(is), "v%ld, %s, %s", X509_get_version(certificate) + 1, key, signature);
	snprintf(expected, sizeof(expected), "%s, %.190s", common_name, due);
	snprintf(found, sizeof(found), "%s, %.190s", name, is);
	return kw_checks_judge(checks, check, KW_E_COL_CERTIFICATE,
			       strcmp(name, common_name) == 0 && strcmp(is, due) == 0, expected,
			       found);
}

static bool entry_is(const X509_NAME *name, int nid, const char *expected)
{
	int at = X509_NAME_get_index_by_NID(name, nid, -1);
	const ASN1_STRING *text;

	if (at < 0)
		return false;
	text = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
	return kw_bytes_equal(
		(struct kw_bytes){ ASN1_STRING_get0_data(text), (size_t)ASN1_STRING_length(text) },
		kw_bytes_text(expected));
}

bool kw_amd_name_is(const X509_NAME *name)
{
	return X509_NAME_entry_count(name) == NAME_ENTRIES && entry_is(name, NID_countryName, "US")
	       && entry_is(name, NID_stateOrProvinceName, "CA")
	       && entry_is(name, NID_localityName, "Santa Clara")
	       && entry_is(name, NID_organizationName, "Advanced Micro Devices")
	       && entry_is(name, NID_organizationalUnitName, "Engineering")
	       && X509_NAME_get_index_by_NID(name, NID_commonName, -1) >= 0;
}
