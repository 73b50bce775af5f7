/* SPDX-License-Identifier: Apache-2.0 */
/* libmicrohttpd's side: daemons, the life of a request, the route table, the checks before any
 * route. */
#include "server/live.h"
#include "server/server.h"
#include "util/text.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

enum {
	CONNECTION_MEMORY = 16 * 1024, /* also the limit of a request's headers */
	REQUEST_TIMEOUT_S = 75,	       /* idle connections end after this */
};

const struct kw_route kw_routes[] = {
	{ "GET", "/v1/keys", 0, kw_route_keys },
	{ "GET", "/v1/keys/", 0, kw_route_key },
	{ "GET", "/status", 0, kw_route_status },
	{ "GET", "/livez", KW_ROUTE_HEALTH, kw_route_livez },
	{ "GET", "/readyz", KW_ROUTE_HEALTH, kw_route_readyz },
	{ "GET", "/startupz", KW_ROUTE_HEALTH, kw_route_startupz },
	{ "POST", "/key/release", KW_ROUTE_COMPAT, kw_route_release },
	{ 0 },
};

/* Finding the route. */

static bool path_fits(const struct kw_route *route, const char *path, const char **ret_name)
{
	size_t len = strlen(route->path);

	*ret_name = "";
	if (len > 1 && route->path[len - 1] == '/') {
		if (strncmp(path, route->path, len) != 0 || path[len] == '\0'
		    || strchr(path + len, '/') != NULL)
			return false;
		*ret_name = path + len;
		return true;
	}
	return strcmp(path, route->path) == 0;
}

static bool is_served(const struct kw_request *request, const struct kw_route *route)
{
	if (request->listener->kind == KW_LISTENER_HEALTH)
		return (route->flags & KW_ROUTE_HEALTH) != 0;
	return (route->flags & KW_ROUTE_COMPAT) == 0
	       || request->server->config->server.compat.enabled;
}

/* Sets request->route; `ret_other_method`: the path is known under another method. */
static void find_route(struct kw_request *request, const char *method, const char *path,
		       bool *ret_other_method)
{
	const char *name = "";

	*ret_other_method = false;
	for (const struct kw_route *route = kw_routes; route->path != NULL; route++) {
		if (!path_fits(route, path, &name) || !is_served(request, route))
			continue;
		if (strcmp(route->method, method) == 0) {
			request->route = route;
			request->name = name;
			return;
		}
		*ret_other_method = true;
	}
}

static enum MHD_Result answer_problem_row(struct kw_request *request, enum kw_error_name row,
					  const char *sentence)
{
	struct kw_error err = { 0 };

	(void)kw_fail(&err, row, "%s", sentence);
	return kw_answer_problem(request, &err);
}

/* /status/ goes to /status, as Microsoft's router does. */
static enum MHD_Result redirect(struct kw_request *request, const char *method, const char *path)
{
	KW_CLEANUP(freep) char *target = kw_format("%.*s", (int)strlen(path) - 1, path);
	struct MHD_Response *response =
		MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);

	if (response != NULL)
		(void)MHD_add_response_header(response, MHD_HTTP_HEADER_LOCATION, target);
	return kw_answer(request,
			 strcmp(method, "GET") == 0 ? MHD_HTTP_MOVED_PERMANENTLY
						    : MHD_HTTP_TEMPORARY_REDIRECT,
			 response);
}

static bool is_known_with_slash(struct kw_request *request, const char *path)
{
	const char *name = "";
	size_t len = strlen(path);

	for (const struct kw_route *route = kw_routes; route->path != NULL; route++)
		if (len > 1 && path[len - 1] == '/' && strlen(route->path) == len - 1
		    && strncmp(route->path, path, len - 1) == 0 && is_served(request, route)
		    && !path_fits(route, path, &name))
			return true;
	return false;
}

static enum MHD_Result answer_unknown(struct kw_request *request, const char *method,
				      const char *path, bool other_method)
{
	bool v1 = strncmp(path, "/v1/", 4) == 0;

	if (v1 && other_method)
		return answer_problem_row(request, KW_E_SRV_METHOD, "the method is not known here");
	if (v1)
		return answer_problem_row(request, KW_E_SRV_NOT_FOUND, "no such route");
	if (is_known_with_slash(request, path))
		return redirect(request, method, path);
	return kw_answer_text(request, MHD_HTTP_NOT_FOUND, "text/plain", "404 page not found");
}

/* Checks before any route. */

static bool is_loopback_host(const char *host, size_t len)
{
	char name[KW_HOST_SIZE];
	struct in_addr address;

	if (len >= sizeof(name))
		return false;
	memcpy(name, host, len);
	name[len] = '\0';
	if (strcasecmp(name, "localhost") == 0 || strcmp(name, "[::1]") == 0)
		return true;
	return inet_pton(AF_INET, name, &address) == 1 && (ntohl(address.s_addr) >> 24) == 127;
}

