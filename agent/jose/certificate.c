/* SPDX-License-Identifier: Apache-2.0 */
#include "jose/certificate.h"

#include "jose/openssl.h"
#include "util/memory.h"
#include "util/text.h"

#include <time.h>

void kw_x509_cn(const X509_NAME *name, char *ret, size_t size)
{
	uint8_t *utf8 = NULL;
	int last = -1, len = -1;

	for (int i = -1; (i = X509_NAME_get_index_by_NID(name, NID_commonName, i)) >= 0;)
		last = i;
	if (last >= 0)
		len = ASN1_STRING_to_UTF8(
			&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, last)));
	kw_text_clean((struct kw_bytes){ utf8, len > 0 ? (size_t)len : 0 }, ret, size);
	OPENSSL_free(utf8);
}

static void name_line(const X509_NAME *name, char *ret, size_t size)
{
	KW_CLEANUP(BIO_free_allp) BIO *out = BIO_new(BIO_s_mem());
	char *text = NULL;

	if (!out || X509_NAME_print_ex(out, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) < 0)
		kw_out_of_memory();
	long len = BIO_get_mem_data(out, &text);
	kw_text_clean((struct kw_bytes){ (uint8_t *)text, (size_t)len }, ret, size);
}

static bool seconds(const ASN1_TIME *time, int64_t *ret)
{
	struct tm broken_down = { 0 };

	if (ASN1_TIME_to_tm(time, &broken_down) != 1)
		return false;
	*ret = timegm(&broken_down);
	return true;
}

static int read_members(X509 *x509, enum kw_error_name error, struct kw_certificate *parsed,
			struct kw_error *err)
{
	const EVP_PKEY *pkey = X509_get0_pubkey(x509);

	if (!seconds(X509_get0_notBefore(x509), &parsed->not_before_s)
	    || !seconds(X509_get0_notAfter(x509), &parsed->not_after_s))
		return kw_fail(err, error, "validity is not a pair of times");
	if (!pkey)
		return kw_fail(err, error, "public key is of an unknown kind");
	if (kw_public_key_from_pkey(pkey, error, &parsed->key, err) < 0)
		return -1;
	const X509_NAME *subject = X509_get_subject_name(x509);
	const X509_NAME *issuer = X509_get_issuer_name(x509);
	kw_x509_cn(subject, parsed->subject_cn, sizeof(parsed->subject_cn));
	kw_x509_cn(issuer, parsed->issuer_cn, sizeof(parsed->issuer_cn));
	name_line(issuer, parsed->issuer, sizeof(parsed->issuer));
	parsed->self_issued = X509_NAME_cmp(subject, issuer) == 0;
	return 0;
}

int kw_certificate_parse(struct kw_bytes der, bool trailing, enum kw_error_name error,
			 struct kw_certificate *ret, struct kw_error *err)
{
	KW_CLEANUP(kw_certificate_clear) struct kw_certificate parsed = { 0 };
	KW_CLEANUP(X509_freep) X509 *x509 = NULL;

	if (!kw_der_size(der, &parsed.der_size))
		return kw_fail(err, error, "certificate: %zu bytes hold no whole DER object",
			       der.len);
	if (!trailing && parsed.der_size != der.len)
		return kw_fail(err, error, "certificate: %zu bytes, but its DER takes %zu", der.len,
			       parsed.der_size);
	x509 = kw_x509_open((struct kw_bytes){ der.data, parsed.der_size });
	if (!x509)
		return kw_fail(err, error, "certificate: %zu bytes are not X.509", parsed.der_size);
	if (read_members(x509, error, &parsed, err) < 0)
		return kw_wrap(err, "certificate");
	*ret = parsed;
	parsed = (struct kw_certificate){ 0 };
	return 0;
}

void kw_certificate_clear(struct kw_certificate *certificate)
{
	kw_public_key_free(certificate->key);
	*certificate = (struct kw_certificate){ 0 };
}
