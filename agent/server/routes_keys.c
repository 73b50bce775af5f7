/* SPDX-License-Identifier: Apache-2.0 */
/* GET /v1/keys and GET /v1/keys/NAME. */
#include "server/accept.h"
#include "server/server.h"
#include "util/json.h"
#include "util/text.h"

#include <stdio.h>
#include <string.h>

#define ACTION "get" /* in the audit record */
#define WAIT "wait"
#define VERSION "version"

enum { ETAG_SIZE = 96 };

static const struct kw_config_key *rule_of(const struct kw_request *request,
					   const struct kw_entry *entry)
{
	return &request->server->config->keys[entry->index];
}

/* The list. */

static void add_entry(struct kw_json *keys, const struct kw_entry *entry, int64_t now_ms)
{
	struct kw_json *key = kw_json_add_object(keys, NULL);
	char expiry[KW_TIME_TEXT_SIZE];

	kw_json_add_string(key, "name", entry->name);
	kw_json_add_string(key, "version", entry->current != NULL ? entry->current->version : NULL);
	kw_json_add_string(key, "state", kw_key_state_text(entry->state));
	if (entry->current == NULL) {
		kw_json_add_null(key, "age");
		kw_json_add_null(key, "expiry");
		return;
	}
	kw_json_add_int(key, "age", (now_ms - entry->released_ms) / 1000);
	kw_time_text(entry->current->expires_s, expiry);
	kw_json_add_string(key, "expiry", entry->current->expires_s > 0 ? expiry : NULL);
	if (entry->previous != NULL)
		kw_json_add_string(key, "previous", entry->previous->version);
}

enum MHD_Result kw_route_keys(struct kw_request *request)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *body = kw_json_new_object();
	KW_CLEANUP(freep) char *text = NULL;
	const struct kw_server *server = request->server;
	struct kw_json *keys = kw_json_add_array(body, "keys");
	int64_t now_ms = kw_boot_ms(server->clock);
	struct kw_error err = { 0 };

	if (request->caller.bad_token) {
		(void)kw_fail(&err, KW_E_SRV_TOKEN, "the bearer token is none of ours");
		return kw_answer_problem(request, &err);
	}
	for (size_t i = 0; i < kw_store_count(server->store); i++) {
		const struct kw_entry *entry = kw_store_at(server->store, i);

		if (kw_caller_may(request, rule_of(request, entry)))
			add_entry(keys, entry, now_ms);
	}
	text = kw_json_print(body);
	return kw_answer_text(request, MHD_HTTP_OK, "application/json; charset=utf-8", text);
}

/* One key. */

static enum MHD_Result refuse(struct kw_request *request, const struct kw_error *err)
{
	kw_access_refused(request, request->name, ACTION, err);
	return kw_answer_problem(request, err);
}

/* One version of a key, and which of its generations that is. */
struct held {
	const struct kw_entry *entry;
	struct kw_material *material;
};

static void etag_of(const struct held *held, char ret[ETAG_SIZE])
{
	bool is_previous = held->material != held->entry->current;

	snprintf(ret, ETAG_SIZE, "\"%s.%llu\"", held->material->version,
		 (unsigned long long)(held->entry->generation - is_previous));
}

static void add_etag(struct MHD_Response *response, const struct held *held)
{
	char etag[ETAG_SIZE];

	etag_of(held, etag);
	if (response != NULL)
		(void)MHD_add_response_header(response, MHD_HTTP_HEADER_ETAG, etag);
}

void kw_views_drop(struct kw_server *server, size_t index)
{
	struct kw_key_view *view = &server->views[index];

	if (view->jwk != NULL)
		MHD_destroy_response(view->jwk);
	view->jwk = NULL;
	view->generation = 0;
}

static struct MHD_Response *response_jwk(const struct held *held)
{
	struct MHD_Response *response =
		kw_response_material(held->material, &held->material->jwk, "application/jwk+json");

	add_etag(response, held);
	return response;
}

/* The same response object serves every reader of a snapshot: no copy, no allocation. */
static enum MHD_Result answer_jwk(struct kw_request *request, const struct held *held)
{
	const struct kw_entry *entry = held->entry;
	struct kw_key_view *view = &request->server->views[entry->index];

	if (held->material != entry->current)
		return kw_answer(request, MHD_HTTP_OK, response_jwk(held));
	if (view->jwk == NULL || view->generation != entry->generation) {
		kw_views_drop(request->server, entry->index);
		view->jwk = response_jwk(held);
		view->generation = entry->generation;
	}
	if (view->jwk == NULL)
		return MHD_NO;
	return MHD_queue_response(request->connection, MHD_HTTP_OK, view->jwk);
}

