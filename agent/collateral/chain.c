/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Judges a chain of AMD's (key release 1.4). Each check is made on its own, so that one failure
 * does not hide another; the anchor is the presented ARK, and whether its key is trusted is a row.
 */
#include "collateral/amd.h"
#include "collateral/crl.h"
#include "collateral/form.h"
#include "collateral/roots.h"
#include "util/clock.h"
#include "util/memory.h"

#include <inttypes.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { NAME_SIZE = 48, TEXT_SIZE = KW_CHECK_TEXT_SIZE };
#define ASK_PREFIX "SEV-"
#define ASVK_PREFIX "SEV-VLEK-"

KW_DEFINE_FREEP(X509_STORE, X509_STORE_free);
KW_DEFINE_FREEP(X509_STORE_CTX, X509_STORE_CTX_free);

struct chain {
	X509 *leaf; /* NULL: a chain alone */
	X509 *ask, *ark;
	bool vlek;
	enum kw_product ask_product, ark_product; /* by their names */
};

static void chain_clear(struct chain *chain)
{
	X509_free(chain->leaf);
	X509_free(chain->ask);
	X509_free(chain->ark);
}

/* "SEV-Milan" above a VCEK, "SEV-VLEK-Milan" above a VLEK. */
static void read_ask_name(struct chain *chain)
{
	const size_t ask = strlen(ASK_PREFIX), asvk = strlen(ASVK_PREFIX);
	char name[NAME_SIZE];
	bool is_asvk;

	kw_x509_common_name(X509_get_subject_name(chain->ask), name, sizeof(name));
	is_asvk = strncmp(name, ASVK_PREFIX, asvk) == 0;
	if (is_asvk)
		chain->ask_product = kw_product_parse(name + asvk, strlen(name + asvk));
	else if (strncmp(name, ASK_PREFIX, ask) == 0)
		chain->ask_product = kw_product_parse(name + ask, strlen(name + ask));
	if (!chain->leaf)
		chain->vlek = is_asvk;
}

static bool chain_open(const struct kw_collateral *collateral, struct chain *chain)
{
	char name[NAME_SIZE];

	chain->leaf = kw_x509_parse(kw_blob_bytes(&collateral->vcek));
	chain->ask = kw_x509_parse(kw_blob_bytes(&collateral->ask));
	chain->ark = kw_x509_parse(kw_blob_bytes(&collateral->ark));
	if (!chain->ask || !chain->ark || (!chain->leaf && collateral->vcek.len > 0))
		return false;
	chain->vlek = collateral->leaf.has_csp_id;
	kw_x509_common_name(X509_get_subject_name(chain->ark), name, sizeof(name));
	chain->ark_product = kw_amd_root_product(name);
	read_ask_name(chain);
	return true;
}

static void judge_root(const struct chain *chain, const struct kw_amd_roots *roots,
		       struct kw_checks *checks)
{
	uint8_t digest[KW_SHA256_SIZE];
	char hex[2 * KW_SHA256_SIZE + 1], expected[TEXT_SIZE], found[TEXT_SIZE];

	kw_x509_spki_digest(chain->ark, digest);
	kw_hex_encode(KW_BYTES(digest), hex);
	snprintf(expected, sizeof(expected), "a trusted key of ARK-%s",
		 kw_product_name(chain->ark_product));
	snprintf(found, sizeof(found), "SHA-256 of the key %s", hex);
	kw_checks_judge(checks, "ARK key", KW_E_COL_ROOT,
			kw_amd_roots_have(roots, chain->ark_product, digest), expected, found);
}

static void judge_signature(X509 *certificate, X509 *issuer, const char *check,
			    struct kw_checks *checks)
{
	EVP_PKEY *key = X509_get0_pubkey(issuer);
	bool ok = key && X509_verify(certificate, key) == 1;

	ERR_clear_error();
	kw_checks_judge(checks, check, KW_E_COL_CHAIN, ok, "signed by its issuer's key",
			ok ? "it is" : "it is not");
}

/*
 * Names, CA flags, path lengths and signatures once more, by OpenSSL's own rules. Without
 * CHECK_SS_SIGNATURE an ARK with the right key and a broken signature over itself would pass. Time
 * has rows of its own; strict mode and purposes would refuse AMD's genuine certificates.
 */
