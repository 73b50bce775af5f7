/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The endorsement of a utility VM's measurement (SNP evidence 9): a COSE_Sign1 document, made and
 * judged here, its signer chain in D/pki (uvm-root, uvm-ca, uvm-signer). Also the directories in
 * which a container finds it (SNP evidence 8).
 */
#pragma once

#include "judge.h"

/* Once, after the platform is up: makes the chain, the document and D/security-context-lab (as on
 * ACI) and D/kata (as in a Kata pod). */
void lab_uvm_open(const char *dir);
void lab_uvm_close(void);
/* SHA-256 of the container policy: HOST_DATA. */
void lab_uvm_host_data(uint8_t ret[32]);
const char *lab_uvm_context_path(void); /* D/security-context-lab */
const char *lab_uvm_kata_path(void);

/* Signature, chain, issuer, feed, and that `measurement` is the endorsed one. */
bool lab_uvm_judge(struct kw_bytes cose, struct kw_bytes measurement, struct lab_why *why);
