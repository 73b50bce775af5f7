/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests that wait are suspended, not parked on threads. They stand in a heap by deadline, and in
 * a list of the key they wait for: what it costs to suspend or resume one hardly depends on how
 * many there are.
 */
#include "server/server.h"
#include "util/memory.h"

#include <string.h>

enum { ROOM_MIN = 64 };

/* The heap: the one that is due first stands at 0. */

static void put(struct kw_waiting *w, size_t at, struct kw_request *request)
{
	w->heap[at] = request;
	request->heap_at = at;
}

static void rise(struct kw_waiting *w, size_t at)
{
	struct kw_request *request = w->heap[at];

	while (at > 0 && w->heap[(at - 1) / 2]->deadline_ms > request->deadline_ms) {
		put(w, at, w->heap[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	put(w, at, request);
}

static void sink(struct kw_waiting *w, size_t at)
{
	struct kw_request *request = w->heap[at];

	for (size_t child = 2 * at + 1; child < w->n; child = 2 * at + 1) {
		if (child + 1 < w->n
		    && w->heap[child + 1]->deadline_ms < w->heap[child]->deadline_ms)
			child++;
		if (w->heap[child]->deadline_ms >= request->deadline_ms)
			break;
		put(w, at, w->heap[child]);
		at = child;
	}
	put(w, at, request);
}

static void heap_add(struct kw_waiting *w, struct kw_request *request)
{
	if (w->n == w->room) {
		w->room = w->room == 0 ? ROOM_MIN : 2 * w->room;
		w->heap = kw_realloc(w->heap, w->room * sizeof(struct kw_request *));
	}
	put(w, w->n++, request);
	rise(w, w->n - 1);
}

static void heap_remove(struct kw_waiting *w, size_t at)
{
	struct kw_request *last = w->heap[--w->n];

	if (at == w->n)
		return;
	put(w, at, last);
	rise(w, at);
	sink(w, last->heap_at);
}

/* The list of a key. */

static void list_add(struct kw_request *request, struct kw_request **head)
{
	request->next = *head;
	request->link = head;
	if (*head != NULL)
		(*head)->link = &request->next;
	*head = request;
}

static void list_remove(struct kw_request *request)
{
	if (request->link == NULL)
		return;
	*request->link = request->next;
	if (request->next != NULL)
		request->next->link = request->link;
	request->next = NULL;
	request->link = NULL;
}

/* Suspending and resuming. */

void kw_suspend(struct kw_request *request, const struct kw_entry *waits_for)
{
	struct kw_server *server = request->server;

	if (request->deadline_ms == 0)
		request->deadline_ms = kw_boot_ms(server->clock) + KW_WAIT_MAX_MS;
	if (waits_for != NULL)
		list_add(request, &server->views[waits_for->index].waiting);
	request->suspended = true;
	server->waiting.n_suspended++;
	heap_add(&server->waiting, request);
	MHD_suspend_connection(request->connection);
}

void kw_request_forget(struct kw_request *request)
{
	if (!request->suspended)
		return;
	request->suspended = false;
	list_remove(request);
	heap_remove(&request->server->waiting, request->heap_at);
}

void kw_resume(struct kw_request *request)
{
	if (!request->suspended)
		return;
	kw_request_forget(request);
	MHD_resume_connection(request->connection);
	request->server->resumed = true;
}

bool kw_has_waited_enough(const struct kw_request *request)
{
	return request->deadline_ms != 0
	       && kw_boot_ms(request->server->clock) >= request->deadline_ms;
}

void kw_resume_all(struct kw_server *server)
{
	while (server->waiting.n > 0)
		kw_resume(server->waiting.heap[server->waiting.n - 1]);
}

void kw_resume_key(struct kw_server *server, const struct kw_entry *entry)
{
	struct kw_key_view *view = &server->views[entry->index];

	while (view->waiting != NULL)
		kw_resume(view->waiting);
}

void kw_resume_keys(struct kw_server *server)
{
	for (size_t i = 0; i < kw_store_count(server->store); i++)
		kw_resume_key(server, kw_store_at(server->store, i));
}

void kw_resume_due(struct kw_server *server)
{
	while (server->waiting.n > 0 && kw_has_waited_enough(server->waiting.heap[0]))
		kw_resume(server->waiting.heap[0]);
}

int64_t kw_suspended_next_ms(const struct kw_server *server)
{
	return server->waiting.n > 0 ? server->waiting.heap[0]->deadline_ms : INT64_MAX;
}
