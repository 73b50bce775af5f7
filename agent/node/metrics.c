/* SPDX-License-Identifier: Apache-2.0 */
/* The listener; what it says is made in metrics_text.c. */
#include "node/metrics.h"

#include "util/listen.h"
#include "util/memory.h"
#include "util/text.h"

#include <microhttpd.h>
#include <string.h>

enum { CONNECTIONS_MAX = 16, CONNECTION_MEMORY = 8 << 10, REQUEST_TIMEOUT_S = 10 };

struct kw_metrics {
	const struct kw_node_view *view;
	struct MHD_Daemon *daemon; /* NULL: no listener */
	struct kw_loop *loop;
	struct kw_watch watch; /* the daemon's own epoll descriptor */
};

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status, char *owned)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(strlen(owned), owned, MHD_RESPMEM_MUST_FREE);
	enum MHD_Result r;

	if (!response) {
		free(owned);
		return MHD_NO;
	}
	(void)MHD_add_response_header(response, "Content-Type", "text/plain; charset=utf-8");
	(void)MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	r = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return r;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *path,
				  const char *method, const char *version KW_UNUSED,
				  const char *body KW_UNUSED, size_t *body_size, void **con_cls)
{
	const struct kw_node_view *view = ((const struct kw_metrics *)cls)->view;
	bool is_ready = kw_node_is_ready(view->parts);

	if (strcmp(method, "GET") != 0) {
		if (*con_cls && *body_size == 0)
			return answer(connection, MHD_HTTP_METHOD_NOT_ALLOWED,
				      kw_strdup("GET alone\n"));
		*body_size = 0; /* dropped */
		*con_cls = cls;
		return MHD_YES;
	}
	if (strcmp(path, "/livez") == 0)
		return answer(connection, MHD_HTTP_OK, kw_strdup("ok\n"));
	if (strcmp(path, "/readyz") == 0 || strcmp(path, "/startupz") == 0)
		return answer(connection, is_ready ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE,
			      kw_node_ready_text(view->parts));
	if (strcmp(path, "/metrics") == 0)
		return answer(connection, MHD_HTTP_OK, kw_node_metrics_text(view));
	return answer(connection, MHD_HTTP_NOT_FOUND, kw_strdup("not found\n"));
}

static void ready(void *ctx, uint32_t events KW_UNUSED)
{
	(void)MHD_run(((struct kw_metrics *)ctx)->daemon);
}

static int start_daemon(struct kw_metrics *metrics, const char *address, struct kw_error *err)
{
	int fd = -1;

	if (kw_listen_tcp(address, &fd, err) < 0)
		return kw_wrap(err, "node.metrics");
	metrics->daemon = MHD_start_daemon(
		MHD_USE_EPOLL, 0, NULL, NULL, on_request, metrics, MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)REQUEST_TIMEOUT_S, MHD_OPTION_END);
	if (metrics->daemon)
		return 0;
	close(fd);
	return kw_fail(err, KW_E_SRV_LISTEN, "node.metrics: the HTTP server does not start");
}

int kw_metrics_start(const char *address, const struct kw_node_view *view, struct kw_loop *loop,
		     struct kw_metrics **ret, struct kw_error *err)
{
	KW_CLEANUP(kw_metrics_freep) struct kw_metrics *metrics = kw_alloc(sizeof(*metrics));

	metrics->view = view;
	metrics->loop = loop;
	metrics->watch = (struct kw_watch){ -1, ready, metrics };
	if (*address && start_daemon(metrics, address, err) < 0)
		return -1;
	if (metrics->daemon) {
		metrics->watch.fd =
			MHD_get_daemon_info(metrics->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
		if (kw_loop_add(loop, &metrics->watch, EPOLLIN, err) < 0)
			return -1;
	}
	*ret = KW_STEAL(metrics);
	return 0;
}

void kw_metrics_free(struct kw_metrics *metrics)
{
	if (!metrics)
		return;
	if (metrics->daemon) /* which closes the descriptor that is watched */
		MHD_stop_daemon(metrics->daemon);
	free(metrics);
}

int64_t kw_metrics_tick(struct kw_metrics *metrics)
{
	MHD_UNSIGNED_LONG_LONG in_ms = 0;

	if (!metrics->daemon)
		return -1;
	(void)MHD_run(metrics->daemon);
	return MHD_get_timeout(metrics->daemon, &in_ms) == MHD_YES ? (int64_t)in_ms : -1;
}
