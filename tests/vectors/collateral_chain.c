/* SPDX-License-Identifier: Apache-2.0 */
/* Vectors of certificate chains: AMD's by collateral/, those of a release answer by jose/. */
#include "vectors/collateral.h"

#include "collateral/x509.h"
#include "util/base64.h"
#include "vectors/evidence.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void add_certificate(struct kw_json *to, struct kw_bytes der)
{
	KW_CLEANUP(kw_certificate_clear) struct kw_certificate certificate = { 0 };
	KW_CLEANUP(X509_freep) X509 *x509 = kw_x509_parse(der);
	struct kw_json *facts = kw_json_add_object(to, NULL);
	uint8_t digest[KW_SHA256_SIZE];
	char hex[2 * KW_SHA256_SIZE + 1];
	struct kw_error err = { 0 };
	int nid;

	if (kw_certificate_parse(der, false, KW_E_COL_CERTIFICATE, &certificate, &err) < 0)
		fail_msg("%s", err.detail);
	nid = X509_get_signature_nid(x509);
	kw_digest(KW_SHA256, der, digest);
	kw_hex_encode(KW_BYTES(digest), hex);
	kw_json_add_string(facts, "subject", certificate.subject_cn);
	kw_json_add_string(facts, "issuer", certificate.issuer_cn);
	kw_json_add_string(facts, "sha256", hex);
	kw_json_add_int(facts, "key_bits", kw_public_key_bits(certificate.key));
	kw_json_add_string(facts, "signature",
			   nid == NID_rsassaPss ? "rsassa-pss" : OBJ_nid2ln(nid));
}

static void certificate_facts(struct vec_item *item, const struct kw_der_list *roots)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *facts = kw_json_new_array();

	for (size_t i = 0; i < roots->n; i++)
		add_certificate(facts, kw_blob_bytes(&roots->der[i]));
	vec_fact_json(item, "certs", facts);
}

static void leaf_digest_fact(struct vec_item *item, struct kw_bytes der)
{
	uint8_t digest[KW_SHA256_SIZE];

	kw_digest(KW_SHA256, der, digest);
	vec_fact_hex(item, "leaf_sha256", KW_BYTES(digest));
}

/* --- AMD */

static void judge_amd(struct vec_item *item, struct kw_bytes leaf, struct kw_bytes roots)
{
	KW_CLEANUP(kw_amd_roots_freep) struct kw_amd_roots *pinned = vec_amd_roots();
	KW_CLEANUP(kw_collateral_freep) struct kw_collateral *collateral = NULL;
	struct kw_checks checks = { 0 };
	struct kw_error err = { 0 };
	bool root_ok;

	if (kw_collateral_from_certificates(leaf, roots, vec_id(item), &collateral, &err) < 0) {
		vec_reason(item, vec_collateral_reason(&err));
		return;
	}
	kw_collateral_judge(collateral, pinned, vec_time(item), &checks);
	root_ok = vec_row_ok(&checks, "ARK signature");
	vec_fact_bool(item, "root_self_signature_ok", root_ok);
	vec_fact_bool(item, "intermediates_ok", root_ok && vec_row_ok(&checks, "ASK signature"));
	if (leaf.len > 0) {
		vec_leaf_facts(item, &collateral->leaf);
		leaf_digest_fact(item, kw_blob_bytes(&collateral->vcek));
		vec_fact_bool(item, "leaf_ok",
			      vec_row_ok(&checks, "leaf signature")
				      && vec_row_ok(&checks, "AMD chain"));
	}
	vec_reason(item, vec_checks_reason(&checks));
}

/* --- other chains: x5c of a release answer without the answer */

static void add_x5c(struct kw_json *x5c, struct kw_bytes der)
{
	KW_CLEANUP(freep) char *text = kw_base64_encode(KW_BASE64, der);

	kw_json_add_string(x5c, NULL, text);
}

