/* SPDX-License-Identifier: Apache-2.0 */
/* What is accepted encodes back to the same text: there is one form of each value. */
#include "util/base64.h"

#include <string.h>

#include "fuzzing/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum kw_base64 flavours[] = { KW_BASE64, KW_BASE64URL };
	struct kw_bytes text = fuzz_input(data, size);

	for (size_t i = 0; i < sizeof(flavours) / sizeof(*flavours); i++) {
		KW_CLEANUP(kw_blob_clear) struct kw_blob plain = { 0 };

		if (!kw_base64_decode(flavours[i], text, &plain))
			continue;
		KW_CLEANUP(freep)
		char *again = kw_base64_encode(flavours[i], kw_blob_bytes(&plain));

		MUST(strlen(again) == size && memcmp(again, data, size) == 0);
	}
	return 0;
}
