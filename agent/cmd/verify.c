/* SPDX-License-Identifier: Apache-2.0 */
/* `keyward verify KIND FILE`: hold a file against anchors and a time, without network or TPM. */
#include "service/verify.h"
#include "cmd/command.h"
#include "cmd/output.h"
#include "cmd/words.h"
#include "util/clock.h"
#include "util/file.h"

#include <string.h>

enum { KEK_SIZE_MAX = 16 << 10 };

enum format { FORMAT_TEXT, FORMAT_JSON }; /* the words of --format, in their order */

struct args {
	const char *file, *signature, *time, *skew, *vmpl, *nonce, *payload, *issuer, *vault, *kek;
	const char *roots, *vcek, *chain, *collateral, *report, *runtime, *policy;
	const char *ak, *hcl, *pcrs, *event_log, *jwks;
	enum format format;
	bool allow_debug;
};

struct inputs {
	struct kw_blob file, signature;
	struct kw_blob roots, vcek, chain, collateral, report, runtime, policy;
	struct kw_blob ak, hcl, pcrs, event_log, jwks;
	struct kw_blob nonce; /* decoded */
	int64_t now_s, skew_s, vmpl;
};

/* Which argument names the file of which input. */
static const struct {
	size_t arg, input;
} files[] = {
#define ROW(name)                                                          \
	{                                                                  \
		offsetof(struct args, name), offsetof(struct inputs, name) \
	}
	ROW(file),	 ROW(signature), ROW(roots),	 ROW(vcek),   ROW(chain),
	ROW(collateral), ROW(report),	 ROW(runtime),	 ROW(policy), ROW(ak),
	ROW(hcl),	 ROW(pcrs),	 ROW(event_log), ROW(jwks),
#undef ROW
};
enum { N_FILES = sizeof(files) / sizeof(files[0]) };

static struct kw_blob *input_at(struct inputs *inputs, size_t i)
{
	return (struct kw_blob *)(void *)((char *)inputs + files[i].input);
}

static void inputs_clear(struct inputs *inputs)
{
	for (size_t i = 0; i < N_FILES; i++)
		kw_blob_clear(input_at(inputs, i));
	kw_blob_clear(&inputs->nonce);
}

static int read_files(const struct args *args, struct inputs *ret, struct kw_error *err)
{
	for (size_t i = 0; i < N_FILES; i++) {
		const char *path = NULL;

		memcpy(&path, (const char *)args + files[i].arg, sizeof(path));
		/* AMD's own roots need no file. */
		if (!path || (path == args->roots && strcmp(path, "builtin") == 0))
			continue;
		if (kw_file_read(path, KW_VERIFY_FILE_MAX, KW_E_SYS_FILE, input_at(ret, i), err)
		    < 0)
			return -1;
	}
	return 0;
}

static int read_values(const struct args *args, struct inputs *ret, struct kw_error *err)
{
	ret->now_s = kw_wall_s(&kw_clock_system);
	if ((args->time && kw_word_int("time", args->time, &ret->now_s, err) < 0)
	    || (args->skew && kw_word_int("skew", args->skew, &ret->skew_s, err) < 0)
	    || (args->nonce && kw_word_hex("nonce", args->nonce, &ret->nonce, err) < 0))
		return -1;
	if (args->vmpl && strcmp(args->vmpl, "any") == 0)
		ret->vmpl = -1;
	else if (args->vmpl)
		return kw_word_int("vmpl", args->vmpl, &ret->vmpl, err);
	return 0;
}

static struct kw_verify_amd amd_of(const struct args *args, const struct inputs *in)
{
	return (struct kw_verify_amd){
		.roots = kw_blob_bytes(&in->roots),
		.vcek = kw_blob_bytes(&in->vcek),
		.chain = kw_blob_bytes(&in->chain),
		.collateral = kw_blob_bytes(&in->collateral),
		.now_s = in->now_s,
		.rules = { .vmpl = in->vmpl, .allow_debug = args->allow_debug },
	};
}

/* One kind of file; -1 for what is wrong with the arguments, else the verdict is in `ret`. */
typedef int judge_fn(const struct args *args, const struct inputs *in, struct kw_verification *ret,
		     struct kw_error *err);

