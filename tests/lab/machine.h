/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which machine this is: its chip, its patch level, its guest; and what the paravisor reports of
 * them. The identity follows from 32 random bytes in D/pki/machine.id, so that it outlives the lab
 * together with the certificates that name it.
 */
#pragma once

#include "hcl_report.h"
#include "lab.h"

struct lab_machine {
	struct lab_options options;
	uint8_t chip_id[LAB_CHIP_ID_SIZE];
	uint8_t tcb[LAB_TCB_SIZE];
	char vm_id[37];
	uint8_t ak[LAB_MODULUS_SIZE], ek[LAB_MODULUS_SIZE]; /* once the vTPM is provisioned */
};
extern struct lab_machine lab_machine;

/* Comes before lab_pki_open(); the folder of the PKI exists. */
void lab_machine_open(const struct lab_options *options);
/* What the report of a guest without paravisor says beside the processor's own: it asks the
 * processor itself, as a container group does. */
struct lab_guest {
	uint8_t report_data[LAB_SNP_DATA_SIZE], host_data[32];
	uint32_t vmpl;
};
void lab_machine_guest_report(const struct lab_guest *guest, uint32_t bends,
			      uint8_t ret[LAB_SNP_REPORT_SIZE]);
/* MEASUREMENT in those reports. */
void lab_machine_guest_measurement(uint8_t ret[LAB_MEASUREMENT_SIZE]);
/* A whole report over 64 bytes of user data: options.hcl_size bytes. */
void lab_machine_report(const uint8_t user[LAB_SNP_DATA_SIZE], uint32_t bends,
			uint8_t ret[LAB_HCL_MAX]);
