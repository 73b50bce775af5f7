/* SPDX-License-Identifier: Apache-2.0 */
#include "service/verify.h"
#include "lib/internal.h"
#include "util/json.h"
#include "util/origin.h"

static struct kw_bytes view(struct keyward_bytes bytes)
{
	return (struct kw_bytes){ bytes.data, bytes.size };
}

static struct kw_verify_amd amd_of(const struct keyward_verification *what, int64_t now_s)
{
	return (struct kw_verify_amd){
		.roots = view(what->roots),
		.vcek = view(what->vcek),
		.chain = view(what->chain),
		.collateral = view(what->collateral),
		.now_s = now_s,
		.rules = { .vmpl = what->vmpl, .allow_debug = what->allow_debug != 0 },
	};
}

static void judge_quote(const struct keyward_verification *what, struct kw_verification *v)
{
	const struct kw_verify_quote quote = {
		.message = view(what->object),
		.signature = view(what->signature),
		.ak = view(what->attestation_key),
		.hcl = view(what->hcl_report),
		.nonce = view(what->nonce),
		.pcrs = view(what->pcrs),
		.event_log = view(what->event_log),
	};

	kw_verify_quote(&quote, v);
}

static int want_origin(const char *url, struct kw_origin *ret, struct kw_error *err)
{
	if (kw_origin_parse(url, ret, NULL))
		return 0;
	return kw_fail(err, KW_E_CFG_USAGE, "'%.64s' is not a URL", url);
}

static int judge_token(const struct keyward_verification *what, int64_t now_s,
		       struct kw_verification *v, struct kw_error *err)
{
	const struct kw_verify_token with = {
		.jwks = view(what->jwks),
		.policy = view(what->policy),
		.issuer = what->issuer,
		.nonce = what->payload_nonce,
		.now_s = now_s,
		.skew_s = what->skew,
		.allow_debug = what->allow_debug != 0,
	};
	struct kw_origin ignored;

	if (what->issuer && want_origin(what->issuer, &ignored, err) < 0)
		return -1;
	kw_verify_token(view(what->object), &with, v);
	return 0;
}

static int judge_answer(const struct keyward_verification *what, int64_t now_s,
			struct kw_verification *v, struct kw_error *err)
{
	KW_CLEANUP(kw_signer_roots_freep) struct kw_signer_roots *roots = NULL;
	KW_CLEANUP(kw_secret_clear) struct kw_secret kek = { 0 };
	struct kw_origin vault;

	if (kw_verify_signer_roots(view(what->roots), &roots, err) < 0
	    || (what->vault && want_origin(what->vault, &vault, err) < 0)
	    || (what->wrapping_key.data && kw_verify_kek(view(what->wrapping_key), &kek, err) < 0))
		return -1;
	const struct kw_verify_answer with = {
		.roots = roots,
		.vault = what->vault ? &vault : NULL,
		.kek = what->wrapping_key.data ? &kek : NULL,
		.now_s = now_s,
	};
	kw_verify_release_answer(view(what->object), &with, v);
	return 0;
}

static int judge(const struct keyward_verification *what, struct kw_verification *v,
		 struct kw_error *err)
{
	int64_t now_s = what->now ? what->now : kw_wall_s(&kw_clock_system);
	const struct kw_verify_amd amd = amd_of(what, now_s);

	switch (what->kind) {
	case KEYWARD_HCL_REPORT:
		kw_verify_hcl_report(view(what->object), &amd, v);
		return 0;
	case KEYWARD_SNP_REPORT:
		kw_verify_snp_report(view(what->object), &amd, view(what->runtime),
				     view(what->host_policy), v);
		return 0;
	case KEYWARD_COLLATERAL:
		kw_verify_collateral(view(what->object), &amd, view(what->report), v);
		return 0;
	case KEYWARD_QUOTE:
		judge_quote(what, v);
		return 0;
	case KEYWARD_EVENT_LOG:
		kw_verify_event_log(view(what->object), view(what->pcrs), false, v);
		return 0;
	case KEYWARD_TOKEN:
		return judge_token(what, now_s, v, err);
	case KEYWARD_RELEASE_ANSWER:
		return judge_answer(what, now_s, v, err);
	}
	return kw_fail(err, KW_E_CFG_USAGE, "no kind of object has the number %d", (int)what->kind);
}

int keyward_verify(const struct keyward_verification *what, char **ret_json,
		   struct keyward_error *err)
{
	KW_CLEANUP(kw_verification_clear) struct kw_verification v = { 0 };
	KW_CLEANUP(kw_json_freep) struct kw_json *json = NULL;
	struct kw_error failed = { 0 };

	if (ret_json)
		*ret_json = NULL;
	if (!what || !what->object.data)
		return kw_lib_refuse(err, "there is nothing to verify");
	if (what->size != sizeof(*what))
		return kw_lib_refuse(err, "the struct has another size than in this version");
	kw_verification_open(&v);
	if (judge(what, &v, &failed) < 0)
		return kw_lib_fail(&failed, err);
	if (ret_json) {
		json = kw_verification_json(&v);
		*ret_json = kw_json_print(json);
	}
	return kw_verification_result(&v, &failed) < 0 ? kw_lib_fail(&failed, err) : 0;
}
