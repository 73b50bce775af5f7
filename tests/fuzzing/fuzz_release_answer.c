/* SPDX-License-Identifier: Apache-2.0 */
/* The vault's answer: JWS, certificates, payload, wrapped key. */
#include "azure/vault.h"
#include "jose/certificate.h"

#include "fuzzing/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	KW_CLEANUP(kw_release_answer_clear) struct kw_release_answer answer = { 0 };
	struct kw_release_rules rules = { .enc = "RSA_AES_KEY_WRAP_256",
					  .nonce = "nonce",
					  .now_s = 1700000000 };
	struct kw_checks checks = { 0 };
	struct kw_error err = { 0 };

	(void)accepted(
		kw_release_answer_judge(fuzz_input(data, size), &rules, &checks, &answer, &err),
		&err);
	return 0;
}
