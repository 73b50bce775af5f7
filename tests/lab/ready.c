/* SPDX-License-Identifier: Apache-2.0 */
#include "ready.h"

#include "platform.h"
#include "site.h"
#include "tsm.h"
#include "util/file.h"
#include "util/json.h"
#include "util/text.h"
#include "uvm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void write_file(const struct lab_options *options, const char *name, const char *text)
{
	KW_CLEANUP(freep) char *path = kw_format("%s/%s", options->dir, name);
	struct kw_file_target target = {
		.path = path, .mode = 0600, .gid = (gid_t)-1, .allow_disk = true
	};
	struct kw_error err = { 0 };

	if (kw_file_replace(&target, kw_bytes_text(text), &err) < 0)
		lab_die("%s", err.detail);
}

/* "swtpm:host=ADDRESS,port=PORT" */
static char *tcti(const struct lab_options *options)
{
	const char *colon = strrchr(options->tpm, ':');

	return kw_format("swtpm:host=%.*s,port=%s", (int)(colon - options->tpm), options->tpm,
			 colon + 1);
}

static void add_path(struct kw_json *root, const char *name, const struct lab_options *options,
		     const char *file)
{
	KW_CLEANUP(freep) char *path = kw_format("%s/%s", options->dir, file);

	kw_json_add_string(root, name, path);
}

static char *lab_json(const struct lab_options *options)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *root = kw_json_new_object();
	KW_CLEANUP(freep) char *tpm = tcti(options);

	kw_json_add_string(root, "imds", lab_site.imds);
	kw_json_add_string(root, "maa", lab_site.maa);
	kw_json_add_string(root, "vault", lab_site.vault);
	kw_json_add_string(root, "mhsm", lab_site.mhsm);
	kw_json_add_string(root, "entra", lab_site.entra);
	kw_json_add_string(root, "kds", lab_site.kds);
	kw_json_add_string(root, "tcti", tpm);
	if (lab_tsm_path() != NULL)
		kw_json_add_string(root, "tsm", lab_tsm_path());
	kw_json_add_string(root, "securityContext", lab_uvm_context_path());
	kw_json_add_string(root, "kataContext", lab_uvm_kata_path());
	add_path(root, "ca", options, "pki/ca.pem");
	add_path(root, "amdRoots", options, "pki/ark.pem");
	kw_json_add_string(root, "eventLog", lab_platform_event_log_path());
	kw_json_add_string(root, "resource", LAB_VAULT_RESOURCE);
	kw_json_add_string(root, "mhsmResource", LAB_MHSM_RESOURCE);
	add_path(root, "workload", options, "workload/env");
	return kw_json_print(root);
}

/* A configuration with which the agent works against this lab as it is. */
static char *keyward_yaml(const struct lab_options *options)
{
	KW_CLEANUP(freep) char *tpm = tcti(options);

	return kw_format("# Written by keyward-lab: an agent for the lab in this directory. Every "
			 "anchor and endpoint is the lab's,\n"
			 "# everybody on this machine may ask for the key, and the routes of the "
			 "SKR sidecar are on.\n"
			 "apiVersion: keyward/v1\n"
			 "cloud: custom\n"
			 "evidence:\n"
			 "  tcti: \"%s\"\n"
			 "  eventLog: \"%s\"\n"
			 "imds:\n"
			 "  endpoint: \"%s\"\n"
			 "collateral:\n"
			 "  trustedRoots: \"%s/pki/ark.pem\"\n"
			 "attestation:\n"
			 "  endpoints: [\"%s\"]\n"
			 "identity:\n"
			 "  provider: managed\n"
			 "  audience: %s\n"
			 "keys:\n"
			 "  - name: demo\n"
			 "    url: \"%s/keys/demo\"\n"
			 "    required: true\n"
			 "    allow: [{any: true}]\n"
			 "server:\n"
			 "  http: 127.0.0.1:8080\n"
			 "  socket: {path: \"\"}\n"
			 "  health: 127.0.0.1:8081\n"
			 "  compat: {enabled: true}\n"
			 "tls: {caFile: \"%s/pki/ca.pem\"}\n"
			 "release: {signerRoots: \"%s/pki/signer-root.pem\"}\n",
			 tpm, lab_platform_event_log_path(), lab_site.imds, options->dir,
			 lab_site.maa, LAB_VAULT_RESOURCE, lab_site.vault, options->dir,
			 options->dir);
}

void lab_ready_announce(const struct lab_options *options)
{
	KW_CLEANUP(freep) char *yaml = keyward_yaml(options);
	KW_CLEANUP(freep) char *json = lab_json(options);

	write_file(options, "keyward.yaml", yaml);
	write_file(options, "lab.json", json);
	puts(json);
	fflush(stdout);
}

void lab_ready_remove(const struct lab_options *options)
{
	KW_CLEANUP(freep) char *path = kw_format("%s/lab.json", options->dir);

	unlink(path);
}