static int verify_path(const struct chain *chain)
{
	KW_CLEANUP(X509_STORE_freep) X509_STORE *store = X509_STORE_new();
	KW_CLEANUP(X509_STORE_CTX_freep) X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	STACK_OF(X509) *untrusted = sk_X509_new_null();
	int result = X509_V_ERR_UNSPECIFIED;

	if (!store || !ctx || !untrusted || sk_X509_push(untrusted, chain->ask) <= 0)
		kw_out_of_memory();
	if (X509_STORE_add_cert(store, chain->ark) == 1
	    && X509_STORE_set_flags(store,
				    X509_V_FLAG_CHECK_SS_SIGNATURE | X509_V_FLAG_NO_CHECK_TIME)
		       == 1
	    && X509_STORE_CTX_init(ctx, store, chain->leaf ? chain->leaf : chain->ask, untrusted)
		       == 1) {
		bool ok = X509_verify_cert(ctx) == 1;

		result = X509_STORE_CTX_get_error(ctx);
		if (ok != (result == X509_V_OK))
			result = X509_V_ERR_UNSPECIFIED;
	}
	ERR_clear_error();
	sk_X509_free(untrusted);
	return result;
}

static void judge_signatures(const struct chain *chain, struct kw_checks *checks)
{
	int result = verify_path(chain);

	judge_signature(chain->ark, chain->ark, "ARK signature", checks);
	judge_signature(chain->ask, chain->ark, "ASK signature", checks);
	if (chain->leaf)
		judge_signature(chain->leaf, chain->ask, "leaf signature", checks);
	else
		kw_checks_not_possible(checks, "leaf signature", KW_E_COL_CHAIN,
				       "signed by its issuer's key", "a chain without leaf");
	kw_checks_judge(checks, "AMD chain", KW_E_COL_CHAIN, result == X509_V_OK,
			chain->leaf ? "leaf, ASK, ARK" : "ASK, ARK",
			X509_verify_cert_error_string(result));
}

static void judge_forms(const struct chain *chain, struct kw_checks *checks)
{
	char ark[NAME_SIZE], ask[NAME_SIZE];
	bool ok = kw_amd_name_is(X509_get_subject_name(chain->ark))
		  && kw_amd_name_is(X509_get_subject_name(chain->ask))
		  && (!chain->leaf || kw_amd_name_is(X509_get_subject_name(chain->leaf)));

	snprintf(ark, sizeof(ark), "ARK-%s", kw_product_name(chain->ark_product));
	snprintf(ask, sizeof(ask), "%s%s", chain->vlek ? ASVK_PREFIX : ASK_PREFIX,
		 kw_product_name(chain->ask_product));
	kw_amd_form_judge(chain->ark, KW_AMD_ARK, "ARK form", ark, checks);
	kw_amd_form_judge(chain->ask, KW_AMD_ASK, "ASK form", ask, checks);
	if (chain->leaf)
		kw_amd_form_judge(chain->leaf, KW_AMD_LEAF, "leaf form",
				  chain->vlek ? "SEV-VLEK" : "SEV-VCEK", checks);
	kw_checks_judge(checks, "AMD names", KW_E_COL_CERTIFICATE, ok,
			"C=US, ST=CA, L=Santa Clara, O=Advanced Micro Devices, OU=Engineering",
			ok ? "the same" : "another subject");
}

/* A VCEK names its chip, a VLEK the cloud provider; the FMC is a part of Turin's TCB. */
static void judge_extensions(const struct kw_amd_leaf *leaf, struct kw_checks *checks)
{
	bool turin = leaf->product == KW_TURIN;
	bool ok = leaf->product != KW_PRODUCT_UNKNOWN && leaf->has_tcb
		  && leaf->has_hwid != leaf->has_csp_id && (!turin || leaf->has_fmc)
		  && (!leaf->has_hwid || turin || leaf->hwid_size == KW_CHIP_ID_SIZE);
	char found[TEXT_SIZE];

	snprintf(found, sizeof(found), "%s, %s, %s%s, hwID of %zu bytes",
		 leaf->product_name[0] ? leaf->product_name : "no product",
		 leaf->has_tcb ? "TCB" : "no TCB", leaf->has_fmc ? "FMC, " : "",
		 leaf->has_csp_id ? "cspID" : "no cspID", leaf->hwid_size);
	kw_checks_judge(checks, "leaf extensions", KW_E_COL_CERTIFICATE, ok,
			"a known product, its TCB, and hwID or cspID", found);
}

