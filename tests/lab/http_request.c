/* SPDX-License-Identifier: Apache-2.0 */
#include "connection.h"
#include "util/memory.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void lab_request_clear(struct lab_request *request)
{
	kw_blob_clear(&request->head);
	kw_blob_clear(&request->body);
	*request = (struct lab_request){ 0 };
}

const char *lab_request_header(const struct lab_request *request, const char *name)
{
	for (size_t i = 0; i < request->n_headers; i++)
		if (strcasecmp(request->headers[i].name, name) == 0)
			return request->headers[i].value;
	return NULL;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* application/x-www-form-urlencoded; a broken escape stays as it is. */
static char *form_decode(const char *from, size_t len)
{
	char *text = kw_alloc(len + 1);
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (from[i] == '%' && i + 2 < len && hex_digit(from[i + 1]) >= 0
		    && hex_digit(from[i + 2]) >= 0) {
			text[n++] = (char)(hex_digit(from[i + 1]) * 16 + hex_digit(from[i + 2]));
			i += 2;
		} else {
			text[n++] = (char)(from[i] == '+' ? ' ' : from[i]);
		}
	}
	return text;
}

char *lab_query_get(const char *query, const char *name)
{
	size_t name_len = strlen(name);

	while (query != NULL && *query != '\0') {
		size_t len = strcspn(query, "&");

		if (len > name_len && strncmp(query, name, name_len) == 0 && query[name_len] == '=')
			return form_decode(query + name_len + 1, len - name_len - 1);
		query += len;
		query += *query == '&';
	}
	return NULL;
}

static bool take_byte(struct lab_connection *c, uint8_t *ret)
{
	if (c->at == c->filled && !lab_connection_fill(c))
		return false;
	*ret = c->buffer[c->at++];
	return true;
}

/* Everything up to the empty line. */
static enum lab_read read_head(struct lab_connection *c, struct kw_blob *head)
{
	uint8_t byte;

	while (head->len < LAB_HEAD_MAX) {
		if (!take_byte(c, &byte))
			return head->len == 0 ? LAB_READ_END : LAB_READ_BAD;
		kw_blob_append(head, (struct kw_bytes){ &byte, 1 });
		if (head->len >= 4 && memcmp(head->data + head->len - 4, "\r\n\r\n", 4) == 0)
			return LAB_READ_OK;
	}
	return LAB_READ_BAD;
}

/* "METHOD SP target SP HTTP/1.x"; cuts the line into its parts. */
static bool split_request_line(char *line, struct lab_request *request)
{
	char *target = strchr(line, ' ');
	char *version = target != NULL ? strchr(target + 1, ' ') : NULL;
	char *question;

	if (version == NULL || target[1] != '/')
		return false;
	*target++ = '\0';
	*version++ = '\0';
	request->old = strcmp(version, "HTTP/1.0") == 0;
	if (!request->old && strcmp(version, "HTTP/1.1") != 0)
		return false;
	request->method = line;
	request->target = target;
	request->path = target;
	question = strchr(target, '?');
	if (question != NULL)
		*question = '\0';
	request->query = question != NULL ? question + 1 : "";
	return true;
}

static bool split_header(char *line, struct lab_request *request)
{
	char *colon = strchr(line, ':');
	char *end;

	if (colon == NULL || colon == line || request->n_headers == LAB_HEADERS_MAX)
		return false;
	*colon++ = '\0';
	colon += strspn(colon, " \t");
	end = colon + strlen(colon);
	while (end > colon && (end[-1] == ' ' || end[-1] == '\t'))
		*--end = '\0';
	request->headers[request->n_headers++] = (struct lab_header){ line, colon };
	return true;
}

static bool split_head(struct lab_request *request)
{
	char *line = (char *)request->head.data;
	bool first = true;

	if (memchr(line, '\0', request->head.len) != NULL)
		return false;
	for (char *end; (end = strstr(line, "\r\n")) != line; line = end + 2) {
		*end = '\0';
		if (!(first ? split_request_line(line, request) : split_header(line, request)))
			return false;
		first = false;
	}
	return !first && (request->old || lab_request_header(request, "Host") != NULL);
}

static bool wants_body(const struct lab_request *request)
{
	return strcmp(request->method, "POST") == 0 || strcmp(request->method, "PUT") == 0
	       || strcmp(request->method, "PATCH") == 0;
}

/* The number of body bytes that follow, or a refusal. */
static bool body_length(const struct lab_request *request, struct lab_reply *reply, size_t *ret)
{
	const char *text = lab_request_header(request, "Content-Length");
	char *end = NULL;
	unsigned long long length = text != NULL ? strtoull(text, &end, 10) : 0;

	if (lab_request_header(request, "Transfer-Encoding") != NULL
	    || (text == NULL && wants_body(request))) {
		lab_reply_error(reply, 411, "LengthRequired", NULL, "Content-Length is required");
		return false;
	}
	if (text != NULL && (!isdigit((unsigned char)*text) || *end != '\0')) {
		lab_reply_error(reply, 400, "BadRequest", NULL, "Content-Length is not a number");
		return false;
	}
	if (length > LAB_BODY_MAX) {
		lab_reply_error(reply, 413, "RequestTooLarge", NULL, "more than %d bytes",
				LAB_BODY_MAX);
		return false;
	}
	*ret = (size_t)length;
	return true;
}

static bool read_body(struct lab_connection *c, size_t length, struct lab_request *request)
{
	const char *expect = lab_request_header(request, "Expect");

	if (length > 0 && expect != NULL && strcasecmp(expect, "100-continue") == 0
	    && !lab_connection_send(c, kw_bytes_text("HTTP/1.1 100 Continue\r\n\r\n")))
		return false;
	while (request->body.len < length) {
		size_t missing = length - request->body.len;
		size_t here;

		if (c->at == c->filled && !lab_connection_fill(c))
			return false;
		here = c->filled - c->at < missing ? c->filled - c->at : missing;
		kw_blob_append(&request->body, (struct kw_bytes){ c->buffer + c->at, here });
		c->at += here;
	}
	return true;
}

enum lab_read lab_request_read(struct lab_connection *c, struct lab_request *ret,
			       struct lab_reply *reply)
{
	enum lab_read read = read_head(c, &ret->head);
	size_t length = 0;

	if (read == LAB_READ_END)
		return read;
	if (read == LAB_READ_BAD || !split_head(ret)) {
		lab_reply_error(reply, 400, "BadRequest", NULL, "not an HTTP/1.1 request");
		return LAB_READ_BAD;
	}
	ret->internal = c->internal;
	ret->service = c->server->service_of != NULL ? c->server->service_of(ret->path)
						     : c->server->service;
	if (!body_length(ret, reply, &length))
		return LAB_READ_BAD;
	return read_body(c, length, ret) ? LAB_READ_OK : LAB_READ_END;
}
