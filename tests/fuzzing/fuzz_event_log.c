/* SPDX-License-Identifier: Apache-2.0 */
/* The measured-boot log: a file that anybody may have written. */
#include "evidence/event_log.h"

#include "fuzzing/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct kw_event_log log;
	struct kw_checks checks = { 0 };
	struct kw_error err = { 0 };

	if (!accepted(kw_event_log_parse(fuzz_input(data, size), &log, &err), &err))
		return 0;
	kw_event_log_judge(&log, &log.pcrs[1], log.pcrs[1].present, &checks);
	MUST(kw_checks_result(&checks, 0, &err) == 0); /* a log replays to itself */
	return 0;
}
