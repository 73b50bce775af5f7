/* SPDX-License-Identifier: Apache-2.0 */
/* The table behind an extended report: written by the host. */
#include "collateral/table.h"

#include "fuzzing/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kw_certificate_table table;
	struct kw_error err = { 0 };

	if (!accepted(kw_certificate_table_parse(fuzz_input(data, size), &table, &err), &err))
		return 0;
	MUST(table.vcek.len <= size && table.vlek.len <= size);
	MUST(table.ask.len <= size && table.ark.len <= size);
	return 0;
}
