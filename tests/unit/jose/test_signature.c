/* SPDX-License-Identifier: Apache-2.0 */
#include "jose/public_key.h"

#include "ec_data.h"
#include "given.h"
#include "rsa_data.h"

enum scheme { PKCS1, PSS };
/* What happens to the good signature before it is judged. */
enum bend { AS_IS, FLIPPED, CUT, LENGTHENED, ZERO, EMPTY };

static void bend(struct kw_blob *signature, enum bend how)
{
	switch (how) {
	case AS_IS:
		return;
	case FLIPPED:
		signature->data[signature->len / 2] ^= 1;
		return;
	case CUT:
		signature->len--;
		return;
	case LENGTHENED:
		kw_blob_append(signature, (struct kw_bytes){ (const uint8_t *)"", 1 });
		return;
	case ZERO:
		memset(signature->data, 0, signature->len);
		return;
	case EMPTY:
		signature->len = 0;
		return;
	}
}

static const struct rsa_row {
	const char *name, *key, *signature, *data;
	enum scheme scheme;
	enum kw_hash hash;
	int salt_len;
	enum bend bend;
	bool expect;
} rsa_rows[] = {
	{ "given a PKCS#1 signature, it verifies", rsa_spki, rsa_sig_pkcs1_sha256, "attested",
	  PKCS1, KW_SHA256, 0, AS_IS, true },
	{ "given one with SHA-1, it verifies as that", rsa_spki, rsa_sig_pkcs1_sha1, "attested",
	  PKCS1, KW_SHA1, 0, AS_IS, true },
	{ "given another hash than was used, it does not", rsa_spki, rsa_sig_pkcs1_sha256,
	  "attested", PKCS1, KW_SHA384, 0, AS_IS, false },
	{ "given other data, it does not", rsa_spki, rsa_sig_pkcs1_sha256, "Attested", PKCS1,
	  KW_SHA256, 0, AS_IS, false },
	{ "given one flipped bit, it does not", rsa_spki, rsa_sig_pkcs1_sha256, "attested", PKCS1,
	  KW_SHA256, 0, FLIPPED, false },
	{ "given 255 bytes, it does not", rsa_spki, rsa_sig_pkcs1_sha256, "attested", PKCS1,
	  KW_SHA256, 0, CUT, false },
	{ "given 257 bytes, it does not", rsa_spki, rsa_sig_pkcs1_sha256, "attested", PKCS1,
	  KW_SHA256, 0, LENGTHENED, false },
	{ "given no bytes, it does not", rsa_spki, rsa_sig_pkcs1_sha256, "attested", PKCS1,
	  KW_SHA256, 0, EMPTY, false },
	{ "given zeros, it does not", rsa_spki, rsa_sig_pkcs1_sha256, "attested", PKCS1, KW_SHA256,
	  0, ZERO, false },
	{ "given an EC key, it does not", p256_spki, rsa_sig_pkcs1_sha256, "attested", PKCS1,
	  KW_SHA256, 0, AS_IS, false },
	{ "given a PSS signature, it is none of PKCS#1", rsa_spki, rsa_sig_pss_sha384, "attested",
	  PKCS1, KW_SHA384, 0, AS_IS, false },
	{ "given a PSS signature with a salt of 48, it verifies", rsa_spki, rsa_sig_pss_sha384,
	  "attested", PSS, KW_SHA384, 48, AS_IS, true },
	{ "given another length of the salt, it does not", rsa_spki, rsa_sig_pss_sha384, "attested",
	  PSS, KW_SHA384, 47, AS_IS, false },
	{ "given 'any' as the length of the salt, it does not", rsa_spki, rsa_sig_pss_sha384,
	  "attested", PSS, KW_SHA384, -2, AS_IS, false },
	{ "given MGF1 of another hash, it does not", rsa_spki, rsa_sig_pss_other_mgf, "attested",
	  PSS, KW_SHA384, 48, AS_IS, false },
	{ "given a PKCS#1 signature, it is none of PSS", rsa_spki, rsa_sig_pkcs1_sha256, "attested",
	  PSS, KW_SHA256, 32, AS_IS, false },
	{ "given a PSS signature of 255 bytes, it does not", rsa_spki, rsa_sig_pss_sha384,
	  "attested", PSS, KW_SHA384, 48, CUT, false },
	{ "given a PSS signature with a flipped bit, it does not", rsa_spki, rsa_sig_pss_sha384,
	  "attested", PSS, KW_SHA384, 48, FLIPPED, false },
	{ "given an EC key for PSS, it does not", p384_spki, rsa_sig_pss_sha384, "attested", PSS,
	  KW_SHA384, 48, AS_IS, false },
};

