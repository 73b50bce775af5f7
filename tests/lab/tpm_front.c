/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm_front.h"

#include "event_log.h"
#include "indices.h"
#include "lab.h"
#include "large_report.h"
#include "tpm_answer.h"
#include "tpm_bend.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_SIZE = 40, PCR_DEFAULT = 7, PCR_MAX = 23 };

/* For the log. */
static const struct {
	uint32_t code;
	const char *name;
} names[] = {
	{ LAB_CC_EVICT_CONTROL, "TPM2_EvictControl" },
	{ LAB_CC_NV_UNDEFINE, "TPM2_NV_UndefineSpace" },
	{ LAB_CC_HIERARCHY_CHANGE_AUTH, "TPM2_HierarchyChangeAuth" },
	{ LAB_CC_NV_DEFINE, "TPM2_NV_DefineSpace" },
	{ LAB_CC_CREATE_PRIMARY, "TPM2_CreatePrimary" },
	{ LAB_CC_NV_WRITE, "TPM2_NV_Write" },
	{ LAB_CC_CERTIFY, "TPM2_Certify" },
	{ LAB_CC_GET_TIME, "TPM2_GetTime" },
	{ LAB_CC_NV_READ, "TPM2_NV_Read" },
	{ LAB_CC_LOAD, "TPM2_Load" },
	{ LAB_CC_QUOTE, "TPM2_Quote" },
	{ LAB_CC_RSA_DECRYPT, "TPM2_RSA_Decrypt" },
	{ LAB_CC_HMAC_START, "TPM2_HMAC_Start" },
	{ LAB_CC_SIGN, "TPM2_Sign" },
	{ LAB_CC_CONTEXT_LOAD, "TPM2_ContextLoad" },
	{ LAB_CC_CONTEXT_SAVE, "TPM2_ContextSave" },
	{ LAB_CC_FLUSH_CONTEXT, "TPM2_FlushContext" },
	{ LAB_CC_LOAD_EXTERNAL, "TPM2_LoadExternal" },
	{ LAB_CC_NV_READ_PUBLIC, "TPM2_NV_ReadPublic" },
	{ LAB_CC_READ_PUBLIC, "TPM2_ReadPublic" },
	{ LAB_CC_START_AUTH_SESSION, "TPM2_StartAuthSession" },
	{ LAB_CC_GET_CAPABILITY, "TPM2_GetCapability" },
	{ LAB_CC_GET_RANDOM, "TPM2_GetRandom" },
	{ LAB_CC_HASH, "TPM2_Hash" },
	{ LAB_CC_PCR_READ, "TPM2_PCR_Read" },
	{ LAB_CC_POLICY_PCR, "TPM2_PolicyPCR" },
	{ LAB_CC_PCR_EXTEND, "TPM2_PCR_Extend" },
	{ LAB_CC_HASH_SEQUENCE_START, "TPM2_HashSequenceStart" },
	{ LAB_CC_CREATE_LOADED, "TPM2_CreateLoaded" },
};

struct command {
	uint32_t code, first, second; /* handles, as far as there are any */
	uint16_t offset;	      /* of TPM2_NV_Read */
};

static struct command understand(struct kw_bytes bytes)
{
	struct command command = { 0 };
	struct kw_cursor c = { .in = bytes };
	bool handles = kw_skip(&c, 6) && kw_take_be32(&c, &command.code)
		       && kw_take_be32(&c, &command.first) && kw_take_be32(&c, &command.second);
	if (handles && command.code == LAB_CC_NV_READ)
		command.offset =
			(uint16_t)(bytes.data[bytes.len - 2] << 8 | bytes.data[bytes.len - 1]);
	return command;
}

/* Somebody on the node extends a PCR. Once, even if the fault is on until cleared. */
static void fault_pcr_extend(void)
{
	static bool done;
	struct lab_fault fault;
	struct lab_digests digests;
	if (!lab_fault_take(LAB_TPM, "pcr-extend", &fault)) {
		done = false;
		return;
	}
	if (done && fault.times_left < 0)
		return;
	done = true;
	const char *arg = lab_fault_arg(&fault, "pcr");
	unsigned long pcr = arg ? strtoul(arg, NULL, 10) : PCR_DEFAULT;
	lab_digests_of("an event that is in no log", 26, &digests);
	if (pcr <= PCR_MAX)
		lab_tpm_must(lab_tpm_pcr_extend((uint32_t)pcr, &digests), "extending a PCR");
}

static bool fault_busy(void)
{
	struct lab_fault fault;
	return lab_fault_take(LAB_TPM, "busy", &fault) || lab_fault_take(LAB_TPM, "retry", &fault);
}

static uint32_t code_of(const uint8_t *response)
{
	return (uint32_t)response[6] << 24 | (uint32_t)response[7] << 16
	       | (uint32_t)response[8] << 8 | response[9];
}

static void write_log(const struct command *command, const uint8_t *response, const char *bent)
{
	char name[NAME_SIZE], handle[NAME_SIZE], verdict[NAME_SIZE] = "ok";
	snprintf(name, sizeof(name), "TPM2_0x%x", command->code);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].code == command->code)
			snprintf(name, sizeof(name), "%s", names[i].name);
	/* the index of an NV command is its second handle */
	bool index = command->second >> 24 == 0x01;
	snprintf(handle, sizeof(handle), "0x%08x", index ? command->second : command->first);
	if (code_of(response) != 0)
		snprintf(verdict, sizeof(verdict), "0x%x", code_of(response));
	lab_log(LAB_TPM, name, handle, verdict, "%s%s", bent ? "bent: " : "", bent ? bent : "");
}

size_t lab_front_run(const struct lab_client *client, struct kw_bytes bytes,
		     uint8_t ret[LAB_TPM_MAX])
{
	struct command command = understand(bytes);
	uint8_t forwarded[LAB_TPM_MAX];
	const char *bent, *bent_answer = NULL;
	size_t len = 0;
	lab_leftovers_sweep();
	fault_pcr_extend();
	if (fault_busy()) {
		len = lab_answer_error(LAB_RC_RETRY, ret);
		write_log(&command, ret, "busy");
		return len;
	}
	if (command.code == LAB_CC_NV_READ && command.offset == 0)
		lab_indices_refresh(command.second);
	memcpy(forwarded, bytes.data, bytes.len);
	bent = lab_command_bend(forwarded, bytes.len);
	if (!lab_large_report_answer(bytes, ret, &len))
		len = lab_swtpm_exchange(forwarded, bytes.len, ret);
	if (code_of(ret) == 0) {
		lab_leftovers_note(client, bytes, (struct kw_bytes){ ret, len });
		len = lab_answer_bend(bytes, ret, len, &bent_answer);
	}
	write_log(&command, ret, bent_answer ? bent_answer : bent);
	return len;
}
