/* SPDX-License-Identifier: Apache-2.0 */
/* The directories in which a container finds the documents of its launch (SNP evidence 8). */
#include "uvm.h"

#include "jose.h"
#include "machine.h"
#include "platform.h"
#include "util/cleanup.h"
#include "util/file.h"
#include "util/text.h"
#include "uvm_parts.h"

#include <errno.h>
#include <sys/stat.h>

/* What a container group may run; HOST_DATA is its digest. */
#define POLICY                                                                    \
	"package policy\n\napi_svn := \"0.10.0\"\nframework_svn := \"0.2.3\"\n\n" \
	"default allow := false\nallow_capability_dropping := true\n"

static char *context_path, *kata_path;

void lab_uvm_host_data(uint8_t ret[LAB_SHA256_SIZE])
{
	lab_sha256(kw_bytes_text(POLICY), ret);
}

const char *lab_uvm_context_path(void)
{
	return context_path;
}

const char *lab_uvm_kata_path(void)
{
	return kata_path;
}

static char *make_folder(const char *dir, const char *name)
{
	char *path = kw_format("%s/%s", dir, name);

	if (mkdir(path, 0755) != 0 && errno != EEXIST)
		lab_die("mkdir %s: %m", path);
	return path;
}

static void write_base64(const char *dir, const char *name, struct kw_bytes content)
{
	KW_CLEANUP(freep) char *path = kw_format("%s/%s", dir, name);
	KW_CLEANUP(freep) char *text = lab_b64(content);
	struct kw_file_target target = {
		.path = path, .mode = 0644, .gid = (gid_t)-1, .allow_disk = true
	};
	struct kw_error err = { 0 };

	if (kw_file_replace(&target, kw_bytes_text(text), &err) < 0)
		lab_die("%s", err.detail);
}

void lab_uvm_open(const char *dir)
{
	uint8_t measurement[LAB_MEASUREMENT_SIZE];
	KW_CLEANUP(kw_json_freep) struct kw_json *certification = lab_platform_certification();
	KW_CLEANUP(freep) char *thim = kw_json_print(certification);
	KW_CLEANUP(kw_blob_clear) struct kw_blob info = { 0 };

	lab_machine_guest_measurement(measurement);
	info = lab_uvm_reference_info(KW_BYTES(measurement));
	context_path = make_folder(dir, "security-context-lab");
	write_base64(context_path, "security-policy-base64", kw_bytes_text(POLICY));
	write_base64(context_path, "host-amd-cert-base64", kw_bytes_text(thim));
	write_base64(context_path, "reference-info-base64", kw_blob_bytes(&info));
	kata_path = make_folder(dir, "kata");
	write_base64(kata_path, "reference-info-base64", kw_blob_bytes(&info));
}

void lab_uvm_close(void)
{
	free(context_path);
	free(kata_path);
}
