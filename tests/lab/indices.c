/* SPDX-License-Identifier: Apache-2.0 */
#include "indices.h"

#include "bend.h"
#include "certificate.h"
#include "machine.h"
#include "util/text.h"

#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

enum {
	REFRESH_MS = 2000,
	PASSWORD_SIZE = 32,
};
enum certificate { CERTIFICATE_GOOD, CERTIFICATE_FOREIGN, CERTIFICATE_PLACEHOLDER };

static uint8_t password[PASSWORD_SIZE]; /* of both indices */
static struct {
	uint8_t content[LAB_HCL_MAX];
	int64_t made_ms;
	uint32_t bends;
	uint8_t user[LAB_SNP_DATA_SIZE]; /* the user data in it */
} report;
static enum certificate certificate;

static int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct kw_bytes lab_indices_report(void)
{
	return (struct kw_bytes){ report.content, lab_machine.options.hcl_size };
}

bool lab_indices_report_is_large(void)
{
	return lab_machine.options.hcl_size > LAB_NV_SIZE_MAX;
}

static void write_index(uint32_t index, struct kw_bytes content)
{
	lab_tpm_must(lab_tpm_nv_write(index, index, KW_BYTES(password), content),
		     "writing an NV index of the platform");
}

static void make_report(const uint8_t user[LAB_SNP_DATA_SIZE], uint32_t bends)
{
	memmove(report.user, user, sizeof(report.user));
	lab_machine_report(user, bends, report.content);
	report.made_ms = now_ms();
	report.bends = bends;
	if (!lab_indices_report_is_large())
		write_index(LAB_NV_REPORT, lab_indices_report());
}

/* The paravisor reads with owner authorization, so it fails where a guest could not read. */
static bool read_user_data(uint8_t ret[LAB_SNP_DATA_SIZE])
{
	size_t size = 0;
	memset(ret, 0, LAB_SNP_DATA_SIZE);
	if (lab_machine.options.old_firmware)
		return true;
	uint32_t rc = lab_tpm_nv_size(LAB_NV_USER_DATA, &size);
	if (rc != 0)
		return rc == LAB_RC_NO_SUCH_HANDLE;
	if (size > LAB_SNP_DATA_SIZE)
		size = LAB_SNP_DATA_SIZE;
	return lab_tpm_nv_read(LAB_RH_OWNER, LAB_NV_USER_DATA, size, ret) == 0;
}

/* A neighbour on the same node writes its own data just before the read. */
static void overwrite_user_data(void)
{
	uint8_t other[LAB_SNP_DATA_SIZE];
	struct lab_fault fault;
	size_t size = 0;
	if (lab_tpm_nv_size(LAB_NV_USER_DATA, &size) != 0
	    || !lab_fault_take(LAB_TPM, "user-data", &fault))
		return;
	if (size > sizeof(other))
		size = sizeof(other);
	lab_crypto_must(RAND_bytes(other, sizeof(other)) > 0, "random bytes");
	lab_tpm_nv_write(LAB_RH_OWNER, LAB_NV_USER_DATA, (struct kw_bytes){ 0 },
			 (struct kw_bytes){ other, size });
}

static void refresh_report(void)
{
	uint8_t user[LAB_SNP_DATA_SIZE];
	struct lab_fault fault;
	uint32_t bends = lab_bends_take(LAB_TPM);
	if (bends == 0 && report.bends == 0 && now_ms() - report.made_ms <= REFRESH_MS)
		return;
	overwrite_user_data();
	if (!lab_fault_take(LAB_TPM, "stale-report", &fault)) {
		if (read_user_data(user))
			make_report(user, bends);
	} else if (bends != report.bends) {
		make_report(report.user, bends); /* stale, but no longer bent */
	}
}

/* One policy, 1.3.6.1.4.1.311.108 */
static const uint8_t policies[] = { 0x30, 0x0c, 0x30, 0x0a, 0x06, 0x08, 0x2b,
				    0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x6c };

