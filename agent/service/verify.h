/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Offline verification: one object from a file, held against anchors and a time that the caller
 * names. Nothing is fetched, no configuration is read, no TPM is asked. An optional input that is
 * not given has no data (NULL); what could not be checked without it is listed as "not possible".
 * A struct kw_verification belongs to its caller; inputs are borrowed for the call. No threads.
 */
#pragma once

#include "collateral/collateral.h"
#include "evidence/hcl_report.h"
#include "jose/certificate.h"

enum { KW_VERIFY_FILE_MAX = 1 << 20 };

struct kw_verification {
	struct kw_checks checks;
	struct kw_json *facts; /* what could be read of the object; never a secret */
};
void kw_verification_open(struct kw_verification *ret);
void kw_verification_clear(struct kw_verification *verification);

enum kw_outcome { KW_ACCEPTED, KW_REFUSED, KW_NOT_POSSIBLE };
/* Refused if a check failed; not possible if one was that the verdict rests on. */
enum kw_outcome kw_verification_outcome(const struct kw_verification *verification);
/* Fails with the first failed row; with SYS_INCOMPLETE where something needed is not there. */
int kw_verification_result(const struct kw_verification *verification,
			   struct kw_error *err) KW_MUST_USE;
/* {"verdict", "checks": [{"check", "id", "expected", "found", "verdict"}], "facts"} */
struct kw_json *kw_verification_json(const struct kw_verification *verification);

/* What reports of AMD's processors are held against. */
struct kw_verify_amd {
	struct kw_bytes roots;	    /* PEM; not given: the built-in keys */
	struct kw_bytes vcek;	    /* PEM or DER: VCEK or VLEK */
	struct kw_bytes chain;	    /* ASK, ARK; not given: those among `roots` */
	struct kw_bytes collateral; /* all three as THIM gives them */
	struct kw_bytes crl;	    /* AMD's revocation list; not given: not asked for */
	int64_t now_s;
	struct kw_snp_rules rules;
};
void kw_verify_hcl_report(struct kw_bytes file, const struct kw_verify_amd *amd,
			  struct kw_verification *ret);
/* `runtime` is what REPORT_DATA is the hash of, `policy` (base64 or not) what HOST_DATA is. */
void kw_verify_snp_report(struct kw_bytes file, const struct kw_verify_amd *amd,
			  struct kw_bytes runtime, struct kw_bytes policy,
			  struct kw_verification *ret);
/* As THIM gives it, in base64 of that, or the certificates ASK and ARK with `amd->vcek` beside. */
void kw_verify_collateral(struct kw_bytes file, const struct kw_verify_amd *amd,
			  struct kw_bytes report, struct kw_verification *ret);

struct kw_verify_quote {
	struct kw_bytes message, signature; /* TPMS_ATTEST; TPMT_SIGNATURE or a bare RSA one */
	struct kw_bytes ak;		    /* PEM; not given: HCLAkPub of `hcl` */
	struct kw_bytes hcl;
	struct kw_bytes nonce, pcrs, event_log;
};
void kw_verify_quote(const struct kw_verify_quote *quote, struct kw_verification *ret);
/* `list`: the facts have every event, {"pcr", "type", "sha256", "says"} under "events_list". */
void kw_verify_event_log(struct kw_bytes file, struct kw_bytes pcrs, bool list,
			 struct kw_verification *ret);

struct kw_verify_token {
	struct kw_bytes jwks;
	struct kw_bytes policy; /* a release policy that the claims must meet */
	const char *issuer;	/* NULL: not given */
	const char *nonce;	/* that is all of its client payload; NULL: not looked at */
	int64_t now_s, skew_s;
	bool allow_debug;
};
void kw_verify_token(struct kw_bytes file, const struct kw_verify_token *with,
		     struct kw_verification *ret);

struct kw_verify_answer {
	const struct kw_signer_roots *roots;
	const struct kw_origin *vault; /* NULL: not given */
	const struct kw_secret *kek;   /* PKCS#8 of the wrapping key; NULL: not given */
	int64_t now_s;
};
void kw_verify_release_answer(struct kw_bytes file, const struct kw_verify_answer *with,
			      struct kw_verification *ret);

/* What struct kw_verify_answer points to: PEM roots, or the system's if none are given; PKCS#8. */
int kw_verify_signer_roots(struct kw_bytes pem, struct kw_signer_roots **ret,
			   struct kw_error *err) KW_MUST_USE;
int kw_verify_kek(struct kw_bytes pem, struct kw_secret *ret, struct kw_error *err) KW_MUST_USE;

/* For the files of this use case alone. */

/* A row that failed because of `err`: the object, or an input beside it, cannot be read. */
void kw_verify_unreadable(struct kw_verification *v, const char *check, const char *expected,
			  const struct kw_error *err);
void kw_verify_fact_hex(struct kw_json *facts, const char *name, const void *data, size_t len);
struct kw_bytes kw_verify_trimmed(struct kw_bytes text);
