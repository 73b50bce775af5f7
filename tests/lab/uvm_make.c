/* SPDX-License-Identifier: Apache-2.0 */
/* The signer chain of the endorsement, and the endorsement. */
#include "jose.h"
#include "out.h"
#include "pki_parts.h"
#include "util/text.h"
#include "uvm_parts.h"

#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <string.h>

enum { GUEST_SVN = 104 };

KW_DEFINE_FREEP(EVP_MD_CTX, EVP_MD_CTX_free);

static struct lab_uvm_chain chain;

static struct lab_certificate_form form_of(const char *cn, EVP_PKEY *key,
					   const struct lab_pair *issuer, bool leaf)
{
	static const struct lab_extension authority[] = {
		{ .nid = NID_basic_constraints, .value = "critical,CA:TRUE" },
		{ .nid = NID_key_usage, .value = "critical,keyCertSign,cRLSign" },
		{ .nid = NID_subject_key_identifier, .value = "hash" },
	};
	static const struct lab_extension signer[] = {
		{ .nid = NID_key_usage, .value = "critical,digitalSignature" },
		{ .nid = NID_ext_key_usage, .value = LAB_UVM_EKU },
		{ .nid = NID_subject_key_identifier, .value = "hash" },
	};
	return (struct lab_certificate_form){
		.cn = cn,
		.key = key,
		.issuer = issuer,
		.serial = 1,
		.not_before = lab_days(-60),
		.not_after = lab_days(leaf ? 365 : 10 * 365),
		.extensions = leaf ? signer : authority,
		.n_extensions = 3,
	};
}

static void fill(struct lab_pair *pair, const char *file, const char *cn, EVP_PKEY *(*make)(void),
		 const struct lab_pair *issuer)
{
	pair->key = lab_pki_key(file, make);
	struct lab_certificate_form form = form_of(cn, pair->key, issuer, pair == &chain.leaf);
	pair->cert = lab_pki_cert(file, &form, NULL);
}

static void make_chain(void)
{
	fill(&chain.root, "uvm-root", "keyward-lab Supply Chain Root", lab_make_p384, NULL);
	fill(&chain.ca, "uvm-ca", "keyward-lab SCD Products CA", lab_make_p384, &chain.root);
	fill(&chain.leaf, "uvm-signer", "ContainerPlat", lab_make_rsa_2048, &chain.ca);
}

const struct lab_uvm_chain *lab_uvm_chain(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, make_chain);
	return &chain;
}

char *lab_uvm_issuer(void)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob der = lab_cert_der(lab_uvm_chain()->root.cert);
	uint8_t digest[LAB_SHA256_SIZE];

	lab_sha256(kw_blob_bytes(&der), digest);
	KW_CLEANUP(freep) char *text = lab_b64url(KW_BYTES(digest));
	return kw_format("did:x509:0:sha256:%s::eku:" LAB_UVM_EKU, text);
}

/* The head of an item: major type, then length or value in its shortest form. */
static void put_head(struct lab_out *out, unsigned major, uint32_t value)
{
	enum { IMMEDIATE_MAX = 23, ONE_BYTE = 24, TWO_BYTES = 25, FOUR_BYTES = 26 };
	unsigned type = major << 5;

	if (value <= IMMEDIATE_MAX) {
		lab_out_u8(out, (uint8_t)(type | value));
	} else if (value <= UINT8_MAX) {
		lab_out_u8(out, (uint8_t)(type | ONE_BYTE));
		lab_out_u8(out, (uint8_t)value);
	} else if (value <= UINT16_MAX) {
		lab_out_u8(out, (uint8_t)(type | TWO_BYTES));
		lab_out_be16(out, (uint16_t)value);
	} else {
		lab_out_u8(out, (uint8_t)(type | FOUR_BYTES));
		lab_out_be32(out, value);
	}
}

static void put_int(struct lab_out *out, int value)
{
	if (value < 0)
		put_head(out, CBOR_NINT, (uint32_t)(-1 - value));
	else
		put_head(out, CBOR_UINT, (uint32_t)value);
}

static void put_bytes(struct lab_out *out, struct kw_bytes bytes)
{
	put_head(out, CBOR_BYTES, (uint32_t)bytes.len);
	lab_out_bytes(out, bytes.data, bytes.len);
}

static void put_text(struct lab_out *out, const char *text)
{
	put_head(out, CBOR_TEXT, (uint32_t)strlen(text));
	lab_out_text(out, text);
}

