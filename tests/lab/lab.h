/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keyward-lab: the platform without Azure, in one process. This header is what its parts have in
 * common: the options of `up`, the faults, the log. The lab shares nothing with the agent but
 * util/: it has parsers and encoders of its own, because a judge that shares the parser shares its
 * bug. It aborts on its own failures (out of memory, a broken library): it is a test bed, not a
 * service.
 */
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum lab_product { LAB_MILAN, LAB_GENOA, LAB_TURIN };
enum lab_service {
	LAB_IMDS,
	LAB_THIM,
	LAB_ENTRA,
	LAB_KDS,
	LAB_MAA,
	LAB_VAULT,
	LAB_TPM,
	LAB_TSM, /* the SNP device of a guest without paravisor */
	LAB_N_SERVICES
};

/* Which managed identities the machine has: only the system-assigned one, one that a user assigned,
 * both kinds, several of the second kind. */
enum lab_assigned { LAB_SYSTEM, LAB_USER, LAB_BOTH, LAB_MANY };

/* So many requests in so many seconds; n 0: as many as anybody likes. */
struct lab_rate {
	long n, window_s;
};

struct lab_options {
	char dir[256];
	char host[128]; /* the name in URLs and certificates; "localhost" */
	char imds[64], maa[64], vault[64], mhsm[64], entra[64], kds[64],
		tpm[64]; /* ADDRESS:PORT; port 0: any */
	enum lab_product product;
	unsigned hcl_size; /* 2048, 2600, 2900 */
	bool old_firmware; /* no user data */
	bool secure_boot, mask_chip;
	bool vlek; /* the processor signs with a VLEK */
	enum lab_assigned identities;
	struct lab_rate imds_limit, kds_limit;
	long token_life_s, time_offset_s;
};

/* One fault that is on. `kind` is a word of docs/lab.md ("status", "tamper", ...), `arg` its
 * key=value pairs. */
struct lab_fault {
	enum lab_service service;
	char kind[40];
	char args[8][160]; /* "field=debug", "code=503", "retry-after=7" */
	unsigned n_args;
	long times_left; /* -1: until cleared */
};
/* Takes one use of a fault of that kind, if one is on for the service. Thread-safe. */
bool lab_fault_take(enum lab_service service, const char *kind, struct lab_fault *ret);
/* The value of "name=..." among the arguments, or NULL. */
const char *lab_fault_arg(const struct lab_fault *fault, const char *name);
/* True if a tamper fault for this field is on ("kind" is "tamper", field=NAME); takes one use. */
bool lab_tampered(enum lab_service service, const char *field);

/* One line per request: time, service, method, path, verdict, reason. Thread-safe. Also D/log. */
void lab_log(enum lab_service service, const char *method, const char *path, const char *verdict,
	     const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* Wall time with --time-offset added: what the platform believes. */
int64_t lab_now_s(void);
void lab_die(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