static const struct lab_extension certificate_extensions[] = {
	{ .nid = NID_key_usage, .value = "critical,digitalSignature" },
	{ .nid = NID_ext_key_usage, .value = "1.3.6.1.4.1.311.10.3.12,2.23.133.8.3" },
	{ .oid = "2.5.29.32", .value = policies, .len = sizeof(policies) },
	{ .nid = NID_authority_key_identifier, .value = "keyid" },
};

static X509 *make_certificate(enum certificate kind)
{
	KW_CLEANUP(EVP_PKEY_freep) EVP_PKEY *ak = lab_key_from_modulus(lab_machine.ak);
	KW_CLEANUP(freep) char *cn = kw_format("%s.TrustedVM.Azure.Microsoft", lab_machine.vm_id);
	struct lab_certificate_form form = {
		.cn = cn,
		.key = kind == CERTIFICATE_FOREIGN ? lab_pki.vtpm_ca.key : ak,
		.issuer = &lab_pki.vtpm_ca,
		.issuer_cn = kind == CERTIFICATE_PLACEHOLDER ? "MICROSOFT AZURE TRUSTED VM RSA ROOT"
							     : NULL,
		.serial = 0x5a17,
		.not_before = (int64_t)time(NULL) - 24 * 60 * 60,
		.not_after = (int64_t)time(NULL) + 600 * 24 * 60 * 60,
		.extensions = certificate_extensions,
		.n_extensions = sizeof(certificate_extensions) / sizeof(certificate_extensions[0]),
	};
	return lab_certificate_make(&form);
}

static void write_certificate(enum certificate kind)
{
	uint8_t content[LAB_NV_SIZE_MAX] = { 0 };
	uint8_t *at = content;
	KW_CLEANUP(X509_freep) X509 *cert = make_certificate(kind);
	int len = i2d_X509(cert, NULL);
	if (len <= 0 || (size_t)len > sizeof(content) || i2d_X509(cert, &at) != len)
		lab_die("the AK certificate has %d bytes", len);
	write_index(LAB_NV_AK_CERTIFICATE, KW_BYTES(content));
	certificate = kind;
}

static void refresh_certificate(void)
{
	enum certificate kind = CERTIFICATE_GOOD;
	if (lab_tampered(LAB_TPM, "ak-cert-foreign"))
		kind = CERTIFICATE_FOREIGN;
	else if (lab_tampered(LAB_TPM, "ak-cert-placeholder"))
		kind = CERTIFICATE_PLACEHOLDER;
	if (kind != certificate)
		write_certificate(kind);
}

static void define(uint32_t index)
{
	size_t size = 0;
	if (lab_tpm_nv_size(index, &size) == 0)
		lab_tpm_must(lab_tpm_nv_undefine(index), "removing an NV index");
	lab_tpm_must(
		lab_tpm_nv_define(index, LAB_NV_SIZE_MAX, LAB_NV_ATTRIBUTES, KW_BYTES(password)),
		"defining an NV index");
}

void lab_indices_open(void)
{
	static const uint8_t nothing[LAB_SNP_DATA_SIZE], filler[LAB_NV_SIZE_MAX];
	lab_crypto_must(RAND_bytes(password, sizeof(password)) > 0, "random bytes");
	define(LAB_NV_REPORT);
	define(LAB_NV_AK_CERTIFICATE);
	write_certificate(CERTIFICATE_GOOD);
	if (lab_indices_report_is_large()) /* written, so that a read of it tells whether its
					      authorization holds */
		write_index(LAB_NV_REPORT, KW_BYTES(filler));
	make_report(nothing, 0);
	report.made_ms -= REFRESH_MS + 1; /* user data of an earlier run counts at once */
}

void lab_indices_refresh(uint32_t index)
{
	if (index == LAB_NV_REPORT)
		refresh_report();
	else if (index == LAB_NV_AK_CERTIFICATE)
		refresh_certificate();
}