static enum MHD_Result answer_formatted(struct kw_request *request, const struct held *held,
					const struct kw_media *media)
{
	KW_CLEANUP(kw_secret_clear) struct kw_secret secret = { 0 };
	struct MHD_Response *response = NULL;
	struct kw_error err = { 0 };

	if (kw_material_format(held->material, media->format, &secret, &err) < 0)
		return kw_answer_problem(request, &err);
	response = kw_response_secret(&secret, media->type);
	add_etag(response, held);
	return kw_answer(request, MHD_HTTP_OK, response);
}

static bool not_modified(const struct kw_request *request, const struct held *held)
{
	const char *tag = MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND,
						      MHD_HTTP_HEADER_IF_NONE_MATCH);
	char etag[ETAG_SIZE];

	if (tag == NULL)
		return false;
	etag_of(held, etag);
	return strcmp(tag, etag) == 0 || strcmp(tag, "*") == 0;
}

static enum MHD_Result answer_not_modified(struct kw_request *request, const struct held *held)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);

	add_etag(response, held);
	return kw_answer(request, MHD_HTTP_NOT_MODIFIED, response);
}

static enum MHD_Result answer_key(struct kw_request *request, const struct held *held)
{
	const char *accept = MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND,
							 MHD_HTTP_HEADER_ACCEPT);
	const struct kw_media *media = kw_accept(accept, held->material->kind);
	struct kw_error err = { 0 };

	if (media == NULL) {
		(void)kw_fail(&err, KW_E_SRV_ACCEPT, "none of the accepted types fits this key");
		return refuse(request, &err);
	}
	if (not_modified(request, held))
		return answer_not_modified(request, held);
	if (kw_access_granted(request, held->entry->name, held->material, ACTION, &err) < 0)
		return kw_answer_problem(request, &err);
	if (media->format == KW_FORMAT_JWK)
		return answer_jwk(request, held);
	return answer_formatted(request, held, media);
}

/* `?version=...`: NULL if it is not asked for. */
static const char *read_version(const struct kw_request *request)
{
	return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, VERSION);
}

/* Waiting: `?wait=30s`. */

/* `ret_ms` 0: not asked for. What is longer than keyward waits is cut. */
static int read_wait(const struct kw_request *request, int64_t *ret_ms, struct kw_error *err)
{
	const char *text = NULL;
	size_t size = 0;
	int64_t ms = 0;

	if (MHD_lookup_connection_value_n(request->connection, MHD_GET_ARGUMENT_KIND, WAIT,
					  strlen(WAIT), &text, &size)
	    == MHD_NO) {
		*ret_ms = 0;
		return 0;
	}
	if (text == NULL || strlen(text) != size || !kw_duration_parse(text, &ms))
		return kw_fail(err, KW_E_SRV_QUERY, "wait is no duration such as 30s");
	*ret_ms = ms < KW_WAIT_MAX_MS ? ms : KW_WAIT_MAX_MS;
	return 0;
}

/* An outage may end while the caller waits; a refusal is an answer. */
static bool may_change(const struct kw_request *request, const struct kw_entry *entry)
{
	if (entry->current != NULL)
		return not_modified(request, &(struct held){ entry, entry->current });
	return entry->state == KW_STATE_PENDING
	       && (entry->last_error.def == NULL || kw_error_is_outage(&entry->last_error));
}

static bool wait_for_change(struct kw_request *request, const struct kw_entry *entry,
			    int64_t wait_ms)
{
	if (wait_ms == 0 || !may_change(request, entry) || kw_has_waited_enough(request))
		return false;
	if (request->deadline_ms == 0)
		request->deadline_ms = kw_boot_ms(request->server->clock) + wait_ms;
	kw_suspend(request, entry);
	return true;
}

enum MHD_Result kw_route_key(struct kw_request *request)
{
	const char *version = read_version(request);
	struct kw_access access = { 0 };
	struct held held = { 0 };
	struct kw_error err = { 0 };
	int64_t wait_ms = 0;

	if (kw_access(request, &access, &err) < 0)
		return refuse(request, &err);
	if (!access.rule->export_allowed) {
		(void)kw_fail(&err, KW_E_SRV_EXPORT, "the key is not exported");
		return refuse(request, &err);
	}
	if (read_wait(request, &wait_ms, &err) < 0)
		return kw_answer_problem(request, &err);
	if (version == NULL && wait_for_change(request, access.entry, wait_ms))
		return MHD_YES;
	held.entry = access.entry;
	if (kw_access_version(access.entry, version, &held.material, &err) < 0)
		return refuse(request, &err);
	return answer_key(request, &held);
}
