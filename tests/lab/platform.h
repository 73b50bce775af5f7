/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine: chip, TCB, guest, vTPM behind the relay. swtpm is started and provisioned (EK, AK at
 * 0x81000003, 0x01400001, AK certificate at 0x01C101D0, measured boot), reports are made and signed
 * here, clients reach the TPM through the relay (P commands, P+1 control).
 */
#pragma once

#include "lab.h"
#include "util/json.h"

/* The first thing to call: opens the PKI, starts swtpm and the relay; `options->tpm` becomes the
 * bound address. Also writes D/eventlog. */
void lab_platform_start(struct lab_options *options);
/* Ends the swtpm that was started, by its id. */
void lab_platform_stop(void);

/* What the other parts may know of the machine. Pointers stay valid until the stop. */
const uint8_t *lab_platform_chip_id(void);	/* 64 bytes */
const uint8_t *lab_platform_reported_tcb(void); /* 8 bytes, as in the report */
const char *lab_platform_vm_id(void);
const char *lab_platform_event_log_path(void);

/* The members of one THIM answer; owned texts. Asked for once per answer, because each asking uses
 * up one tamper fault of service thim and the members have to fit together. */
struct lab_thim {
	char *vcek_pem, *chain_pem, *tcbm; /* chain: ASK, ARK; tcbm: 16 hex digits */
};
struct lab_thim lab_platform_thim(void);
void lab_thim_clear(struct lab_thim *thim);
/* The same as the answer that carries them. */
struct kw_json *lab_platform_certification(void);
