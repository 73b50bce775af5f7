/* SPDX-License-Identifier: Apache-2.0 */
/* `keyward verify KIND FILE`: hold a file against anchors and a time, without network or TPM. */
#include "cmd/command.h"
#include "cmd/output.h"
#include "cmd/verify_inputs.h"

#include <stdio.h>

enum { TYPE_COLUMN = 34, DIGEST_SHOWN = 16 };

/* One line per event: PCR, type, the head of its digest, and what it says of itself. */
static void print_events(const struct kw_json *list)
{
	for (const struct kw_json *e = kw_json_first(list); e; e = kw_json_next(e)) {
		const char *digest = kw_json_string(kw_json_get(e, "sha256"));
		int64_t pcr = 0;

		(void)!kw_json_int(kw_json_get(e, "pcr"), &pcr);
		printf("PCR %-3lld%-*s%.*s  %s\n", (long long)pcr, TYPE_COLUMN,
		       kw_json_string(kw_json_get(e, "type")), DIGEST_SHOWN, digest ? digest : "",
		       kw_json_string(kw_json_get(e, "says")));
	}
}

static int print(const struct kw_verification *v, bool json, struct kw_error *err)
{
	static const char *const words[] = {
		[KW_ACCEPTED] = "accepted",
		[KW_REFUSED] = "refused",
		[KW_NOT_POSSIBLE] = "not possible",
	};
	const struct kw_output output = { .is_text = true };
	KW_CLEANUP(kw_json_freep) struct kw_json *object = NULL;
	KW_CLEANUP(freep) char *text = NULL;

	if (!json) {
		print_events(kw_json_get(v->facts, "events_list"));
		kw_checks_print(&v->checks, stdout);
		printf("%s\n", words[kw_verification_outcome(v)]);
		return 0;
	}
	object = kw_verification_json(v);
	text = kw_json_print(object);
	return kw_output_write(&output, kw_bytes_text(text), err);
}

static int run(const struct kw_flag *flags, kw_judge_fn *judge, int argc, char **argv,
	       struct kw_error *err)
{
	KW_CLEANUP(kw_verify_inputs_clear) struct kw_verify_inputs inputs = { 0 };
	KW_CLEANUP(kw_verification_clear) struct kw_verification v = { 0 };
	struct kw_verify_args args = { 0 };

	if (kw_flags_parse(flags, argc, argv, &args, err) < 0
	    || kw_verify_inputs_read(&args, &inputs, err) < 0)
		return -1;
	kw_verification_open(&v);
	if (judge(&args, &inputs, &v, err) < 0 || print(&v, args.format == KW_VERIFY_JSON, err) < 0)
		return -1;
	return kw_verification_result(&v, err);
}

#define FLAG_FILE(help)                                                                         \
	{                                                                                       \
		KW_POSITIONAL, 0, "FILE", "", help, offsetof(struct kw_verify_args, file), NULL \
	}
#define FLAG(name, value, help, member)                                                          \
	{                                                                                        \
		KW_OPTIONAL, 0, name, value, help, offsetof(struct kw_verify_args, member), NULL \
	}
#define FLAG_FORMAT                                                                   \
	{                                                                             \
		KW_CHOICE, 'o', "format", "text|json", "how to print what was found", \
			offsetof(struct kw_verify_args, format), "text"               \
	}
#define FLAG_TIME FLAG("time", "UNIX_S", "judge certificates then, not now", time)
#define FLAG_DEBUG                                                                        \
	{                                                                                 \
		KW_SWITCH, 0, "allow-debug", "", "accept a machine that can be debugged", \
			offsetof(struct kw_verify_args, allow_debug), NULL                \
	}
#define FLAG_AMD_ROOTS FLAG("roots", "PEM", "AMD roots, or builtin (the default)", roots)
#define FLAG_VCEK FLAG("vcek", "FILE", "VCEK or VLEK certificate", vcek)
#define FLAG_CRL FLAG("crl", "FILE", "AMD's revocation list, DER or PEM", crl)
#define FLAGS_REPORT                                                                       \
	FLAG_FORMAT, FLAG_TIME, FLAG_AMD_ROOTS, FLAG_VCEK, FLAG_CRL,                       \
		FLAG("chain", "FILE", "ASK and ARK; else those among --roots", chain),     \
		FLAG("collateral", "FILE", "all three, as `keyward collateral` prints",    \
		     collateral),                                                          \
		FLAG("vmpl", "N|any", "level that asked for the report, default 0", vmpl), \
		FLAG_DEBUG

