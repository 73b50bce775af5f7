/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/sandbox.h"

#include "sandbox/capabilities.h"
#include "sandbox/internal.h"
#include "util/cleanup.h"
#include "util/memory.h"
#include "util/text.h"

#include <string.h>
#include <sys/prctl.h>

#define FOR_FILES                                                                         \
	(KW_CAPABILITY_CHOWN | KW_CAPABILITY_DAC_OVERRIDE | KW_CAPABILITY_DAC_READ_SEARCH \
	 | KW_CAPABILITY_FOWNER)

static void add(struct kw_sandbox *sandbox, enum kw_sandbox_access access, char *path)
{
	sandbox->rules =
		kw_realloc(sandbox->rules, (sandbox->n_rules + 1) * sizeof(*sandbox->rules));
	sandbox->rules[sandbox->n_rules++] = (struct kw_sandbox_rule){ access, path };
}

void kw_sandbox_allow(struct kw_sandbox *sandbox, enum kw_sandbox_access access, const char *path)
{
	if (path != NULL && *path != '\0')
		add(sandbox, access, kw_strdup(path));
}

void kw_sandbox_allow_around(struct kw_sandbox *sandbox, enum kw_sandbox_access access,
			     const char *path)
{
	const char *slash;

	if (path == NULL || *path == '\0')
		return;
	slash = strrchr(path, '/');
	if (slash == path) /* the whole file system is no directory of ours */
		add(sandbox, access, kw_strdup(path));
	else if (slash == NULL)
		add(sandbox, access, kw_strdup("."));
	else
		add(sandbox, access, kw_format("%.*s", (int)(slash - path), path));
}

static void add_port(uint16_t *ports, size_t *n, uint16_t port)
{
	for (size_t i = 0; i < *n && i < KW_SANDBOX_PORTS_MAX; i++)
		if (ports[i] == port)
			return;
	if (*n < KW_SANDBOX_PORTS_MAX)
		ports[*n] = port;
	*n += 1; /* one too many is seen when entering */
}

void kw_sandbox_allow_connect(struct kw_sandbox *sandbox, uint16_t port)
{
	add_port(sandbox->connect, &sandbox->n_connect, port);
}

void kw_sandbox_allow_bind(struct kw_sandbox *sandbox, uint16_t port)
{
	add_port(sandbox->bind, &sandbox->n_bind, port);
}

void kw_sandbox_clear(struct kw_sandbox *sandbox)
{
	for (size_t i = 0; i < sandbox->n_rules; i++)
		free(sandbox->rules[i].path);
	free(sandbox->rules);
	*sandbox = (struct kw_sandbox){ 0 };
}

int kw_sandbox_enter(const struct kw_sandbox *sandbox, struct kw_sandbox_state *ret,
		     struct kw_error *err)
{
	struct kw_sandbox_state state = { 0 };

	if (sandbox->n_connect > KW_SANDBOX_PORTS_MAX || sandbox->n_bind > KW_SANDBOX_PORTS_MAX)
		return kw_fail(err, KW_E_SEC_SANDBOX,
			       "%zu ports to connect to and %zu to listen on, at most %d each fit",
			       sandbox->n_connect, sandbox->n_bind, KW_SANDBOX_PORTS_MAX);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return kw_fail(err, KW_E_SEC_SANDBOX, "giving up new privileges: %m");
	state.no_new_privileges = true;
	if (kw_capabilities_keep(sandbox->keep_file_capabilities ? FOR_FILES : 0, err) < 0)
		return -1;
	state.no_capabilities = !sandbox->keep_file_capabilities;
	if (kw_landlock_enter(sandbox, &state, err) < 0 || kw_refusal_catch(err) < 0
	    || kw_seccomp_enter(err) < 0)
		return -1;
	state.system_calls = true;
	*ret = state;
	return 0;
}

char *kw_sandbox_text(const struct kw_sandbox_state *state)
{
	if (!state->system_calls)
		return kw_strdup("off");
	if (state->landlock == 0)
		return kw_format("%ssystem calls (the kernel has no Landlock)",
				 state->no_capabilities ? "capabilities, " : "");
	return kw_format("%ssystem calls, files%s%s (Landlock %d)",
			 state->no_capabilities ? "capabilities, " : "",
			 state->ports ? ", ports" : "", state->signals ? ", signals" : "",
			 state->landlock);
}
