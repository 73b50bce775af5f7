/* SPDX-License-Identifier: Apache-2.0 */
#include "judge_amd.h"
#include "util/cleanup.h"

#include <openssl/ecdsa.h>
#include <string.h>

enum {
	SIGNED_SIZE = 0x2a0,
	NUMBER_SIZE = 72, /* of R and S, little endian */
	CHIP_ID_SIZE = 64,
	VERSION_MIN = 2,
	VERSION_MAX = 5,
	VERSION_WITH_CPUID = 3,
	ECDSA_P384_SHA384 = 1,
	FAMILY_MILAN_GENOA = 0x19,
	FAMILY_TURIN = 0x1a,
};
#define POLICY_MUST_BE_ONE (UINT64_C(1) << 17)
#define POLICY_DEBUG (UINT64_C(1) << 19)
#define POLICY_RESERVED (~UINT64_C(0) << 26)
#define SIGNER_RESERVED (~UINT32_C(0) << 5)

KW_DEFINE_FREEP(ECDSA_SIG, ECDSA_SIG_free);

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
	       && kw_skip_to(c, 0x180) && kw_take(c, 8, &r->reported_tcb)
	       && kw_take_u8(c, &r->family) && kw_take_u8(c, &r->model) && kw_skip_to(c, 0x1a0)
	       && kw_take(c, CHIP_ID_SIZE, &r->chip_id) && kw_skip_to(c, SIGNED_SIZE)
	       && kw_take(c, (size_t)2 * NUMBER_SIZE, &r->signature);
}

/* Which byte is whose differs from product to product. */
static void take_spls(struct lab_snp *r, enum lab_product product)
{
	const uint8_t *tcb = r->reported_tcb.data;
	bool turin = product == LAB_TURIN;

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
	if (LAB_SIGNER_KEY(r->signer) > 1)
		return lab_refuse(why, "the SNP report is signed with key %u, not VCEK or VLEK",
				  LAB_SIGNER_KEY(r->signer));
	if ((r->policy & POLICY_MUST_BE_ONE) == 0)
		return lab_refuse(why, "bit 17 of the guest policy is 0, and must be 1");
	if ((r->policy & POLICY_DEBUG) != 0)
		return lab_refuse(why, "the guest policy allows debugging");
	if (r->vmpl != 0)
		return lab_refuse(why, "the SNP report is of VMPL %u, expected 0", r->vmpl);
	return true;
}

/* What no firmware sets: guest attestation 3. */
static bool judge_reserved(struct kw_bytes report, const struct lab_snp *r,
			   enum lab_product product, struct lab_why *why)
{
	static const struct {
		size_t at, len;
	} ranges[] = { { 0x4c, 4 }, { 0x18b, 21 }, { 0x208, 152 } };
	/* REPORTED_TCB: bytes 2 to 5, of Turin 4 to 6. */
	size_t tcb_at = product == LAB_TURIN ? 4 : 2;
	size_t tcb_len = product == LAB_TURIN ? 3 : 4;

	if ((r->policy & POLICY_RESERVED) != 0 || (r->signer & SIGNER_RESERVED) != 0)
		return lab_refuse(why, "a reserved bit of POLICY or of the dword at 0x48 is set");
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (!kw_bytes_are_zero(
			    (struct kw_bytes){ report.data + ranges[i].at, ranges[i].len }))
			return lab_refuse(why, "the reserved bytes at 0x%zx are not zero",
					  ranges[i].at);
	return kw_bytes_are_zero((struct kw_bytes){ r->reported_tcb.data + tcb_at, tcb_len })
	       || lab_refuse(why, "the reserved bytes of REPORTED_TCB are not zero");
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

/* Key release 1.3: from version 3 on the report says which processor it is of. */
static bool judge_product(const struct lab_snp *r, enum lab_product product, struct lab_why *why)
{
	bool genoa =
		(r->model >= 0x10 && r->model <= 0x1f) || (r->model >= 0xa0 && r->model <= 0xaf);
	bool fits = false;

	if (r->version < VERSION_WITH_CPUID)
		return true;
	switch (product) {
	case LAB_MILAN:
		fits = r->family == FAMILY_MILAN_GENOA && r->model <= 0x0f;
		break;
	case LAB_GENOA:
		fits = r->family == FAMILY_MILAN_GENOA && genoa;
		break;
	case LAB_TURIN:
		fits = r->family == FAMILY_TURIN && r->model <= 0x11;
		break;
	}
	return fits
	       || lab_refuse(why, "the SNP report is of family 0x%x, model 0x%x: not the chain's",
			     r->family, r->model);
}

bool lab_judge_report(struct kw_bytes report, struct kw_bytes chain_pem, struct lab_snp *r,
		      struct lab_why *why)
{
	KW_CLEANUP(lab_amd_chain_clear) struct lab_amd_chain chain = { 0 };
	struct kw_cursor c = { .in = report };
	uint32_t algorithm = 0;

	if (report.len != LAB_SNP_REPORT_SIZE || !take_report(&c, r, &algorithm))
		return lab_refuse(why, "the SNP report has %zu bytes, expected %d", report.len,
				  LAB_SNP_REPORT_SIZE);
	r->signed_part = (struct kw_bytes){ report.data, SIGNED_SIZE };
	if (!judge_fields(r, algorithm, why) || !lab_amd_chain_judge(chain_pem, &chain, why)
	    || !judge_product(r, chain.product, why)
	    || !judge_reserved(report, r, chain.product, why))
		return false;
	take_spls(r, chain.product);
	return lab_amd_leaf_judge(&chain, r, why)
	       && (signature_fits(r, X509_get0_pubkey(chain.leaf))
		   || lab_refuse(why, "the SNP report's signature does not verify"));
}

bool lab_judge_snp(const struct lab_evidence *evidence, struct lab_findings *findings,
		   struct lab_why *why)
{
	return lab_judge_report(kw_blob_bytes(&evidence->report), kw_blob_bytes(&evidence->chain),
				&findings->snp, why);
}