/* A verb: its flags, and the function that the table of commands wants. */
#define VERB(id, text, help)                                             \
	static int run_##id(int argc, char **argv, struct kw_error *err) \
	{                                                                \
		return run(id##_flags, kw_judge_##id, argc, argv, err);  \
	}                                                                \
	static const struct kw_command id = {                            \
		.name = (text),                                          \
		.summary = (help),                                       \
		.flags = id##_flags,                                     \
		.run = run_##id,                                         \
	}

static const struct kw_flag hcl_report_flags[] = {
	FLAG_FILE("content of NV index 0x01400001"),
	FLAGS_REPORT,
	{ 0 },
};
VERB(hcl_report, "hcl-report", "the vTPM's report and the SNP report in it");

static const struct kw_flag snp_report_flags[] = {
	FLAG_FILE("a report of 1184 bytes"),
	FLAGS_REPORT,
	FLAG("runtime", "FILE", "data whose SHA-256 is REPORT_DATA", runtime),
	FLAG("policy", "FILE", "policy whose SHA-256 is HOST_DATA", policy),
	{ 0 },
};
VERB(snp_report, "snp-report", "an SNP attestation report");

static const struct kw_flag collateral_flags[] = {
	FLAG_FILE("as THIM gives it, or ASK and ARK as PEM"),
	FLAG_FORMAT,
	FLAG_TIME,
	FLAG_AMD_ROOTS,
	FLAG_VCEK,
	FLAG_CRL,
	FLAG("report", "FILE", "an SNP report that it must fit", report),
	{ 0 },
};
VERB(collateral, "collateral", "AMD certificates");

static const struct kw_flag quote_flags[] = {
	FLAG_FILE("TPMS_ATTEST"),
	{ KW_POSITIONAL, 0, "SIGNATURE", "", "TPMT_SIGNATURE, or a bare RSA signature",
	  offsetof(struct kw_verify_args, signature), NULL },
	FLAG_FORMAT,
	FLAG("ak", "PEM", "attestation key", ak),
	FLAG("hcl", "FILE", "HCL report that names the attestation key", hcl),
	FLAG("pcrs", "FILE", "PCR values, {\"sha256\": {\"0\": \"HEX\"}}", pcrs),
	FLAG("nonce", "HEX", "what the quote was asked with", nonce),
	FLAG("event-log", "FILE", "log that must replay to the PCR values", event_log),
	{ 0 },
};
VERB(quote, "quote", "a TPM quote, its PCR values and event log");

static const struct kw_flag event_log_flags[] = {
	FLAG_FILE("binary TCG event log"),
	FLAG_FORMAT,
	FLAG("pcrs", "FILE", "PCR values, {\"sha256\": {\"0\": \"HEX\"}}", pcrs),
	{ KW_SWITCH, 0, "events", "", "print every event too",
	  offsetof(struct kw_verify_args, events), NULL },
	{ 0 },
};
VERB(event_log, "event-log", "an event log against PCR values");

static const struct kw_flag token_flags[] = {
	FLAG_FILE("an attestation token"),
	FLAG_FORMAT,
	FLAG("jwks", "FILE", "keys that the service publishes", jwks),
	FLAG("issuer", "URL", "attestation endpoint that must have issued it", issuer),
	FLAG("nonce", "TEXT", "nonce that is all of its client payload", payload),
	FLAG("now", "UNIX_S", "judge it then, not now", time),
	FLAG("skew", "S", "allowed difference of clocks, default 0", skew),
	FLAG("policy", "FILE", "release policy that its claims must meet", policy),
	FLAG_DEBUG,
	{ 0 },
};
VERB(token, "token", "an attestation token");

static const struct kw_flag release_answer_flags[] = {
	FLAG_FILE("the vault's answer, {\"value\": \"...\"}"),
	FLAG_FORMAT,
	FLAG_TIME,
	FLAG("roots", "PEM", "roots of its certificates, default the system's", roots),
	FLAG("vault", "URL", "vault that must have signed it", vault),
	FLAG("kek", "PEM", "wrapping key to open the released key with", kek),
	{ 0 },
};
VERB(release_answer, "release-answer", "the signed answer of a key release");

static const struct kw_command *const verbs[] = { &hcl_report, &snp_report, &collateral,     &quote,
						  &event_log,  &token,	    &release_answer, NULL };

const struct kw_command kw_cmd_verify = {
	.name = "verify",
	.summary = "check a report, quote, log, token or answer offline",
	.verbs = verbs,
};
