/* SPDX-License-Identifier: Apache-2.0 */
/* What a revocation list says, and whether it may say it. */
#include "collateral/crl.h"
#include "util/clock.h"
#include "util/memory.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <time.h>

#define CHECK "revocation list"
#define SIGNED "signed by the ARK"
enum { DER_SEQUENCE = 0x30, TEXT_SIZE = KW_CHECK_TEXT_SIZE };

KW_DEFINE_FREEP(X509_CRL, X509_CRL_free);
KW_DEFINE_FREEP(BIO, BIO_free_all);

/* One list and nothing behind it; NULL if it is none. */
static X509_CRL *parse(struct kw_bytes der)
{
	const uint8_t *at = der.data;
	X509_CRL *crl = der.len > 0 ? d2i_X509_CRL(NULL, &at, (long)der.len) : NULL;

	if (crl && at == der.data + der.len)
		return crl;
	ERR_clear_error();
	X509_CRL_free(crl);
	return NULL;
}

static X509_CRL *parse_pem(struct kw_bytes pem)
{
	KW_CLEANUP(BIO_free_allp) BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);
	X509_CRL *crl;

	if (!bio)
		kw_out_of_memory();
	crl = PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL);
	ERR_clear_error();
	return crl;
}

int kw_crl_read(struct kw_bytes in, struct kw_blob *ret, struct kw_error *err)
{
	KW_CLEANUP(X509_CRL_freep)
	X509_CRL *crl = in.len > 0 && in.data[0] == DER_SEQUENCE ? parse(in) : parse_pem(in);
	uint8_t *der = NULL;
	int len = crl ? i2d_X509_CRL(crl, &der) : -1;

	if (len <= 0)
		return kw_fail(err, KW_E_COL_ANSWER, "%zu bytes are not a revocation list", in.len);
	*ret = kw_blob_copy((struct kw_bytes){ der, (size_t)len });
	OPENSSL_free(der);
	return 0;
}

static int64_t seconds_of(const ASN1_TIME *time, int64_t if_malformed)
{
	struct tm tm = { 0 };

	return time && ASN1_TIME_to_tm(time, &tm) == 1 ? timegm(&tm) : if_malformed;
}

/* AMD's own signature parameters are asked of certificates; here the key decides. */
static bool is_signed_by(X509_CRL *crl, X509 *ark)
{
	EVP_PKEY *key = X509_get0_pubkey(ark);
	bool ok = key && X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_subject_name(ark)) == 0
		  && X509_CRL_verify(crl, key) == 1;

	ERR_clear_error();
	return ok;
}

static void judge_time(const X509_CRL *crl, int64_t now_s, struct kw_checks *checks)
{
	int64_t from = seconds_of(X509_CRL_get0_lastUpdate(crl), INT64_MAX);
	int64_t until = seconds_of(X509_CRL_get0_nextUpdate(crl), INT64_MIN);
	char first[KW_TIME_TEXT_SIZE] = "never", last[KW_TIME_TEXT_SIZE] = "never",
	     now[KW_TIME_TEXT_SIZE], expected[TEXT_SIZE];

	if (from != INT64_MAX)
		kw_time_text(from, first);
	if (until != INT64_MIN)
		kw_time_text(until, last);
	kw_time_text(now_s, now);
	snprintf(expected, sizeof(expected), "%s to %s", first, last);
	kw_checks_judge(checks, "revocation list time", KW_E_COL_CRL,
			from <= now_s && now_s <= until, expected, now);
}

static void judge_ask(X509_CRL *crl, const X509 *ask, struct kw_checks *checks)
{
	X509_REVOKED *entry = NULL;
	bool listed = X509_CRL_get0_by_serial(crl, &entry, X509_get0_serialNumber(ask)) != 0;

	kw_checks_judge(checks, "ASK not revoked", KW_E_COL_CRL, !listed, "not in the list",
			listed ? "it is revoked" : "not in the list");
}

static void judge_none(bool required, struct kw_checks *checks)
{
	static const char found[] = "none is at hand";

	if (required)
		kw_checks_judge(checks, CHECK, KW_E_COL_CRL, false, SIGNED, found);
	else
		kw_checks_not_possible(checks, CHECK, KW_E_COL_CRL, SIGNED, found);
}

void kw_crl_judge(const struct kw_collateral *collateral, const X509 *ask, X509 *ark, int64_t now_s,
		  struct kw_checks *checks)
{
	KW_CLEANUP(X509_CRL_freep) X509_CRL *crl = parse(kw_blob_bytes(&collateral->crl));
	bool ours = crl && is_signed_by(crl, ark);

	if (collateral->crl.len == 0) {
		judge_none(collateral->crl_required, checks);
		return;
	}
	kw_checks_judge(checks, CHECK, KW_E_COL_CRL, ours, SIGNED,
			ours  ? "it is"
			: crl ? "it is not"
			      : "not a revocation list");
	if (!crl)
		return;
	judge_time(crl, now_s, checks);
	judge_ask(crl, ask, checks);
}
