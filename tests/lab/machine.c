/* SPDX-License-Identifier: Apache-2.0 */
#include "machine.h"

#include "bend.h"
#include "pki_parts.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

enum { SEED_SIZE = 32 };

struct lab_machine lab_machine;

static uint8_t seed[SEED_SIZE];

/* What the processor of each generation puts into a report. */
static const struct generation {
	uint32_t report_version, header_version, guest_svn;
	uint8_t family, model, stepping;
	uint8_t tcb[LAB_TCB_SIZE], firmware[3];
	uint8_t family_id[4];
} generations[] = {
	[LAB_MILAN] = { 2,
			1,
			2,
			0x19,
			0x01,
			1,
			{ 4, 0, 0, 0, 0, 0, 24, 219 },
			{ 29, 55, 1 },
			{ 1 } },
	[LAB_GENOA] = { 3,
			2,
			10,
			0x19,
			0x11,
			1,
			{ 10, 0, 0, 0, 0, 0, 23, 84 },
			{ 40, 55, 1 },
			{ 1, 35, 32 } },
	[LAB_TURIN] = { 3,
			2,
			10,
			0x1a,
			0x02,
			1,
			{ 1, 2, 1, 4, 0, 0, 0, 75 },
			{ 51, 55, 1 },
			{ 1, 35, 32 } },
};

static void derive(const char *label, const EVP_MD *hash, uint8_t *ret, size_t size)
{
	uint8_t input[128], digest[EVP_MAX_MD_SIZE];
	int len = snprintf((char *)input, sizeof(input) - SEED_SIZE, "keyward-lab %s", label);
	memcpy(input + len, seed, SEED_SIZE);
	lab_crypto_must(EVP_Digest(input, (size_t)len + SEED_SIZE, digest, NULL, hash, NULL) > 0,
			"hashing");
	memcpy(ret, digest, size);
}

static void open_seed(void)
{
	char path[LAB_PATH_SIZE];
	lab_pki_path("machine.id", path);
	FILE *file = fopen(path, "rbe");
	if (file) {
		if (fread(seed, 1, sizeof(seed), file) != sizeof(seed))
			lab_die("%s is too short", path);
		fclose(file);
		return;
	}
	lab_crypto_must(RAND_bytes(seed, sizeof(seed)) > 0, "random bytes");
	file = fopen(path, "wbe");
	if (!file || fwrite(seed, 1, sizeof(seed), file) != sizeof(seed) || fclose(file) != 0)
		lab_die("writing %s: %m", path);
}

void lab_machine_open(const struct lab_options *options)
{
	enum { TURIN_ID_SIZE = 8 };
	uint8_t id[16];
	open_seed();
	lab_machine.options = *options;
	memcpy(lab_machine.tcb, generations[options->product].tcb, LAB_TCB_SIZE);
	derive("chip", EVP_sha512(), lab_machine.chip_id, LAB_CHIP_ID_SIZE);
	if (options->product == LAB_TURIN)
		memset(lab_machine.chip_id + TURIN_ID_SIZE, 0, LAB_CHIP_ID_SIZE - TURIN_ID_SIZE);
	derive("guest", EVP_sha256(), id, sizeof(id));
	snprintf(lab_machine.vm_id, sizeof(lab_machine.vm_id),
		 "%02X%02X%02X%02X-%02X%02X-4%X%02X-8%X%02X-%02X%02X%02X%02X%02X%02X", id[0], id[1],
		 id[2], id[3], id[4], id[5], id[6] & 15, id[7], id[8] & 15, id[9], id[10], id[11],
		 id[12], id[13], id[14], id[15]);
}