static int64_t seconds_of(const ASN1_TIME *time, int64_t if_malformed)
{
	struct tm tm = { 0 };

	return ASN1_TIME_to_tm(time, &tm) == 1 ? timegm(&tm) : if_malformed;
}

/* A clock before the newest certificate's start is wrong; the certificates are not at fault. */
static void judge_time(const struct chain *chain, int64_t now_s, struct kw_checks *checks)
{
	const X509 *all[] = { chain->ark, chain->ask, chain->leaf };
	int64_t start = INT64_MIN, end = INT64_MAX;
	char now[KW_TIME_TEXT_SIZE], limit[KW_TIME_TEXT_SIZE], expected[TEXT_SIZE];

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]) && all[i]; i++) {
		int64_t from = seconds_of(X509_get0_notBefore(all[i]), INT64_MAX);
		int64_t until = seconds_of(X509_get0_notAfter(all[i]), INT64_MIN);

		start = from > start ? from : start;
		end = until < end ? until : end;
	}
	kw_time_text(now_s, now);
	kw_time_text(start, limit);
	snprintf(expected, sizeof(expected), "not before %s", limit);
	kw_checks_judge(checks, "clock", KW_E_COL_CLOCK, now_s >= start, expected, now);
	kw_time_text(end, limit);
	snprintf(expected, sizeof(expected), "not after %s", limit);
	kw_checks_judge(checks, "certificate validity", KW_E_COL_EXPIRED, now_s <= end, expected,
			now);
}

static void judge_product(const struct chain *chain, enum kw_product leaf, struct kw_checks *checks)
{
	char found[TEXT_SIZE];
	bool ok = chain->ark_product != KW_PRODUCT_UNKNOWN
		  && chain->ask_product == chain->ark_product
		  && (!chain->leaf || leaf == chain->ark_product);

	snprintf(found, sizeof(found), "ARK %s, ASK %s, leaf %s",
		 kw_product_name(chain->ark_product), kw_product_name(chain->ask_product),
		 chain->leaf ? kw_product_name(leaf) : "absent");
	kw_checks_judge(checks, "product line", KW_E_COL_PRODUCT, ok, "the same in all", found);
}

static void judge_tcbm(const struct kw_collateral *collateral, struct kw_checks *checks)
{
	const struct kw_amd_leaf *leaf = &collateral->leaf;
	char expected[KW_TCB_TEXT_SIZE], found[KW_TCB_TEXT_SIZE];
	uint8_t raw[KW_TCB_SIZE]; /* reserved bytes are zero, so they are compared too */

	kw_tcb_to_bytes(leaf->tcb, leaf->product, raw);
	kw_tcb_text(leaf->tcb, leaf->product, expected);
	snprintf(found, sizeof(found), "%016" PRIx64, collateral->tcbm);
	kw_checks_judge(checks, "tcbm", KW_E_COL_TCBM,
			leaf->has_tcb && kw_tcb_value(raw) == collateral->tcbm, expected, found);
}

void kw_collateral_judge(const struct kw_collateral *collateral, const struct kw_amd_roots *roots,
			 int64_t now_s, struct kw_checks *checks)
{
	KW_CLEANUP(chain_clear) struct chain chain = { 0 };

	if (!chain_open(collateral, &chain)) {
		kw_checks_judge(checks, "AMD chain", KW_E_COL_CERTIFICATE, false,
				"X.509 certificates", "something else");
		return;
	}
	judge_root(&chain, roots, checks);
	judge_signatures(&chain, checks);
	judge_forms(&chain, checks);
	if (chain.leaf)
		judge_extensions(&collateral->leaf, checks);
	judge_time(&chain, now_s, checks);
	judge_product(&chain, collateral->leaf.product, checks);
	if (collateral->has_tcbm)
		judge_tcbm(collateral, checks);
	if (collateral->crl_wanted)
		kw_crl_judge(collateral, chain.ask, chain.ark, now_s, checks);
}
