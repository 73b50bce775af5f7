/* SPDX-License-Identifier: Apache-2.0 */
/* `keyward attest`: is this machine what it should be; or the token, or the evidence, that says so.
 * With -a, -n and -o token it is called as the published attestation client is. */
#include "cmd/command.h"
#include "cmd/confine.h"
#include "cmd/output.h"
#include "service/raw_evidence.h"
#include "util/json.h"
#include "util/log.h"

#include <string.h>

enum { SECRET_MODE = 0600, OPEN_MODE = 0644, STATUS_FALSE = 1 };

enum format { FORMAT_TEXT, FORMAT_TOKEN };
enum result { /* the words of --result, in their order */
	      RESULT_NOT_GIVEN = -1,
	      RESULT_CHECK,
	      RESULT_TOKEN,
	      RESULT_EVIDENCE,
	      RESULT_HCL,
	      RESULT_REPORT,
	      RESULT_RUNTIME,
	      RESULT_AKPUB
};

struct args {
	const char *config, *endpoint, *nonce, *out;
	enum format format;
	enum result result;
	bool shared_key, allow_disk, checks, no_sandbox;
};
static const struct kw_flag flags[] = {
	KW_FLAG_CONFIG(struct args, config),
	{ KW_OPTIONAL, 'a', "endpoint", "URL",
	  "attest there, listed in attestation.endpoints or not", offsetof(struct args, endpoint),
	  NULL },
	{ KW_OPTIONAL, 'n', "nonce", "TEXT", "what token or evidence must repeat",
	  offsetof(struct args, nonce), NULL },
	{ KW_CHOICE, 'o', "format", "text|token", "token is the same as --result token",
	  offsetof(struct args, format), "text" },
	{ KW_CHOICE, 0, "result", "check|token|evidence|hcl|report|runtime|akpub",
	  "true or false, the token, raw evidence, the HCL report or a part of it [check]",
	  offsetof(struct args, result), NULL },
	{ KW_OPTIONAL, 0, "out", "FILE", "write it there, not to standard output",
	  offsetof(struct args, out), NULL },
	{ KW_SWITCH, 0, "shared-key", "", "with the key that `keyward decrypt` can make again",
	  offsetof(struct args, shared_key), NULL },
	{ KW_SWITCH, 0, "allow-disk", "", "a token's FILE may lie on a disk",
	  offsetof(struct args, allow_disk), NULL },
	{ KW_SWITCH, 0, "checks", "", "list on standard error what was checked",
	  offsetof(struct args, checks), NULL },
	KW_FLAG_NO_SANDBOX(struct args, no_sandbox),
	{ 0 },
};

static int choose_result(const struct args *args, enum result *ret, struct kw_error *err)
{
	bool token = args->format == FORMAT_TOKEN;
	enum result result = args->result;

	if (token && result != RESULT_NOT_GIVEN && result != RESULT_TOKEN)
		return kw_fail(err, KW_E_CFG_USAGE, "'-o token' contradicts '--result'");
	if (result == RESULT_NOT_GIVEN)
		result = token ? RESULT_TOKEN : RESULT_CHECK;
	if (result == RESULT_EVIDENCE && !args->nonce)
		return kw_fail(err, KW_E_CFG_USAGE, "'--result evidence' needs a nonce (-n)");
	if (args->nonce && strlen(args->nonce) > KW_RAW_NONCE_MAX)
		return kw_fail(err, KW_E_CFG_USAGE, "the nonce is longer than %d bytes",
			       KW_RAW_NONCE_MAX);
	*ret = result;
	return 0;
}

static int write_result(const struct args *args, enum result result, struct kw_bytes content,
			struct kw_error *err)
{
	bool secret = result == RESULT_TOKEN;
	const struct kw_output output = {
		.file = args->out,
		.mode = secret ? SECRET_MODE : OPEN_MODE,
		.allow_disk = args->allow_disk || !secret,
		.is_text = result <= RESULT_EVIDENCE || result == RESULT_AKPUB,
	};

	return kw_output_write(&output, content, err);
}

static int give_evidence(struct kw_service *service, const struct args *args,
			 struct kw_checks *checks, struct kw_error *err)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *evidence = NULL;
	KW_CLEANUP(freep) char *text = NULL;

	if (kw_service_raw_evidence(service, kw_bytes_text(args->nonce), &evidence, checks, err)
	    < 0)
		return -1;
	text = kw_json_print(evidence);
	return write_result(args, RESULT_EVIDENCE, kw_bytes_text(text), err);
}

static int part_of(const struct kw_raw_evidence *evidence, enum result result, char **pem,
		   struct kw_bytes *ret, struct kw_error *err)
{
	if (result == RESULT_REPORT && evidence->hcl.len == 0) {
		*ret = kw_blob_bytes(&evidence->snp_report);
		return 0;
	}
	if (evidence->hcl.len == 0)
		return kw_fail(err, KW_E_SNP_UNSUPPORTED,
			       "this is of a vTPM, and the evidence of this machine comes from an "
			       "SNP device: report and evidence are what it has");
	*ret = kw_blob_bytes(&evidence->hcl);
	if (result == RESULT_REPORT) {
		*ret = evidence->report.layout.hardware_report;
	} else if (result == RESULT_RUNTIME) {
		*ret = evidence->report.layout.claims;
	} else if (result == RESULT_AKPUB) {
		*pem = kw_public_key_pem(evidence->report.ak);
		*ret = kw_bytes_text(*pem);
	}
	return 0;
}