static struct lab_snp_form processor(void)
{
	const struct generation *from = &generations[lab_machine.options.product];
	struct lab_snp_form form = {
		.signature_algo = LAB_ECDSA_P384_SHA384,
		.signer = lab_machine.options.vlek ? LAB_SIGNER_VLEK : 0,
		.version = from->report_version,
		.guest_svn = from->guest_svn,
		.policy = 0x1f | 1 << 16 | LAB_POLICY_RESERVED_ONE,
		.platform_info = 0x25,
		.family = from->family,
		.model = from->model,
		.stepping = from->stepping,
		.image_id = { 2 },
	};
	memcpy(form.family_id, from->family_id, sizeof(from->family_id));
	memcpy(form.firmware, from->firmware, sizeof(from->firmware));
	memcpy(form.reported_tcb, lab_machine.tcb, LAB_TCB_SIZE);
	memcpy(form.current_tcb, lab_machine.tcb, LAB_TCB_SIZE);
	form.current_tcb[LAB_TCB_SIZE - 1]++; /* newer microcode runs than the chip reports */
	memcpy(form.chip_id, lab_machine.chip_id, LAB_CHIP_ID_SIZE);
	derive("measurement", EVP_sha384(), form.measurement, sizeof(form.measurement));
	derive("id key", EVP_sha384(), form.id_key_digest, sizeof(form.id_key_digest));
	derive("report id", EVP_sha256(), form.report_id, sizeof(form.report_id));
	return form;
}

/* The first version that says which processor it is; and it says another. */
static void bend_processor(struct lab_snp_form *form, uint32_t bends)
{
	enum { VERSION_WITH_CPUID = 3, NO_FAMILY = 0xff };
	const struct generation *other =
		&generations[lab_machine.options.product == LAB_MILAN ? LAB_GENOA : LAB_MILAN];
	if (form->version < VERSION_WITH_CPUID)
		form->version = VERSION_WITH_CPUID;
	form->family = bends & LAB_BEND_CPUID ? NO_FAMILY : other->family;
	form->model = other->model;
}

/* What the processor would sign, if it were as `bends` say. */
static void bend_before(struct lab_snp_form *form, uint32_t bends)
{
	if (bends & LAB_BEND_REPORT_DATA)
		form->report_data[0] ^= 1;
	if (bends & LAB_BEND_DEBUG)
		form->policy |= LAB_POLICY_DEBUG;
	if (bends & LAB_BEND_MIGRATION)
		form->policy |= LAB_POLICY_MIGRATION;
	if (bends & LAB_BEND_POLICY_BIT17)
		form->policy &= ~(uint64_t)LAB_POLICY_RESERVED_ONE;
	if (bends & LAB_BEND_VMPL)
		form->vmpl = 1;
	if (bends & LAB_BEND_VERSION)
		form->version = 1;
	if (bends & (LAB_BEND_PRODUCT | LAB_BEND_CPUID))
		bend_processor(form, bends);
	if (bends & LAB_BEND_SIGNING_KEY)
		form->signer ^= LAB_SIGNER_VLEK;
	if (bends & LAB_BEND_SIGNING_NONE)
		form->signer |= LAB_SIGNER_NONE;
	if (bends & LAB_BEND_RESERVED)
		form->signer |= LAB_SIGNER_RESERVED;
	if (bends & LAB_BEND_SIGNATURE_ALGO)
		form->signature_algo++;
	if (bends & LAB_BEND_CHIP_ID)
		form->chip_id[0] ^= 0xff;
	if (bends & LAB_BEND_TCB)
		form->reported_tcb[LAB_TCB_SIZE - 1]++;
	if ((bends & LAB_BEND_MASKED_CHIP) || lab_machine.options.mask_chip
	    || lab_machine.options.vlek) { /* with a VLEK the chip is never named */
		form->signer |= LAB_SIGNER_MASKED;
		memset(form->chip_id, 0, sizeof(form->chip_id));
	}
}

