/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /v1/explain: {"key"} and "identifiers", in strict JSON: the key's policy against this
 * machine's token, beside the outcome of the last release. No release is tried. What identifies the
 * machine or the vault is told on the Unix socket alone, and there only if it is asked for.
 */
#include "server/work.h"
#include "service/explain.h"
#include "util/json.h"
#include "util/memory.h"
#include "util/text.h"

#include <string.h>

#define JSON_TYPE "application/json"
#define EXPLAIN "explain" /* in the audit record */

struct explaining {
	struct kw_work work;
	struct kw_service *service;
	const struct kw_config_key *rule;
	struct kw_explain_options options;
	struct kw_error refusal; /* of the last attempt, for `options` */
	bool redact;
	struct kw_explanation explanation;
};

static enum MHD_Result refuse(struct kw_request *request, const struct kw_error *err)
{
	kw_access_refused(request, request->own_name, EXPLAIN, err);
	return kw_answer_problem(request, err);
}

/* Reading the body. */

static int check_members(const struct kw_json *body, struct kw_error *err)
{
	for (const struct kw_json *m = kw_json_first(body); m != NULL; m = kw_json_next(m))
		if (strcmp(kw_json_name(m), "key") != 0
		    && strcmp(kw_json_name(m), "identifiers") != 0)
			return kw_fail(err, KW_E_SRV_BODY, "a member is none of key, identifiers");
	return 0;
}

static int read_body(struct kw_request *request, bool *ret_identifiers, struct kw_error *err)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *body = NULL;
	const struct kw_json *identifiers;
	const char *key = NULL;

	if (kw_json_parse(kw_blob_bytes(&request->body), KW_JSON_STRICT, KW_E_SRV_BODY, &body, err)
	    < 0)
		return -1;
	if (kw_json_type(body) != KW_JSON_OBJECT)
		return kw_fail(err, KW_E_SRV_BODY, "the body is not a JSON object");
	identifiers = kw_json_get(body, "identifiers");
	if (check_members(body, err) < 0
	    || kw_json_want_string(body, "key", KW_E_SRV_BODY, &key, err) < 0)
		return -1;
	if (identifiers != NULL && !kw_json_bool(identifiers, ret_identifiers))
		return kw_fail(err, KW_E_SRV_BODY, "'identifiers' is neither true nor false");
	free(request->own_name);
	request->own_name = kw_strdup(key);
	request->name = request->own_name;
	return 0;
}

/* The work. */

static int run(struct kw_work *work, struct kw_error *err)
{
	struct explaining *e = (struct explaining *)work;

	e->options.refusal = &e->refusal;
	return kw_service_explain(e->service, e->rule, &e->options, &e->explanation, err);
}

static void free_explaining(struct kw_work *work)
{
	struct explaining *e = (struct explaining *)work;

	kw_explanation_clear(&e->explanation);
	free(e);
}

/* What the vault said the last time: a release now would be a second one for a curious caller. */
static void take_outcome(const struct kw_entry *entry, struct explaining *e)
{
	if (entry->last_error.def != NULL) {
		e->options.word = KW_VAULT_REFUSED;
		e->refusal = entry->last_error;
	} else if (entry->current != NULL) {
		e->options.word = KW_VAULT_RELEASED;
	}
}

static int begin(struct kw_request *request, struct kw_error *err)
{
	struct kw_server *server = request->server;
	struct kw_access access = { 0 };
	struct explaining *e = NULL;
	bool identifiers = false;

	if (read_body(request, &identifiers, err) < 0 || kw_access(request, &access, err) < 0
	    || kw_access_rate(request, access.rule->name, err) < 0)
		return -1;
	e = kw_alloc(sizeof(*e));
	e->work = (struct kw_work){ .run = run, .free = free_explaining };
	e->service = server->service;
	e->rule = access.rule;
	e->redact = !identifiers || request->caller.listener != KW_LISTENER_SOCKET;
	take_outcome(access.entry, e);
	if (!kw_work_start(request, server->errands, &e->work))
		return kw_fail(err, KW_E_SRV_BUSY, "too many requests are waiting");
	return 0;
}

static enum MHD_Result answer(struct kw_request *request)
{
	const struct explaining *e = (const struct explaining *)request->work;
	KW_CLEANUP(kw_json_freep) struct kw_json *body = NULL;
	KW_CLEANUP(freep) char *text = NULL;
	struct kw_error err = { 0 };

	if (!kw_work_has_ended(request)) {
		(void)kw_fail(&err, KW_E_SYS_DEADLINE, "explaining took too long");
		return refuse(request, &err);
	}
	if (kw_work_result(request, &err) < 0) {
		/* The chain names hosts and identities: callers get the row, the log has the rest.
		 */
		if (e->redact)
			(void)kw_fail(&err, kw_error_name(&err), "key '%s' cannot be explained",
				      request->name);
		return refuse(request, &err);
	}
	body = kw_explanation_json(&e->explanation, e->redact);
	text = kw_json_print(body);
	return kw_answer_text(request, MHD_HTTP_OK, JSON_TYPE, text);
}

enum MHD_Result kw_route_explain(struct kw_request *request)
{
	struct kw_error err = { 0 };

	if (request->work != NULL)
		return answer(request);
	return begin(request, &err) == 0 ? MHD_YES : refuse(request, &err);
}
