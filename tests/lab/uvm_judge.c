/* SPDX-License-Identifier: Apache-2.0 */
/* The endorsement of a measurement, judged (SNP evidence 9). Its CBOR is read with a reader of its
 * own: definite lengths, little depth, nothing behind. */
#include "certificate.h"
#include "util/text.h"
#include "uvm_parts.h"

#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <string.h>

enum { DEPTH_MAX = 8, CHAIN_MAX = 6 };

KW_DEFINE_FREEP(X509_STORE, X509_STORE_free);
KW_DEFINE_FREEP(X509_STORE_CTX, X509_STORE_CTX_free);
KW_DEFINE_FREEP(EVP_MD_CTX, EVP_MD_CTX_free);
KW_DEFINE_FREEP(ASN1_OBJECT, ASN1_OBJECT_free);

struct document {
	struct kw_bytes protected, payload, signature;
	int64_t algorithm, signed_at; /* 0: not there */
	struct kw_bytes issuer, feed;
	X509 *chain[CHAIN_MAX]; /* owned, leaf first */
	size_t n_chain;
};

static void document_clear(struct document *d)
{
	for (size_t i = 0; i < d->n_chain; i++)
		X509_free(d->chain[i]);
}

/* Type and value or length of the next item, of definite length. */
static bool take_head(struct kw_cursor *c, unsigned *ret_major, uint64_t *ret_value)
{
	enum { IMMEDIATE = 24, EIGHT_BYTES = 27 };
	uint8_t byte = 0;
	unsigned size;

	if (!kw_take_u8(c, &byte))
		return false;
	*ret_major = byte >> 5;
	*ret_value = byte & 31;
	if (*ret_value < IMMEDIATE)
		return true;
	if (*ret_value > EIGHT_BYTES)
		return false;
	size = 1U << (*ret_value - IMMEDIATE);
	for (*ret_value = 0; size > 0; size--) {
		if (!kw_take_u8(c, &byte))
			return false;
		*ret_value = *ret_value << 8 | byte;
	}
	return true;
}

/* A head of exactly that type. */
static bool take_type(struct kw_cursor *c, unsigned major, uint64_t *ret)
{
	struct kw_cursor ahead = *c;
	unsigned found = 0;

	if (!take_head(&ahead, &found, ret) || found != major)
		return false;
	*c = ahead;
	return true;
}

static bool take_string(struct kw_cursor *c, unsigned major, struct kw_bytes *ret)
{
	uint64_t len = 0;

	return take_type(c, major, &len) && len <= kw_cursor_left(c)
	       && kw_take(c, (size_t)len, ret);
}

static bool take_int(struct kw_cursor *c, int64_t *ret)
{
	uint64_t value = 0;

	if (take_type(c, CBOR_UINT, &value) && value <= INT64_MAX)
		*ret = (int64_t)value;
	else if (take_type(c, CBOR_NINT, &value) && value <= INT64_MAX)
		*ret = -1 - (int64_t)value;
	else
		return false;
	return true;
}

/* Passes over `n` items with all that is in them. */
static bool skip_items(struct kw_cursor *c, uint64_t n, unsigned depth)
{
	for (; n > 0; n--) {
		unsigned major = 0;
		uint64_t value = 0;
		bool good;

		if (depth > DEPTH_MAX || !take_head(c, &major, &value))
			return false;
		if (major == CBOR_BYTES || major == CBOR_TEXT)
			good = value <= kw_cursor_left(c) && kw_skip(c, (size_t)value);
		else if (major == CBOR_ARRAY || major == CBOR_TAG)
			good = skip_items(c, major == CBOR_TAG ? 1 : value, depth + 1);
		else if (major == CBOR_MAP)
			good = value <= kw_cursor_left(c) && skip_items(c, 2 * value, depth + 1);
		else
			good = true;
		if (!good)
			return false;
	}
	return true;
}

static bool take_chain(struct kw_cursor *c, struct document *d)
{
	uint64_t n = 1;
	bool many = take_type(c, CBOR_ARRAY, &n);

	if ((many && n == 0) || n > CHAIN_MAX)
		return false;
	while (d->n_chain < n) {
		struct kw_bytes der;
		const uint8_t *at;

		if (!take_string(c, CBOR_BYTES, &der))
			return false;
		at = der.data;
		X509 *cert = d2i_X509(NULL, &at, (long)der.len);
		if (cert == NULL)
			return false;
		d->chain[d->n_chain++] = cert;
		if (at != der.data + der.len)
			return false;
	}
	return true;
}

