/* SPDX-License-Identifier: Apache-2.0 */
#include "collateral/x509.h"

#include "util/memory.h"
#include "util/text.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

KW_DEFINE_FREEP(BIO, BIO_free_all);

X509 *kw_x509_parse(struct kw_bytes der)
{
	KW_CLEANUP(X509_freep) X509 *certificate = NULL;
	const uint8_t *at = der.data;

	if (der.len == 0 || der.len > KW_DER_LIST_INPUT_MAX)
		return NULL;
	certificate = d2i_X509(NULL, &at, (long)der.len);
	if (!certificate)
		ERR_clear_error();
	if (!certificate || at != der.data + der.len)
		return NULL;
	return KW_STEAL(certificate);
}

void kw_x509_common_name(const X509_NAME *name, char *ret, size_t size)
{
	int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
	const ASN1_STRING *text;

	ret[0] = '\0';
	if (at < 0 || X509_NAME_get_index_by_NID(name, NID_commonName, at) >= 0)
		return;
	text = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
	kw_text_clean(
		(struct kw_bytes){ ASN1_STRING_get0_data(text), (size_t)ASN1_STRING_length(text) },
		ret, size);
}

struct kw_blob kw_x509_spki(const X509 *certificate)
{
	struct kw_blob spki = { 0 };
	uint8_t *der = NULL;
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);

	if (len > 0)
		spki = kw_blob_copy((struct kw_bytes){ der, (size_t)len });
	OPENSSL_free(der);
	return spki;
}

void kw_x509_spki_digest(const X509 *certificate, uint8_t ret[KW_SHA256_SIZE])
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob spki = kw_x509_spki(certificate);

	kw_digest(KW_SHA256, kw_blob_bytes(&spki), ret);
}

char *kw_x509_pem(struct kw_bytes der)
{
	KW_CLEANUP(BIO_free_allp) BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;
	long len;

	if (!bio || PEM_write_bio(bio, PEM_STRING_X509, "", der.data, (long)der.len) <= 0)
		kw_out_of_memory(); /* nothing else can fail here */
	len = BIO_get_mem_data(bio, &text);
	return kw_format("%.*s", (int)len, text);
}

static bool add(struct kw_der_list *list, struct kw_bytes der)
{
	KW_CLEANUP(X509_freep) X509 *certificate = kw_x509_parse(der);

	if (!certificate || list->n == KW_DER_LIST_MAX)
		return false;
	list->der[list->n++] = kw_blob_copy(der);
	return true;
}

/* One block; `*ret_end` instead if there is no further one. False: a block that is no certificate.
 */
static bool add_pem_block(BIO *bio, struct kw_der_list *list, bool *ret_end)
{
	char *name = NULL, *header = NULL;
	uint8_t *data = NULL;
	long len = 0;
	bool ok;

	if (PEM_read_bio(bio, &name, &header, &data, &len) <= 0) {
		*ret_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
		ERR_clear_error();
		return *ret_end;
	}
	ok = strcmp(name, PEM_STRING_X509) == 0 && header[0] == '\0'
	     && add(list, (struct kw_bytes){ data, (size_t)len });
	OPENSSL_free(name);
	OPENSSL_free(header);
	OPENSSL_free(data);
	return ok;
}

static bool add_pem(struct kw_bytes in, struct kw_der_list *list)
{
	KW_CLEANUP(BIO_free_allp) BIO *bio = BIO_new_mem_buf(in.data, (int)in.len);
	bool end = false;

	if (!bio)
		kw_out_of_memory();
	while (!end)
		if (!add_pem_block(bio, list, &end))
			return false;
	return true;
}

static bool add_der(struct kw_bytes in, struct kw_der_list *list)
{
	const uint8_t *at = in.data, *end = in.data + in.len;

	while (at < end) {
		const uint8_t *start = at;
		KW_CLEANUP(X509_freep) X509 *certificate = d2i_X509(NULL, &at, (long)(end - at));

		if (!certificate) {
			ERR_clear_error();
			return false;
		}
		if (!add(list, (struct kw_bytes){ start, (size_t)(at - start) }))
			return false;
	}
	return true;
}

int kw_der_list_parse(struct kw_bytes in, const char *what, enum kw_error_name error,
		      struct kw_der_list *ret, struct kw_error *err)
{
	enum { DER_SEQUENCE = 0x30 };
	KW_CLEANUP(kw_der_list_clear) struct kw_der_list list = { 0 };
	bool ok = true;

	if (in.len > KW_DER_LIST_INPUT_MAX)
		return kw_fail(err, error, "%s is %zu bytes, at most %d are read", what, in.len,
			       KW_DER_LIST_INPUT_MAX);
	if (in.len > 0)
		ok = in.data[0] == DER_SEQUENCE ? add_der(in, &list) : add_pem(in, &list);
	if (!ok)
		return kw_fail(
			err, error,
			"%s: certificate %zu of at most %d is malformed or not a certificate", what,
			list.n + 1, KW_DER_LIST_MAX);
	*ret = list;
	list = (struct kw_der_list){ 0 };
	return 0;
}

void kw_der_list_clear(struct kw_der_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		kw_blob_clear(&list->der[i]);
	list->n = 0;
}
