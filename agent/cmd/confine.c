/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/confine.h"

#include "collateral/context.h"
#include "config/identity.h"
#include "util/cleanup.h"
#include "util/log.h"
#include "util/origin.h"

#include <string.h>

/* What OpenSSL and c-ares read, wherever Debian's, Alpine's and bare images keep it. */
static const char *const system_files[] = {
	"/etc/ssl",	   "/usr/lib/ssl",	  "/usr/share/ca-certificates",
	"/etc/pki",	   "/etc/resolv.conf",	  "/usr/local/share/ca-certificates",
	"/etc/hosts",	   "/etc/host.conf",	  "/etc/nsswitch.conf",
	"/etc/os-release", "/usr/lib/os-release",
};

enum { PORT_DNS = 53, PORT_HTTPS = 443 };

static void add_origin(struct kw_sandbox *sandbox, const char *url)
{
	struct kw_origin origin;

	if (url != NULL && kw_origin_parse(url, &origin, NULL))
		kw_sandbox_allow_connect(sandbox, origin.port);
}

/* The number behind the last `mark`: of "127.0.0.1:8080", "host=127.0.0.1,port=2321". */
static bool port_behind(const char *text, char mark, uint16_t *ret)
{
	const char *at = text != NULL ? strrchr(text, mark) : NULL;
	unsigned long port = at != NULL ? strtoul(at + 1, NULL, 10) : 0;

	if (port == 0 || port > UINT16_MAX)
		return false;
	*ret = (uint16_t)port;
	return true;
}

static void add_bind(struct kw_sandbox *sandbox, const char *address)
{
	uint16_t port;

	if (port_behind(address, ':', &port))
		kw_sandbox_allow_bind(sandbox, port);
}

static void add_tpm(const struct kw_config *config, struct kw_sandbox *sandbox)
{
	static const char device[] = "device:";
	const char *tcti = config->evidence.tcti;
	uint16_t port;

	if (strncmp(tcti, device, sizeof(device) - 1) == 0)
		kw_sandbox_allow(sandbox, KW_SANDBOX_DEVICE, tcti + sizeof(device) - 1);
	else if (port_behind(tcti, '=', &port)) { /* commands, and the control channel above */
		kw_sandbox_allow_connect(sandbox, port);
		kw_sandbox_allow_connect(sandbox, (uint16_t)(port + 1));
	}
}

static void add_identity(const struct kw_config *config, const struct kw_config_identity *identity,
			 struct kw_sandbox *sandbox)
{
	KW_CLEANUP(freep) char *authority = kw_config_identity_authority(config, identity);

	kw_sandbox_allow_around(sandbox, KW_SANDBOX_READ, identity->token_file);
	kw_sandbox_allow_around(sandbox, KW_SANDBOX_READ,
				kw_config_environment("AZURE_FEDERATED_TOKEN_FILE"));
	add_origin(sandbox, authority);
}

static void add_outputs(const struct kw_config_output *outputs, size_t n,
			struct kw_sandbox *sandbox)
{
	for (size_t i = 0; i < n; i++)
		kw_sandbox_allow_around(sandbox, KW_SANDBOX_WRITE, outputs[i].path);
}

static void add_keys(const struct kw_config *config, struct kw_sandbox *sandbox)
{
	for (size_t i = 0; i < config->n_keys; i++) {
		const struct kw_config_key *key = &config->keys[i];

		kw_sandbox_allow_connect(sandbox, key->id.origin.port);
		for (size_t k = 0; k < key->n_attestation_endpoints; k++)
			add_origin(sandbox, key->attestation_endpoints[k]);
		for (size_t k = 0; k < key->n_fallback_urls; k++)
			add_origin(sandbox, key->fallback_urls[k]);
		if (key->identity != NULL)
			add_identity(config, key->identity, sandbox);
		add_outputs(key->outputs, key->n_outputs, sandbox);
	}
	for (size_t i = 0; i < config->n_secrets; i++) {
		kw_sandbox_allow_around(sandbox, KW_SANDBOX_READ, config->secrets[i].source);
		add_outputs(config->secrets[i].outputs, config->secrets[i].n_outputs, sandbox);
	}
}

/* A directory in the root is found by listing that, later as well as now. */
static void add_security_context(struct kw_sandbox *sandbox)
{
	KW_CLEANUP(freep) char *directory = kw_security_context_directory();

	kw_sandbox_allow(sandbox, KW_SANDBOX_READ, directory);
	if (strrchr(directory, '/') == directory)
		kw_sandbox_allow(sandbox, KW_SANDBOX_LIST, "/");
}

static void add_evidence(const struct kw_config *config, struct kw_sandbox *sandbox)
{
	add_tpm(config, sandbox);
	kw_sandbox_allow_around(sandbox, KW_SANDBOX_READ, config->evidence.event_log);
	kw_sandbox_allow_around(sandbox, KW_SANDBOX_READ, config->evidence.owner_auth_file);
	kw_sandbox_allow(sandbox, KW_SANDBOX_READ, config->collateral.file); /* or a directory */
	kw_sandbox_allow_around(sandbox, KW_SANDBOX_READ, config->collateral.file);
	kw_sandbox_allow_around(sandbox, KW_SANDBOX_READ, config->collateral.crl_file);
	if (*config->collateral.trusted_roots == '/')
		kw_sandbox_allow_around(sandbox, KW_SANDBOX_READ, config->collateral.trusted_roots);
	add_security_context(sandbox);
	kw_sandbox_allow(sandbox, KW_SANDBOX_WRITE, config->evidence.devices.tsm);
	kw_sandbox_allow(sandbox, KW_SANDBOX_DEVICE, config->evidence.devices.sev_guest);
	kw_sandbox_allow(sandbox, KW_SANDBOX_DEVICE, config->evidence.devices.sev);
	kw_sandbox_allow(sandbox, KW_SANDBOX_DEVICE, "/dev/null");
}

