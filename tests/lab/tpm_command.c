/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm_command.h"

#include "lab.h"

#include <string.h>

enum { SIZE_AT = 2, CODE_AT = 6 };

static const struct kw_bytes no_password[2];

void lab_tpm_begin(struct lab_out *command, enum lab_tpm_code code)
{
	command->len = 0;
	lab_out_be16(command, LAB_ST_NO_SESSIONS);
	lab_out_be32(command, 0);
	lab_out_be32(command, (uint32_t)code);
}

void lab_tpm_passwords(struct lab_out *command, const struct kw_bytes *passwords, size_t n)
{
	lab_out_be16_at(command, 0, LAB_ST_SESSIONS);
	size_t size_at = command->len;
	lab_out_be32(command, 0);
	for (size_t i = 0; i < n; i++) {
		lab_out_be32(command, LAB_RS_PASSWORD);
		lab_out_be16(command, 0); /* nonce */
		lab_out_u8(command, 0);	  /* attributes */
		lab_out_tpm2b(command, passwords[i].data, passwords[i].len);
	}
	lab_out_be32_at(command, size_at, (uint32_t)(command->len - size_at - 4));
}

static bool gives_handle(uint32_t code)
{
	return code == LAB_CC_CREATE_PRIMARY;
}

uint32_t lab_tpm_run(struct lab_out *command, struct lab_tpm_reply *ret)
{
	uint16_t tag = 0;
	uint32_t size = 0, rc = 0, code = 0, ignored = 0;
	struct kw_cursor sent = { .in = { command->data, command->len } };
	lab_out_be32_at(command, SIZE_AT, (uint32_t)command->len);
	size_t len = lab_swtpm_exchange(command->data, command->len, ret->data);
	ret->params = (struct kw_cursor){ .in = { ret->data, len } };
	if (!kw_skip_to(&sent, CODE_AT) || !kw_take_be32(&sent, &code)
	    || !kw_take_be16(&ret->params, &tag) || !kw_take_be32(&ret->params, &size)
	    || !kw_take_be32(&ret->params, &rc)
	    || (rc == 0 && gives_handle(code) && !kw_take_be32(&ret->params, &ret->handle))
	    || (rc == 0 && tag == LAB_ST_SESSIONS && !kw_take_be32(&ret->params, &ignored)))
		lab_die("swtpm's response is too short");
	return rc;
}

void lab_tpm_must(uint32_t rc, const char *what)
{
	if (rc != 0)
		lab_die("%s: TPM response code 0x%x", what, rc);
}

uint32_t lab_tpm_evict_control(uint32_t object, uint32_t persistent)
{
	struct lab_out command;
	struct lab_tpm_reply reply;
	lab_tpm_begin(&command, LAB_CC_EVICT_CONTROL);
	lab_out_be32(&command, LAB_RH_OWNER);
	lab_out_be32(&command, object);
	lab_tpm_passwords(&command, no_password, 1);
	lab_out_be32(&command, persistent);
	return lab_tpm_run(&command, &reply);
}

uint32_t lab_tpm_flush(uint32_t handle)
{
	struct lab_out command;
	struct lab_tpm_reply reply;
	lab_tpm_begin(&command, LAB_CC_FLUSH_CONTEXT);
	lab_out_be32(&command, handle);
	return lab_tpm_run(&command, &reply);
}

uint32_t lab_tpm_modulus(uint32_t handle, uint8_t ret[256])
{
	struct lab_out command;
	struct lab_tpm_reply reply;
	uint16_t size = 0;
	struct kw_bytes area = { 0 };
	lab_tpm_begin(&command, LAB_CC_READ_PUBLIC);
	lab_out_be32(&command, handle);
	uint32_t rc = lab_tpm_run(&command, &reply);
	if (rc != 0)
		return rc;
	if (!kw_take_be16(&reply.params, &size) || !kw_take(&reply.params, size, &area)
	    || area.len < 256)
		lab_die("the public area of 0x%x is too short", handle);
	memcpy(ret, area.data + area.len - 256, 256);
	return 0;
}

uint32_t lab_tpm_change_platform_auth(struct kw_bytes password)
{
	struct lab_out command;
	struct lab_tpm_reply reply;
	lab_tpm_begin(&command, LAB_CC_HIERARCHY_CHANGE_AUTH);
	lab_out_be32(&command, LAB_RH_PLATFORM);
	lab_tpm_passwords(&command, no_password, 1);
	lab_out_tpm2b(&command, password.data, password.len);
	return lab_tpm_run(&command, &reply);
}

uint32_t lab_tpm_nv_define(uint32_t index, size_t size, uint32_t attributes,
			   struct kw_bytes password)
{
	struct lab_out command;
	struct lab_tpm_reply reply;
	lab_tpm_begin(&command, LAB_CC_NV_DEFINE);
	lab_out_be32(&command, LAB_RH_PLATFORM);
	lab_tpm_passwords(&command, no_password, 1);
	lab_out_tpm2b(&command, password.data, password.len);
	lab_out_be16(&command, 14); /* of the public area, which follows */
	lab_out_be32(&command, index);
	lab_out_be16(&command, LAB_ALG_SHA256);
	lab_out_be32(&command, attributes);
	lab_out_be16(&command, 0); /* policy */
	lab_out_be16(&command, (uint16_t)size);
	return lab_tpm_run(&command, &reply);
}

