/* SPDX-License-Identifier: Apache-2.0 */
/* Judges an SNP report against the VCEK or VLEK that signed it (key release 1.3, 1.5). */
#include "collateral/amd.h"
#include "collateral/x509.h"
#include "jose/public_key.h"

#include <stdio.h>
#include <string.h>

enum {
	ALGORITHM_ECDSA_P384 = 1,
	KEY_VCEK = 0,
	KEY_VLEK = 1,
	NUMBER_SIZE = 72, /* R or S in the report, little endian */
	P384_SIZE = 48,	  /* what of it can be non-zero */
	CPUID_SINCE_VERSION = 3,
	TEXT_SIZE = KW_CHECK_TEXT_SIZE,
};

/* FIPS 186-4 D.1.2.4: the order of P-384. */
static const uint8_t p384_order[P384_SIZE] = {
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xc7, 0x63, 0x4d, 0x81, 0xf4, 0x37, 0x2d, 0xdf, 0x58, 0x1a, 0x0d, 0xb2,
	0x48, 0xb0, 0xa7, 0x7a, 0xec, 0xec, 0x19, 0x6a, 0xcc, 0xc5, 0x29, 0x73,
};

/* NULL, or what is wrong with this half; `ret` is big endian either way. */
static const char *read_number(struct kw_cursor *c, uint8_t ret[P384_SIZE])
{
	struct kw_bytes low, high;

	if (!kw_take(c, P384_SIZE, &low) || !kw_take(c, NUMBER_SIZE - P384_SIZE, &high))
		return "is cut";
	for (size_t i = 0; i < P384_SIZE; i++)
		ret[i] = low.data[P384_SIZE - 1 - i];
	if (!kw_bytes_are_zero(high))
		return "is longer than 48 bytes";
	if (kw_bytes_are_zero(low))
		return "is zero";
	return memcmp(ret, p384_order, P384_SIZE) < 0 ? NULL : "is not below the order";
}

static bool judge_form(const struct kw_signed_report *report, uint8_t r_and_s[2 * P384_SIZE],
		       struct kw_checks *checks)
{
	struct kw_cursor c = { .in = report->signature };
	const char *r = read_number(&c, r_and_s);
	const char *s = read_number(&c, r_and_s + P384_SIZE);
	char found[TEXT_SIZE];
	bool algorithm;

	snprintf(found, sizeof(found), "%u", report->signature_algo);
	algorithm = kw_checks_judge(checks, "signature algorithm", KW_E_SNP_SIGNATURE_FORM,
				    report->signature_algo == ALGORITHM_ECDSA_P384,
				    "1 (ECDSA P-384 with SHA-384)", found);
	snprintf(found, sizeof(found), "%s %s",
		 r   ? "R"
		 : s ? "S"
		     : "R and S",
		 r   ? r
		 : s ? s
		     : "are");
	return kw_checks_judge(checks, "signature form", KW_E_SNP_SIGNATURE_FORM, !r && !s,
			       "R and S are numbers of P-384", found)
	       && algorithm;
}

static void judge_signature(const X509 *leaf, const struct kw_signed_report *report,
			    struct kw_checks *checks)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob spki = kw_x509_spki(leaf);
	KW_CLEANUP(kw_public_key_freep) struct kw_public_key *key = NULL;
	uint8_t r_and_s[2 * P384_SIZE] = { 0 };
	struct kw_error ignored = { 0 };
	bool form = judge_form(report, r_and_s, checks);
	bool usable =
		kw_public_key_from_spki(kw_blob_bytes(&spki), KW_E_COL_CERTIFICATE, &key, &ignored)
			== 0
		&& kw_public_key_type(key) == KW_KTY_EC && kw_public_key_curve(key) == KW_P384;
	bool ok = form && usable
		  && kw_verify_ecdsa(key, KW_SHA384, report->signed_part, KW_BYTES(r_and_s));

	kw_checks_judge(checks, "report signature", KW_E_SNP_SIGNATURE, ok,
			"verifies with the leaf's P-384 key",
			ok	 ? "it does"
			: usable ? "it does not"
				 : "the leaf has another key");
}

