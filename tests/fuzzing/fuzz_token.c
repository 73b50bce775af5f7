/* SPDX-License-Identifier: Apache-2.0 */
/* An attestation token held against a key set: claims of every shape, no signature fits. */
#include "azure/maa.h"
#include "util/json.h"

#include "fuzzing/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *payload = kw_json_new_object();
	struct kw_token_rules rules = {
		.issuer = "https://attest.example",
		.now_s = 1700000000,
		.attestation_type = "azurevm",
		.payload = payload,
		.guest = true,
	};
	struct kw_checks checks = { 0 };
	struct kw_error err = { 0 };
	char kid[128];

	if (!accepted(kw_token_judge(fuzz_input(data, size), NULL, &rules, &checks, NULL, &err),
		      &err))
		return 0;
	err = (struct kw_error){ 0 };
	(void)accepted(kw_token_kid(fuzz_input(data, size), kid, sizeof(kid), &err), &err);
	MUST(checks.n_rows > 0);
	return 0;
}
