/* SPDX-License-Identifier: Apache-2.0 */
/* The answer to a request, straight or bent by the faults of docs/lab.md that act on the wire. */
#include "connection.h"
#include "fault.h"
#include "services.h"
#include "site.h"
#include "util/text.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	RESTART_MS = 2000,
	OVERSIZE_BYTES = 64 << 20,
	DELAY_MS = 1000,
	DRIP_MS = 200,
	GARBAGE_BYTES = 512,
	CHUNK = 64 << 10
};

static const char *status_words(int status)
{
	static const struct {
		int status;
		const char *words;
	} known[] = {
		{ 200, "OK" },
		{ 201, "Created" },
		{ 204, "No Content" },
		{ 400, "Bad Request" },
		{ 401, "Unauthorized" },
		{ 403, "Forbidden" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 408, "Request Timeout" },
		{ 409, "Conflict" },
		{ 410, "Gone" },
		{ 411, "Length Required" },
		{ 413, "Content Too Large" },
		{ 415, "Unsupported Media Type" },
		{ 429, "Too Many Requests" },
		{ 500, "Internal Server Error" },
		{ 502, "Bad Gateway" },
		{ 503, "Service Unavailable" },
		{ 504, "Gateway Timeout" },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].status == status)
			return known[i].words;
	return "Unknown";
}

/* By the platform's clock, which may be another than this machine's (RFC 9110 5.6.7). */
static void date_text(char *ret, size_t size)
{
	time_t now = (time_t)lab_now_s();
	struct tm tm;

	if (strftime(ret, size, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&now, &tm)) == 0)
		ret[0] = '\0';
}

static char *head_text(const struct lab_reply *reply, size_t length, bool keep)
{
	char date[40];

	date_text(date, sizeof(date));
	return kw_format("HTTP/1.1 %d %s\r\nServer: keyward-lab\r\nDate: %s\r\n"
			 "%s%s%sContent-Length: %zu\r\n%s%s\r\n",
			 reply->status, status_words(reply->status), date,
			 reply->type[0] != '\0' ? "Content-Type: " : "", reply->type,
			 reply->type[0] != '\0' ? "\r\n" : "", length, reply->more,
			 keep ? "" : "Connection: close\r\n");
}

/* Head and body in one piece. */
static struct kw_blob whole(const struct lab_reply *reply, bool keep)
{
	char *head = head_text(reply, reply->body.len, keep);
	struct kw_blob all = kw_blob_copy(kw_bytes_text(head));

	kw_blob_append(&all, kw_blob_bytes(&reply->body));
	free(head);
	return all;
}

bool lab_reply_send(struct lab_connection *c, const struct lab_reply *reply, bool keep)
{
	struct kw_blob all = whole(reply, keep);
	bool sent = lab_connection_send(c, kw_blob_bytes(&all));

	kw_blob_clear(&all);
	return sent;
}

static bool send_drip(struct lab_connection *c, const struct lab_reply *reply, long ms)
{
	struct kw_blob all = whole(reply, false);
	bool sent = true;

	for (size_t i = 0; i < all.len && sent; i++) {
		sent = lab_connection_send(c, (struct kw_bytes){ all.data + i, 1 });
		lab_server_pause(c->server, ms);
	}
	kw_blob_clear(&all);
	return false;
}

/* Announces the whole body and ends after half of it. */
static bool send_half(struct lab_connection *c, const struct lab_reply *reply)
{
	struct kw_blob all = whole(reply, false);

	lab_connection_send(c, (struct kw_bytes){ all.data, all.len - reply->body.len / 2 });
	kw_blob_clear(&all);
	return false;
}

static bool send_garbage(struct lab_connection *c, const struct lab_fault *fault)
{
	const char *part = lab_fault_arg(fault, "part");
	uint8_t noise[GARBAGE_BYTES];
	struct lab_reply reply = { 0 };
	bool sent;

	if (RAND_bytes(noise, sizeof(noise)) != 1)
		lab_die("no random bytes");
	if (part != NULL && strcmp(part, "head") == 0) {
		lab_connection_send(c, KW_BYTES(noise));
		return false;
	}
	lab_reply_bytes(&reply, "application/json", KW_BYTES(noise));
	sent = lab_reply_send(c, &reply, true);
	lab_reply_clear(&reply);
	return sent;
}

/* One JSON string of the wanted length. */
static bool send_oversize(struct lab_connection *c, size_t length)
{
	struct lab_reply reply = { .status = 200, .type = "application/json" };
	char *head = head_text(&reply, length, false);
	uint8_t chunk[CHUNK];
	bool sent = lab_connection_send(c, kw_bytes_text(head));

	free(head);
	memset(chunk, 'a', sizeof(chunk));
	for (size_t done = 0; sent && done < length; done += sizeof(chunk)) {
		size_t left = length - done;

		chunk[0] = done == 0 ? '"' : 'a';
		if (left <= sizeof(chunk))
			chunk[left - 1] = '"';
		sent = lab_connection_send(
			c, (struct kw_bytes){ chunk, left < sizeof(chunk) ? left : sizeof(chunk) });
	}
	return false;
}