static void judges_rsa(void **state)
{
	const struct rsa_row *row = *state;
	KW_CLEANUP(kw_public_key_freep) struct kw_public_key *key = given_key(row->key);
	KW_CLEANUP(kw_blob_clear) struct kw_blob signature = given_base64(row->signature);
	struct kw_bytes data = kw_bytes_text(row->data);

	bend(&signature, row->bend);
	bool verified = row->scheme == PKCS1 ? kw_verify_rsa_pkcs1(key, row->hash, data,
								   kw_blob_bytes(&signature))
					     : kw_verify_rsa_pss(key, row->hash, row->salt_len,
								 data, kw_blob_bytes(&signature));
	assert_int_equal(verified, row->expect);
}

static const struct ec_row {
	const char *name, *key, *signature, *data;
	enum kw_hash hash;
	enum bend bend;
	bool expect;
} ec_rows[] = {
	{ "given P-256, it verifies", p256_spki, p256_sig, "attested", KW_SHA256, AS_IS, true },
	{ "given P-384, it verifies", p384_spki, p384_sig, "attested", KW_SHA384, AS_IS, true },
	{ "given P-521, it verifies", p521_spki, p521_sig, "attested", KW_SHA512, AS_IS, true },
	{ "given P-256K, it verifies", p256k_spki, p256k_sig, "attested", KW_SHA256, AS_IS, true },
	{ "given other data for EC, it does not", p256_spki, p256_sig, "", KW_SHA256, AS_IS,
	  false },
	{ "given another hash for EC, it does not", p256_spki, p256_sig, "attested", KW_SHA384,
	  AS_IS, false },
	{ "given a key of another curve, it does not", p256k_spki, p256_sig, "attested", KW_SHA256,
	  AS_IS, false },
	{ "given a flipped bit for EC, it does not", p384_spki, p384_sig, "attested", KW_SHA384,
	  FLIPPED, false },
	{ "given 95 bytes for P-384, it does not", p384_spki, p384_sig, "attested", KW_SHA384, CUT,
	  false },
	{ "given 97 bytes for P-384, it does not", p384_spki, p384_sig, "attested", KW_SHA384,
	  LENGTHENED, false },
	{ "given no bytes for EC, it does not", p384_spki, p384_sig, "attested", KW_SHA384, EMPTY,
	  false },
	{ "given r and s of zero, it does not", p384_spki, p384_sig, "attested", KW_SHA384, ZERO,
	  false },
	{ "given an RSA key for EC, it does not", rsa_spki, p256_sig, "attested", KW_SHA256, AS_IS,
	  false },
};

static void judges_ecdsa(void **state)
{
	const struct ec_row *row = *state;
	KW_CLEANUP(kw_public_key_freep) struct kw_public_key *key = given_key(row->key);
	KW_CLEANUP(kw_blob_clear) struct kw_blob signature = given_base64(row->signature);

	bend(&signature, row->bend);
	assert_int_equal(kw_verify_ecdsa(key, row->hash, kw_bytes_text(row->data),
					 kw_blob_bytes(&signature)),
			 row->expect);
}

/* The order of P-384, FIPS 186-4 D.1.2.4. */
#define P384_ORDER                                         \
	"ffffffffffffffffffffffffffffffffffffffffffffffff" \
	"c7634d81f4372ddf581a0db248b0a77aecec196accc52973"

static const struct range_row {
	const char *name;
	size_t at; /* where the number is put: 0 for r, 48 for s */
	const char *number;
} range_rows[] = {
	{ "given r of zero alone, it does not verify", 0,
	  "0000000000000000000000000000000000000000000000000000000000000000"
	  "00000000000000000000000000000000" },
	{ "given s of zero alone, it does not verify", 48,
	  "0000000000000000000000000000000000000000000000000000000000000000"
	  "00000000000000000000000000000000" },
	{ "given r of the order, it does not verify", 0, P384_ORDER },
	{ "given s of the order, it does not verify", 48, P384_ORDER },
};

static void refuses_numbers_out_of_range(void **state)
{
	const struct range_row *row = *state;
	KW_CLEANUP(kw_public_key_freep) struct kw_public_key *key = given_key(p384_spki);
	KW_CLEANUP(kw_blob_clear) struct kw_blob signature = given_base64(p384_sig);

	assert_true(kw_hex_decode(row->number, signature.data + row->at, 48));
	assert_false(kw_verify_ecdsa(key, KW_SHA384, kw_bytes_text("attested"),
				     kw_blob_bytes(&signature)));
}

int main(void)
{
	return KW_ROWS_RUN(rsa_rows, judges_rsa) + KW_ROWS_RUN(ec_rows, judges_ecdsa)
	       + KW_ROWS_RUN(range_rows, refuses_numbers_out_of_range);
}
