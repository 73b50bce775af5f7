/* SPDX-License-Identifier: Apache-2.0 */
/* One-line texts of headers, files and people: whatever they are, the answer is a plain yes or no.
 */
#include "azure/maa.h"
#include "config/key_id.h"
#include "http/retry.h"
#include "util/memory.h"
#include "util/origin.h"
#include "util/text.h"

#include <string.h>

#include "fuzzing/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	KW_CLEANUP(freep) char *text = kw_alloc(size + 1);
	char origin_text[KW_ORIGIN_TEXT_SIZE];
	struct kw_origin origin, again;
	struct kw_key_id id;
	struct kw_os_info os;
	struct kw_error err = { 0 };
	int64_t ms;

	if (size > 0)
		memcpy(text, data, size);
	if (kw_origin_parse(text, &origin, NULL)) {
		kw_origin_text(&origin, origin_text);
		MUST(kw_origin_parse(origin_text, &again, NULL)
		     && kw_origin_equal(&origin, &again));
	}
	if (kw_key_id_parse(text, &id))
		MUST(id.name[0] != '\0');
	if (kw_duration_parse(text, &ms))
		MUST(ms >= 0);
	MUST(kw_retry_after_parse(text, 1700000000) >= -1);
	(void)accepted(kw_os_info_parse(fuzz_input(data, size), &os, &err), &err);
	return 0;
}
