/* SPDX-License-Identifier: Apache-2.0 */
/* The rules that stand before every use of a key on /v1, and the record of it. */
#include "server/audit.h"

#include <string.h>

#define NOT_THERE "" /* for kw_access_rate() */
#define ATTEST "attest"

static uint64_t who(const struct kw_request *request, const char *what)
{
	const struct kw_caller *caller = &request->caller;
	bool socket = caller->listener == KW_LISTENER_SOCKET;

	return kw_failures_who((int)caller->listener, socket ? (int64_t)caller->uid : -1,
			       caller->token, what);
}

int kw_access_rate(const struct kw_request *request, const char *what, struct kw_error *err)
{
	const struct kw_server *server = request->server;

	return kw_failures_check(&server->failures, who(request, what), kw_boot_ms(server->clock),
				 server->config->server.failures_per_minute, err);
}

int kw_access(const struct kw_request *request, struct kw_access *ret, struct kw_error *err)
{
	const struct kw_server *server = request->server;
	const struct kw_entry *entry = kw_store_find(server->store, request->name);
	const struct kw_config_key *rule =
		entry != NULL ? &server->config->keys[entry->index] : NULL;

	if ((request->caller.bad_token || rule == NULL || !kw_caller_may(request, rule))
	    && kw_access_rate(request, NOT_THERE, err) < 0)
		return -1;
	if (request->caller.bad_token)
		return kw_fail(err, KW_E_SRV_TOKEN, "the bearer token is none of ours");
	if (rule == NULL || !kw_caller_may(request, rule))
		return kw_fail(err, KW_E_SRV_NOT_FOUND, "no such key for this caller");
	*ret = (struct kw_access){ entry, rule };
	return 0;
}

/* The reason of a refusal is in the log; here its id is enough. */
int kw_access_material(const struct kw_entry *entry, struct kw_error *err)
{
	const char *why =
		entry->last_error.def != NULL ? entry->last_error.def->id : "no answer yet";

	if (entry->current != NULL)
		return 0;
	err->upstream = entry->last_error.upstream;
	switch (entry->state) {
	case KW_STATE_REVOKED:
		return kw_fail(err, KW_E_STO_REVOKED, "key '%s' was revoked: %s", entry->name, why);
	case KW_STATE_FAILED:
		if (entry->last_error.def != NULL && !kw_error_is_outage(&entry->last_error))
			return kw_fail(err, KW_E_STO_REFUSED, "key '%s' was refused: %s",
				       entry->name, why);
		return kw_fail(err, KW_E_STO_STALE, "key '%s' is not available: %s", entry->name,
			       why);
	case KW_STATE_PENDING:
	case KW_STATE_READY:
	case KW_STATE_STALE:
		break;
	}
	return kw_fail(err, KW_E_STO_PENDING, "key '%s' is pending: %s", entry->name, why);
}

static bool is_named(const struct kw_material *material, const char *named)
{
	return material != NULL
	       && (strcmp(material->version, named) == 0 || strcmp(material->kid, named) == 0);
}

int kw_access_version(const struct kw_entry *entry, const char *named, struct kw_material **ret,
		      struct kw_error *err)
{
	if (kw_access_material(entry, err) < 0)
		return -1;
	if (named == NULL || is_named(entry->current, named))
		*ret = entry->current;
	else if (is_named(entry->previous, named))
		*ret = entry->previous;
	else
		return kw_fail(err, KW_E_STO_VERSION, "key '%s' is not held in that version",
			       entry->name);
	return 0;
}

/* False: there should be a record, and there is none. */
static bool note(const struct kw_request *request, const struct kw_audit_record *record)
{
	struct kw_audit *audit = request->server->audit;

	if (audit == NULL)
		return !request->server->config->audit.required;
	if (kw_audit_write(audit, record))
		return true;
	kw_count(&request->server->counters->audit_failures);
	return false;
}

int kw_access_granted(const struct kw_request *request, const char *key,
		      const struct kw_material *material, const char *action, struct kw_error *err)
{
	struct kw_audit_record granted = { .caller = &request->caller,
					   .key = key,
					   .version = material != NULL ? material->version : NULL,
					   .action = action,
					   .outcome = "ok" };

	if (!note(request, &granted) && request->server->config->audit.required)
		return kw_fail(err, KW_E_SRV_AUDIT, "the use of %s cannot be recorded",
			       key != NULL ? key : action);
	return 0;
}

/* Anybody who reaches the port can be refused at will: only so many a second are recorded, or they
 * would fill the space that grants need. */
static bool is_flood(struct kw_server *server)
{
	int64_t now_s = kw_boot_ms(server->clock) / 1000;

	if (server->refusals_s != now_s) {
		server->refusals_s = now_s;
		server->n_refusals = 0;
	}
	return server->n_refusals++ >= KW_REFUSALS_PER_S;
}

/* What this caller tried and failed at: not what keyward or an upstream could not do. */
static void count_failure(const struct kw_request *request, const char *key,
			  const struct kw_error *err)
{
	struct kw_server *server = request->server;
	const struct kw_entry *entry = key != NULL ? kw_store_find(server->store, key) : NULL;
	enum kw_kind kind = err->def->kind;
	const char *what = NOT_THERE;

	if (kind != KW_DENIED && kind != KW_NOT_FOUND && kind != KW_DATA)
		return;
	if (strcmp(err->def->stage, "STO") == 0)
		return; /* how the key stands is nothing that the caller did */
	if (key == NULL)
		what = ATTEST;
	else if (entry != NULL && kw_caller_may(request, &server->config->keys[entry->index]))
		what = entry->name;
	kw_failures_count(&server->failures, who(request, what), kw_boot_ms(server->clock),
			  server->config->server.failures_per_minute);
}

/* A refusal gives nothing away: it stands, recorded or not. */
void kw_access_refused(const struct kw_request *request, const char *key, const char *action,
		       const struct kw_error *err)
{
	struct kw_audit_record refused = {
		.caller = &request->caller, .key = key, .action = action, .outcome = err->def->id
	};

	count_failure(request, key, err);
	if (!is_flood(request->server))
		note(request, &refused);
}
