/* SPDX-License-Identifier: Apache-2.0 */
/* What a release unwraps to. The first byte chooses the vault's word for the type. */
#include "jose/private_key.h"

#include "fuzzing/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const types[] = { "RSA", "EC", "oct", "RSA-HSM" };
	KW_CLEANUP(kw_private_key_clear) struct kw_private_key key = { 0 };
	KW_CLEANUP(kw_secret_clear) struct kw_secret plain = { 0 };
	KW_CLEANUP(kw_secret_clear) struct kw_secret jwk = { 0 };
	struct kw_error err = { 0 };

	if (size < 2 || kw_secret_take(fuzz_input(data + 1, size - 1), &plain, &err) < 0
	    || !accepted(kw_private_key_parse(types[data[0] & 3], &plain, &key, &err), &err))
		return 0;
	MUST(plain.data == NULL);
	MUST(kw_private_key_jwk(&key, NULL, &jwk, &err) == 0);
	return 0;
}
