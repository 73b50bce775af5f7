/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What evidence/ needs of TPM 2.0 Part 2 to read bytes without tpm2-tss (6.3 algorithms, 8.3 object
 * attributes, sized buffers), and the objects of an Azure vTPM (spec: guest attestation 1). For the
 * files of this room alone.
 */
#pragma once

#include "util/bytes.h"

enum {
	KW_TPM_ALG_RSA = 0x0001,
	KW_TPM_ALG_SHA1 = 0x0004,
	KW_TPM_ALG_SHA256 = 0x000b,
	KW_TPM_ALG_SHA384 = 0x000c,
	KW_TPM_ALG_SHA512 = 0x000d,
	KW_TPM_ALG_NULL = 0x0010,
	KW_TPM_ALG_RSASSA = 0x0014,
	KW_TPM_ALG_RSAES = 0x0015,
	KW_TPM_ALG_RSAPSS = 0x0016,
	KW_TPM_ALG_OAEP = 0x0017,
	KW_TPM_ALG_ECDSA = 0x0018,
};

#define KW_TPM_FIXED_TPM (1u << 1)
#define KW_TPM_RESTRICTED (1u << 16)
#define KW_TPM_DECRYPT (1u << 17)
#define KW_TPM_SIGN (1u << 18)

#define KW_NV_HCL_REPORT 0x01400001u
#define KW_NV_USER_DATA 0x01400002u
#define KW_NV_AK_CERTIFICATE 0x01c101d0u
#define KW_HANDLE_AK 0x81000003u
#define KW_TPM_RH_NULL 0x40000007u
#define KW_TPM_RH_ENDORSEMENT 0x4000000bu

/* PCRs and attributes of the exchange with the attestation service (guest attestation 4.5). */
#define KW_GUEST_PCRS 0xffu /* 0-7 */
#define KW_WRAPPING_ATTRIBUTES \
	0x00020432u /* fixedTPM fixedParent sensitiveDataOrigin noDA decrypt */
enum { KW_GUEST_RSA_BITS = 2048, KW_UNIQUE_SIZE = 256 };

/* TPM2B: a 16-bit size and that many bytes. */
static inline bool kw_take_tpm2b(struct kw_cursor *c, struct kw_bytes *ret)
{
	struct kw_cursor ahead = *c;
	uint16_t size;

	if (!kw_take_be16(&ahead, &size) || !kw_take(&ahead, size, ret))
		return false;
	*c = ahead;
	return true;
}
