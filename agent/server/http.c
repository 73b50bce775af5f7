/* SPDX-License-Identifier: Apache-2.0 */
/* libmicrohttpd's side: daemons, the life of a request, the route table, the checks before any
 * route. */
#include "server/work.h"
#include "util/text.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>

enum {
	CONNECTION_MEMORY = 16 * 1024, /* also the limit of a request's headers */
	REQUEST_TIMEOUT_S = 75,	       /* idle connections end after this */
};

const struct kw_route kw_routes[] = {
	{ "GET", "/v1/keys", 0, kw_route_keys },
	{ "GET", "/v1/keys/*", 0, kw_route_key },
	{ "POST", "/v1/keys/*/decrypt", 0, kw_route_decrypt },
	{ "POST", "/v1/keys/*/sign", 0, kw_route_sign },
	{ "POST", "/v1/keys/*/unwrap", 0, kw_route_unwrap },
	{ "POST", "/v1/attest", 0, kw_route_attest },
	{ "GET", "/v1/collateral", 0, kw_route_collateral },
	{ "POST", "/v1/explain", 0, kw_route_explain },
	{ "GET", "/status", 0, kw_route_status },
	{ "GET", "/metrics", KW_ROUTE_HEALTH, kw_route_metrics },
	{ "GET", "/livez", KW_ROUTE_HEALTH, kw_route_livez },
	{ "GET", "/readyz", KW_ROUTE_HEALTH, kw_route_readyz },
	{ "GET", "/startupz", KW_ROUTE_HEALTH, kw_route_startupz },
	{ "GET", "/openapi.json", KW_ROUTE_HEALTH, kw_route_openapi },
	{ "POST", "/attest/raw", KW_ROUTE_COMPAT, kw_route_attest_raw },
	{ "POST", "/attest/combined", KW_ROUTE_COMPAT, kw_route_attest_combined },
	{ "POST", "/attest/maa", KW_ROUTE_COMPAT, kw_route_attest_maa },
	{ "POST", "/key/release", KW_ROUTE_COMPAT, kw_route_release },
	{ 0 },
};

/* Finding the route. */

/* `ret_name` is what "*" stands for: never empty, never with a slash. */
static bool path_fits(const struct kw_route *route, const char *path, struct kw_bytes *ret_name)
{
	const char *star = strchr(route->path, '*');
	size_t head = star != NULL ? (size_t)(star - route->path) : 0, len = 0;

	*ret_name = (struct kw_bytes){ 0 };
	if (star == NULL)
		return strcmp(path, route->path) == 0;
	if (strncmp(path, route->path, head) != 0)
		return false;
	len = strcspn(path + head, "/");
	*ret_name = (struct kw_bytes){ (const uint8_t *)path + head, len };
	return len > 0 && strcmp(path + head + len, star + 1) == 0;
}

static bool is_served(const struct kw_request *request, const struct kw_route *route)
{
	if (request->listener->kind == KW_LISTENER_HEALTH)
		return (route->flags & KW_ROUTE_HEALTH) != 0;
	return (route->flags & KW_ROUTE_COMPAT) == 0
	       || request->server->config->server.compat.enabled;
}

static void take_route(struct kw_request *request, const struct kw_route *route,
		       struct kw_bytes name)
{
	request->route = route;
	if (name.len == 0)
		return;
	request->name = (const char *)name.data;
	if (request->name[name.len] == '\0')
		return;
	request->own_name = kw_format("%.*s", (int)name.len, request->name);
	request->name = request->own_name;
}

static void allow(struct kw_request *request, const char *method)
{
	size_t at = strlen(request->allow);

	snprintf(request->allow + at, sizeof(request->allow) - at, "%s%s", at > 0 ? ", " : "",
		 method);
}

