/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libkeyward: what the program keyward does, for C and C++ programs of one's own.
 *
 * A context holds a configuration (keyward.yaml(5)) and what is made from it. Different contexts
 * may be used by different threads at the same time, one context by one thread at a time. After
 * fork() a child may not use contexts of its parent, nor call the library before exec().
 *
 * The library changes nothing of its host: no signal handler or disposition, no environment, no
 * umask, no allocator, no limit, no thread; it writes nothing to standard output or error. (SIGPIPE
 * is blocked in the calling thread during a call. tpm2-tss, below it, warns on standard error
 * unless the host's environment has TSS2_LOG=all+NONE.) Secrets lie in 256 KiB of memory that is
 * locked if the limits of the host allow it. When memory is out for small things it ends the
 * process.
 *
 * Functions that return int give 0, or -1 with `err` filled in (NULL: not wanted). Outputs are
 * written on success alone. Buffers are the caller's: keyward_free() wipes and frees them.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct keyward; /* a context */

struct keyward_error {
	char id[16];	     /* "KW-ATT-003"; `keyward help ID` and docs/errors.md explain it */
	int exit_status;     /* what the program would end with; sysexits.h */
	int upstream_status; /* HTTP status of the service that refused; 0: none did */
	uint32_t tpm_code;   /* response code of the TPM; 0: none */
	char detail[512];    /* what failed, on what, found against expected */
	const char *hint;    /* what to do about it; static text, never NULL */
};

const char *keyward_version(void);

/* From a file, or from text whose `name` messages use. A NULL path: the defaults alone, which need
 * a confidential VM and nothing else for the calls of keyward/guest_attestation.h. */
int keyward_open(const char *path, struct keyward **ret, struct keyward_error *err);
int keyward_open_text(const char *name, const char *text, size_t size, struct keyward **ret,
		      struct keyward_error *err);
void keyward_close(struct keyward *context); /* NULL allowed */

void keyward_free(void *buffer); /* wipes it first; NULL allowed */

/*
 * An attestation token, verified: this machine's evidence was gathered, verified here, judged by
 * Azure Attestation. Its key is private to the context, for keyward_release(); for tokens that
 * others encrypt to, see keyward/guest_attestation.h. The context keeps it until it is too old, so
 * calls are cheap.
 */
int keyward_attest(struct keyward *context, char **ret_token, struct keyward_error *err);

/* Raw evidence for another verifier, JSON, bound to the nonce (1 to 4096 bytes). */
int keyward_evidence(struct keyward *context, const void *nonce, size_t nonce_size, char **ret_json,
		     struct keyward_error *err);

/* The AMD collateral of this machine as THIM gives it, JSON, verified. `ret_checks` (NULL: not
 * wanted) gets what was checked, as JSON, of a refusal too. */
int keyward_collateral(struct keyward *context, char **ret_json, char **ret_checks,
		       struct keyward_error *err);

/* A key of the configuration by the whole path. `format`: jwk, pem, der, raw, hex, base64. A NUL
 * that is not counted stands behind it. */
int keyward_release(struct keyward *context, const char *name, const char *format, void **ret,
		    size_t *ret_size, struct keyward_error *err);

/* Offline verification, without a context. */

enum keyward_kind {
	KEYWARD_HCL_REPORT,	/* content of NV index 0x01400001 */
	KEYWARD_SNP_REPORT,	/* 1184 bytes */
	KEYWARD_COLLATERAL,	/* as THIM gives it, or ASK and ARK in PEM */
	KEYWARD_QUOTE,		/* TPMS_ATTEST */
	KEYWARD_EVENT_LOG,	/* binary TCG log */
	KEYWARD_TOKEN,		/* of Azure Attestation */
	KEYWARD_RELEASE_ANSWER, /* {"value": "..."} of Key Vault */
};

struct keyward_bytes {
	const void *data; /* NULL: not given */
	size_t size;
};

/* Zero it, set `size`, `kind`, `object`, and what else is at hand. What cannot be checked without a
 * member that is not given is "not possible", and nothing is accepted that rests on it. */
struct keyward_verification {
	size_t size; /* of this struct */
	enum keyward_kind kind;
	struct keyward_bytes object;
	int64_t now;  /* judge then, seconds since 1970; 0: now */
	int64_t skew; /* allowed difference of clocks, seconds */

	/* Reports and collateral. */
	struct keyward_bytes roots; /* PEM; AMD's own if not given; for answers: the system's */
	struct keyward_bytes vcek, chain, collateral;
	struct keyward_bytes report;		   /* that collateral must fit */
	struct keyward_bytes runtime, host_policy; /* whose digests are in an SNP report */
	int vmpl;				   /* -1: any */
	int allow_debug;			   /* of tokens too */

	/* Quotes and event logs. */
	struct keyward_bytes signature, attestation_key /* PEM */, hcl_report;
	struct keyward_bytes nonce, pcrs /* {"sha256": {"0": "HEX"}} */, event_log;

	/* Tokens. */
	struct keyward_bytes jwks, policy; /* keys of the issuer; a release policy to meet */
	const char *issuer;		   /* URL */
	const char *payload_nonce;	   /* that is all of its client payload */

	/* Release answers. */
	const char *vault;		   /* URL */
	struct keyward_bytes wrapping_key; /* PEM, to open the key with */
};

/* 0: accepted. `ret_json` (NULL: not wanted): {"verdict", "checks", "facts"}, of a refusal too; it
 * is NULL if the arguments are wrong. */
int keyward_verify(const struct keyward_verification *what, char **ret_json,
		   struct keyward_error *err);

#ifdef __cplusplus
}
#endif
