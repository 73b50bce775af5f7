/* SPDX-License-Identifier: Apache-2.0 */
/* What is accepted prints, and reads back as the same value; lenient accepts what strict does. */
#include "util/json.h"

#include <string.h>

#include "fuzzing/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *strict = NULL;
	KW_CLEANUP(kw_json_freep) struct kw_json *lenient = NULL;
	KW_CLEANUP(kw_json_freep) struct kw_json *again = NULL;
	struct kw_bytes text = fuzz_input(data, size);
	struct kw_error err = { 0 };
	bool is_strict =
		accepted(kw_json_parse(text, KW_JSON_STRICT, KW_E_SYS_DATA, &strict, &err), &err);

	err = (struct kw_error){ 0 };
	if (!accepted(kw_json_parse(text, KW_JSON_LENIENT, KW_E_SYS_DATA, &lenient, &err), &err))
		MUST(!is_strict);
	if (!is_strict)
		return 0;
	KW_CLEANUP(freep) char *printed = kw_json_print(strict);

	if (kw_json_parse(kw_bytes_text(printed), KW_JSON_STRICT, KW_E_SYS_DATA, &again, &err)
	    == 0) {
		KW_CLEANUP(freep) char *twice = kw_json_print(again);

		MUST(strcmp(printed, twice) == 0);
	}
	return 0;
}