/* Sets request->route, or request->allow if the path is known under other methods alone. */
static void find_route(struct kw_request *request, const char *method, const char *path)
{
	struct kw_bytes name = { 0 };

	for (const struct kw_route *route = kw_routes; route->path != NULL; route++) {
		if (!path_fits(route, path, &name) || !is_served(request, route))
			continue;
		if (strcmp(route->method, method) == 0) {
			request->allow[0] = '\0';
			take_route(request, route, name);
			return;
		}
		allow(request, route->method);
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
	struct kw_bytes name = { 0 };
	size_t len = strlen(path);

	for (const struct kw_route *route = kw_routes; route->path != NULL; route++)
		if (len > 1 && path[len - 1] == '/' && strlen(route->path) == len - 1
		    && strncmp(route->path, path, len - 1) == 0 && is_served(request, route)
		    && !path_fits(route, path, &name))
			return true;
	return false;
}

static enum MHD_Result answer_unknown(struct kw_request *request, const char *method,
				      const char *path)
{
	bool v1 = strncmp(path, "/v1/", 4) == 0 && request->listener->kind != KW_LISTENER_HEALTH;

	if (v1 && request->allow[0] != '\0')
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
	if (request->no_room)
		return answer_problem_row(request, KW_E_SRV_BUSY,
					  "too many large requests at the same time");
	if (request->server->stopping)
		return answer_problem_row(request, KW_E_SRV_STOPPING, "keyward is stopping");
	kw_caller_identify(request);
	return request->route->handle(request);
}

/* The life of a request. */

static bool has_body(struct MHD_Connection *connection)
{
	const char *length = MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
							 MHD_HTTP_HEADER_CONTENT_LENGTH);

	return (length != NULL && strcmp(length, "0") != 0)
	       || MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
					      MHD_HTTP_HEADER_TRANSFER_ENCODING)
			  != NULL;
}

static enum MHD_Result begin(struct kw_listener *listener, struct MHD_Connection *connection,
			     const char *method, const char *path, void **con_cls)
{
	struct kw_request *request = calloc(1, sizeof(*request));

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
	find_route(request, method, path);
	if (request->route == NULL)
		return answer_unknown(request, method, path);
	if (strcmp(request->route->method, "GET") == 0 && has_body(connection))
		return dispatch(request); /* without waiting for what has no meaning: it closes */
	return MHD_YES; /* an answer after the headers alone would close the connection */
}

static void take_body(struct kw_request *request, const char *data, size_t *size)
{
	struct kw_server *server = request->server;

	if (request->body.len + *size > KW_BODY_MAX) {
		request->body_too_large = true;
	} else if (server->bodies_size + *size > KW_BODIES_MAX) {
		request->no_room = true;
	} else {
		kw_blob_append(&request->body, (struct kw_bytes){ (const uint8_t *)data, *size });
		server->bodies_size += *size;
	}
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
			 void **con_cls, enum MHD_RequestTerminationCode code)
{
	struct kw_request *request = *con_cls;

	if (request == NULL)
		return;
	request->server->n_answered += code == MHD_REQUEST_TERMINATED_COMPLETED_OK;
	kw_request_forget(request);
	kw_work_abandon(request);
	free(request->own_name);
	request->server->bodies_size -= request->body.len;
	if (request->body.data != NULL)
		kw_wipe(request->body.data, request->body.len); /* may hold an access token */
	kw_blob_clear(&request->body);
	free(request);
	*con_cls = NULL;
}

/* What is written as %2f or %00 is neither a slash nor the end: it stays as it is, in no name that
 * we have. */
static size_t unescape(void *cls KW_UNUSED, struct MHD_Connection *connection KW_UNUSED, char *text)
{
	size_t n = 0;

	for (size_t i = 0; text[i] != '\0'; n++) {
		char digits[3] = "";
		uint8_t byte = 0;

		if (text[i] == '%' && text[i + 1] != '\0')
			memcpy(digits, text + i + 1, 2);
		if (kw_hex_decode(digits, &byte, 1) && byte != '\0' && byte != '/') {
			text[n] = (char)byte;
			i += 3;
		} else {
			text[n] = text[i++];
		}
	}
	text[n] = '\0';
	return n;
}

/* Daemons. */

/* A full table of descriptors would starve the health listener and our own upstream calls. */
static unsigned connections_max(void)
{
	struct rlimit limit = { 0 };
	rlim_t each;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur <= 2 * KW_DESCRIPTORS_OWN)
		return KW_DESCRIPTORS_OWN / KW_LISTENERS_MAX;
	each = (limit.rlim_cur - KW_DESCRIPTORS_OWN) / KW_LISTENERS_MAX;
	return each < KW_CONNECTIONS_MAX ? (unsigned)each : KW_CONNECTIONS_MAX;
}

static struct MHD_Daemon *start(struct kw_listener *listener)
{
	return MHD_start_daemon(
		MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, listener,
		MHD_OPTION_LISTEN_SOCKET, listener->fd, MHD_OPTION_NOTIFY_COMPLETED, on_completed,
		NULL, MHD_OPTION_UNESCAPE_CALLBACK, unescape, NULL,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
		MHD_OPTION_CONNECTION_LIMIT, connections_max(), MHD_OPTION_CONNECTION_TIMEOUT,
		(unsigned)REQUEST_TIMEOUT_S, MHD_OPTION_END);
}

/* As many descriptors as we are allowed: each idle connection holds one. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit = { 0 };

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int kw_daemons_start(struct kw_server *server, struct kw_error *err)
{
	raise_descriptor_limit();
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
