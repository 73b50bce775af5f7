/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks, and whether a key's rules let them (`allow`). */
#include "server/server.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

static void read_peer(struct kw_request *request)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct ucred peer = { 0 };
	socklen_t size = sizeof(peer);

	request->caller.uid = (uid_t)-1;
	request->caller.gid = (gid_t)-1;
	if (info == NULL || getsockopt(info->connect_fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return;
	request->caller.uid = peer.uid;
	request->caller.gid = peer.gid;
}

static void read_bearer(struct kw_request *request)
{
	static const char scheme[] = "Bearer ";
	const char *header = MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND,
							 MHD_HTTP_HEADER_AUTHORIZATION);
	size_t len = strlen(scheme);
	const char *name = NULL;

	if (header == NULL)
		return;
	if (strncasecmp(header, scheme, len) == 0)
		name = kw_tokens_name(request->server->tokens, kw_bytes_text(header + len));
	if (name != NULL)
		snprintf(request->caller.token, sizeof(request->caller.token), "%s", name);
	request->caller.bad_token = name == NULL;
}

void kw_caller_identify(struct kw_request *request)
{
	request->caller = (struct kw_caller){ .listener = request->listener->kind };
	if (request->listener->kind == KW_LISTENER_SOCKET)
		read_peer(request);
	read_bearer(request);
}

static bool rule_fits(const struct kw_config_allow *rule, const struct kw_caller *caller)
{
	bool socket = caller->listener == KW_LISTENER_SOCKET;

	if (rule->any)
		return true;
	if (rule->uid >= 0)
		return socket && (uid_t)rule->uid == caller->uid;
	if (rule->gid >= 0)
		return socket && (gid_t)rule->gid == caller->gid;
	return caller->token[0] != '\0' && strcmp(rule->token, caller->token) == 0;
}

static bool any_fits(const struct kw_config_allow *allow, size_t n, const struct kw_caller *caller)
{
	for (size_t i = 0; i < n; i++)
		if (rule_fits(&allow[i], caller))
			return true;
	return false;
}

/* Without rules: nobody on TCP, our own uid on the socket. */
bool kw_caller_may(const struct kw_request *request, const struct kw_config_key *rule)
{
	const struct kw_caller *caller = &request->caller;

	if (caller->listener == KW_LISTENER_HEALTH)
		return false;
	if (rule->n_allow == 0)
		return caller->listener == KW_LISTENER_SOCKET && caller->uid == geteuid();
	return any_fits(rule->allow, rule->n_allow, caller);
}

/* Without rules: nobody. */
bool kw_caller_may_attest(const struct kw_request *request)
{
	const struct kw_config *config = request->server->config;

	return request->caller.listener != KW_LISTENER_HEALTH
	       && any_fits(config->server.attest.allow, config->server.attest.n_allow,
			   &request->caller);
}
