/* SPDX-License-Identifier: Apache-2.0 */
#include "certificate.h"
#include "jose.h"
#include "judge.h"
#include "pki.h"
#include "site.h"
#include "util/cleanup.h"

#include <openssl/ecdsa.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

enum {
	SIGNED_SIZE = 0x2a0,
	NUMBER_SIZE = 72, /* of R and S, little endian */
	CHIP_ID_SIZE = 64,
	TURIN_CHIP_ID_SIZE = 8,
	VERSION_MIN = 2,
	VERSION_MAX = 5,
	ECDSA_P384_SHA384 = 1,
	CHAIN_CERTS = 3,
};
#define POLICY_DEBUG (UINT64_C(1) << 19)
#define SIGNER_MASKED 0x2u
#define SIGNER_KEY(dword) ((dword) >> 2 & 7u)

KW_DEFINE_FREEP(ECDSA_SIG, ECDSA_SIG_free);
KW_DEFINE_FREEP(X509_STORE, X509_STORE_free);
KW_DEFINE_FREEP(X509_STORE_CTX, X509_STORE_CTX_free);
KW_DEFINE_FREEP(ASN1_OBJECT, ASN1_OBJECT_free);
KW_DEFINE_FREEP(ASN1_INTEGER, ASN1_INTEGER_free);
KW_DEFINE_FREEP(BIO, BIO_free_all);

/* AMD 56860, ATTESTATION_REPORT; little endian. */
static bool take_report(struct kw_cursor *c, struct lab_snp *r, uint32_t *ret_algorithm)
{
	return kw_take_le32(c, &r->version) && kw_take_le32(c, &r->guest_svn)
	       && kw_take_le64(c, &r->policy) && kw_take(c, 16, &r->family_id)
	       && kw_take(c, 16, &r->image_id) && kw_take_le32(c, &r->vmpl)
	       && kw_take_le32(c, ret_algorithm) && kw_skip_to(c, 0x48)
	       && kw_take_le32(c, &r->signer) && kw_skip_to(c, 0x50)
	       && kw_take(c, 64, &r->report_data) && kw_take(c, 48, &r->measurement)
	       && kw_take(c, 32, &r->host_data) && kw_take(c, 48, &r->id_key_digest)
	       && kw_take(c, 48, &r->author_key_digest) && kw_take(c, 32, &r->report_id)
	       && kw_skip_to(c, 0x180) && kw_take(c, 8, &r->reported_tcb) && kw_skip_to(c, 0x1a0)
	       && kw_take(c, CHIP_ID_SIZE, &r->chip_id) && kw_skip_to(c, SIGNED_SIZE)
	       && kw_take(c, (size_t)2 * NUMBER_SIZE, &r->signature);
}

static void take_spls(struct lab_snp *r)
{
	const uint8_t *tcb = r->reported_tcb.data;
	bool turin = lab_site.options->product == LAB_TURIN;

	r->spl_fmc = turin ? tcb[0] : 0;
	r->spl_boot = turin ? tcb[1] : tcb[0];
	r->spl_tee = turin ? tcb[2] : tcb[1];
	r->spl_snp = turin ? tcb[3] : tcb[6];
	r->spl_microcode = tcb[7];
}

static bool judge_fields(const struct lab_snp *r, uint32_t algorithm, struct lab_why *why)
{
	if (r->version < VERSION_MIN || r->version > VERSION_MAX)
		return lab_refuse(why, "the SNP report has version %u", r->version);
	if (algorithm != ECDSA_P384_SHA384)
		return lab_refuse(why, "the SNP report has signature algorithm %u", algorithm);
	if (SIGNER_KEY(r->signer) != 0)
		return lab_refuse(why, "the SNP report is signed with key %u, expected a VCEK",
				  SIGNER_KEY(r->signer));
	if ((r->policy & POLICY_DEBUG) != 0)
		return lab_refuse(why, "the guest policy allows debugging");
	if (r->vmpl != 0)
		return lab_refuse(why, "the SNP report is of VMPL %u, expected 0", r->vmpl);
	return true;
}