/* `leaf` NULL: the intermediates alone. */
static void judge_x5c(struct vec_item *item, const struct kw_blob *leaf,
		      const struct kw_der_list *chain, struct kw_checks *ret)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *x5c = kw_json_new_array();
	KW_CLEANUP(kw_signer_roots_freep) struct kw_signer_roots *trusted = NULL;
	KW_CLEANUP(kw_public_key_freep) struct kw_public_key *key = NULL;
	KW_CLEANUP(freep) char *root = kw_x509_pem(kw_blob_bytes(&chain->der[chain->n - 1]));
	struct kw_error err = { 0 };

	if (leaf)
		add_x5c(x5c, kw_blob_bytes(leaf));
	for (size_t i = 0; i + 1 < chain->n; i++)
		add_x5c(x5c, kw_blob_bytes(&chain->der[i]));
	if (kw_signer_roots_parse(kw_bytes_text(root), &trusted, &err) < 0
	    || kw_x5c_judge(x5c, NULL, trusted, NULL, vec_time(item), ret, &key, &err) < 0)
		fail_msg("%s", err.detail);
}

static bool signs_itself(const struct kw_blob *der)
{
	KW_CLEANUP(X509_freep) X509 *x509 = kw_x509_parse(kw_blob_bytes(der));

	return x509 && X509_verify(x509, X509_get0_pubkey(x509)) == 1;
}

static bool is_good(const struct kw_checks *checks)
{
	struct kw_error err = { 0 };

	return vec_row_ok(checks, "x5c chain") && kw_checks_result(checks, 0, &err) == 0;
}

static void judge_other(struct vec_item *item, const struct kw_der_list *leaf,
			const struct kw_der_list *chain)
{
	struct kw_checks issuers = { 0 }, whole = { 0 };
	struct kw_amd_leaf amd;
	struct kw_error err = { 0 };
	bool ok;

	judge_x5c(item, NULL, chain, &issuers);
	judge_x5c(item, &leaf->der[0], chain, &whole);
	ok = is_good(&whole);
	vec_fact_bool(item, "root_self_signature_ok", signs_itself(&chain->der[chain->n - 1]));
	vec_fact_bool(item, "intermediates_ok", is_good(&issuers));
	vec_fact_bool(item, "leaf_ok", ok);
	leaf_digest_fact(item, kw_blob_bytes(&leaf->der[0]));
	assert_int_equal(kw_amd_leaf_parse(kw_blob_bytes(&leaf->der[0]), &amd, &err), 0);
	vec_leaf_facts(item, &amd);
	vec_reason(item, ok ? NULL : "chain-invalid");
}

static bool ends_in_an_ark(const struct kw_der_list *chain)
{
	KW_CLEANUP(X509_freep)
	X509 *root = kw_x509_parse(kw_blob_bytes(&chain->der[chain->n - 1]));
	char name[64];

	kw_x509_common_name(X509_get_subject_name(root), name, sizeof(name));
	return strncmp(name, "ARK-", 4) == 0;
}

void vec_cert_chain(struct vec_item *item)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob roots = vec_file(item, "roots");
	KW_CLEANUP(kw_blob_clear) struct kw_blob leaf = { 0 };
	KW_CLEANUP(kw_der_list_clear) struct kw_der_list chain = { 0 };
	KW_CLEANUP(kw_der_list_clear) struct kw_der_list leaves = { 0 };
	struct kw_error err = { 0 };

	if (vec_has(item, "leaf"))
		leaf = vec_file(item, "leaf");
	if (kw_der_list_parse(kw_blob_bytes(&roots), "roots", KW_E_COL_CHAIN, &chain, &err) < 0
	    || kw_der_list_parse(kw_blob_bytes(&leaf), "leaf", KW_E_COL_CHAIN, &leaves, &err) < 0) {
		vec_reason(item, vec_collateral_reason(&err));
		return;
	}
	assert_true(chain.n > 0);
	certificate_facts(item, &chain);
	if (leaves.n == 0 || ends_in_an_ark(&chain))
		judge_amd(item, kw_blob_bytes(&leaf), kw_blob_bytes(&roots));
	else
		judge_other(item, &leaves, &chain);
}
