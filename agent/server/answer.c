/* SPDX-License-Identifier: Apache-2.0 */
#include "server/server.h"
#include "util/json.h"
#include "util/memory.h"
#include "util/text.h"

#include <stdio.h>
#include <string.h>

static void add_header(struct MHD_Response *response, const char *name, const char *value)
{
	if (response != NULL)
		(void)MHD_add_response_header(response, name, value);
}

enum MHD_Result kw_answer(struct kw_request *request, unsigned status,
			  struct MHD_Response *response)
{
	enum MHD_Result result = MHD_NO;

	if (response == NULL)
		return MHD_NO; /* the library is out of memory: the connection is closed */
	result = MHD_queue_response(request->connection, status, response);
	MHD_destroy_response(response);
	return result;
}

/* What every answer carries: nothing is cached, nothing is guessed by a browser. */
static void add_common(struct MHD_Response *response, const char *type)
{
	add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	add_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	add_header(response, "X-Content-Type-Options", "nosniff");
}

struct MHD_Response *kw_response_text(const char *type, const char *text)
{
	char *copy = kw_strdup(text);
	struct MHD_Response *response =
		MHD_create_response_from_buffer(strlen(text), copy, MHD_RESPMEM_MUST_FREE);

	if (response == NULL)
		free(copy);
	add_common(response, type);
	return response;
}

enum MHD_Result kw_answer_text(struct kw_request *request, unsigned status, const char *type,
			       const char *text)
{
	return kw_answer(request, status, kw_response_text(type, text));
}

static void release_material(void *cls)
{
	kw_material_unref(cls);
}

struct MHD_Response *kw_response_material(struct kw_material *material,
					  const struct kw_secret *part, const char *type)
{
	struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback_cls(
		part->len, part->data, release_material, kw_material_ref(material));

	if (response == NULL)
		kw_material_unref(material);
	add_common(response, type);
	return response;
}

static void free_secret(void *cls)
{
	kw_secret_clear(cls);
	free(cls);
}

struct MHD_Response *kw_response_secret(struct kw_secret *secret, const char *type)
{
	struct kw_secret *own = kw_alloc(sizeof(*own));
	struct MHD_Response *response = NULL;

	kw_secret_move(own, secret);
	response = MHD_create_response_from_buffer_with_free_callback_cls(own->len, own->data,
									  free_secret, own);
	if (response == NULL)
		free_secret(own);
	add_common(response, type);
	return response;
}

/* Errors. */

/* Callers get the outermost sentence; the log has the chain. */
static void add_detail(struct kw_json *body, const char *name, const struct kw_error *err)
{
	kw_json_add_string(body, name, err->detail);
}

static void add_upstream(struct kw_json *body, const struct kw_error *err)
{
	struct kw_json *upstream = NULL;

	if (err->upstream.status == 0)
		return;
	upstream = kw_json_add_object(body, "upstream");
	kw_json_add_int(upstream, "status", err->upstream.status);
	if (err->upstream.code[0] != '\0')
		kw_json_add_string(upstream, "code", err->upstream.code);
	if (err->upstream.request_id[0] != '\0')
		kw_json_add_string(upstream, "requestId", err->upstream.request_id);
}

static void add_retry_after(struct MHD_Response *response, const struct kw_error *err)
{
	char seconds[16];

	if (err->def->http_status != MHD_HTTP_SERVICE_UNAVAILABLE
	    && err->upstream.retry_after_s == 0)
		return;
	snprintf(seconds, sizeof(seconds), "%d",
		 err->upstream.retry_after_s > 0 ? err->upstream.retry_after_s : 1);
	add_header(response, MHD_HTTP_HEADER_RETRY_AFTER, seconds);
}

enum MHD_Result kw_answer_problem(struct kw_request *request, const struct kw_error *err)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *body = kw_json_new_object();
	KW_CLEANUP(freep) char *text = NULL;
	struct MHD_Response *response = NULL;
	unsigned status = (unsigned)err->def->http_status;

	kw_json_add_string(body, "type", "about:blank");
	kw_json_add_string(body, "title", err->def->cause);
	kw_json_add_int(body, "status", status);
	add_detail(body, "detail", err);
	kw_json_add_string(body, "id", err->def->id);
	kw_json_add_string(body, "stage", err->def->stage);
	add_upstream(body, err);
	kw_json_add_string(body, "hint", err->def->remedy);
	text = kw_json_print(body);
	response = kw_response_text("application/problem+json", text);
	add_retry_after(response, err);
	if (request->allow[0] != '\0')
		add_header(response, MHD_HTTP_HEADER_ALLOW, request->allow);
	if (status == MHD_HTTP_UNAUTHORIZED)
		add_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer");
	return kw_answer(request, status, response);
}

enum MHD_Result kw_answer_compat_error(struct kw_request *request, unsigned status,
				       const char *words, const struct kw_error *err)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *body = kw_json_new_object();
	KW_CLEANUP(freep) char *sentence = kw_format("%s: %s", words, err->detail);
	KW_CLEANUP(freep) char *text = NULL;
	struct MHD_Response *response = NULL;

	kw_json_add_string(body, "error", sentence);
	kw_json_add_string(body, "id", err->def->id);
	kw_json_add_bool(body, "retryable", err->def->retry != KW_NEVER);
	if (err->upstream.status != 0)
		kw_json_add_int(body, "upstream_status", err->upstream.status);
	text = kw_json_print(body);
	response = kw_response_text("application/json; charset=utf-8", text);
	if (err->upstream.retry_after_s > 0)
		add_retry_after(response, err);
	return kw_answer(request, status, response);
}