static void error_reply(const struct lab_request *request, const struct lab_fault *fault,
			int status, struct lab_reply *reply)
{
	const char *code = lab_fault_arg(fault, "error");
	const char *message = lab_fault_arg(fault, "message");
	const char *retry_after = lab_fault_arg(fault, "retry-after");
	long number = lab_fault_number(fault, "number", 0); /* AADSTS */
	bool oauth = request->service == LAB_IMDS || request->service == LAB_ENTRA;

	if (code == NULL)
		code = status == 429 ? "Throttled" : "Fault";
	if (message == NULL)
		message = "the fault that was asked for";
	if (request->service == LAB_ENTRA && number != 0)
		lab_entra_refuse(reply, status, number, code, message);
	else if (oauth)
		lab_reply_oauth_error(reply, status, code, "%s", message);
	else
		lab_reply_error(reply, status, code, lab_fault_arg(fault, "inner"), "%s", message);
	if (retry_after != NULL)
		lab_reply_header(reply, "Retry-After", "%s", retry_after);
}

/* IMDS says 410 while it restarts: for so long after the first request that meets the fault. */
static bool is_restarting(const struct lab_request *request)
{
	static _Atomic int64_t until_ms[LAB_N_SERVICES];
	struct timespec now;
	struct lab_fault fault;
	int64_t now_ms;

	clock_gettime(CLOCK_MONOTONIC, &now);
	now_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
	if (lab_fault_take_at(request->service, "restart", request->path, &fault))
		until_ms[request->service] = now_ms + lab_fault_number(&fault, "ms", RESTART_MS);
	return now_ms < until_ms[request->service];
}

/* Faults that answer in place of the service. */
static bool refused_by_fault(struct lab_connection *c, const struct lab_request *request,
			     struct lab_reply *reply, bool *keep)
{
	struct lab_fault fault;

	if (lab_fault_take_at(request->service, "region-move", request->path, &fault)) {
		error_reply(request, &fault, 503, reply);
		lab_server_drop_others(c->server, c);
		*keep = false;
		return true;
	}
	if (is_restarting(request)) {
		error_reply(request, &(struct lab_fault){ 0 }, 410, reply);
		lab_server_drop_others(c->server, c);
		*keep = false;
		return true;
	}
	if (lab_fault_take_at(request->service, "throttle", request->path, &fault)) {
		error_reply(request, &fault, 429, reply);
		return true;
	}
	if (lab_fault_take_at(request->service, "status", request->path, &fault)) {
		error_reply(request, &fault, (int)lab_fault_number(&fault, "code", 500), reply);
		return true;
	}
	return false;
}

/* Faults after which nothing of the service's answer is seen. True: the connection is dealt with.
 */
static bool bent_away(struct lab_connection *c, const struct lab_request *request, bool *ret_go_on)
{
	struct lab_fault fault;
	const char *kind = NULL;

	*ret_go_on = false;
	if (lab_fault_take_at(request->service, "reset", request->path, &fault)) {
		kind = fault.kind;
		lab_connection_reset(c);
	} else if (lab_fault_take_at(request->service, "garbage", request->path, &fault)) {
		kind = fault.kind;
		*ret_go_on = send_garbage(c, &fault);
	} else if (lab_fault_take_at(request->service, "oversize", request->path, &fault)) {
		kind = fault.kind;
		send_oversize(c, (size_t)lab_fault_number(&fault, "bytes", OVERSIZE_BYTES));
	}
	if (kind != NULL)
		lab_log(request->service, request->method, request->path, "fault", "%s", kind);
	return kind != NULL;
}

static bool keep_alive(const struct lab_request *request)
{
	const char *wish = lab_request_header(request, "Connection");

	return !request->old && (wish == NULL || strcasecmp(wish, "close") != 0);
}

static void log_reply(const struct lab_request *request, const struct lab_reply *reply)
{
	char status[16];

	snprintf(status, sizeof(status), "%d", reply->status);
	lab_log(request->service, request->method, request->path, status, "%s%s", reply->reason,
		request->internal ? " (asked by the vault)" : "");
}

/* The log has the request twice: when it came and when it was answered. */
static void delay(struct lab_connection *c, const struct lab_request *request, long ms)
{
	lab_log(request->service, request->method, request->path, "delayed", "%ld ms", ms);
	lab_server_pause(c->server, ms);
}

/* The reply of the service or of a fault, sent as the faults that are left want it. */
static bool send_reply(struct lab_connection *c, const struct lab_request *request,
		       const struct lab_reply *reply, bool keep)
{
	struct lab_fault fault;

	if (!request->internal
	    && lab_fault_take_at(request->service, "truncate", request->path, &fault))
		return send_half(c, reply);
	if (!request->internal
	    && lab_fault_take_at(request->service, "drip", request->path, &fault))
		return send_drip(c, reply, lab_fault_number(&fault, "ms", DRIP_MS));
	return lab_reply_send(c, reply, keep) && keep;
}

bool lab_answer(struct lab_connection *c, const struct lab_request *request)
{
	struct lab_reply reply = { 0 };
	struct lab_fault fault;
	bool keep = keep_alive(request);
	bool go_on = false;

	if (!request->internal) {
		if (lab_fault_take_at(request->service, "delay", request->path, &fault))
			delay(c, request, lab_fault_number(&fault, "ms", DELAY_MS));
		if (bent_away(c, request, &go_on))
			return go_on;
	}
	if (request->internal || !refused_by_fault(c, request, &reply, &keep))
		c->server->handle(request, &reply);
	log_reply(request, &reply);
	go_on = send_reply(c, request, &reply, keep);
	lab_reply_clear(&reply);
	return go_on;
}