/* One number of the signature; NULL: it does not fit 48 bytes. */
static BIGNUM *signature_number(const uint8_t *at)
{
	for (size_t i = 48; i < NUMBER_SIZE; i++)
		if (at[i] != 0)
			return NULL;
	return BN_lebin2bn(at, 48, NULL);
}

static bool signature_fits(const struct lab_snp *r, EVP_PKEY *key)
{
	KW_CLEANUP(ECDSA_SIG_freep) ECDSA_SIG *signature = ECDSA_SIG_new();
	BIGNUM *first = signature_number(r->signature.data);
	BIGNUM *second = signature_number(r->signature.data + NUMBER_SIZE);
	EVP_MD_CTX *context;
	uint8_t *der = NULL;
	int len;
	bool good;

	if (first == NULL || second == NULL) {
		BN_free(first);
		BN_free(second);
		return false;
	}
	ECDSA_SIG_set0(signature, first, second);
	len = i2d_ECDSA_SIG(signature, &der);
	context = EVP_MD_CTX_new();
	good = len > 0 && EVP_PKEY_get_base_id(key) == EVP_PKEY_EC
	       && EVP_DigestVerifyInit(context, NULL, EVP_sha384(), NULL, key) == 1
	       && EVP_DigestVerify(context, der, (size_t)len, r->signed_part.data,
				   r->signed_part.len)
			  == 1;
	EVP_MD_CTX_free(context);
	OPENSSL_free(der);
	return good;
}

/* Exactly VCEK, ASK, ARK and nothing behind. */
static bool read_chain(struct kw_bytes pem, X509 *ret[CHAIN_CERTS], struct lab_why *why)
{
	KW_CLEANUP(BIO_free_allp) BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);
	X509 *more;

	for (size_t i = 0; i < CHAIN_CERTS; i++) {
		ret[i] = PEM_read_bio_X509(bio, NULL, NULL, NULL);
		if (ret[i] == NULL)
			return lab_refuse(why, "'VcekCertChain' has %zu certificates, expected %d",
					  i, CHAIN_CERTS);
	}
	more = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	X509_free(more);
	return more == NULL
	       || lab_refuse(why, "'VcekCertChain' has more than %d certificates", CHAIN_CERTS);
}

static bool judge_chain(X509 *const chain[CHAIN_CERTS], struct lab_why *why)
{
	KW_CLEANUP(X509_STORE_freep) X509_STORE *store = X509_STORE_new();
	KW_CLEANUP(X509_STORE_CTX_freep) X509_STORE_CTX *context = X509_STORE_CTX_new();
	STACK_OF(X509) *between = sk_X509_new_null();
	bool good;

	if (X509_cmp(chain[2], lab_pki.ark.cert) != 0) {
		sk_X509_free(between);
		return lab_refuse(why, "the ARK of the chain is not the pinned one");
	}
	sk_X509_push(between, chain[1]);
	X509_STORE_add_cert(store, lab_pki.ark.cert);
	X509_STORE_CTX_init(context, store, chain[0], between);
	X509_VERIFY_PARAM_set_flags(X509_STORE_CTX_get0_param(context),
				    X509_V_FLAG_CHECK_SS_SIGNATURE);
	X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(context), lab_now_s());
	good = X509_verify_cert(context) == 1
	       || lab_refuse(why, "the chain of the VCEK: %s",
			     X509_verify_cert_error_string(X509_STORE_CTX_get_error(context)));
	sk_X509_free(between);
	return good;
}

/* The content of an AMD extension (1.3.6.1.4.1.3704.1...); no bytes: it is not there. */
static struct kw_bytes extension(X509 *cert, const char *suffix)
{
	char oid[64];
	int at;