static void judge_signing_key(const struct kw_amd_leaf *leaf, const struct kw_signed_report *report,
			      struct kw_checks *checks)
{
	unsigned due = leaf->has_csp_id ? KEY_VLEK : KEY_VCEK;
	char found[TEXT_SIZE];

	snprintf(found, sizeof(found), "%u", report->signing_key);
	kw_checks_judge(checks, "signing key", KW_E_SNP_SIGNING_KEY, report->signing_key == due,
			due == KEY_VLEK ? "1 (VLEK)" : "0 (VCEK)", found);
}

/* A version 2 report does not name its processor: the leaf's product stands in (key release 1.3).
 */
static void judge_product(const struct kw_amd_leaf *leaf, const struct kw_signed_report *report,
			  struct kw_checks *checks)
{
	enum kw_product product = leaf->product;

	if (report->version >= CPUID_SINCE_VERSION) {
		char found[TEXT_SIZE];

		product = kw_product_from_cpuid(report->family, report->model);
		snprintf(found, sizeof(found), "family 0x%02x, model 0x%02x: %s", report->family,
			 report->model, kw_product_name(product));
		kw_checks_judge(checks, "processor", KW_E_SNP_PRODUCT,
				product != KW_PRODUCT_UNKNOWN, "a known product line", found);
	}
	kw_checks_judge(checks, "report product", KW_E_COL_PRODUCT,
			product != KW_PRODUCT_UNKNOWN && product == leaf->product,
			kw_product_name(leaf->product), kw_product_name(product));
}

static void judge_chip(const struct kw_amd_leaf *leaf, const struct kw_signed_report *report,
		       bool allow_masked, struct kw_checks *checks)
{
	uint8_t expected[KW_CHIP_ID_SIZE];

	if (leaf->has_csp_id) {
		kw_checks_not_possible(checks, "chip id", KW_E_COL_CHIP_ID, "that of the leaf",
				       "a VLEK is not bound to a chip");
		return;
	}
	kw_checks_judge(checks, "chip id shown", KW_E_COL_MASKED,
			!report->chip_masked || allow_masked, allow_masked ? "any" : "shown",
			report->chip_masked ? "masked" : "shown");
	if (report->chip_masked)
		kw_checks_not_possible(checks, "chip id", KW_E_COL_CHIP_ID, "that of the leaf",
				       "the report masks it");
	else if (kw_amd_leaf_chip_id(leaf, expected))
		kw_checks_same_bytes(checks, "chip id", KW_E_COL_CHIP_ID, expected, report->chip_id,
				     sizeof(expected));
	else
		kw_checks_judge(checks, "chip id", KW_E_COL_CHIP_ID, false, "that of the leaf",
				"the leaf names none");
}

static void judge_tcb(const struct kw_amd_leaf *leaf, const struct kw_signed_report *report,
		      struct kw_checks *checks)
{
	struct kw_tcb reported = kw_tcb_from_bytes(report->reported_tcb, leaf->product);
	char expected[KW_TCB_TEXT_SIZE], found[KW_TCB_TEXT_SIZE];

	kw_tcb_text(leaf->tcb, leaf->product, expected);
	kw_tcb_text(reported, leaf->product, found);
	kw_checks_judge(checks, "reported TCB", KW_E_COL_TCB,
			leaf->has_tcb && kw_tcb_equal(reported, leaf->tcb, leaf->product),
			leaf->has_tcb ? expected : "a leaf with a TCB", found);
}

void kw_collateral_judge_report(const struct kw_collateral *collateral,
				const struct kw_signed_report *report, bool allow_masked_chip,
				struct kw_checks *checks)
{
	KW_CLEANUP(X509_freep) X509 *leaf = kw_x509_parse(kw_blob_bytes(&collateral->vcek));

	if (!leaf) {
		kw_checks_judge(checks, "report signature", KW_E_SNP_SIGNATURE, false,
				"verifies with the leaf's P-384 key", "there is no leaf");
		return;
	}
	judge_signature(leaf, report, checks);
	judge_signing_key(&collateral->leaf, report, checks);
	judge_product(&collateral->leaf, report, checks);
	judge_chip(&collateral->leaf, report, allow_masked_chip, checks);
	judge_tcb(&collateral->leaf, report, checks);
}
