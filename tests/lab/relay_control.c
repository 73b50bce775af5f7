/* SPDX-License-Identifier: Apache-2.0 */
#include "relay_control.h"

#include "swtpm.h"

#include <string.h>

enum {
	CMD_GET_CAPABILITY = 1,
	CMD_INIT = 2,
	CMD_SHUTDOWN = 3,
	CMD_GET_TPMESTABLISHED = 4,
	CMD_SET_LOCALITY = 5,
	CMD_CANCEL_TPM_CMD = 9,
	CMD_STORE_VOLATILE = 10,
	CMD_RESET_TPMESTABLISHED = 11,
	CMD_STOP = 14,
	CMD_GET_CONFIG = 15,
	CMD_SET_BUFFERSIZE = 17,
	TPM_BAD_ORDINAL = 0x0a,
	TPM_BAD_LOCALITY = 0x3d,
	/* INIT, SHUTDOWN, GET_TPMESTABLISHED, SET_LOCALITY, CANCEL, STORE_VOLATILE,
	 * RESET_TPMESTABLISHED, STOP, GET_CONFIG, SET_BUFFERSIZE */
	CAPABILITIES = 0x2cef,
};

/* Each answers success and then these words. */
static const struct request {
	uint32_t code, body_size, n_words, words[3];
} requests[] = {
	{ CMD_GET_CAPABILITY, 0, 1, { CAPABILITIES } },
	{ CMD_INIT, 4, 0, { 0 } },
	{ CMD_SHUTDOWN, 0, 0, { 0 } },
	{ CMD_GET_TPMESTABLISHED, 0, 1, { 0 } },
	{ CMD_SET_LOCALITY, 1, 0, { 0 } },
	{ CMD_CANCEL_TPM_CMD, 0, 0, { 0 } },
	{ CMD_STORE_VOLATILE, 0, 0, { 0 } },
	{ CMD_RESET_TPMESTABLISHED, 1, 0, { 0 } },
	{ CMD_STOP, 0, 0, { 0 } },
	{ CMD_GET_CONFIG, 0, 1, { 0 } },
	{ CMD_SET_BUFFERSIZE, 4, 3, { LAB_TPM_MAX, LAB_TPM_MAX, LAB_TPM_MAX } },
};

static const struct request *find(uint32_t code)
{
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		if (requests[i].code == code)
			return &requests[i];
	return NULL;
}

static void put(struct lab_control *control, uint32_t word)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		control->answer[control->answer_len++] = (uint8_t)(word >> shift);
}

struct lab_control lab_control_answer(struct kw_bytes request)
{
	struct lab_control control = { .known = true };
	struct kw_cursor c = { .in = request };
	struct kw_bytes body = { 0 };
	uint32_t code = 0;
	if (!kw_take_be32(&c, &code))
		return control;
	const struct request *found = find(code);
	control.known = found != NULL;
	if (!found) {
		control.taken = request.len;
		put(&control, TPM_BAD_ORDINAL);
		return control;
	}
	if (!kw_take(&c, found->body_size, &body))
		return control;
	control.taken = c.at;
	control.tcti = code == CMD_SET_LOCALITY;
	/* a guest sits at locality 0 */
	put(&control, code == CMD_SET_LOCALITY && body.data[0] != 0 ? TPM_BAD_LOCALITY : 0);
	for (size_t i = 0; i < found->n_words; i++)
		put(&control, found->words[i]);
	return control;
}
