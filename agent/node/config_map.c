/* SPDX-License-Identifier: Apache-2.0 */
#include "node/config_map.h"

#include "config/identity.h"
#include "http/client.h"
#include "util/file.h"
#include "util/json.h"
#include "util/memory.h"
#include "util/text.h"

#include <pthread.h>
#include <string.h>

enum { TOKEN_MAX = 16 << 10, ANSWER_MAX = 2 << 20 /* it repeats the ConfigMap: 1 MiB of data */ };

struct kw_config_map {
	const struct kw_config *config;
	const struct kw_clock *clock;
	const struct kw_random *random;
	pthread_mutex_t lock; /* of the two below */
	struct kw_http *http; /* of the call that is under way, or NULL */
	bool is_cancelled;
};

struct kw_config_map *kw_config_map_new(const struct kw_config *config,
					const struct kw_clock *clock,
					const struct kw_random *random)
{
	struct kw_config_map *map = kw_alloc(sizeof(*map));

	map->config = config;
	map->clock = clock;
	map->random = random;
	pthread_mutex_init(&map->lock, NULL);
	return map;
}

void kw_config_map_free(struct kw_config_map *map)
{
	if (!map)
		return;
	pthread_mutex_destroy(&map->lock);
	free(map);
}

static void use(struct kw_config_map *map, struct kw_http *http)
{
	pthread_mutex_lock(&map->lock);
	map->http = http;
	if (http && map->is_cancelled)
		kw_http_cancel(http);
	pthread_mutex_unlock(&map->lock);
}

void kw_config_map_cancel(struct kw_config_map *map)
{
	pthread_mutex_lock(&map->lock);
	map->is_cancelled = true;
	if (map->http)
		kw_http_cancel(map->http);
	pthread_mutex_unlock(&map->lock);
}

/* https://HOST:PORT as the kubelet tells every pod; owned, NULL with the reason in `err`. */
static char *api_origin(struct kw_error *err)
{
	const char *host = kw_config_environment("KUBERNETES_SERVICE_HOST");
	const char *port = kw_config_environment("KUBERNETES_SERVICE_PORT");
	bool is_v6 = host && strchr(host, ':');

	if (host && port)
		return kw_format("https://%s%s%s:%s", is_v6 ? "[" : "", host, is_v6 ? "]" : "",
				 port);
	(void)kw_fail(err, KW_E_OUT_API_UNREACHABLE,
		      "KUBERNETES_SERVICE_HOST and _PORT are not set: not in a pod");
	return NULL;
}

static char *patch_of(const char *name, const char *text)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *patch = kw_json_new_object();

	kw_json_add_string(kw_json_add_object(patch, "data"), name, text);
	return kw_json_print(patch);
}

static int send_patch(struct kw_config_map *map, struct kw_http *http, const char *origin,
		      const char *patch, struct kw_error *err)
{
	const struct kw_config *config = map->config;
	KW_CLEANUP(freep) char *token_file = kw_format("%s/token", config->node.config_map.account);
	KW_CLEANUP(freep)
	char *url = kw_format("%s/api/v1/namespaces/%s/configmaps/%s", origin,
			      config->node.config_map.namespace, config->node.config_map.name);
	KW_CLEANUP(kw_secret_clear) struct kw_secret token = { 0 };
	KW_CLEANUP(kw_http_answer_clear) struct kw_http_answer answer = { 0 };
	const struct kw_http_request request = {
		.upstream = KW_UPSTREAM_KUBERNETES,
		.method = "PATCH",
		.url = url,
		.bearer = &token,
		.content_type = "application/merge-patch+json",
		.body = kw_bytes_text(patch),
		.answer_max = ANSWER_MAX,
	};

	if (kw_file_read_secret(token_file, TOKEN_MAX, KW_E_OUT_API_REFUSED, &token, err) < 0
	    || kw_http_call(http, &request, &answer, err) < 0)
		return -1;
	if (answer.outcome != KW_HTTP_OK)
		return kw_http_refused(&answer, KW_E_OUT_API_BUSY, KW_E_OUT_API_REFUSED, err);
	return 0;
}

int kw_config_map_patch(struct kw_config_map *map, const char *name, const char *text,
			struct kw_error *err)
{
	const struct kw_config *config = map->config;
	KW_CLEANUP(freep) char *ca_file = kw_format("%s/ca.crt", config->node.config_map.account);
	KW_CLEANUP(freep) char *origin = api_origin(err);
	KW_CLEANUP(freep) char *patch = patch_of(name, text);
	KW_CLEANUP(kw_http_freep) struct kw_http *http = NULL;
	int r;

	if (!origin
	    || kw_http_new_kubernetes(config, map->clock, map->random, origin, ca_file, &http, err)
		       < 0)
		return -1;
	use(map, http);
	r = send_patch(map, http, origin, patch, err);
	use(map, NULL);
	if (r < 0)
		return kw_wrap(err, "ConfigMap '%s/%s'", config->node.config_map.namespace,
			       config->node.config_map.name);
	return 0;
}