static bool take_time(struct kw_cursor *c, int64_t *ret)
{
	uint64_t tag = 0;

	return take_type(c, CBOR_TAG, &tag) && tag == CBOR_EPOCH_TAG && take_int(c, ret);
}

static bool text_is(struct kw_bytes text, const char *word)
{
	return kw_bytes_equal(text, kw_bytes_text(word));
}

static bool take_labelled(struct kw_cursor *c, struct document *d)
{
	struct kw_bytes name;
	int64_t label = 0;

	if (take_int(c, &label))
		return label == COSE_ALG       ? d->algorithm == 0 && take_int(c, &d->algorithm)
		       : label == COSE_X5CHAIN ? d->n_chain == 0 && take_chain(c, d)
					       : skip_items(c, 1, 0);
	if (!take_string(c, CBOR_TEXT, &name))
		return false;
	if (text_is(name, "iss"))
		return d->issuer.len == 0 && take_string(c, CBOR_TEXT, &d->issuer);
	if (text_is(name, "feed"))
		return d->feed.len == 0 && take_string(c, CBOR_TEXT, &d->feed);
	if (text_is(name, "signingtime"))
		return d->signed_at == 0 && take_time(c, &d->signed_at);
	return skip_items(c, 1, 0);
}

static bool read_protected(struct document *d)
{
	struct kw_cursor c = { .in = d->protected };
	uint64_t n = 0;

	if (!take_type(&c, CBOR_MAP, &n))
		return false;
	for (; n > 0; n--)
		if (!take_labelled(&c, d))
			return false;
	return kw_cursor_left(&c) == 0;
}

static bool read_document(struct kw_bytes cose, struct document *d)
{
	struct kw_cursor c = { .in = cose };
	struct kw_cursor unprotected;
	uint64_t n = 0;

	if (take_type(&c, CBOR_TAG, &n) && n != COSE_SIGN1_TAG)
		return false;
	if (!take_type(&c, CBOR_ARRAY, &n) || n != 4 || !take_string(&c, CBOR_BYTES, &d->protected))
		return false;
	unprotected = c;
	return take_type(&unprotected, CBOR_MAP, &n) && skip_items(&c, 1, 0)
	       && take_string(&c, CBOR_BYTES, &d->payload)
	       && take_string(&c, CBOR_BYTES, &d->signature) && kw_cursor_left(&c) == 0
	       && read_protected(d);
}

/* A byte string, its length in as few bytes as it needs. */
static void append_bytes(struct kw_blob *to, struct kw_bytes bytes)
{
	unsigned size = bytes.len < 24		  ? 0
			: bytes.len <= UINT8_MAX  ? 1
			: bytes.len <= UINT16_MAX ? 2
						  : 4;
	uint8_t head[1 + 4];
	size_t n = 0;

	head[n++] = (uint8_t)(CBOR_BYTES << 5
			      | (size == 0   ? bytes.len
				 : size == 1 ? 24
				 : size == 2 ? 25
					     : 26));
	for (; size > 0; size--)
		head[n++] = (uint8_t)(bytes.len >> (8 * (size - 1)));
	kw_blob_append(to, (struct kw_bytes){ head, n });
	kw_blob_append(to, bytes);
}

static bool signature_holds(const struct document *d)
{
	static const uint8_t context[] = "\x84\x6aSignature1";
	KW_CLEANUP(kw_blob_clear)
	struct kw_blob input = kw_blob_copy((struct kw_bytes){ context, sizeof(context) - 1 });
	KW_CLEANUP(EVP_MD_CTX_freep) EVP_MD_CTX *md = EVP_MD_CTX_new();
	EVP_PKEY *key = X509_get0_pubkey(d->chain[0]);
	EVP_PKEY_CTX *pkey = NULL;

	append_bytes(&input, d->protected);
	append_bytes(&input, (struct kw_bytes){ 0 });
	append_bytes(&input, d->payload);
	return EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA
	       && EVP_DigestVerifyInit(md, &pkey, EVP_sha384(), NULL, key) == 1
	       && EVP_PKEY_CTX_set_rsa_padding(pkey, RSA_PKCS1_PSS_PADDING) == 1
	       && EVP_PKEY_CTX_set_rsa_pss_saltlen(pkey, RSA_PSS_SALTLEN_DIGEST) == 1
	       && EVP_DigestVerify(md, d->signature.data, d->signature.len, input.data, input.len)
			  == 1;
}