	snprintf(oid, sizeof(oid), "1.3.6.1.4.1.3704.1.%s", suffix);
	KW_CLEANUP(ASN1_OBJECT_freep) ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
	at = X509_get_ext_by_OBJ(cert, object, -1);
	if (at < 0)
		return (struct kw_bytes){ 0 };
	const ASN1_OCTET_STRING *data = X509_EXTENSION_get_data(X509_get_ext(cert, at));
	return (struct kw_bytes){ ASN1_STRING_get0_data(data), (size_t)ASN1_STRING_length(data) };
}

static bool judge_spl(X509 *vcek, const char *suffix, const char *name, uint8_t reported,
		      struct lab_why *why)
{
	struct kw_bytes der = extension(vcek, suffix);
	const uint8_t *at = der.data;
	KW_CLEANUP(ASN1_INTEGER_freep)
	ASN1_INTEGER *number = at != NULL ? d2i_ASN1_INTEGER(NULL, &at, (long)der.len) : NULL;

	if (number == NULL || ASN1_INTEGER_get(number) != reported)
		return lab_refuse(why, "REPORTED_TCB has %s %u, the VCEK is for %ld", name,
				  reported, number != NULL ? ASN1_INTEGER_get(number) : -1);
	return true;
}

static bool judge_chip(X509 *vcek, const struct lab_snp *r, struct lab_why *why)
{
	struct kw_bytes hwid = extension(vcek, "4");
	bool turin = lab_site.options->product == LAB_TURIN;
	size_t size = turin ? TURIN_CHIP_ID_SIZE : CHIP_ID_SIZE;

	if ((r->signer & SIGNER_MASKED) != 0)
		return kw_bytes_are_zero(r->chip_id)
		       || lab_refuse(why, "CHIP_ID is masked and not zero");
	if (hwid.len > 2 && hwid.data[0] == 0x04 && hwid.data[1] == hwid.len - 2) {
		hwid.data += 2;
		hwid.len -= 2;
	}
	if (hwid.len < size || memcmp(hwid.data, r->chip_id.data, size) != 0)
		return lab_refuse(why, "CHIP_ID is not the hwID of the VCEK");
	return true;
}

static bool judge_vcek(X509 *vcek, const struct lab_snp *r, struct lab_why *why)
{
	return judge_spl(vcek, "3.1", "boot loader", r->spl_boot, why)
	       && judge_spl(vcek, "3.2", "TEE", r->spl_tee, why)
	       && judge_spl(vcek, "3.3", "SNP", r->spl_snp, why)
	       && judge_spl(vcek, "3.8", "microcode", r->spl_microcode, why)
	       && (lab_site.options->product != LAB_TURIN
		   || judge_spl(vcek, "3.9", "FMC", r->spl_fmc, why))
	       && judge_chip(vcek, r, why)
	       && (signature_fits(r, X509_get0_pubkey(vcek))
		   || lab_refuse(why, "the SNP report's signature does not verify"));
}

bool lab_judge_snp(const struct lab_evidence *evidence, struct lab_findings *findings,
		   struct lab_why *why)
{
	struct kw_cursor c = { .in = kw_blob_bytes(&evidence->report) };
	struct lab_snp *r = &findings->snp;
	X509 *chain[CHAIN_CERTS] = { NULL };
	uint32_t algorithm = 0;
	bool good;

	if (evidence->report.len != LAB_SNP_REPORT_SIZE || !take_report(&c, r, &algorithm))
		return lab_refuse(why, "the SNP report has %zu bytes, expected %d",
				  evidence->report.len, LAB_SNP_REPORT_SIZE);
	r->signed_part = (struct kw_bytes){ evidence->report.data, SIGNED_SIZE };
	take_spls(r);
	good = judge_fields(r, algorithm, why)
	       && read_chain(kw_blob_bytes(&evidence->chain), chain, why) && judge_chain(chain, why)
	       && judge_vcek(chain[0], r, why);
	for (size_t i = 0; i < CHAIN_CERTS; i++)
		X509_free(chain[i]);
	return good;
}
