/* SPDX-License-Identifier: Apache-2.0 */
/* What the words of the command line mean for each kind of file. */
#include "cmd/verify_inputs.h"
#include "util/file.h"

enum { KEK_SIZE_MAX = 16 << 10 };

static struct kw_verify_amd amd_of(const struct kw_verify_args *args,
				   const struct kw_verify_inputs *in)
{
	return (struct kw_verify_amd){
		.roots = kw_blob_bytes(&in->roots),
		.vcek = kw_blob_bytes(&in->vcek),
		.chain = kw_blob_bytes(&in->chain),
		.collateral = kw_blob_bytes(&in->collateral),
		.crl = kw_blob_bytes(&in->crl),
		.now_s = in->now_s,
		.rules = { .vmpl = in->vmpl, .allow_debug = args->allow_debug },
	};
}

int kw_judge_hcl_report(const struct kw_verify_args *args, const struct kw_verify_inputs *in,
			struct kw_verification *ret, struct kw_error *err KW_UNUSED)
{
	const struct kw_verify_amd amd = amd_of(args, in);

	kw_verify_hcl_report(kw_blob_bytes(&in->file), &amd, ret);
	return 0;
}

int kw_judge_snp_report(const struct kw_verify_args *args, const struct kw_verify_inputs *in,
			struct kw_verification *ret, struct kw_error *err KW_UNUSED)
{
	const struct kw_verify_amd amd = amd_of(args, in);

	kw_verify_snp_report(kw_blob_bytes(&in->file), &amd, kw_blob_bytes(&in->runtime),
			     kw_blob_bytes(&in->policy), ret);
	return 0;
}

int kw_judge_collateral(const struct kw_verify_args *args, const struct kw_verify_inputs *in,
			struct kw_verification *ret, struct kw_error *err KW_UNUSED)
{
	const struct kw_verify_amd amd = amd_of(args, in);

	kw_verify_collateral(kw_blob_bytes(&in->file), &amd, kw_blob_bytes(&in->report), ret);
	return 0;
}

int kw_judge_quote(const struct kw_verify_args *args KW_UNUSED, const struct kw_verify_inputs *in,
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

int kw_judge_event_log(const struct kw_verify_args *args, const struct kw_verify_inputs *in,
		       struct kw_verification *ret, struct kw_error *err KW_UNUSED)
{
	kw_verify_event_log(kw_blob_bytes(&in->file), kw_blob_bytes(&in->pcrs), args->events, ret);
	return 0;
}

static int parse_origin(const char *flag, const char *text, struct kw_origin *ret,
			struct kw_error *err)
{
	if (kw_origin_parse(text, ret, NULL))
		return 0;
	return kw_fail(err, KW_E_CFG_USAGE, "'--%s' needs a URL, found '%.64s'", flag, text);
}

int kw_judge_token(const struct kw_verify_args *args, const struct kw_verify_inputs *in,
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

static int load_signer_roots(const struct kw_verify_args *args, const struct kw_verify_inputs *in,
			     struct kw_signer_roots **ret, struct kw_error *err)
{
	if (kw_verify_signer_roots(kw_blob_bytes(&in->roots), ret, err) < 0)
		return args->roots ? kw_wrap(err, "'%s'", args->roots) : -1;
	return 0;
}

int kw_judge_release_answer(const struct kw_verify_args *args, const struct kw_verify_inputs *in,
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
