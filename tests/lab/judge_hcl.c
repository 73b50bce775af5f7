/* SPDX-License-Identifier: Apache-2.0 */
#include "jose.h"
#include "judge.h"

#include <string.h>

bool lab_judge_hcl(const struct lab_evidence *evidence, struct lab_findings *findings,
		   struct lab_why *why)
{
	struct kw_bytes bound = findings->snp.report_data;
	struct kw_error err = { 0 };
	uint8_t digest[LAB_SHA256_SIZE];

	lab_sha256(kw_blob_bytes(&evidence->runtime), digest);
	if (memcmp(bound.data, digest, sizeof(digest)) != 0)
		return lab_refuse(why, "REPORT_DATA is not the SHA-256 of the runtime data");
	if (!kw_bytes_are_zero(
		    (struct kw_bytes){ bound.data + sizeof(digest), bound.len - sizeof(digest) }))
		return lab_refuse(why, "REPORT_DATA has something behind the digest");
	if (kw_json_parse(kw_blob_bytes(&evidence->runtime), KW_JSON_STRICT, KW_E_SYS_DATA,
			  &findings->runtime, &err)
	    < 0)
		return lab_refuse(why, "the runtime data: %s", err.detail);
	if (kw_json_type(kw_json_get(findings->runtime, "keys")) != KW_JSON_ARRAY)
		return lab_refuse(why, "the runtime data has no keys");
	return true;
}
