/* SPDX-License-Identifier: Apache-2.0 */
#include "provision.h"

#include "certificate.h"
#include "event_log.h"
#include "indices.h"
#include "machine.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

/* A primary RSA-2048 key. `storage`: a restricted decryption key with AES-128-CFB; otherwise a
 * restricted signing key with RSASSA and SHA-256. */
struct primary {
	const char *name;
	uint32_t hierarchy, persistent, attributes;
	const uint8_t *policy;
	size_t policy_len;
	bool storage;
	size_t unique_len; /* zeros */
};

/* PolicySecret(endorsement): TCG EK Credential Profile, template L-1 */
static const uint8_t ek_policy[32] = { 0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xb3, 0xf8,
				       0x1a, 0x90, 0xcc, 0x8d, 0x46, 0xa5, 0xd7, 0x24,
				       0xfd, 0x52, 0xd7, 0x6e, 0x06, 0x52, 0x0b, 0x64,
				       0xf2, 0xa1, 0xda, 0x1b, 0x33, 0x14, 0x69, 0xaa };

static const struct primary primaries[] = {
	{ .name = "EK",
	  .hierarchy = LAB_RH_ENDORSEMENT,
	  .persistent = LAB_EK,
	  .attributes = 0x000300b2,
	  .policy = ek_policy,
	  .policy_len = sizeof(ek_policy),
	  .storage = true,
	  .unique_len = LAB_MODULUS_SIZE },
	{ .name = "AK",
	  .hierarchy = LAB_RH_ENDORSEMENT,
	  .persistent = LAB_AK,
	  .attributes = 0x00050472 },
	{ .name = "SRK",
	  .hierarchy = LAB_RH_OWNER,
	  .persistent = LAB_SRK,
	  .attributes = 0x00030472,
	  .storage = true,
	  .unique_len = LAB_MODULUS_SIZE },
};

static void put_template(struct lab_out *out, const struct primary *key)
{
	static const uint8_t zeros[LAB_MODULUS_SIZE];
	struct lab_out area = { .len = 0 };
	lab_out_be16(&area, LAB_ALG_RSA);
	lab_out_be16(&area, LAB_ALG_SHA256);
	lab_out_be32(&area, key->attributes);
	lab_out_tpm2b(&area, key->policy, key->policy_len);
	if (key->storage) {
		lab_out_be16(&area, LAB_ALG_AES);
		lab_out_be16(&area, 128);
		lab_out_be16(&area, LAB_ALG_CFB);
		lab_out_be16(&area, LAB_ALG_NULL);
	} else {
		lab_out_be16(&area, LAB_ALG_NULL);
		lab_out_be16(&area, LAB_ALG_RSASSA);
		lab_out_be16(&area, LAB_ALG_SHA256);
	}
	lab_out_be16(&area, 2048);
	lab_out_be32(&area, 0); /* the usual exponent */
	lab_out_tpm2b(&area, zeros, key->unique_len);
	lab_out_tpm2b(out, area.data, area.len);
}

static void make_primary(const struct primary *key)
{
	static const struct kw_bytes no_password[1];
	struct lab_out command;
	struct lab_tpm_reply reply;
	lab_tpm_begin(&command, LAB_CC_CREATE_PRIMARY);
	lab_out_be32(&command, key->hierarchy);
	lab_tpm_passwords(&command, no_password, 1);
	lab_out_be16(&command, 4); /* TPM2B_SENSITIVE_CREATE: no password, no data */
	lab_out_be32(&command, 0);
	put_template(&command, key);
	lab_out_be16(&command, 0); /* outsideInfo */
	lab_out_be32(&command, 0); /* creationPCR */
	lab_tpm_must(lab_tpm_run(&command, &reply), key->name);
	lab_tpm_must(lab_tpm_evict_control(reply.handle, key->persistent), key->name);
	lab_tpm_must(lab_tpm_flush(reply.handle), key->name);
}

static void make_primaries(void)
{
	uint8_t modulus[LAB_MODULUS_SIZE];
	for (size_t i = 0; i < sizeof(primaries) / sizeof(primaries[0]); i++)
		if (lab_tpm_modulus(primaries[i].persistent, modulus) != 0)
			make_primary(&primaries[i]);
	lab_tpm_must(lab_tpm_modulus(LAB_AK, lab_machine.ak), "reading the AK");
	lab_tpm_must(lab_tpm_modulus(LAB_EK, lab_machine.ek), "reading the EK");
}

static void extend(uint32_t pcr, const struct lab_digests *digests)
{
	lab_tpm_must(lab_tpm_pcr_extend(pcr, digests), "measuring the boot");
}

static void write_log(const char *path, const struct lab_out *log)
{
	FILE *file = fopen(path, "wbe");
	if (!file || fwrite(log->data, 1, log->len, file) != log->len || fclose(file) != 0)
		lab_die("writing %s: %m", path);
}

static void close_platform(void)
{
	uint8_t password[32];
	lab_crypto_must(RAND_bytes(password, sizeof(password)) > 0, "random bytes");
	lab_tpm_must(lab_tpm_change_platform_auth(KW_BYTES(password)),
		     "closing the platform hierarchy");
}

void lab_provision(const char *log_path)
{
	struct lab_out log = { .len = 0 };
	make_primaries();
	lab_indices_open();
	lab_event_log_boot(lab_machine.options.secure_boot, extend, &log);
	write_log(log_path, &log);
	close_platform();
}
