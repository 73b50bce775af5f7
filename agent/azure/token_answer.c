/* SPDX-License-Identifier: Apache-2.0 */
#include "azure/identity_sources.h"
#include "util/json.h"

enum { LIFE_MAX_S = 7 * 24 * 60 * 60 }; /* what claims to live longer is asked for again then */

/* expires_on is held against the answer's own Date, so that our clock does not matter. */
static int64_t life_s(const struct kw_http_answer *answer, int64_t wall_s)
{
	struct kw_bytes text = kw_secret_bytes(&answer->secret);
	int64_t now_s = answer->date_s != 0 ? answer->date_s : wall_s, life = 0, end_s = 0;
	if (kw_json_secret_int(text, "expires_on", &end_s))
		life = end_s - now_s;
	else if (!kw_json_secret_int(text, "expires_in", &life))
		life = 0;
	return life < LIFE_MAX_S ? life : LIFE_MAX_S;
}

int kw_token_answer_read(const struct kw_http_answer *answer, int64_t wall_s,
			 struct kw_fetched_token *ret, struct kw_error *err)
{
	KW_CLEANUP(kw_secret_clear) struct kw_secret token = { 0 };
	if (kw_json_secret(kw_secret_bytes(&answer->secret), "access_token", KW_E_IDN_ANSWER,
			   &token, err)
	    < 0)
		return -1;
	if (!kw_http_is_bearer(kw_secret_bytes(&token)))
		return kw_fail(err, KW_E_IDN_ANSWER,
			       "'access_token' is empty or has a byte that no token has");
	kw_secret_move(&ret->token, &token);
	ret->life_s = life_s(answer, wall_s);
	return 0;
}