/* A page in a browser can be made to resolve to us (DNS rebinding): its Host gives it away. */
static bool host_is_ours(const struct kw_request *request)
{
	const char *host = MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND,
						       MHD_HTTP_HEADER_HOST);
	const struct kw_config *config = request->server->config;
	const char *colon = NULL;
	size_t len = 0;

	if (request->listener->kind != KW_LISTENER_TCP || host == NULL)
		return request->listener->kind != KW_LISTENER_TCP;
	colon = strrchr(host, ':');
	len = colon != NULL && strchr(colon, ']') == NULL ? (size_t)(colon - host) : strlen(host);
	for (size_t i = 0; i < config->server.n_hosts; i++)
		if (strcasecmp(config->server.hosts[i], host) == 0
		    || (strlen(config->server.hosts[i]) == len
			&& strncasecmp(config->server.hosts[i], host, len) == 0))
			return true;
	return is_loopback_host(host, len);
}

static bool has_origin(const struct kw_request *request)
{
	return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, "Origin") != NULL;
}

static enum MHD_Result dispatch(struct kw_request *request)
{
	if (request->body_too_large)
		return answer_problem_row(request, KW_E_SRV_TOO_LARGE,
					  "the body is over 1048576 bytes");
	if (request->server->stopping)
		return answer_problem_row(request, KW_E_SRV_STOPPING, "keyward is stopping");
	kw_caller_identify(request);
	return request->route->handle(request);
}

/* The life of a request. */

static enum MHD_Result begin(struct kw_listener *listener, struct MHD_Connection *connection,
			     const char *method, const char *path, void **con_cls)
{
	struct kw_request *request = calloc(1, sizeof(*request));
	bool other_method = false;

	if (request == NULL)
		return MHD_NO;
	*con_cls = request;
	request->server = listener->server;
	request->connection = connection;
	request->listener = listener;
	request->name = "";
	if (!host_is_ours(request))
		return answer_problem_row(request, KW_E_SRV_HOST,
					  "the Host is not a loopback name");
	if (has_origin(request))
		return answer_problem_row(request, KW_E_SRV_ORIGIN, "an Origin header was sent");
	find_route(request, method, path, &other_method);
	if (request->route == NULL)
		return answer_unknown(request, method, path, other_method);
	if (strcmp(request->route->method, "GET") == 0)
		return dispatch(request); /* without waiting for a body that has no meaning */
	return MHD_YES;
}

static void take_body(struct kw_request *request, const char *data, size_t *size)
{
	if (request->body.len + *size > KW_BODY_MAX)
		request->body_too_large = true;
	else
		kw_blob_append(&request->body, (struct kw_bytes){ (const uint8_t *)data, *size });
	*size = 0;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version KW_UNUSED,
				  const char *upload_data, size_t *upload_data_size, void **con_cls)
{
	struct kw_request *request = *con_cls;

	if (request == NULL)
		return begin(cls, connection, method, url, con_cls);
	if (request->route == NULL) { /* answered already; the rest of its body is dropped */
		*upload_data_size = 0;
		return MHD_YES;
	}
	if (*upload_data_size > 0) {
		take_body(request, upload_data, upload_data_size);
		return MHD_YES;
	}
	return dispatch(request);
}

static void on_completed(void *cls KW_UNUSED, struct MHD_Connection *connection KW_UNUSED,
			 void **con_cls, enum MHD_RequestTerminationCode code KW_UNUSED)
{
	struct kw_request *request = *con_cls;

	if (request == NULL)
		return;
	kw_request_forget(request);
	kw_live_abandon(request);
	if (request->body.data != NULL)
		kw_wipe(request->body.data, request->body.len); /* may hold an access token */
	kw_blob_clear(&request->body);
	free(request);
	*con_cls = NULL;
}

/* Daemons. */

static struct MHD_Daemon *start(struct kw_listener *listener)
{
	return MHD_start_daemon(
		MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, listener,
		MHD_OPTION_LISTEN_SOCKET, listener->fd, MHD_OPTION_NOTIFY_COMPLETED, on_completed,
		NULL, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)KW_CONNECTIONS_MAX,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)REQUEST_TIMEOUT_S, MHD_OPTION_END);
}

int kw_daemons_start(struct kw_server *server, struct kw_error *err)
{
	for (size_t i = 0; i < KW_LISTENERS_MAX; i++) {
		struct kw_listener *listener = &server->listeners[i];

		if (listener->fd < 0)
			continue;
		listener->daemon = start(listener);
		if (listener->daemon == NULL)
			return kw_fail(err, KW_E_SRV_LISTEN, "the HTTP server does not start");
	}
	return 0;
}

void kw_daemons_stop(struct kw_server *server)
{
	for (size_t i = 0; i < KW_LISTENERS_MAX; i++) {
		struct kw_listener *listener = &server->listeners[i];

		if (listener->daemon == NULL)
			continue;
		MHD_stop_daemon(listener->daemon);
		listener->daemon = NULL;
		listener->fd = -1; /* closed with the daemon */
	}
}
