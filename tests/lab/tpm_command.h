/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TPM 2.0 commands of the lab's own, marshalled by hand: what provisioning and the relay need. The
 * thread that owns the TPM calls them. Functions give the response code; 0 is success.
 */
#pragma once

#include "out.h"
#include "swtpm.h"
#include "util/bytes.h"

enum lab_tpm_handle {
	LAB_RH_OWNER = 0x40000001,
	LAB_RH_NULL = 0x40000007,
	LAB_RS_PASSWORD = 0x40000009,
	LAB_RH_ENDORSEMENT = 0x4000000b,
	LAB_RH_PLATFORM = 0x4000000c,
	LAB_NV_REPORT = 0x01400001,
	LAB_NV_USER_DATA = 0x01400002,
	LAB_NV_AK_CERTIFICATE = 0x01c101d0,
};
#define LAB_SRK 0x81000001u
#define LAB_AK 0x81000003u
#define LAB_EK 0x81010001u

enum lab_tpm_code {
	LAB_CC_EVICT_CONTROL = 0x120,
	LAB_CC_NV_UNDEFINE = 0x122,
	LAB_CC_HIERARCHY_CHANGE_AUTH = 0x129,
	LAB_CC_NV_DEFINE = 0x12a,
	LAB_CC_CREATE_PRIMARY = 0x131,
	LAB_CC_NV_WRITE = 0x137,
	LAB_CC_CERTIFY = 0x148,
	LAB_CC_GET_TIME = 0x14c,
	LAB_CC_NV_READ = 0x14e,
	LAB_CC_LOAD = 0x157,
	LAB_CC_QUOTE = 0x158,
	LAB_CC_RSA_DECRYPT = 0x159,
	LAB_CC_HMAC_START = 0x15b,
	LAB_CC_SIGN = 0x15d,
	LAB_CC_CONTEXT_LOAD = 0x161,
	LAB_CC_CONTEXT_SAVE = 0x162,
	LAB_CC_FLUSH_CONTEXT = 0x165,
	LAB_CC_LOAD_EXTERNAL = 0x167,
	LAB_CC_NV_READ_PUBLIC = 0x169,
	LAB_CC_READ_PUBLIC = 0x173,
	LAB_CC_START_AUTH_SESSION = 0x176,
	LAB_CC_GET_CAPABILITY = 0x17a,
	LAB_CC_GET_RANDOM = 0x17b,
	LAB_CC_HASH = 0x17d,
	LAB_CC_PCR_READ = 0x17e,
	LAB_CC_POLICY_PCR = 0x17f,
	LAB_CC_PCR_EXTEND = 0x182,
	LAB_CC_HASH_SEQUENCE_START = 0x186,
	LAB_CC_CREATE_LOADED = 0x191,
};

enum {
	LAB_ST_NO_SESSIONS = 0x8001,
	LAB_ST_SESSIONS = 0x8002,
	LAB_ALG_RSA = 0x0001,
	LAB_ALG_SHA1 = 0x0004,
	LAB_ALG_AES = 0x0006,
	LAB_ALG_SHA256 = 0x000b,
	LAB_ALG_SHA384 = 0x000c,
	LAB_ALG_NULL = 0x0010,
	LAB_ALG_RSASSA = 0x0014,
	LAB_ALG_RSAPSS = 0x0016,
	LAB_ALG_CFB = 0x0043,
	LAB_RC_NO_SUCH_HANDLE = 0x18b,
	LAB_RC_RETRY = 0x922,
	LAB_NV_CHUNK = 1024, /* what one command may read or write */
	LAB_NV_SIZE_MAX = 2048,
};

struct lab_tpm_reply {
	uint8_t data[LAB_TPM_MAX];
	struct kw_cursor params; /* behind header, handle and parameter size */
	uint32_t handle;	 /* of commands that give one */
};

/* A command: begin, put handles, put one password for each handle that needs authorization, put
 * parameters, run. */
void lab_tpm_begin(struct lab_out *command, enum lab_tpm_code code);
void lab_tpm_passwords(struct lab_out *command, const struct kw_bytes *passwords, size_t n);
uint32_t lab_tpm_run(struct lab_out *command, struct lab_tpm_reply *ret);
/* Ends the lab unless `rc` is 0. */
void lab_tpm_must(uint32_t rc, const char *what);

uint32_t lab_tpm_evict_control(uint32_t object, uint32_t persistent);
uint32_t lab_tpm_flush(uint32_t handle);
/* The last 256 bytes of an RSA object's public area. */
uint32_t lab_tpm_modulus(uint32_t handle, uint8_t ret[256]);
uint32_t lab_tpm_change_platform_auth(struct kw_bytes password);

/* NV indices, up to LAB_NV_SIZE_MAX bytes. `auth` is the hierarchy, or the index itself. */
uint32_t lab_tpm_nv_define(uint32_t index, size_t size, uint32_t attributes,
			   struct kw_bytes password);
uint32_t lab_tpm_nv_undefine(uint32_t index);
uint32_t lab_tpm_nv_size(uint32_t index, size_t *ret);
uint32_t lab_tpm_nv_read(uint32_t auth, uint32_t index, size_t len, uint8_t *ret);
uint32_t lab_tpm_nv_write(uint32_t auth, uint32_t index, struct kw_bytes password,
			  struct kw_bytes data);

struct lab_digests {
	uint8_t sha1[20], sha256[32], sha384[48];
};
uint32_t lab_tpm_pcr_extend(uint32_t pcr, const struct lab_digests *digests);

/* Structures that the AK signs for the lab; the signature is the bare 256 bytes. */
struct lab_attest {
	uint8_t data[512];
	size_t len;
	uint16_t scheme;
	uint8_t signature[256];
};
uint32_t lab_tpm_get_time(struct lab_attest *ret);
uint32_t lab_tpm_certify_ak(struct lab_attest *ret);
uint32_t lab_tpm_quote_again(struct lab_attest *ret);
/* Signs `ret->data`, which must not start like a structure of the TPM's. */
uint32_t lab_tpm_sign_foreign(struct lab_attest *ret);
