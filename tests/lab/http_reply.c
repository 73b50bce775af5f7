/* SPDX-License-Identifier: Apache-2.0 */
#include "http_server.h"
#include "util/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void lab_reply_clear(struct lab_reply *reply)
{
	kw_blob_clear(&reply->body);
	*reply = (struct lab_reply){ 0 };
}

void lab_reply_header(struct lab_reply *reply, const char *name, const char *fmt, ...)
{
	size_t used = strlen(reply->more);
	char value[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(value, sizeof(value), fmt, args);
	va_end(args);
	snprintf(reply->more + used, sizeof(reply->more) - used, "%s: %s\r\n", name, value);
}

void lab_reply_bytes(struct lab_reply *reply, const char *type, struct kw_bytes body)
{
	reply->status = 200;
	snprintf(reply->type, sizeof(reply->type), "%s", type);
	kw_blob_clear(&reply->body);
	reply->body = kw_blob_copy(body);
}

void lab_reply_json(struct lab_reply *reply, int status, struct kw_json *json)
{
	char *text = kw_json_print(json);

	lab_reply_bytes(reply, "application/json; charset=utf-8", kw_bytes_text(text));
	reply->status = status;
	free(text);
	kw_json_free(json);
}

void lab_reply_reason(struct lab_reply *reply, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(reply->reason, sizeof(reply->reason), fmt, args);
	va_end(args);
}

void lab_reply_error(struct lab_reply *reply, int status, const char *code, const char *inner,
		     const char *fmt, ...)
{
	struct kw_json *root = kw_json_new_object();
	struct kw_json *error = kw_json_add_object(root, "error");
	va_list args;

	va_start(args, fmt);
	vsnprintf(reply->reason, sizeof(reply->reason), fmt, args);
	va_end(args);
	reply->code = code;
	kw_json_add_string(error, "code", code);
	kw_json_add_string(error, "message", reply->reason);
	if (inner != NULL)
		kw_json_add_string(kw_json_add_object(error, "innererror"), "code", inner);
	lab_reply_json(reply, status, root);
}

void lab_reply_oauth_error(struct lab_reply *reply, int status, const char *error, const char *fmt,
			   ...)
{
	struct kw_json *root = kw_json_new_object();
	va_list args;

	va_start(args, fmt);
	vsnprintf(reply->reason, sizeof(reply->reason), fmt, args);
	va_end(args);
	kw_json_add_string(root, "error", error);
	kw_json_add_string(root, "error_description", reply->reason);
	lab_reply_json(reply, status, root);
}