uint32_t lab_tpm_nv_undefine(uint32_t index)
{
	struct lab_out command;
	struct lab_tpm_reply reply;
	lab_tpm_begin(&command, LAB_CC_NV_UNDEFINE);
	lab_out_be32(&command, LAB_RH_PLATFORM);
	lab_out_be32(&command, index);
	lab_tpm_passwords(&command, no_password, 1);
	return lab_tpm_run(&command, &reply);
}

uint32_t lab_tpm_nv_size(uint32_t index, size_t *ret)
{
	struct lab_out command;
	struct lab_tpm_reply reply;
	uint16_t size = 0;
	struct kw_bytes area = { 0 };
	lab_tpm_begin(&command, LAB_CC_NV_READ_PUBLIC);
	lab_out_be32(&command, index);
	uint32_t rc = lab_tpm_run(&command, &reply);
	if (rc != 0)
		return rc;
	if (!kw_take_be16(&reply.params, &size) || !kw_take(&reply.params, size, &area)
	    || area.len < 2)
		lab_die("the public area of NV index 0x%x is too short", index);
	*ret = (size_t)area.data[area.len - 2] << 8 | area.data[area.len - 1];
	return 0;
}

static uint32_t read_chunk(uint32_t auth, uint32_t index, size_t at, size_t len, uint8_t *ret)
{
	struct lab_out command;
	struct lab_tpm_reply reply;
	uint16_t got = 0;
	lab_tpm_begin(&command, LAB_CC_NV_READ);
	lab_out_be32(&command, auth);
	lab_out_be32(&command, index);
	lab_tpm_passwords(&command, no_password, 1);
	lab_out_be16(&command, (uint16_t)len);
	lab_out_be16(&command, (uint16_t)at);
	uint32_t rc = lab_tpm_run(&command, &reply);
	if (rc == 0
	    && (!kw_take_be16(&reply.params, &got) || got != len
		|| !kw_take_into(&reply.params, ret, len)))
		lab_die("reading NV index 0x%x gave %u bytes, expected %zu", index, got, len);
	return rc;
}

uint32_t lab_tpm_nv_read(uint32_t auth, uint32_t index, size_t len, uint8_t *ret)
{
	uint32_t rc = 0;
	for (size_t at = 0; rc == 0 && at < len; at += LAB_NV_CHUNK) {
		size_t chunk = len - at < LAB_NV_CHUNK ? len - at : LAB_NV_CHUNK;
		rc = read_chunk(auth, index, at, chunk, ret + at);
	}
	return rc;
}

static uint32_t write_chunk(uint32_t auth, uint32_t index, struct kw_bytes password, size_t at,
			    struct kw_bytes data)
{
	struct lab_out command;
	struct lab_tpm_reply reply;
	lab_tpm_begin(&command, LAB_CC_NV_WRITE);
	lab_out_be32(&command, auth);
	lab_out_be32(&command, index);
	lab_tpm_passwords(&command, &password, 1);
	lab_out_tpm2b(&command, data.data, data.len);
	lab_out_be16(&command, (uint16_t)at);
	return lab_tpm_run(&command, &reply);
}

uint32_t lab_tpm_nv_write(uint32_t auth, uint32_t index, struct kw_bytes password,
			  struct kw_bytes data)
{
	uint32_t rc = 0;
	for (size_t at = 0; rc == 0 && at < data.len; at += LAB_NV_CHUNK) {
		size_t chunk = data.len - at < LAB_NV_CHUNK ? data.len - at : LAB_NV_CHUNK;
		rc = write_chunk(auth, index, password, at,
				 (struct kw_bytes){ data.data + at, chunk });
	}
	return rc;
}

uint32_t lab_tpm_pcr_extend(uint32_t pcr, const struct lab_digests *digests)
{
	struct lab_out command;
	struct lab_tpm_reply reply;
	lab_tpm_begin(&command, LAB_CC_PCR_EXTEND);
	lab_out_be32(&command, pcr);
	lab_tpm_passwords(&command, no_password, 1);
	lab_out_be32(&command, 3);
	lab_out_be16(&command, LAB_ALG_SHA1);
	lab_out_bytes(&command, digests->sha1, sizeof(digests->sha1));
	lab_out_be16(&command, LAB_ALG_SHA256);
	lab_out_bytes(&command, digests->sha256, sizeof(digests->sha256));
	lab_out_be16(&command, LAB_ALG_SHA384);
	lab_out_bytes(&command, digests->sha384, sizeof(digests->sha384));
	return lab_tpm_run(&command, &reply);
}
