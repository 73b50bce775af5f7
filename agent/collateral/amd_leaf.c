/* SPDX-License-Identifier: Apache-2.0 */
/* The extensions of a VCEK or VLEK (key release 1.4), decoded as ASN.1 and never by byte position.
 */
#include "collateral/amd.h"
#include "collateral/x509.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#define AMD_ARC "1.3.6.1.4.1.3704.1."
enum { OID_TEXT_SIZE = 64 };

/* What an extension's content goes into; `false` refuses it. */
typedef bool decode_fn(struct kw_bytes content, struct kw_amd_leaf *leaf, void *field);

KW_DEFINE_FREEP(ASN1_INTEGER, ASN1_INTEGER_free);
KW_DEFINE_FREEP(ASN1_OCTET_STRING, ASN1_OCTET_STRING_free);
KW_DEFINE_FREEP(ASN1_IA5STRING, ASN1_IA5STRING_free);

/* 128 and above are two content bytes (02 02 00 d3). */
static bool decode_spl(struct kw_bytes content, struct kw_amd_leaf *leaf, void *field)
{
	const uint8_t *at = content.data;
	KW_CLEANUP(ASN1_INTEGER_freep)
	ASN1_INTEGER *integer = d2i_ASN1_INTEGER(NULL, &at, (long)content.len);
	uint64_t value = 0;

	(void)leaf;
	if (!integer || at != content.data + content.len
	    || ASN1_INTEGER_get_uint64(&value, integer) != 1 || value > UINT8_MAX)
		return false;
	*(uint8_t *)field = (uint8_t)value;
	return true;
}

static bool decode_text(struct kw_bytes content, char *ret, size_t size)
{
	const uint8_t *at = content.data;
	KW_CLEANUP(ASN1_IA5STRING_freep)
	ASN1_IA5STRING *text = d2i_ASN1_IA5STRING(NULL, &at, (long)content.len);
	size_t len = text ? (size_t)ASN1_STRING_length(text) : 0;
	const uint8_t *from = text ? ASN1_STRING_get0_data(text) : NULL;

	if (len == 0 || len >= size || at != content.data + content.len)
		return false;
	for (size_t i = 0; i < len; i++)
		if (from[i] < 0x20 || from[i] > 0x7e)
			return false;
	memcpy(ret, from, len);
	ret[len] = '\0';
	return true;
}

/* A VCEK says "Milan-B0", a VLEK "Milan". */
static bool decode_product(struct kw_bytes content, struct kw_amd_leaf *leaf, void *field)
{
	(void)field;
	if (!decode_text(content, leaf->product_name, sizeof(leaf->product_name)))
		return false;
	leaf->product = kw_product_parse(leaf->product_name, strcspn(leaf->product_name, "-"));
	return true;
}

static bool decode_csp_id(struct kw_bytes content, struct kw_amd_leaf *leaf, void *field)
{
	(void)field;
	leaf->has_csp_id = decode_text(content, leaf->csp_id, sizeof(leaf->csp_id));
	return leaf->has_csp_id;
}

static bool take_hwid(struct kw_bytes bytes, struct kw_amd_leaf *leaf)
{
	if (bytes.len != KW_CHIP_ID_SIZE && bytes.len != KW_TURIN_CHIP_ID_SIZE)
		return false;
	memcpy(leaf->hwid, bytes.data, bytes.len);
	leaf->hwid_size = bytes.len;
	leaf->has_hwid = true;
	return true;
}

/* AMD issues both: the bytes themselves, and the bytes wrapped once more as an OCTET STRING. */
static bool decode_hwid(struct kw_bytes content, struct kw_amd_leaf *leaf, void *field)
{
	const uint8_t *at = content.data;
	KW_CLEANUP(ASN1_OCTET_STRING_freep) ASN1_OCTET_STRING *wrapped = NULL;

	(void)field;
	if (take_hwid(content, leaf))
		return true;
	wrapped = d2i_ASN1_OCTET_STRING(NULL, &at, (long)content.len);
	return wrapped && at == content.data + content.len
	       && take_hwid((struct kw_bytes){ ASN1_STRING_get0_data(wrapped),
					       (size_t)ASN1_STRING_length(wrapped) },
			    leaf);
}

enum extension { PRODUCT_NAME, BOOTLOADER, TEE, SNP, MICROCODE, FMC, HWID, CSP_ID, N_EXTENSIONS };