static int judge_hcl_report(const struct args *args, const struct inputs *in,
			    struct kw_verification *ret, struct kw_error *err KW_UNUSED)
{
	const struct kw_verify_amd amd = amd_of(args, in);

	kw_verify_hcl_report(kw_blob_bytes(&in->file), &amd, ret);
	return 0;
}

static int judge_snp_report(const struct args *args, const struct inputs *in,
			    struct kw_verification *ret, struct kw_error *err KW_UNUSED)
{
	const struct kw_verify_amd amd = amd_of(args, in);

	kw_verify_snp_report(kw_blob_bytes(&in->file), &amd, kw_blob_bytes(&in->runtime),
			     kw_blob_bytes(&in->policy), ret);
	return 0;
}

static int judge_collateral(const struct args *args, const struct inputs *in,
			    struct kw_verification *ret, struct kw_error *err KW_UNUSED)
{
	const struct kw_verify_amd amd = amd_of(args, in);

	kw_verify_collateral(kw_blob_bytes(&in->file), &amd, kw_blob_bytes(&in->report), ret);
	return 0;
}

static int judge_quote(const struct args *args KW_UNUSED, const struct inputs *in,
		       struct kw_verification *ret, struct kw_error *err KW_UNUSED)
{
	const struct kw_verify_quote quote = {
		.message = kw_blob_bytes(&in->file),
		.signature = kw_blob_bytes(&in->signature),
		.ak = kw_blob_bytes(&in->ak),
		.hcl = kw_blob_bytes(&in->hcl),
		.nonce = kw_blob_bytes(&in->nonce),
		.pcrs = kw_blob_bytes(&in->pcrs),
		.event_log = kw_blob_bytes(&in->event_log),
	};

	kw_verify_quote(&quote, ret);
	return 0;
}

static int judge_event_log(const struct args *args KW_UNUSED, const struct inputs *in,
			   struct kw_verification *ret, struct kw_error *err KW_UNUSED)
{
	kw_verify_event_log(kw_blob_bytes(&in->file), kw_blob_bytes(&in->pcrs), ret);
	return 0;
}

static int parse_origin(const char *flag, const char *text, struct kw_origin *ret,
			struct kw_error *err)
{
	if (kw_origin_parse(text, ret, NULL))
		return 0;
	return kw_fail(err, KW_E_CFG_USAGE, "'--%s' needs a URL, found '%.64s'", flag, text);
}

static int judge_token(const struct args *args, const struct inputs *in,
		       struct kw_verification *ret, struct kw_error *err)
{
	const struct kw_verify_token with = {
		.jwks = kw_blob_bytes(&in->jwks),
		.policy = kw_blob_bytes(&in->policy),
		.issuer = args->issuer,
		.nonce = args->payload,
		.now_s = in->now_s,
		.skew_s = in->skew_s,
		.allow_debug = args->allow_debug,
	};
	struct kw_origin ignored;

	if (args->issuer && parse_origin("issuer", args->issuer, &ignored, err) < 0)
		return -1;
	kw_verify_token(kw_blob_bytes(&in->file), &with, ret);
	return 0;
}

static int read_kek(const char *path, struct kw_secret *ret, struct kw_error *err)
{
	KW_CLEANUP(kw_secret_clear) struct kw_secret pem = { 0 };

	if (kw_file_read_secret(path, KEK_SIZE_MAX, KW_E_SYS_FILE, &pem, err) < 0)
		return -1;
	if (kw_verify_kek(kw_secret_bytes(&pem), ret, err) < 0)
		return kw_wrap(err, "'%s'", path);
	return 0;
}

static int load_signer_roots(const struct args *args, const struct inputs *in,
			     struct kw_signer_roots **ret, struct kw_error *err)
{
	if (kw_verify_signer_roots(kw_blob_bytes(&in->roots), ret, err) < 0)
		return args->roots ? kw_wrap(err, "'%s'", args->roots) : -1;
	return 0;
}

