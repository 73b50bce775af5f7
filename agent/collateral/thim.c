/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON shape of THIM (key release 1.1), in and out. */
#include "collateral/amd.h"
#include "collateral/object.h"
#include "util/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { TCBM_DIGITS_MAX = 16, CACHE_DIGITS_MAX = 9 };

/* 1 to 16 hex digits and nothing else: no sign, blank or 0x, which strtoull() alone lets pass. */
static bool parse_tcbm(const char *text, uint64_t *ret)
{
	size_t len = strspn(text, "0123456789abcdefABCDEF");

	if (len < 1 || len > TCBM_DIGITS_MAX || text[len] != '\0')
		return false;
	*ret = strtoull(text, NULL, 16);
	return true;
}

static bool parse_seconds(const char *text, int64_t *ret)
{
	size_t len = strspn(text, "0123456789");

	if (len < 1 || len > CACHE_DIGITS_MAX || text[len] != '\0')
		return false;
	*ret = strtoll(text, NULL, 10);
	return true;
}

/* What the answer says beside the certificates. */
static int read_members(const struct kw_json *answer, struct kw_collateral *collateral,
			struct kw_error *err)
{
	const struct kw_json *cache = kw_json_get(answer, "cacheControl");
	const char *tcbm = NULL, *seconds = kw_json_string(cache);

	if (kw_json_want_string(answer, "tcbm", KW_E_COL_ANSWER, &tcbm, err) < 0)
		return -1;
	if (!parse_tcbm(tcbm, &collateral->tcbm))
		return kw_fail(err, KW_E_COL_ANSWER, "member 'tcbm' is not 1 to %d hex digits",
			       TCBM_DIGITS_MAX);
	if (cache && (!seconds || !parse_seconds(seconds, &collateral->cache_s)))
		return kw_fail(err, KW_E_COL_ANSWER,
			       "member 'cacheControl' is not a number of seconds as text");
	collateral->has_tcbm = true;
	snprintf(collateral->tcbm_text, sizeof(collateral->tcbm_text), "%s", tcbm);
	return 0;
}

/* The documentation writes VcekCert, the wire vcekCert: any case, but once. */
static int want_vcek(const struct kw_json *answer, const char **ret, struct kw_error *err)
{
	const struct kw_json *found = NULL;

	for (const struct kw_json *m = kw_json_first(answer); m; m = kw_json_next(m)) {
		if (strcasecmp(kw_json_name(m), "vcekCert") != 0)
			continue;
		if (found)
			return kw_fail(err, KW_E_COL_ANSWER,
				       "member 'vcekCert' stands there twice");
		found = m;
	}
	*ret = kw_json_string(found);
	if (!*ret || **ret == '\0')
		return kw_fail(err, KW_E_COL_ANSWER, "member 'vcekCert' is %s",
			       found ? "not a certificate" : "missing");
	return 0;
}

int kw_collateral_parse_thim(struct kw_bytes json, const char *source, struct kw_collateral **ret,
			     struct kw_error *err)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *answer = NULL;
	KW_CLEANUP(kw_collateral_freep) struct kw_collateral *made = NULL;
	const char *vcek = NULL, *chain = NULL;

	if (kw_json_parse(json, KW_JSON_STRICT, KW_E_COL_ANSWER, &answer, err) < 0)
		return kw_wrap(err, "collateral from %s", source);
	if (kw_json_type(answer) != KW_JSON_OBJECT)
		return kw_fail(err, KW_E_COL_ANSWER, "collateral from %s is not a JSON object",
			       source);
	if (want_vcek(answer, &vcek, err) < 0
	    || kw_json_want_string(answer, "certificateChain", KW_E_COL_ANSWER, &chain, err) < 0)
		return kw_wrap(err, "collateral from %s", source);
	if (kw_collateral_from_certificates(kw_bytes_text(vcek), kw_bytes_text(chain), source,
					    &made, err)
	    < 0)
		return -1;
	if (read_members(answer, made, err) < 0)
		return kw_wrap(err, "collateral from %s", source);
	*ret = KW_STEAL(made);
	return 0;
}

struct kw_json *kw_collateral_json(const struct kw_collateral *collateral)
{
	struct kw_json *json = kw_json_new_object();
	const struct kw_amd_leaf *leaf = &collateral->leaf;
	uint8_t raw[KW_TCB_SIZE];
	char text[24];

	kw_json_add_string(json, "vcekCert", collateral->vcek_pem);
	if (collateral->has_tcbm) {
		kw_json_add_string(json, "tcbm", collateral->tcbm_text);
	} else if (leaf->has_tcb) {
		kw_tcb_to_bytes(leaf->tcb, leaf->product, raw);
		snprintf(text, sizeof(text), "%016" PRIX64, kw_tcb_value(raw));
		kw_json_add_string(json, "tcbm", text);
	}
	kw_json_add_string(json, "certificateChain", collateral->chain_pem);
	snprintf(text, sizeof(text), "%" PRId64, collateral->cache_s);
	kw_json_add_string(json, "cacheControl", text);
	return json;
}