/* To the lab's root, at the time of signing. */
static bool chain_holds(const struct document *d)
{
	KW_CLEANUP(X509_STORE_freep) X509_STORE *store = X509_STORE_new();
	KW_CLEANUP(X509_STORE_CTX_freep) X509_STORE_CTX *context = X509_STORE_CTX_new();
	STACK_OF(X509) *between = sk_X509_new_null();
	bool good;

	for (size_t i = 1; i < d->n_chain; i++)
		sk_X509_push(between, d->chain[i]);
	X509_STORE_add_cert(store, lab_uvm_chain()->root.cert);
	X509_STORE_CTX_init(context, store, d->chain[0], between);
	X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(context),
				   d->signed_at != 0 ? d->signed_at : lab_now_s());
	good = X509_verify_cert(context) == 1;
	sk_X509_free(between);
	return good;
}

static bool has_purpose(X509 *leaf)
{
	KW_CLEANUP(ASN1_OBJECT_freep) ASN1_OBJECT *wanted = OBJ_txt2obj(LAB_UVM_EKU, 1);
	EXTENDED_KEY_USAGE *uses = X509_get_ext_d2i(leaf, NID_ext_key_usage, NULL, NULL);
	bool found = false;

	for (int i = 0; i < sk_ASN1_OBJECT_num(uses); i++)
		found = found || OBJ_cmp(sk_ASN1_OBJECT_value(uses, i), wanted) == 0;
	EXTENDED_KEY_USAGE_free(uses);
	return found;
}

static bool judge_payload(struct kw_bytes payload, struct kw_bytes measurement, struct lab_why *why)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *json = NULL;
	KW_CLEANUP(kw_blob_clear) struct kw_blob endorsed = kw_blob_new(measurement.len);
	const char *text = NULL;
	struct kw_error err = { 0 };

	if (kw_json_parse(payload, KW_JSON_STRICT, KW_E_SYS_DATA, &json, &err) < 0
	    || kw_json_want_string(json, "x-ms-sevsnpvm-launchmeasurement", KW_E_SYS_DATA, &text,
				   &err)
		       < 0)
		return lab_refuse(why, "the UVM endorsement's payload: %s", err.detail);
	if (!kw_hex_decode(text, endorsed.data, endorsed.len)
	    || !kw_bytes_equal(kw_blob_bytes(&endorsed), measurement))
		return lab_refuse(why, "the UVM endorsement is for another MEASUREMENT");
	return true;
}

static bool judge(const struct document *d, struct kw_bytes measurement, struct lab_why *why)
{
	KW_CLEANUP(freep) char *issuer = lab_uvm_issuer();

	if (d->algorithm != COSE_PS384 || d->n_chain == 0)
		return lab_refuse(why, "the UVM endorsement is not PS384 with an x5chain");
	if (!signature_holds(d))
		return lab_refuse(why, "the UVM endorsement's signature does not verify");
	if (!chain_holds(d) || !has_purpose(d->chain[0]))
		return lab_refuse(why, "the UVM endorsement's signer is not of the lab's chain");
	if (!text_is(d->issuer, issuer))
		return lab_refuse(why, "the UVM endorsement has another issuer");
	if (!text_is(d->feed, LAB_UVM_FEED))
		return lab_refuse(why, "the UVM endorsement has another feed");
	return judge_payload(d->payload, measurement, why);
}

bool lab_uvm_judge(struct kw_bytes cose, struct kw_bytes measurement, struct lab_why *why)
{
	KW_CLEANUP(document_clear) struct document d = { 0 };

	if (!read_document(cose, &d))
		return lab_refuse(why, "the UVM endorsement is not a COSE_Sign1 document");
	return judge(&d, measurement, why);
}