static void put_chain(struct lab_out *out)
{
	const struct lab_pair *const pairs[] = { &chain.leaf, &chain.ca, &chain.root };
	enum { N_PAIRS = sizeof(pairs) / sizeof(pairs[0]) };
	uint8_t digest[LAB_SHA256_SIZE];

	put_int(out, COSE_X5CHAIN);
	put_head(out, CBOR_ARRAY, N_PAIRS);
	for (size_t i = 0; i < N_PAIRS; i++) {
		KW_CLEANUP(kw_blob_clear) struct kw_blob der = lab_cert_der(pairs[i]->cert);

		put_bytes(out, kw_blob_bytes(&der));
		if (i == 0)
			lab_sha256(kw_blob_bytes(&der), digest);
	}
	put_int(out, COSE_X5T);
	put_head(out, CBOR_ARRAY, 2);
	put_int(out, COSE_SHA_256);
	put_bytes(out, KW_BYTES(digest));
}

static void put_protected(struct lab_out *out)
{
	enum { MEMBERS = 7 };
	KW_CLEANUP(freep) char *issuer = lab_uvm_issuer();

	put_head(out, CBOR_MAP, MEMBERS);
	put_int(out, COSE_ALG);
	put_int(out, COSE_PS384);
	put_int(out, COSE_CONTENT_TYPE);
	put_text(out, "application/json");
	put_chain(out);
	put_text(out, "iss");
	put_text(out, issuer);
	put_text(out, "feed");
	put_text(out, LAB_UVM_FEED);
	put_text(out, "signingtime");
	put_head(out, CBOR_TAG, CBOR_EPOCH_TAG);
	put_head(out, CBOR_UINT, (uint32_t)lab_days(-1));
}

static char *payload_of(struct kw_bytes measurement)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *root = kw_json_new_object();
	KW_CLEANUP(freep) char *hex = kw_format("%*s", (int)(2 * measurement.len), "");
	KW_CLEANUP(freep) char *svn = kw_format("%d", GUEST_SVN);

	kw_hex_encode(measurement, hex);
	kw_json_add_string(root, "x-ms-sevsnpvm-guestsvn", svn);
	kw_json_add_int(root, "x-ms-sevsnpvm-guestsvn-int", GUEST_SVN);
	kw_json_add_string(root, "x-ms-sevsnpvm-launchmeasurement", hex);
	return kw_json_print(root);
}

/* RFC 9052 4.4: what is signed. */
static void put_signed(struct lab_out *out, struct kw_bytes header, struct kw_bytes payload)
{
	put_head(out, CBOR_ARRAY, 4);
	put_text(out, "Signature1");
	put_bytes(out, header);
	put_bytes(out, (struct kw_bytes){ 0 });
	put_bytes(out, payload);
}

static struct kw_blob sign(const struct lab_out *in)
{
	KW_CLEANUP(EVP_MD_CTX_freep) EVP_MD_CTX *md = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pkey = NULL;
	size_t len = (size_t)EVP_PKEY_get_size(chain.leaf.key);
	struct kw_blob signature = kw_blob_new(len);

	lab_crypto_must(md && EVP_DigestSignInit(md, &pkey, EVP_sha384(), NULL, chain.leaf.key) > 0
				&& EVP_PKEY_CTX_set_rsa_padding(pkey, RSA_PKCS1_PSS_PADDING) > 0
				&& EVP_PKEY_CTX_set_rsa_pss_saltlen(pkey, RSA_PSS_SALTLEN_DIGEST)
					   > 0
				&& EVP_DigestSign(md, signature.data, &len, in->data, in->len) > 0,
			"signing an endorsement");
	return signature;
}

struct kw_blob lab_uvm_reference_info(struct kw_bytes measurement)
{
	struct lab_out header = { .len = 0 }, to_sign = { .len = 0 }, out = { .len = 0 };
	KW_CLEANUP(freep) char *payload = payload_of(measurement);
	KW_CLEANUP(kw_blob_clear) struct kw_blob signature = { 0 };
	struct kw_bytes protected;

	lab_uvm_chain();
	put_protected(&header);
	protected = (struct kw_bytes){ header.data, header.len };
	put_signed(&to_sign, protected, kw_bytes_text(payload));
	signature = sign(&to_sign);
	put_head(&out, CBOR_TAG, COSE_SIGN1_TAG);
	put_head(&out, CBOR_ARRAY, 4);
	put_bytes(&out, protected);
	put_head(&out, CBOR_MAP, 0);
	put_bytes(&out, kw_bytes_text(payload));
	put_bytes(&out, kw_blob_bytes(&signature));
	return kw_blob_copy((struct kw_bytes){ out.data, out.len });
}