/* A part of the report of a vTPM as it stands, or a report over the nonce. */
static int give_part(struct kw_service *service, const struct args *args, enum result result,
		     struct kw_error *err)
{
	KW_CLEANUP(kw_raw_evidence_clear) struct kw_raw_evidence evidence = { 0 };
	KW_CLEANUP(freep) char *pem = NULL;
	struct kw_bytes content = { 0 };

	if (kw_service_raw_report(service, kw_bytes_text(args->nonce), &evidence, err) < 0
	    || part_of(&evidence, result, &pem, &content, err) < 0)
		return -1;
	return write_result(args, result, content, err);
}

static int give_token(struct kw_service *service, const struct args *args, struct kw_checks *checks,
		      struct kw_error *err)
{
	KW_CLEANUP(kw_attestation_unrefp) struct kw_attestation *session = NULL;

	if (kw_attestation_get(service, NULL, &session, checks, err) < 0)
		return -1;
	return write_result(args, RESULT_TOKEN, kw_attestation_token(session), err);
}

static bool is_no_answer(const struct kw_error *reason)
{
	return kw_error_is_outage(reason) || reason->def->kind == KW_CONFIG
	       || reason->def->kind == KW_INTERNAL;
}

/* A refusal is an answer here, with its reason on standard error. That nobody could be asked is
 * none: it ends as every outage does. */
static int give_answer(struct kw_service *service, const struct args *args,
		       struct kw_checks *checks, struct kw_error *err)
{
	KW_CLEANUP(kw_attestation_unrefp) struct kw_attestation *session = NULL;
	struct kw_error reason = { 0 };
	bool attested = kw_attestation_get(service, NULL, &session, checks, &reason) == 0;

	if (!attested && is_no_answer(&reason)) {
		*err = reason;
		return -1;
	}
	if (!attested)
		kw_command_report(&reason);
	if (write_result(args, RESULT_CHECK, kw_bytes_text(attested ? "true" : "false"), err) < 0)
		return -1;
	return attested ? 0 : STATUS_FALSE;
}

static int give(struct kw_service *service, const struct args *args, enum result result,
		struct kw_checks *checks, struct kw_error *err)
{
	switch (result) {
	case RESULT_NOT_GIVEN:
	case RESULT_CHECK:
		return give_answer(service, args, checks, err);
	case RESULT_TOKEN:
		return give_token(service, args, checks, err);
	case RESULT_EVIDENCE:
		return give_evidence(service, args, checks, err);
	case RESULT_HCL:
	case RESULT_REPORT:
	case RESULT_RUNTIME:
	case RESULT_AKPUB:
		break;
	}
	return give_part(service, args, result, err);
}

/* Who types the command names the host, as an operator does in the configuration; callers of the
 * server cannot. That it is another one than those listed is said. */
static int use_endpoint(struct kw_config *config, const char *endpoint, struct kw_error *err)
{
	bool listed = kw_config_lists_endpoint(config, endpoint);

	if (kw_config_use_endpoint(config, endpoint, err) < 0)
		return -1;
	if (!listed)
		kw_log(KW_LOG_WARNING, "endpoint", NULL,
		       "%s is named on the command line; attestation.endpoints does not list it",
		       config->attestation.endpoints[0]);
	return 0;
}

static int prepare(const struct args *args, struct kw_config **ret, struct kw_error *err)
{
	KW_CLEANUP(kw_config_freep) struct kw_config *config = NULL;

	if (kw_command_prepare(KW_ONE_SHOT, args->config, &config, err) < 0
	    || (args->endpoint && use_endpoint(config, args->endpoint, err) < 0)
	    || kw_confine_command(config, args->out, args->no_sandbox, err) < 0)
		return -1;
	if (args->nonce)
		kw_config_use_nonce(config, args->nonce);
	if (args->shared_key)
		kw_config_use_shared_key(config);
	*ret = KW_STEAL(config);
	return 0;
}

static int run(int argc, char **argv, struct kw_error *err)
{
	KW_CLEANUP(kw_config_freep) struct kw_config *config = NULL;
	KW_CLEANUP(kw_service_freep) struct kw_service *service = NULL;
	struct kw_checks checks = { 0 };
	enum result result = RESULT_CHECK;
	struct args args = { 0 };
	int status;

	if (kw_flags_parse(flags, argc, argv, &args, err) < 0
	    || choose_result(&args, &result, err) < 0 || prepare(&args, &config, err) < 0
	    || kw_command_open_service(config, &service, err) < 0)
		return -1;
	status = give(service, &args, result, &checks, err);
	if (args.checks)
		kw_checks_print(&checks, stderr); /* of a refusal too: that is when it is read */
	return status;
}

const struct kw_command kw_cmd_attest = {
	.name = "attest",
	.summary = "attest this machine: yes or no, token, or evidence",
	.about = "Evidence of this machine is gathered, verified here, and judged by Azure "
		 "Attestation; its token is verified too. Without other wishes the answer is "
		 "true or false, with the status 0 or 1 and the reason on standard error.\n\n"
		 "With -a, -n and -o token it is called as the published attestation client is.",
	.flags = flags,
	.run = run,
};
