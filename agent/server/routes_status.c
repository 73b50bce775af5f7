/* SPDX-License-Identifier: Apache-2.0 */
/* GET /status and the probes. The probes say states and nothing else: no host, no name, no reason.
 */
#include "server/server.h"
#include "util/json.h"

#define JSON_TYPE "application/json; charset=utf-8"
#define TEXT_TYPE "text/plain; charset=utf-8"

static void add_keys(struct kw_json *body, const struct kw_store *store)
{
	struct kw_json *keys = kw_json_add_object(body, "keys");
	int64_t n[KW_STATE_FAILED + 1] = { 0 };

	for (size_t i = 0; i < kw_store_count(store); i++)
		n[kw_store_at(store, i)->state]++;
	for (enum kw_key_state state = KW_STATE_PENDING; state <= KW_STATE_FAILED; state++)
		kw_json_add_int(keys, kw_key_state_text(state), n[state]);
}

static void add_sandbox(struct kw_json *body, const struct kw_sandbox_state *state)
{
	struct kw_json *sandbox = kw_json_add_object(body, "sandbox");

	kw_json_add_bool(sandbox, "noNewPrivileges", state->no_new_privileges);
	kw_json_add_bool(sandbox, "noCapabilities", state->no_capabilities);
	kw_json_add_bool(sandbox, "systemCalls", state->system_calls);
	kw_json_add_bool(sandbox, "files", state->files);
	kw_json_add_bool(sandbox, "ports", state->ports);
	kw_json_add_bool(sandbox, "signals", state->signals);
	kw_json_add_int(sandbox, "landlock", state->landlock);
}

static void add_requests(struct kw_json *body, const struct kw_server *server)
{
	struct kw_json *requests = kw_json_add_object(body, "requests");

	kw_json_add_int(requests, "answered", (int64_t)server->n_answered);
	kw_json_add_int(requests, "suspended", (int64_t)server->waiting.n_suspended);
	kw_json_add_int(requests, "waiting", (int64_t)server->waiting.n);
}

static void add_protection(struct kw_json *body)
{
	struct kw_json *memory = kw_json_add_object(body, "memory");
	struct kw_arena_state arena = kw_arena_state();

	kw_json_add_bool(memory, "locked", arena.locked);
	kw_json_add_bool(memory, "hidden", arena.hidden);
	kw_json_add_int(memory, "size", (int64_t)arena.size);
	kw_json_add_int(memory, "used", (int64_t)arena.used);
}

enum MHD_Result kw_route_status(struct kw_request *request)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *body = kw_json_new_object();
	KW_CLEANUP(freep) char *text = NULL;
	const struct kw_server *server = request->server;

	kw_json_add_string(body, "message", "Status OK"); /* first, as existing clients read it */
	kw_json_add_string(body, "version", KW_VERSION);
	kw_json_add_bool(body, "ready", kw_keeper_ready(server->keeper));
	kw_json_add_string(body, "trust",
			   server->custom_trust[0] != '\0' ? "custom-trust" : "built-in");
	if (server->custom_trust[0] != '\0')
		kw_json_add_string(body, "customTrust", server->custom_trust);
	add_keys(body, server->store);
	add_requests(body, server);
	add_protection(body);
	add_sandbox(body, &server->sandbox);
	text = kw_json_print(body);
	return kw_answer_text(request, MHD_HTTP_OK, JSON_TYPE, text);
}

static enum MHD_Result answer_state(struct kw_request *request, bool yes, const char *no)
{
	return kw_answer_text(request, yes ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE, TEXT_TYPE,
			      yes ? "ok\n" : no);
}

enum MHD_Result kw_route_livez(struct kw_request *request)
{
	return answer_state(request, true, "");
}

enum MHD_Result kw_route_readyz(struct kw_request *request)
{
	const struct kw_server *server = request->server;

	return answer_state(request, !server->stopping && kw_keeper_ready(server->keeper),
			    server->stopping ? "stopping\n" : "pending\n");
}

enum MHD_Result kw_route_startupz(struct kw_request *request)
{
	return answer_state(request, kw_keeper_ready(request->server->keeper), "starting\n");
}
