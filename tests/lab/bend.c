/* SPDX-License-Identifier: Apache-2.0 */
#include "bend.h"

static const struct {
	const char *field;
	enum lab_bend bend;
} fields[] = {
	{ "report-signature", LAB_BEND_REPORT_SIGNATURE },
	{ "measurement", LAB_BEND_MEASUREMENT },
	{ "report-data", LAB_BEND_REPORT_DATA },
	{ "debug", LAB_BEND_DEBUG },
	{ "migration", LAB_BEND_MIGRATION },
	{ "policy-bit17", LAB_BEND_POLICY_BIT17 },
	{ "vmpl", LAB_BEND_VMPL },
	{ "version", LAB_BEND_VERSION },
	{ "signing-key", LAB_BEND_SIGNING_KEY },
	{ "signing-none", LAB_BEND_SIGNING_NONE },
	{ "chip-id", LAB_BEND_CHIP_ID },
	{ "masked-chip", LAB_BEND_MASKED_CHIP },
	{ "tcb", LAB_BEND_TCB },
	{ "hcl-magic", LAB_BEND_HCL_MAGIC },
	{ "hcl-type-tdx", LAB_BEND_HCL_TYPE_TDX },
	{ "hcl-type-vbs", LAB_BEND_HCL_TYPE_VBS },
	{ "hcl-type-tvm", LAB_BEND_HCL_TYPE_TVM },
	{ "hcl-hash", LAB_BEND_HCL_HASH },
	{ "hcl-length", LAB_BEND_HCL_LENGTH },
	{ "claims", LAB_BEND_CLAIMS },
	{ "claims-not-json", LAB_BEND_CLAIMS_NOT_JSON },
	{ "ak-missing", LAB_BEND_AK_MISSING },
	{ "ak-foreign", LAB_BEND_AK_FOREIGN },
	{ "signature-algo", LAB_BEND_SIGNATURE_ALGO },
	{ "signature-form", LAB_BEND_SIGNATURE_FORM },
	{ "product", LAB_BEND_PRODUCT },
	{ "cpuid", LAB_BEND_CPUID },
	{ "reserved", LAB_BEND_RESERVED },
};

uint32_t lab_bends_take(enum lab_service device)
{
	uint32_t due = 0;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (lab_tampered(device, fields[i].field))
			due |= (uint32_t)fields[i].bend;
	return due;
}
