/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that wait are suspended, not parked on threads. */
#include "server/server.h"

#include <string.h>

void kw_suspend(struct kw_request *request, const char *waits_for)
{
	struct kw_server *server = request->server;

	if (request->deadline_ms == 0)
		request->deadline_ms = kw_boot_ms(server->clock) + KW_WAIT_MAX_MS;
	request->waits_for = waits_for;
	request->suspended = true;
	request->next = server->suspended;
	server->suspended = request;
	MHD_suspend_connection(request->connection);
}

void kw_request_forget(struct kw_request *request)
{
	struct kw_request **at = &request->server->suspended;

	while (*at != NULL && *at != request)
		at = &(*at)->next;
	if (*at == request)
		*at = request->next;
	request->next = NULL;
	request->suspended = false;
}

void kw_resume(struct kw_request *request)
{
	if (!request->suspended)
		return;
	kw_request_forget(request);
	MHD_resume_connection(request->connection);
}

bool kw_has_waited_enough(const struct kw_request *request)
{
	return request->deadline_ms != 0
	       && kw_boot_ms(request->server->clock) >= request->deadline_ms;
}

void kw_resume_all(struct kw_server *server)
{
	while (server->suspended != NULL)
		kw_resume(server->suspended);
}

void kw_resume_key(struct kw_server *server, const char *name)
{
	struct kw_request *next = NULL;

	for (struct kw_request *r = server->suspended; r != NULL; r = next) {
		next = r->next;
		if (r->waits_for != NULL && strcmp(r->waits_for, name) == 0)
			kw_resume(r);
	}
}

void kw_resume_due(struct kw_server *server)
{
	struct kw_request *next = NULL;

	for (struct kw_request *r = server->suspended; r != NULL; r = next) {
		next = r->next;
		if (kw_has_waited_enough(r))
			kw_resume(r);
	}
}

int64_t kw_suspended_next_ms(const struct kw_server *server)
{
	int64_t next = INT64_MAX;

	for (const struct kw_request *r = server->suspended; r != NULL; r = r->next)
		if (r->deadline_ms < next)
			next = r->deadline_ms;
	return next;
}