static void add_upstreams(const struct kw_config *config, struct kw_sandbox *sandbox)
{
	uint16_t port;

	kw_sandbox_allow_connect(sandbox, PORT_DNS);
	kw_sandbox_allow_connect(sandbox, PORT_HTTPS);
	add_origin(sandbox, config->imds.endpoint);
	add_origin(sandbox, config->collateral.thim);
	add_origin(sandbox, config->collateral.kds);
	add_origin(sandbox, config->network.proxy);
	for (size_t i = 0; i < config->attestation.n_endpoints; i++)
		add_origin(sandbox, config->attestation.endpoints[i]);
	for (size_t i = 0; i < config->network.n_connect_to; i++)
		if (port_behind(config->network.connect_to[i], ':', &port))
			kw_sandbox_allow_connect(sandbox, port);
	add_identity(config, &config->identity, sandbox);
	kw_sandbox_allow_around(sandbox, KW_SANDBOX_READ, config->tls.ca_file);
	if (*config->release.signer_roots == '/')
		kw_sandbox_allow_around(sandbox, KW_SANDBOX_READ, config->release.signer_roots);
	for (size_t i = 0; i < sizeof(system_files) / sizeof(*system_files); i++)
		kw_sandbox_allow(sandbox, KW_SANDBOX_READ, system_files[i]);
}

static void add_server(const struct kw_config *config, struct kw_sandbox *sandbox)
{
	add_bind(sandbox, config->server.http);
	add_bind(sandbox, config->server.health);
	kw_sandbox_allow_around(sandbox, KW_SANDBOX_WRITE, config->server.socket.path);
	for (size_t i = 0; i < config->server.n_tokens; i++)
		kw_sandbox_allow_around(sandbox, KW_SANDBOX_WRITE, config->server.tokens[i].file);
}

void kw_confine_plan(const struct kw_config *config, bool serves, struct kw_sandbox *sandbox)
{
	kw_sandbox_allow_around(sandbox, KW_SANDBOX_READ, config->path);
	add_evidence(config, sandbox);
	add_upstreams(config, sandbox);
	add_keys(config, sandbox);
	kw_sandbox_allow_around(sandbox, KW_SANDBOX_WRITE, config->audit.path);
	if (serves)
		add_server(config, sandbox);
}

static int enter(const struct kw_sandbox *sandbox, bool off, struct kw_sandbox_state *ret,
		 struct kw_error *err)
{
	KW_CLEANUP(freep) char *text = NULL;

	*ret = (struct kw_sandbox_state){ 0 };
	if (off) {
		kw_log(KW_LOG_WARNING, "sandbox", NULL, "off: --no-sandbox was given");
		return 0;
	}
	if (kw_sandbox_enter(sandbox, ret, err) < 0)
		return -1;
	text = kw_sandbox_text(ret);
	kw_log(KW_LOG_INFO, "sandbox", NULL, "%s", text);
	return 0;
}

int kw_confine_pod(const struct kw_config *config, bool serves, const char *termination_log,
		   const char *out, bool off, struct kw_sandbox_state *ret, struct kw_error *err)
{
	KW_CLEANUP(kw_sandbox_clear) struct kw_sandbox sandbox = { 0 };

	kw_sandbox_allow(&sandbox, KW_SANDBOX_EDIT, termination_log);
	kw_sandbox_allow_around(&sandbox, KW_SANDBOX_WRITE, out);
	kw_confine_plan(config, serves, &sandbox);
	return enter(&sandbox, off, ret, err);
}

int kw_confine_command(const struct kw_config *config, const char *out, bool off,
		       struct kw_error *err)
{
	KW_CLEANUP(kw_sandbox_clear)
	struct kw_sandbox sandbox = { .keep_file_capabilities = true };
	struct kw_sandbox_state state;

	kw_sandbox_allow_around(&sandbox, KW_SANDBOX_WRITE, out);
	kw_confine_plan(config, false, &sandbox);
	return enter(&sandbox, off, &state, err);
}

static bool has_rule(const struct kw_sandbox *sandbox, const struct kw_sandbox_rule *rule)
{
	for (size_t i = 0; i < sandbox->n_rules; i++)
		if (sandbox->rules[i].access == rule->access
		    && strcmp(sandbox->rules[i].path, rule->path) == 0)
			return true;
	return false;
}

static bool has_port(const uint16_t *ports, size_t n, uint16_t port)
{
	for (size_t i = 0; i < n; i++)
		if (ports[i] == port)
			return true;
	return false;
}

int kw_confine_covers(const struct kw_config *now, const struct kw_config *next,
		      struct kw_error *err)
{
	KW_CLEANUP(kw_sandbox_clear) struct kw_sandbox have = { 0 };
	KW_CLEANUP(kw_sandbox_clear) struct kw_sandbox need = { 0 };

	kw_confine_plan(now, true, &have);
	kw_confine_plan(next, true, &need);
	for (size_t i = 0; i < need.n_rules; i++)
		if (!has_rule(&have, &need.rules[i]))
			return kw_fail(err, KW_E_CFG_RESTART,
				       "%s: the path '%s' is outside of the sandbox", next->path,
				       need.rules[i].path);
	for (size_t i = 0; i < need.n_connect; i++)
		if (!has_port(have.connect, have.n_connect, need.connect[i]))
			return kw_fail(err, KW_E_CFG_RESTART,
				       "%s: connecting to port %u is outside of the sandbox",
				       next->path, need.connect[i]);
	return 0;
}
