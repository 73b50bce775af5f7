/* SPDX-License-Identifier: Apache-2.0 */
#include "snp_report.h"

#include "certificate.h"
#include "out.h"

#include <openssl/ec.h>
#include <string.h>

KW_DEFINE_FREEP(EVP_MD_CTX, EVP_MD_CTX_free);
KW_DEFINE_FREEP(ECDSA_SIG, ECDSA_SIG_free);

enum {
	CHIP_ID_AT = 0x1a0,
	COORDINATE_SIZE = 72, /* of R and of S, little endian */
	DER_SIGNATURE_MAX = 128,
};

static void put_head(struct lab_out *out, const struct lab_snp_form *form)
{
	lab_out_le32(out, form->version);
	lab_out_le32(out, form->guest_svn);
	lab_out_le64(out, form->policy);
	lab_out_bytes(out, form->family_id, sizeof(form->family_id));
	lab_out_bytes(out, form->image_id, sizeof(form->image_id));
	lab_out_le32(out, form->vmpl);
	lab_out_le32(out, form->signature_algo);
	lab_out_bytes(out, form->current_tcb, LAB_TCB_SIZE);
	lab_out_le64(out, form->platform_info);
	lab_out_le32(out, form->signer);
	lab_out_le32(out, 0);
}

static void put_guest(struct lab_out *out, const struct lab_snp_form *form)
{
	uint8_t no_migration_agent[32];
	memset(no_migration_agent, 0xff, sizeof(no_migration_agent));
	lab_out_bytes(out, form->report_data, sizeof(form->report_data));
	lab_out_bytes(out, form->measurement, sizeof(form->measurement));
	lab_out_bytes(out, form->host_data, sizeof(form->host_data));
	lab_out_bytes(out, form->id_key_digest, sizeof(form->id_key_digest));
	lab_out_bytes(out, form->author_key_digest, sizeof(form->author_key_digest));
	lab_out_bytes(out, form->report_id, sizeof(form->report_id));
	lab_out_bytes(out, no_migration_agent, sizeof(no_migration_agent));
}

static void put_chip(struct lab_out *out, const struct lab_snp_form *form)
{
	lab_out_bytes(out, form->reported_tcb, LAB_TCB_SIZE);
	if (form->version >= 3) {
		lab_out_u8(out, form->family);
		lab_out_u8(out, form->model);
		lab_out_u8(out, form->stepping);
	}
	lab_out_fill_to(out, CHIP_ID_AT);
	lab_out_bytes(out, form->chip_id, sizeof(form->chip_id));
	lab_out_bytes(out, form->reported_tcb, LAB_TCB_SIZE); /* committed */
	for (int twice = 0; twice < 2; twice++) {	      /* current, committed */
		lab_out_bytes(out, form->firmware, sizeof(form->firmware));
		lab_out_u8(out, 0);
	}
	lab_out_bytes(out, form->reported_tcb, LAB_TCB_SIZE); /* at launch */
	lab_out_fill_to(out, LAB_SNP_SIGNED_SIZE);
}

static void put_signature(struct lab_out *out, EVP_PKEY *key)
{
	KW_CLEANUP(EVP_MD_CTX_freep) EVP_MD_CTX *md = EVP_MD_CTX_new();
	KW_CLEANUP(ECDSA_SIG_freep) ECDSA_SIG *signature = NULL;
	uint8_t der[DER_SIGNATURE_MAX], number[COORDINATE_SIZE];
	const uint8_t *at = der;
	size_t len = sizeof(der);
	lab_crypto_must(md && EVP_DigestSignInit(md, NULL, EVP_sha384(), NULL, key) > 0
				&& EVP_DigestSign(md, der, &len, out->data, out->len) > 0,
			"signing a report");
	signature = d2i_ECDSA_SIG(NULL, &at, (long)len);
	lab_crypto_must(signature != NULL, "reading a signature");
	lab_crypto_must(BN_bn2lebinpad(ECDSA_SIG_get0_r(signature), number, sizeof(number)) > 0,
			"writing R");
	lab_out_bytes(out, number, sizeof(number));
	lab_crypto_must(BN_bn2lebinpad(ECDSA_SIG_get0_s(signature), number, sizeof(number)) > 0,
			"writing S");
	lab_out_bytes(out, number, sizeof(number));
}

void lab_snp_report_make(const struct lab_snp_form *form, EVP_PKEY *key,
			 uint8_t ret[LAB_SNP_REPORT_SIZE])
{
	struct lab_out out = { .len = 0 };
	put_head(&out, form);
	put_guest(&out, form);
	put_chip(&out, form);
	put_signature(&out, key);
	lab_out_fill_to(&out, LAB_SNP_REPORT_SIZE);
	memcpy(ret, out.data, LAB_SNP_REPORT_SIZE);
}
