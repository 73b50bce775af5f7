/* SPDX-License-Identifier: Apache-2.0 */
#include "up.h"

#include "control.h"
#include "http_server.h"
#include "keep.h"
#include "key_command.h"
#include "log.h"
#include "pki.h"
#include "platform.h"
#include "ready.h"
#include "services.h"
#include "site.h"
#include "tsm.h"
#include "util/cleanup.h"
#include "util/text.h"
#include "uvm.h"
#include "vault.h"
#include "workload.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EXIT_BUSY = 75, HTTPS_PORT = 443, HTTP_PORT = 80 };

static struct lab_server servers[] = {
	{ .service = LAB_IMDS, .service_of = lab_imds_service_of, .handle = lab_imds_handle },
	{ .service = LAB_MAA, .tls = true, .handle = lab_maa_handle },
	{ .service = LAB_VAULT, .tls = true, .handle = lab_vault_handle },
	{ .service = LAB_VAULT, .tls = true, .handle = lab_mhsm_handle },
	{ .service = LAB_ENTRA, .tls = true, .handle = lab_entra_handle },
	{ .service = LAB_KDS, .tls = true, .handle = lab_kds_handle },
};
enum { N_SERVERS = sizeof(servers) / sizeof(servers[0]) };

/* What the command line says of a server's listener, and where its URL goes. */
struct place {
	char *address, *url;
	size_t size; /* of the address */
};

static struct place place_of(struct lab_options *o, const struct lab_server *server)
{
	if (server->handle == lab_mhsm_handle)
		return (struct place){ o->mhsm, lab_site.mhsm, sizeof(o->mhsm) };
	switch (server->service) {
	case LAB_IMDS:
	case LAB_THIM:
		return (struct place){ o->imds, lab_site.imds, sizeof(o->imds) };
	case LAB_MAA:
		return (struct place){ o->maa, lab_site.maa, sizeof(o->maa) };
	case LAB_VAULT:
		return (struct place){ o->vault, lab_site.vault, sizeof(o->vault) };
	case LAB_ENTRA:
		return (struct place){ o->entra, lab_site.entra, sizeof(o->entra) };
	case LAB_KDS:
		return (struct place){ o->kds, lab_site.kds, sizeof(o->kds) };
	case LAB_TPM:
	case LAB_TSM:
	case LAB_N_SERVICES:
		break;
	}
	lab_die("a service without a listener");
}

/* "https://HOST[:PORT]" */
static void write_url(const struct lab_options *options, const struct lab_server *server,
		      uint16_t port, char *url)
{
	bool usual = port == (server->tls ? HTTPS_PORT : HTTP_PORT);
	char tail[8] = "";

	if (!usual)
		snprintf(tail, sizeof(tail), ":%u", port);
	snprintf(url, LAB_URL_SIZE, "%s://%s%s", server->tls ? "https" : "http", options->host,
		 tail);
}

/* The address without its port and brackets; a wildcard becomes loopback. */
static void remember_maa_address(const struct lab_options *options)
{
	const char *colon = strrchr(options->maa, ':');
	bool bracket = options->maa[0] == '[';
	int len = (int)(colon - options->maa) - (bracket ? 2 : 0);

	snprintf(lab_site.maa_address, sizeof(lab_site.maa_address), "%.*s", len,
		 options->maa + (bracket ? 1 : 0));
	if (strcmp(lab_site.maa_address, "0.0.0.0") == 0)
		snprintf(lab_site.maa_address, sizeof(lab_site.maa_address), "127.0.0.1");
	if (strcmp(lab_site.maa_address, "::") == 0)
		snprintf(lab_site.maa_address, sizeof(lab_site.maa_address), "::1");
}

static void bind_all(struct lab_options *options)
{
	lab_site.options = options;
	for (size_t i = 0; i < N_SERVERS; i++) {
		struct place place = place_of(options, &servers[i]);
		uint16_t port = lab_server_bind(&servers[i], place.address, place.size);

		write_url(options, &servers[i], port, place.url);
	}
	remember_maa_address(options);
}

/* D as an absolute path, made when it is not there. */
static void settle(struct lab_options *options)
{
	char path[PATH_MAX];

	if (mkdir(options->dir, 0700) != 0 && access(options->dir, W_OK) != 0)
		lab_die("%s: %m", options->dir);
	if (realpath(options->dir, path) == NULL)
		lab_die("%s: %m", options->dir);
	if (strlen(path) >= sizeof(options->dir))
		lab_die("the path of '%s' is too long", options->dir);
	snprintf(options->dir, sizeof(options->dir), "%.255s", path);
}

static void wait_for_end(const sigset_t *ends)
{
	int signal = 0;

	while (sigwait(ends, &signal) != 0)
		;
}

static void take_down(const struct lab_options *options)
{
	lab_ready_remove(options);
	lab_control_stop();
	for (size_t i = 0; i < N_SERVERS; i++)
		lab_server_stop(&servers[i]);
	lab_keys_close();
	lab_tsm_stop();
	lab_uvm_close();
	lab_platform_stop();
}

int lab_up(struct lab_options *options)
{
	sigset_t ends;

	/* Before the first thread, so that all of them have it. */
	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &ends, NULL);
	signal(SIGPIPE, SIG_IGN);

	settle(options);
	if (lab_control_alive(options->dir)) {
		fprintf(stderr, "keyward-lab: a lab is up in '%s' already\n", options->dir);
		return EXIT_BUSY;
	}
	lab_log_open(options->dir);
	lab_keep_open(options->dir);
	lab_platform_start(options);
	bind_all(options);
	lab_uvm_open(options->dir);
	lab_tsm_start(options->dir);
	lab_workload_open(options->dir);
	lab_pki_maa(lab_site.maa);
	lab_imds_open(options);
	lab_kds_open(options);
	lab_keys_open(options->dir);
	lab_key_ensure("demo");
	for (size_t i = 0; i < N_SERVERS; i++)
		lab_server_start(&servers[i]);
	lab_control_start(options->dir);
	lab_ready_announce(options);
	wait_for_end(&ends);
	take_down(options);
	return 0;
}
