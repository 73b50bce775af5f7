/* SPDX-License-Identifier: Apache-2.0 */
#include "platform.h"

#include "machine.h"
#include "pki_parts.h"
#include "provision.h"
#include "relay.h"
#include "swtpm.h"
#include "util/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static char log_path[LAB_PATH_SIZE];

void lab_platform_start(struct lab_options *options)
{
	if (snprintf(log_path, sizeof(log_path), "%s/eventlog", options->dir)
	    >= (int)sizeof(log_path))
		lab_die("'%s' is too long a path", options->dir);
	lab_pki_files_open(options->dir);
	lab_machine_open(options);
	lab_swtpm_start(options->dir);
	lab_pki_open(options, lab_machine.chip_id, lab_machine.tcb);
	lab_provision(log_path);
	lab_relay_start(options->tpm, sizeof(options->tpm));
}

void lab_platform_stop(void)
{
	lab_relay_stop();
	lab_swtpm_stop();
}

const uint8_t *lab_platform_chip_id(void)
{
	return lab_machine.chip_id;
}

const uint8_t *lab_platform_reported_tcb(void)
{
	return lab_machine.tcb;
}

const char *lab_platform_vm_id(void)
{
	return lab_machine.vm_id;
}

const char *lab_platform_event_log_path(void)
{
	return log_path;
}

/* ASK and ARK, as far as they are there. */
static char *chain_pem(const struct lab_amd_set *set)
{
	KW_CLEANUP(freep) char *ask = lab_pem(set->ask);
	KW_CLEANUP(freep) char *ark = set->ark ? lab_pem(set->ark) : kw_strdup("");
	return kw_format("%s%s", ask, ark);
}

static char *choose_tcbm(void)
{
	uint64_t tcb = 0; /* as an integer, the report's bytes being little endian */
	for (size_t i = LAB_TCB_SIZE; i-- > 0;)
		tcb = tcb << 8 | lab_machine.tcb[i];
	if (lab_tampered(LAB_THIM, "tcbm"))
		tcb ^= 1;
	return kw_format("%016" PRIX64, tcb);
}

struct lab_thim lab_platform_thim(void)
{
	KW_CLEANUP(lab_amd_set_clear) struct lab_amd_set set = lab_amd_set_due();
	return (struct lab_thim){ lab_pem(set.leaf), chain_pem(&set), choose_tcbm() };
}

void lab_thim_clear(struct lab_thim *thim)
{
	free(thim->vcek_pem);
	free(thim->chain_pem);
	free(thim->tcbm);
	*thim = (struct lab_thim){ 0 };
}

struct kw_json *lab_platform_certification(void)
{
	struct lab_thim thim = lab_platform_thim();
	struct kw_json *root = kw_json_new_object();

	kw_json_add_string(root, "vcekCert", thim.vcek_pem);
	kw_json_add_string(root, "tcbm", thim.tcbm);
	kw_json_add_string(root, "certificateChain", thim.chain_pem);
	kw_json_add_string(root, "cacheControl", "86400");
	lab_thim_clear(&thim);
	return root;
}
