/* SPDX-License-Identifier: Apache-2.0 */
/* The body of SevSnpVm (key release 2.1). Pure: bytes in, JSON text out. base64url with padding at
 * every place, as the deployed clients of the service write it. */
#include "azure/maa.h"
#include "util/base64.h"
#include "util/text.h"

static void add_base64url(struct kw_json *object, const char *name, struct kw_bytes bytes)
{
	KW_CLEANUP(freep) char *text = kw_base64_encode(KW_BASE64URL_PADDED, bytes);

	kw_json_add_string(object, name, text);
}

/* {"Uvm": ["..."]}: what vouches for the guest's measurement. */
static char *endorsements_text(struct kw_bytes reference_info)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *endorsements = kw_json_new_object();

	add_base64url(kw_json_add_array(endorsements, "Uvm"), NULL, reference_info);
	return kw_json_print(endorsements);
}

static char *report_text(const struct kw_evidence *e, const struct kw_collateral *collateral,
			 struct kw_bytes reference_info)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *report = kw_json_new_object();
	KW_CLEANUP(freep)
	char *pem = kw_format("%s%s", collateral->vcek_pem, collateral->chain_pem);
	KW_CLEANUP(freep) char *endorsements = NULL;

	add_base64url(report, "SnpReport", kw_blob_bytes(&e->snp_report));
	add_base64url(report, "VcekCertChain", kw_bytes_text(pem));
	if (reference_info.len > 0) {
		endorsements = endorsements_text(reference_info);
		add_base64url(report, "Endorsements", kw_bytes_text(endorsements));
	}
	return kw_json_print(report);
}

struct kw_blob kw_maa_snp_body(const struct kw_evidence *evidence,
			       const struct kw_collateral *collateral,
			       struct kw_bytes reference_info, const char *nonce)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *body = kw_json_new_object();
	KW_CLEANUP(freep) char *report = report_text(evidence, collateral, reference_info);
	KW_CLEANUP(freep) char *text = NULL;
	struct kw_json *runtime;

	add_base64url(body, "report", kw_bytes_text(report));
	runtime = kw_json_add_object(body, "runtimeData");
	add_base64url(runtime, "data", kw_blob_bytes(&evidence->runtime));
	kw_json_add_string(runtime, "dataType", "JSON");
	kw_json_add_string(body, "nonce", nonce);
	text = kw_json_print(body);
	return kw_blob_copy(kw_bytes_text(text));
}