static int judge_release_answer(const struct args *args, const struct inputs *in,
				struct kw_verification *ret, struct kw_error *err)
{
	KW_CLEANUP(kw_signer_roots_freep) struct kw_signer_roots *roots = NULL;
	KW_CLEANUP(kw_secret_clear) struct kw_secret kek = { 0 };
	struct kw_origin vault;

	if (load_signer_roots(args, in, &roots, err) < 0
	    || (args->vault && parse_origin("vault", args->vault, &vault, err) < 0)
	    || (args->kek && read_kek(args->kek, &kek, err) < 0))
		return -1;
	const struct kw_verify_answer with = {
		.roots = roots,
		.vault = args->vault ? &vault : NULL,
		.kek = args->kek ? &kek : NULL,
		.now_s = in->now_s,
	};
	kw_verify_release_answer(kw_blob_bytes(&in->file), &with, ret);
	return 0;
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
		kw_checks_print(&v->checks, stdout);
		printf("%s\n", words[kw_verification_outcome(v)]);
		return 0;
	}
	object = kw_verification_json(v);
	text = kw_json_print(object);
	return kw_output_write(&output, kw_bytes_text(text), err);
}

static int run(const struct kw_flag *flags, judge_fn *judge, int argc, char **argv,
	       struct kw_error *err)
{
	KW_CLEANUP(inputs_clear) struct inputs inputs = { 0 };
	KW_CLEANUP(kw_verification_clear) struct kw_verification v = { 0 };
	struct args args = { 0 };

	if (kw_flags_parse(flags, argc, argv, &args, err) < 0
	    || read_values(&args, &inputs, err) < 0 || read_files(&args, &inputs, err) < 0)
		return -1;
	kw_verification_open(&v);
	if (judge(&args, &inputs, &v, err) < 0 || print(&v, args.format == FORMAT_JSON, err) < 0)
		return -1;
	return kw_verification_result(&v, err);
}

#define FLAG_FILE(help)                                                               \
	{                                                                             \
		KW_POSITIONAL, 0, "FILE", "", help, offsetof(struct args, file), NULL \
	}
#define FLAG(name, value, help, member)                                                \
	{                                                                              \
		KW_OPTIONAL, 0, name, value, help, offsetof(struct args, member), NULL \
	}
#define FLAG_FORMAT                                           \
	{                                                     \
		KW_CHOICE, 'o', "format", "text|json",        \
			"how to print what "                  \
			"was found",                          \
			offsetof(struct args, format), "text" \
	}
#define FLAG_TIME FLAG("time", "UNIX_S", "judge certificates then, not now", time)
#define FLAG_DEBUG                                                                        \
	{                                                                                 \
		KW_SWITCH, 0, "allow-debug", "", "accept a machine that can be debugged", \
			offsetof(struct args, allow_debug), NULL                          \
	}
#define FLAG_AMD_ROOTS FLAG("roots", "PEM", "AMD roots, or builtin (the default)", roots)
#define FLAG_VCEK FLAG("vcek", "FILE", "VCEK or VLEK certificate", vcek)
#define FLAGS_REPORT                                                                       \
	FLAG_FORMAT, FLAG_TIME, FLAG_AMD_ROOTS, FLAG_VCEK,                                 \
		FLAG("chain", "FILE", "ASK and ARK; else those among --roots", chain),     \
		FLAG("collateral", "FILE", "all three, as `keyward collateral` prints",    \
		     collateral),                                                          \
		FLAG("vmpl", "N|any", "level that asked for the report, default 0", vmpl), \
		FLAG_DEBUG

/* A verb: its flags, and the function that the table of commands wants. */
#define VERB(id, text, help)                                             \
	static int run_##id(int argc, char **argv, struct kw_error *err) \
	{                                                                \
		return run(id##_flags, judge_##id, argc, argv, err);     \
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
	FLAG("report", "FILE", "an SNP report that it must fit", report),
	{ 0 },
};
VERB(collateral, "collateral", "AMD certificates");

static const struct kw_flag quote_flags[] = {
	FLAG_FILE("TPMS_ATTEST"),
	{ KW_POSITIONAL, 0, "SIGNATURE", "", "TPMT_SIGNATURE, or a bare RSA signature",
	  offsetof(struct args, signature), NULL },
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
