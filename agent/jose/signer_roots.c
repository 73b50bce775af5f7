/* SPDX-License-Identifier: Apache-2.0 */
#include "jose/certificate.h"
#include "jose/openssl.h"
#include "util/file.h"
#include "util/memory.h"
#include "util/text.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

/* Fixed on purpose: OpenSSL's own default would follow SSL_CERT_FILE of the environment. */
static const char system_bundle[] = "/etc/ssl/certs/ca-certificates.crt";

enum { BUNDLE_SIZE_MAX = 4 << 20 };

static struct kw_signer_roots *new_roots(X509_STORE *store)
{
	struct kw_signer_roots *roots = kw_alloc(sizeof(*roots));

	if (!store)
		kw_out_of_memory();
	roots->store = store;
	return roots;
}

/* Adds every certificate of the text. False: one of them is damaged. */
static bool add_all(X509_STORE *store, BIO *in, size_t *ret_n)
{
	for (size_t n = 0;; n++) {
		KW_CLEANUP(X509_freep) X509 *root = PEM_read_bio_X509(in, NULL, NULL, NULL);
		if (!root) {
			*ret_n = n;
			return ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
		}
		if (X509_STORE_add_cert(store, root) != 1)
			return false;
	}
}

int kw_signer_roots_parse(struct kw_bytes pem, struct kw_signer_roots **ret, struct kw_error *err)
{
	KW_CLEANUP(BIO_free_allp) BIO *in = BIO_new_mem_buf(pem.data, (int)pem.len);
	KW_CLEANUP(X509_STORE_freep) X509_STORE *store = X509_STORE_new();
	size_t n = 0;

	if (!in || !store)
		kw_out_of_memory();
	bool ok = add_all(store, in, &n);
	ERR_clear_error();
	if (!ok)
		return kw_fail(err, KW_E_CFG_VALUE, "a certificate of the PEM text is damaged");
	if (n == 0)
		return kw_fail(err, KW_E_CFG_VALUE, "the PEM text has no certificate");
	*ret = new_roots(KW_STEAL(store));
	return 0;
}

static int load_file(const char *path, struct kw_signer_roots **ret, struct kw_error *err)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob pem = { 0 };

	if (kw_file_read(path, BUNDLE_SIZE_MAX, KW_E_SYS_FILE, &pem, err) < 0)
		return -1;
	if (kw_signer_roots_parse(kw_blob_bytes(&pem), ret, err) < 0)
		return kw_wrap(err, "signer roots '%s'", path);
	return 0;
}

int kw_signer_roots_load(const char *system_or_file, struct kw_signer_roots **ret,
			 struct kw_error *err)
{
	struct kw_error missing = { 0 };

	if (strcmp(system_or_file, "system") != 0)
		return load_file(system_or_file, ret, err);
	if (load_file(system_bundle, ret, &missing) < 0) {
		/* The agent starts without a bundle; a release answer is then refused, saying why.
		 */
		*ret = new_roots(X509_STORE_new());
		kw_text_clean(kw_bytes_text(missing.detail), (*ret)->problem,
			      sizeof((*ret)->problem));
	}
	return 0;
}

void kw_signer_roots_free(struct kw_signer_roots *roots)
{
	if (!roots)
		return;
	X509_STORE_free(roots->store);
	free(roots);
}
