/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection to the TPM by tpm2-tss: opened for one transaction and closed again, because the
 * node's TPM is shared. What a transaction loads it flushes itself; a bare TPM has no resource
 * manager that would. At most one transient key and one session live at a time. For the files of
 * this room alone; one thread at a time.
 */
#pragma once

#include "util/attributes.h"
#include "util/clock.h"
#include "util/error.h"

#include <stdbool.h>
#include <tss2/tss2_esys.h>

enum { KW_TPM_TRIES_MAX = 9, KW_TPM_WAIT_FIRST_MS = 20, KW_TPM_WAIT_MAX_MS = 1000 };

struct kw_tpm {
	ESYS_CONTEXT *esys;
	TSS2_TCTI_CONTEXT *tcti;
	const struct kw_clock *clock;
	int64_t end_ms; /* boot clock: what lasts longer fails */
};

/* `tcti` is "device:PATH" or "swtpm:host=ADDRESS,port=PORT"; nothing is loaded. The whole
 * transaction has to be done within `patience_ms`: what waits longer fails with TPM_SILENT.
 * TPM_TCTI, TPM_OPEN. */
int kw_tpm_open(const char *tcti, int64_t patience_ms, const struct kw_clock *clock,
		struct kw_tpm *ret, struct kw_error *err) KW_MUST_USE;
void kw_tpm_close(struct kw_tpm *tpm); /* { 0 } allowed */

/* The password of the owner hierarchy from a file; "" leaves it empty. TPM_OWNER_AUTH. */
int kw_tpm_owner_auth(struct kw_tpm *tpm, const char *file, struct kw_error *err) KW_MUST_USE;

/* The TPM's own code, whoever passed it on; 0 if the code is another layer's. */
TPM2_RC kw_tpm_code(TSS2_RC rc);
/* True: the TPM was busy with others; a while was waited and the command may be sent again:
 *	unsigned tries = 0;
 *	do
 *		rc = Esys_...();
 *	while (kw_tpm_again(tpm, rc, &tries)); */
bool kw_tpm_again(const struct kw_tpm *tpm, TSS2_RC rc, unsigned *tries);
/* TPM_BUSY, TPM_SILENT, TPM_GONE, or TPM_COMMAND with the code in words; returns -1. `doing` as in
 * "reading PCRs". */
int kw_tpm_fail(struct kw_error *err, TSS2_RC rc, const char *doing);
