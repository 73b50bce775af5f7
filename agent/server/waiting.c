/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that wait are suspended, not parked on threads. */
#include "server/server.h"

#include <string.h>

enum MHD_Result kw_wait_for_key(struct kw_request *request, const char *name)
{
	request->waits_for = name;
	request->suspended = true;
	request->next = request->server->waiting;
	request->server->waiting = request;
	MHD_suspend_connection(request->connection);
	return MHD_YES;
}

void kw_request_forget(struct kw_request *request)
{
	struct kw_request **at = &request->server->waiting;

	while (*at != NULL && *at != request)
		at = &(*at)->next;
	if (*at == request)
		*at = request->next;
	request->next = NULL;
}

static void wake(struct kw_request *request)
{
	kw_request_forget(request);
	request->suspended = false;
	MHD_resume_connection(request->connection);
}

void kw_wake_all(struct kw_server *server)
{
	while (server->waiting != NULL)
		wake(server->waiting);
}

static void wake_if(struct kw_server *server, bool (*due)(const struct kw_request *, const void *),
		    const void *arg)
{
	struct kw_request *next = NULL;

	for (struct kw_request *r = server->waiting; r != NULL; r = next) {
		next = r->next;
		if (due(r, arg))
			wake(r);
	}
}

static bool waits_for(const struct kw_request *request, const void *name)
{
	return strcmp(request->waits_for, name) == 0;
}

static bool is_due(const struct kw_request *request, const void *now_ms)
{
	return request->deadline_ms <= *(const int64_t *)now_ms;
}

void kw_wake_key(struct kw_server *server, const char *name)
{
	wake_if(server, waits_for, name);
}

void kw_wake_due(struct kw_server *server)
{
	int64_t now_ms = kw_boot_ms(server->clock);

	wake_if(server, is_due, &now_ms);
}

int64_t kw_waiting_next_ms(const struct kw_server *server)
{
	int64_t next = INT64_MAX;

	for (const struct kw_request *r = server->waiting; r != NULL; r = r->next)
		if (r->deadline_ms < next)
			next = r->deadline_ms;
	return next;
}