/* Signed, with the key that the processor is told to use. */
static void seal(struct lab_snp_form *form, uint32_t bends, uint8_t ret[LAB_SNP_REPORT_SIZE])
{
	enum {
		MEASUREMENT_AT = 0x90,
		SIGNATURE_AT = LAB_SNP_SIGNED_SIZE,
		R_TOO_LONG_AT = SIGNATURE_AT + 48,
	};

	bend_before(form, bends);
	lab_snp_report_make(form, lab_machine.options.vlek ? lab_pki.vlek.key : lab_pki.vcek.key,
			    ret);
	if (bends & LAB_BEND_MEASUREMENT)
		ret[MEASUREMENT_AT] ^= 1;
	if (bends & LAB_BEND_REPORT_SIGNATURE)
		ret[SIGNATURE_AT] ^= 1;
	if (bends & LAB_BEND_SIGNATURE_FORM)
		ret[R_TOO_LONG_AT] = 1;
}

void lab_machine_guest_measurement(uint8_t ret[LAB_MEASUREMENT_SIZE])
{
	derive("guest measurement", EVP_sha384(), ret, LAB_MEASUREMENT_SIZE);
}

void lab_machine_guest_report(const struct lab_guest *guest, uint32_t bends,
			      uint8_t ret[LAB_SNP_REPORT_SIZE])
{
	struct lab_snp_form form = processor();

	form.vmpl = guest->vmpl;
	memcpy(form.report_data, guest->report_data, sizeof(form.report_data));
	memcpy(form.host_data, guest->host_data, sizeof(form.host_data));
	lab_machine_guest_measurement(form.measurement);
	seal(&form, bends, ret);
}

static void make_hardware(const char *claims, uint32_t bends, uint8_t ret[LAB_SNP_REPORT_SIZE])
{
	struct lab_snp_form form = processor();
	lab_crypto_must(
		EVP_Digest(claims, strlen(claims), form.report_data, NULL, EVP_sha256(), NULL) > 0,
		"hashing claims");
	seal(&form, bends, ret);
	if (bends & LAB_BEND_HCL_TYPE_TVM)
		memset(ret, 0, LAB_SNP_REPORT_SIZE);
}

static char *make_claims(const uint8_t user[LAB_SNP_DATA_SIZE], uint32_t bends)
{
	const struct lab_options *options = &lab_machine.options;
	uint8_t other[LAB_MODULUS_SIZE];
	memcpy(other, lab_machine.ak, sizeof(other));
	other[LAB_MODULUS_SIZE / 2] ^= 0xff;
	bool roomy = options->hcl_size > 2048;
	struct lab_claims_form form = {
		.ak = bends & LAB_BEND_AK_FOREIGN ? other : lab_machine.ak,
		.ek = roomy ? lab_machine.ek : NULL,
		.vm_id = lab_machine.vm_id,
		.secure_boot = options->secure_boot,
		.paravisor = options->product != LAB_MILAN,
		.roomy = roomy,
		.user = options->old_firmware ? NULL : user,
		.now = lab_now_s(),
	};
	if (bends & LAB_BEND_AK_MISSING)
		form.ak = NULL;
	char *claims = lab_claims_make(&form);
	if (bends & LAB_BEND_CLAIMS_NOT_JSON)
		claims[strlen(claims) - 1] = ']';
	return claims;
}

void lab_machine_report(const uint8_t user[LAB_SNP_DATA_SIZE], uint32_t bends,
			uint8_t ret[LAB_HCL_MAX])
{
	uint8_t hardware[LAB_SNP_REPORT_SIZE];
	KW_CLEANUP(freep) char *claims = make_claims(user, bends);
	make_hardware(claims, bends, hardware);
	if (bends & LAB_BEND_CLAIMS) {
		char *digit = strstr(claims, "\"vmUniqueId\":\"") + strlen("\"vmUniqueId\":\"");
		*digit = *digit == '0' ? '1' : '0';
	}
	struct lab_hcl_form form = {
		.version = generations[lab_machine.options.product].header_version,
		.size = lab_machine.options.hcl_size,
		.bends = bends,
		.hardware = hardware,
		.claims = claims,
	};
	lab_hcl_report_make(&form, ret);
}
