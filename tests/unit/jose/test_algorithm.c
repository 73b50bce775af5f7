/* SPDX-License-Identifier: Apache-2.0 */
#include "jose/algorithm.h"

#include "rows.h"

#include "util/bytes.h"

static const struct row {
	const char *name, *alg;
	enum kw_use use;
	enum kw_kty kty;
	enum kw_curve curve;
	unsigned bits;
	bool known, fits;
} rows[] = {
	/* clang-format off */
	{ "given RS256 and RSA-2048, it fits", "RS256", KW_USE_SIGN, KW_KTY_RSA, KW_CURVE_NONE, 2048, true, true },
	{ "given RS256 and RSA-2047, it does not", "RS256", KW_USE_SIGN, KW_KTY_RSA, KW_CURVE_NONE, 2047, true, false },
	{ "given PS512 and RSA-4096, it fits", "PS512", KW_USE_SIGN, KW_KTY_RSA, KW_CURVE_NONE, 4096, true, true },
	{ "given RS256 and an EC key, it does not fit", "RS256", KW_USE_SIGN, KW_KTY_EC, KW_P256, 256, true, false },
	{ "given ES256 and P-256, it fits", "ES256", KW_USE_SIGN, KW_KTY_EC, KW_P256, 256, true, true },
	{ "given ES256 and P-256K, it does not fit", "ES256", KW_USE_SIGN, KW_KTY_EC, KW_P256K, 256, true, false },
	{ "given ES256K and P-256K, it fits", "ES256K", KW_USE_SIGN, KW_KTY_EC, KW_P256K, 256, true, true },
	{ "given ES256K and P-256, it does not fit", "ES256K", KW_USE_SIGN, KW_KTY_EC, KW_P256, 256, true, false },
	{ "given ES384 and P-521, it does not fit", "ES384", KW_USE_SIGN, KW_KTY_EC, KW_P521, 521, true, false },
	{ "given ES512 and P-521, it fits", "ES512", KW_USE_SIGN, KW_KTY_EC, KW_P521, 521, true, true },
	{ "given RSA-OAEP to decrypt, it fits", "RSA-OAEP", KW_USE_DECRYPT, KW_KTY_RSA, KW_CURVE_NONE, 2048, true, true },
	{ "given RSA-OAEP-256 to unwrap, it fits", "RSA-OAEP-256", KW_USE_UNWRAP, KW_KTY_RSA, KW_CURVE_NONE, 3072, true, true },
	{ "given RSA-OAEP and oct, it does not fit", "RSA-OAEP", KW_USE_DECRYPT, KW_KTY_OCT, KW_CURVE_NONE, 2048, true, false },
	{ "given A128GCM and 128 bits, it fits", "A128GCM", KW_USE_DECRYPT, KW_KTY_OCT, KW_CURVE_NONE, 128, true, true },
	{ "given A128GCM and 256 bits, it does not", "A128GCM", KW_USE_DECRYPT, KW_KTY_OCT, KW_CURVE_NONE, 256, true, false },
	{ "given A256KW and 256 bits, it fits", "A256KW", KW_USE_UNWRAP, KW_KTY_OCT, KW_CURVE_NONE, 256, true, true },
	{ "given A192KW and 200 bits, it does not", "A192KW", KW_USE_UNWRAP, KW_KTY_OCT, KW_CURVE_NONE, 200, true, false },
	{ "given RSA1_5, it is unknown", "RSA1_5", KW_USE_DECRYPT, KW_KTY_RSA, KW_CURVE_NONE, 2048, false, false },
	{ "given none, it is unknown", "none", KW_USE_SIGN, KW_KTY_RSA, KW_CURVE_NONE, 2048, false, false },
	{ "given HS256, it is unknown", "HS256", KW_USE_SIGN, KW_KTY_OCT, KW_CURVE_NONE, 256, false, false },
	{ "given small letters, it is unknown", "rs256", KW_USE_SIGN, KW_KTY_RSA, KW_CURVE_NONE, 2048, false, false },
	{ "given an empty name, it is unknown", "", KW_USE_SIGN, KW_KTY_RSA, KW_CURVE_NONE, 2048, false, false },
	{ "given RS256 to decrypt, it is unknown", "RS256", KW_USE_DECRYPT, KW_KTY_RSA, KW_CURVE_NONE, 2048, false, false },
	{ "given A128KW to decrypt, it is unknown", "A128KW", KW_USE_DECRYPT, KW_KTY_OCT, KW_CURVE_NONE, 128, false, false },
	{ "given A128GCM to unwrap, it is unknown", "A128GCM", KW_USE_UNWRAP, KW_KTY_OCT, KW_CURVE_NONE, 128, false, false },
	/* clang-format on */
};

static void is_offered(void **state)
{
	const struct row *row = *state;
	const struct kw_algorithm *alg = kw_algorithm_find(row->alg, row->use);

	assert_int_equal(alg != NULL, row->known);
	if (alg == NULL)
		return;
	assert_string_equal(alg->name, row->alg);
	assert_int_equal(kw_algorithm_fits(alg, row->kty, row->curve, row->bits), row->fits);
}

KW_TEST_ROWS(rows, is_offered)
