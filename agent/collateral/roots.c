/* SPDX-License-Identifier: Apache-2.0 */
#include "collateral/roots.h"

#include "collateral/amd.h"
#include "util/file.h"
#include "util/memory.h"

#include <assert.h>
#include <openssl/err.h>
#include <string.h>

#define ARK_PREFIX "ARK-"
enum { COMMON_NAME_SIZE = 128 };

struct root {
	enum kw_product product;
	uint8_t spki_sha256[KW_SHA256_SIZE];
};

struct kw_amd_roots {
	struct root rows[KW_DER_LIST_MAX];
	size_t n;
};

/* The keys of the ARKs that AMD publishes (key release 1.4): SHA-256 of the SubjectPublicKeyInfo,
 * because AMD issues certificates anew with the same key. */
static const struct {
	enum kw_product product;
	const char *spki_sha256;
} pins[] = {
	{ KW_MILAN, "9f056bee44377e29308cb5ffa895bdfb62d18881fa6bed8d6f075b0204089cb9" },
	{ KW_GENOA, "429a69c9422aa258ee4d8db5fcda9c6470ef15f8cd5a9cebd6cbc7d90b863831" },
	{ KW_TURIN, "4f125410563a2ab9a50356f9243f6fe0b6f73de98603f53f90339c70e9d7ad08" },
};

enum kw_product kw_amd_root_product(const char *common_name)
{
	size_t prefix = strlen(ARK_PREFIX);

	if (strncmp(common_name, ARK_PREFIX, prefix) != 0)
		return KW_PRODUCT_UNKNOWN;
	return kw_product_parse(common_name + prefix, strlen(common_name) - prefix);
}

bool kw_amd_roots_have(const struct kw_amd_roots *roots, enum kw_product product,
		       const uint8_t spki_sha256[KW_SHA256_SIZE])
{
	if (product == KW_PRODUCT_UNKNOWN)
		return false;
	for (size_t i = 0; i < roots->n; i++)
		if (roots->rows[i].product == product
		    && memcmp(roots->rows[i].spki_sha256, spki_sha256, KW_SHA256_SIZE) == 0)
			return true;
	return false;
}

/* A certificate that another one issued is no anchor and is passed over. */
static int add_self_signed(struct kw_amd_roots *roots, X509 *certificate, struct kw_error *err)
{
	const X509_NAME *subject = X509_get_subject_name(certificate);
	struct root *row = &roots->rows[roots->n];
	char name[COMMON_NAME_SIZE];

	if (X509_NAME_cmp(subject, X509_get_issuer_name(certificate)) != 0)
		return 0;
	kw_x509_common_name(subject, name, sizeof(name));
	row->product = kw_amd_root_product(name);
	if (row->product == KW_PRODUCT_UNKNOWN)
		return kw_fail(err, KW_E_CFG_VALUE,
			       "the common name of a root is '%s', expected " ARK_PREFIX
			       "Milan, " ARK_PREFIX "Genoa or " ARK_PREFIX "Turin",
			       name);
	if (X509_verify(certificate, X509_get0_pubkey(certificate)) != 1) {
		ERR_clear_error();
		return kw_fail(err, KW_E_CFG_VALUE, "root '%s' is not signed by its own key", name);
	}
	kw_x509_spki_digest(certificate, row->spki_sha256);
	roots->n++;
	return 0;
}

int kw_amd_roots_parse(struct kw_bytes pem, struct kw_amd_roots **ret, struct kw_error *err)
{
	KW_CLEANUP(kw_der_list_clear) struct kw_der_list list = { 0 };
	KW_CLEANUP(kw_amd_roots_freep) struct kw_amd_roots *roots = kw_alloc(sizeof(*roots));

	if (kw_der_list_parse(pem, "trusted roots", KW_E_CFG_VALUE, &list, err) < 0)
		return -1;
	for (size_t i = 0; i < list.n; i++) {
		KW_CLEANUP(X509_freep)
		X509 *certificate = kw_x509_parse(kw_blob_bytes(&list.der[i]));

		/* The list holds certificates alone: this is the library out of memory. */
		if (!certificate)
			return kw_fail(err, KW_E_SYS_CRYPTO,
				       "trusted root %zu of %zu cannot be read", i + 1, list.n);
		if (add_self_signed(roots, certificate, err) < 0)
			return -1;
	}
	if (roots->n == 0)
		return kw_fail(err, KW_E_CFG_VALUE,
			       "trusted roots hold no self-signed certificate among %zu", list.n);
	*ret = KW_STEAL(roots);
	return 0;
}

static struct kw_amd_roots *builtin_roots(void)
{
	struct kw_amd_roots *roots = kw_alloc(sizeof(*roots));

	for (; roots->n < sizeof(pins) / sizeof(pins[0]); roots->n++) {
		struct root *row = &roots->rows[roots->n];
		bool ok = kw_hex_decode(pins[roots->n].spki_sha256, row->spki_sha256,
					sizeof(row->spki_sha256));

		assert(ok);
		row->product = pins[roots->n].product;
	}
	return roots;
}

int kw_amd_roots_load(const char *builtin_or_file, struct kw_amd_roots **ret, struct kw_error *err)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob pem = { 0 };

	if (strcmp(builtin_or_file, "builtin") == 0) {
		*ret = builtin_roots();
		return 0;
	}
	if (kw_file_read(builtin_or_file, KW_DER_LIST_INPUT_MAX, KW_E_CFG_VALUE, &pem, err) < 0
	    || kw_amd_roots_parse(kw_blob_bytes(&pem), ret, err) < 0)
		return kw_wrap(err, "collateral.trustedRoots '%s'", builtin_or_file);
	return 0;
}

void kw_amd_roots_free(struct kw_amd_roots *roots)
{
	free(roots);
}
