/* SPDX-License-Identifier: Apache-2.0 */
/* GET /v1/keys and GET /v1/keys/NAME. */
#include "server/accept.h"
#include "server/server.h"
#include "util/json.h"

#include <stdio.h>
#include <string.h>

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
}

enum MHD_Result kw_route_keys(struct kw_request *request)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *body = kw_json_new_object();
	KW_CLEANUP(freep) char *text = NULL;
	const struct kw_server *server = request->server;
	struct kw_json *keys = kw_json_add_array(body, "keys");
	int64_t now_ms = kw_boot_ms(server->clock);

	for (size_t i = 0; i < kw_store_count(server->store); i++) {
		const struct kw_entry *entry = kw_store_at(server->store, i);

		if (kw_caller_may(request, rule_of(request, entry)))
			add_entry(keys, entry, now_ms);
	}
	text = kw_json_print(body);
	return kw_answer_text(request, MHD_HTTP_OK, "application/json; charset=utf-8", text);
}

/* One key. */

static enum MHD_Result answer_row(struct kw_request *request, enum kw_error_name row,
				  const char *sentence)
{
	struct kw_error err = { 0 };

	(void)kw_fail(&err, row, "%s", sentence);
	return kw_answer_problem(request, &err);
}

/* Why there is no material. The reason of a refusal is in the log; here its id is enough. */
static enum MHD_Result answer_without_material(struct kw_request *request,
					       const struct kw_entry *entry)
{
	struct kw_error err = { .upstream = entry->last_error.upstream };
	const char *why =
		entry->last_error.def != NULL ? entry->last_error.def->id : "no answer yet";

	switch (entry->state) {
	case KW_STATE_REVOKED:
		(void)kw_fail(&err, KW_E_STO_REVOKED, "key '%s' was revoked: %s", entry->name, why);
		break;
	case KW_STATE_FAILED:
		(void)kw_fail(&err, KW_E_STO_STALE, "key '%s' is not available: %s", entry->name,
			      why);
		break;
	case KW_STATE_PENDING:
	case KW_STATE_READY:
	case KW_STATE_STALE:
		(void)kw_fail(&err, KW_E_STO_PENDING, "key '%s' is pending: %s", entry->name, why);
		break;
	}
	return kw_answer_problem(request, &err);
}

static void etag_of(const struct kw_entry *entry, char ret[ETAG_SIZE])
{
	snprintf(ret, ETAG_SIZE, "\"%s.%llu\"", entry->current->version,
		 (unsigned long long)entry->generation);
}

static void add_etag(struct MHD_Response *response, const struct kw_entry *entry)
{
	char etag[ETAG_SIZE];

	etag_of(entry, etag);
	if (response != NULL)
		(void)MHD_add_response_header(response, MHD_HTTP_HEADER_ETAG, etag);
}

void kw_views_drop(struct kw_server *server, size_t index)
{
	struct kw_key_view *view = &server->views[index];

	if (view->jwk != NULL)
		MHD_destroy_response(view->jwk);
	*view = (struct kw_key_view){ 0 };
}

/* The same response object serves every reader of a snapshot: no copy, no allocation. */
static enum MHD_Result answer_jwk(struct kw_request *request, const struct kw_entry *entry)
{
	struct kw_key_view *view = &request->server->views[entry->index];

	if (view->jwk == NULL || view->generation != entry->generation) {
		kw_views_drop(request->server, entry->index);
		view->jwk =
			kw_response_material(entry->current, &entry->current->jwk,
					     "application/jwk+json");
		view->generation = entry->generation;
		add_etag(view->jwk, entry);
	}
	if (view->jwk == NULL)
		return MHD_NO;
	return MHD_queue_response(request->connection, MHD_HTTP_OK, view->jwk);
}

static void clear_and_free(void *cls)
{
	struct kw_secret *secret = cls;

	kw_secret_clear(secret);
	free(secret);
}

static enum MHD_Result answer_formatted(struct kw_request *request, const struct kw_entry *entry,
					enum kw_key_format format, const char *type)
{
	struct kw_secret *secret = calloc(1, sizeof(*secret));
	struct MHD_Response *response = NULL;
	struct kw_error err = { 0 };

	if (secret == NULL)
		return MHD_NO;
	if (kw_material_format(entry->current, format, secret, &err) < 0) {
		free(secret);
		return kw_answer_problem(request, &err);
	}
	response = MHD_create_response_from_buffer_with_free_callback_cls(secret->len, secret->data,
									  clear_and_free, secret);
	if (response == NULL) {
		clear_and_free(secret);
		return MHD_NO;
	}
	(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	(void)MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	add_etag(response, entry);
	return kw_answer(request, MHD_HTTP_OK, response);
}

static bool not_modified(const struct kw_request *request, const struct kw_entry *entry)
{
	const char *held = MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND,
						       MHD_HTTP_HEADER_IF_NONE_MATCH);
	char etag[ETAG_SIZE];

	if (held == NULL)
		return false;
	etag_of(entry, etag);
	return strcmp(held, etag) == 0 || strcmp(held, "*") == 0;
}

static enum MHD_Result answer_not_modified(struct kw_request *request, const struct kw_entry *entry)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);

	add_etag(response, entry);
	return kw_answer(request, MHD_HTTP_NOT_MODIFIED, response);
}

static enum MHD_Result answer_key(struct kw_request *request, const struct kw_entry *entry)
{
	const char *accept = MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND,
							 MHD_HTTP_HEADER_ACCEPT);
	const struct kw_media *media = kw_accept(accept, entry->current->kind);

	if (media == NULL)
		return answer_row(request, KW_E_SRV_ACCEPT,
				  "none of the accepted types fits this key");
	if (not_modified(request, entry))
		return answer_not_modified(request, entry);
	if (media->format == KW_FORMAT_JWK)
		return answer_jwk(request, entry);
	return answer_formatted(request, entry, media->format, media->type);
}

enum MHD_Result kw_route_key(struct kw_request *request)
{
	const struct kw_entry *entry = kw_store_find(request->server->store, request->name);
	const struct kw_config_key *rule = entry != NULL ? rule_of(request, entry) : NULL;

	if (request->caller.bad_token)
		return answer_row(request, KW_E_SRV_TOKEN, "the bearer token is none of ours");
	if (rule == NULL || !kw_caller_may(request, rule))
		return answer_row(request, KW_E_SRV_NOT_FOUND, "no such key for this caller");
	if (!rule->export_allowed)
		return answer_row(request, KW_E_SRV_EXPORT, "the key is not exported");
	if (entry->current == NULL)
		return answer_without_material(request, entry);
	return answer_key(request, entry);
}
