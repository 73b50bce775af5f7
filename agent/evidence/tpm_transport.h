/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What carries commands to a TPM: its character device, or the TCP port of a swtpm. tpm2-tss's own
 * transports wait for an answer without end; here everything has one deadline, so that a TPM which
 * falls silent fails a transaction and does not keep its thread. After that, or once the connection
 * broke, nothing more is sent. One thread at a time.
 */
#pragma once

#include "util/attributes.h"
#include "util/clock.h"
#include "util/error.h"

#include <tss2/tss2_tcti.h>

/* What tpm2-tss passes on from here. */
enum {
	KW_TPM_RC_SILENT = TSS2_TCTI_RC_LAYER | (TSS2_LAYER_IMPLEMENTATION_SPECIFIC_OFFSET + 1),
	KW_TPM_RC_GONE = TSS2_TCTI_RC_LAYER | (TSS2_LAYER_IMPLEMENTATION_SPECIFIC_OFFSET + 2),
};

/* `tcti` is "device:PATH" or "swtpm:host=ADDRESS,port=PORT", the address a number. `until_ms` is on
 * the boot clock. TPM_TCTI, TPM_OPEN. */
int kw_tpm_transport_open(const char *tcti, const struct kw_clock *clock, int64_t until_ms,
			  TSS2_TCTI_CONTEXT **ret, struct kw_error *err) KW_MUST_USE;
void kw_tpm_transport_close(TSS2_TCTI_CONTEXT *transport); /* NULL allowed */