#define TCB_FIELD(name) offsetof(struct kw_amd_leaf, tcb.name)
static const struct {
	const char *oid, *name;
	decode_fn *decode;
	size_t field;
} extensions[N_EXTENSIONS] = {
	[PRODUCT_NAME] = { AMD_ARC "2", "productName", decode_product, 0 },
	[BOOTLOADER] = { AMD_ARC "3.1", "blSPL", decode_spl, TCB_FIELD(bootloader) },
	[TEE] = { AMD_ARC "3.2", "teeSPL", decode_spl, TCB_FIELD(tee) },
	[SNP] = { AMD_ARC "3.3", "snpSPL", decode_spl, TCB_FIELD(snp) },
	[MICROCODE] = { AMD_ARC "3.8", "ucodeSPL", decode_spl, TCB_FIELD(microcode) },
	[FMC] = { AMD_ARC "3.9", "fmcSPL", decode_spl, TCB_FIELD(fmc) },
	[HWID] = { AMD_ARC "4", "hwID", decode_hwid, 0 },
	[CSP_ID] = { AMD_ARC "5", "cspID", decode_csp_id, 0 },
};

static int find_extension(const X509_EXTENSION *extension)
{
	/* OpenSSL's getter takes no const pointer and changes nothing. */
	const ASN1_OBJECT *object = X509_EXTENSION_get_object((X509_EXTENSION *)extension);
	char oid[OID_TEXT_SIZE];

	if (OBJ_obj2txt(oid, sizeof(oid), object, 1) <= 0)
		return -1;
	for (int i = 0; i < N_EXTENSIONS; i++)
		if (strcmp(oid, extensions[i].oid) == 0)
			return i;
	return -1;
}

static int read_extension(X509_EXTENSION *extension, unsigned *seen, struct kw_amd_leaf *leaf,
			  struct kw_error *err)
{
	const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(extension);
	struct kw_bytes content = { ASN1_STRING_get0_data(value),
				    (size_t)ASN1_STRING_length(value) };
	int which = find_extension(extension);

	if (which < 0)
		return 0;
	if (*seen & 1u << which)
		return kw_fail(err, KW_E_COL_CERTIFICATE, "extension %s stands there twice",
			       extensions[which].name);
	*seen |= 1u << which;
	if (!extensions[which].decode(content, leaf, (char *)leaf + extensions[which].field)) {
		ERR_clear_error();
		return kw_fail(err, KW_E_COL_CERTIFICATE,
			       "extension %s (%zu bytes) is malformed or out of range",
			       extensions[which].name, content.len);
	}
	return 0;
}

static int read_extensions(const X509 *certificate, struct kw_amd_leaf *leaf, struct kw_error *err)
{
	const unsigned tcb = 1u << BOOTLOADER | 1u << TEE | 1u << SNP | 1u << MICROCODE;
	unsigned seen = 0;

	for (int i = 0; i < X509_get_ext_count(certificate); i++)
		if (read_extension(X509_get_ext(certificate, i), &seen, leaf, err) < 0)
			return -1;
	if (seen & tcb && (seen & tcb) != tcb)
		return kw_fail(err, KW_E_COL_CERTIFICATE,
			       "the extensions hold a part of a TCB only");
	if (leaf->has_hwid && leaf->has_csp_id)
		return kw_fail(err, KW_E_COL_CERTIFICATE,
			       "extensions hwID and cspID stand together");
	leaf->has_tcb = (seen & tcb) == tcb;
	leaf->has_fmc = seen & 1u << FMC;
	return 0;
}

int kw_amd_leaf_parse(struct kw_bytes der, struct kw_amd_leaf *ret, struct kw_error *err)
{
	KW_CLEANUP(X509_freep) X509 *certificate = kw_x509_parse(der);
	struct kw_amd_leaf leaf = { 0 };

	if (!certificate)
		return kw_fail(err, KW_E_COL_CERTIFICATE, "%zu bytes are not one certificate",
			       der.len);
	if (read_extensions(certificate, &leaf, err) < 0)
		return -1;
	*ret = leaf;
	return 0;
}

bool kw_amd_leaf_chip_id(const struct kw_amd_leaf *leaf, uint8_t ret[KW_CHIP_ID_SIZE])
{
	size_t due = leaf->product == KW_TURIN ? KW_TURIN_CHIP_ID_SIZE : KW_CHIP_ID_SIZE;

	if (!leaf->has_hwid || leaf->hwid_size < due)
		return false;
	memset(ret, 0, KW_CHIP_ID_SIZE);
	memcpy(ret, leaf->hwid, due);
	return true;
}
