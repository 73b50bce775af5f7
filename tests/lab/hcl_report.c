/* SPDX-License-Identifier: Apache-2.0 */
#include "hcl_report.h"

#include "bend.h"
#include "lab.h"
#include "out.h"
#include "util/base64.h"
#include "util/cleanup.h"
#include "util/text.h"

#include <ctype.h>
#include <string.h>

enum {
	REQUEST_AK_CERTIFICATE = 2,
	RUNTIME_VERSION = 1,
	RUNTIME_HEADER_SIZE = 20,
	HASH_SHA256 = 1,
	HASH_UNKNOWN = 9,
};
enum report_type { TYPE_VBS = 1, TYPE_SNP, TYPE_TVM, TYPE_TDX };

/* One JWK with a comma in front unless it is the first; "" for no key. Owned. */
static char *jwk(const char *comma, const char *kid, const char *use, const uint8_t *modulus)
{
	if (!modulus)
		return kw_strdup("");
	KW_CLEANUP(freep)
	char *n = kw_base64_encode(KW_BASE64URL, (struct kw_bytes){ modulus, LAB_MODULUS_SIZE });
	return kw_format("%s{\"kid\":\"%s\",\"key_ops\":[\"%s\"],\"kty\":\"RSA\",\"e\":\"AQAB\","
			 "\"n\":\"%s\"}",
			 comma, kid, use, n);
}

static char *configuration(const struct lab_claims_form *form)
{
	const char *secure_boot = form->secure_boot ? "true" : "false";
	if (!form->user)
		return kw_format(
			"\"console-enabled\":true,\"current-time\":%lld,\"secure-boot\":%s,"
			"\"tpm-enabled\":true,\"vmUniqueId\":\"%s\"",
			(long long)form->now, secure_boot, form->vm_id);
	if (form->paravisor && form->roomy)
		return kw_format("\"root-cert-thumbprint\":\"\",\"console-enabled\":true,"
				 "\"interactive-console-enabled\":false,\"secure-boot\":%s,"
				 "\"tpm-enabled\":true,\"tpm-persisted\":true,"
				 "\"filtered-vpci-devices-allowed\":false,\"vmUniqueId\":\"%s\"",
				 secure_boot, form->vm_id);
	return kw_format("\"console-enabled\":true,\"secure-boot\":%s,\"tpm-enabled\":true,"
			 "\"vmUniqueId\":\"%s\"",
			 secure_boot, form->vm_id);
}

static char *user_data(const struct lab_claims_form *form)
{
	char hex[2 * LAB_SNP_DATA_SIZE + 1];
	if (!form->user)
		return kw_strdup("");
	kw_hex_encode((struct kw_bytes){ form->user, LAB_SNP_DATA_SIZE }, hex);
	for (char *c = hex; *c && !form->paravisor; c++)
		*c = (char)toupper((unsigned char)*c);
	return kw_format(",\"user-data\":\"%s\"", hex);
}

char *lab_claims_make(const struct lab_claims_form *form)
{
	KW_CLEANUP(freep)
	char *ak = jwk("", "HCLAkPub", form->user ? "sign" : "encrypt", form->ak);
	KW_CLEANUP(freep) char *ek = jwk(form->ak ? "," : "", "HCLEkPub", "encrypt", form->ek);
	KW_CLEANUP(freep) char *vm = configuration(form);
	KW_CLEANUP(freep) char *user = user_data(form);
	return kw_format("{\"keys\":[%s%s],\"vm-configuration\":{%s}%s}", ak, ek, vm, user);
}

static uint32_t type_of(uint32_t bends)
{
	if (bends & LAB_BEND_HCL_TYPE_TDX)
		return TYPE_TDX;
	if (bends & LAB_BEND_HCL_TYPE_VBS)
		return TYPE_VBS;
	return bends & LAB_BEND_HCL_TYPE_TVM ? TYPE_TVM : TYPE_SNP;
}

void lab_hcl_report_make(const struct lab_hcl_form *form, uint8_t ret[LAB_HCL_MAX])
{
	struct lab_out out = { .len = 0 };
	size_t room = form->size - LAB_HCL_CLAIMS_AT, len = strlen(form->claims);
	if (len > room)
		lab_die("%zu bytes of claims do not fit into a report of %zu", len, form->size);
	uint32_t said = (uint32_t)(form->bends & LAB_BEND_HCL_LENGTH ? room + 1 : len);
	lab_out_text(&out, form->bends & LAB_BEND_HCL_MAGIC ? "HCLB" : "HCLA");
	lab_out_le32(&out, form->version);
	lab_out_le32(&out, LAB_HCL_CLAIMS_AT + said);
	lab_out_le32(&out, REQUEST_AK_CERTIFICATE);
	lab_out_fill_to(&out, out.len + 16); /* status, reserved */
	lab_out_bytes(&out, form->hardware, LAB_SNP_REPORT_SIZE);
	lab_out_le32(&out, RUNTIME_HEADER_SIZE + said);
	lab_out_le32(&out, RUNTIME_VERSION);
	lab_out_le32(&out, type_of(form->bends));
	lab_out_le32(&out, form->bends & LAB_BEND_HCL_HASH ? HASH_UNKNOWN : HASH_SHA256);
	lab_out_le32(&out, said);
	lab_out_text(&out, form->claims);
	lab_out_fill_to(&out, form->size);
	memcpy(ret, out.data, form->size);
}
