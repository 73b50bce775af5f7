/* SPDX-License-Identifier: Apache-2.0 */
#include "event_log.h"

#include "certificate.h"

#include <string.h>

enum event_type {
	EV_NO_ACTION = 0x03,
	EV_SEPARATOR = 0x04,
	EV_S_CRTM_VERSION = 0x08,
	EV_IPL = 0x0d,
};
#define EV_EFI_VARIABLE_DRIVER_CONFIG 0x80000001u
#define EV_EFI_VARIABLE_BOOT 0x80000002u
#define EV_EFI_BOOT_SERVICES_APPLICATION 0x80000003u
#define EV_EFI_ACTION 0x80000007u
#define EV_EFI_PLATFORM_FIRMWARE_BLOB 0x80000008u
#define EV_EFI_VARIABLE_AUTHORITY 0x800000e0u

struct boot {
	void (*extend)(uint32_t pcr, const struct lab_digests *digests);
	struct lab_out *log;
};

/* As they stand in memory: the first three fields little endian. */
static const uint8_t global_variable[16] = { 0x61, 0xdf, 0xe4, 0x8b, 0xca, 0x93, 0xd2, 0x11,
					     0xaa, 0x0d, 0x00, 0xe0, 0x98, 0x03, 0x2b, 0x8c };
static const uint8_t image_security[16] = { 0xcb, 0xb2, 0x19, 0xd7, 0x3a, 0x3d, 0x96, 0x45,
					    0xa3, 0xbc, 0xda, 0xd0, 0x0e, 0x67, 0x65, 0x6f };
static const uint8_t cert_sha256[16] = { 0x26, 0x16, 0xc4, 0xc1, 0x4c, 0x50, 0x92, 0x40,
					 0xac, 0xa9, 0x41, 0xf9, 0x36, 0x93, 0x43, 0x28 };
static const uint8_t shim_lock[16] = { 0x50, 0xab, 0x5d, 0x60, 0x46, 0xe0, 0x00, 0x43,
				       0xab, 0xb6, 0x3d, 0xd8, 0x10, 0xdd, 0x8b, 0x23 };

void lab_digests_of(const void *data, size_t len, struct lab_digests *ret)
{
	lab_crypto_must(EVP_Digest(data, len, ret->sha1, NULL, EVP_sha1(), NULL) > 0
				&& EVP_Digest(data, len, ret->sha256, NULL, EVP_sha256(), NULL) > 0
				&& EVP_Digest(data, len, ret->sha384, NULL, EVP_sha384(), NULL) > 0,
			"hashing an event");
}

/* TCG_PCClientPCREvent around TCG_EfiSpecIdEvent: says which digests follow. */
static void put_header(struct lab_out *log)
{
	static const uint16_t algorithms[][2] = {
		{ LAB_ALG_SHA1, 20 },
		{ LAB_ALG_SHA256, 32 },
		{ LAB_ALG_SHA384, 48 },
	};
	enum { N = sizeof(algorithms) / sizeof(algorithms[0]), EVENT_SIZE = 29 + 4 * N };
	lab_out_le32(log, 0);
	lab_out_le32(log, EV_NO_ACTION);
	lab_out_fill_to(log, log->len + 20);
	lab_out_le32(log, EVENT_SIZE);
	lab_out_bytes(log, "Spec ID Event03", 16);
	lab_out_le32(log, 0);					/* platform class: client */
	lab_out_bytes(log, (const uint8_t[]){ 0, 2, 0, 2 }, 4); /* minor, major, errata, 64-bit */
	lab_out_le32(log, N);
	for (size_t i = 0; i < N; i++) {
		lab_out_le16(log, algorithms[i][0]);
		lab_out_le16(log, algorithms[i][1]);
	}
	lab_out_u8(log, 0); /* no vendor information */
}

/* TCG_PCR_EVENT2 */
static void measure_as(struct boot *boot, uint32_t pcr, uint32_t type,
		       const struct lab_digests *digests, const void *event, size_t len)
{
	struct lab_out *log = boot->log;
	lab_out_le32(log, pcr);
	lab_out_le32(log, type);
	lab_out_le32(log, 3);
	lab_out_le16(log, LAB_ALG_SHA1);
	lab_out_bytes(log, digests->sha1, sizeof(digests->sha1));
	lab_out_le16(log, LAB_ALG_SHA256);
	lab_out_bytes(log, digests->sha256, sizeof(digests->sha256));
	lab_out_le16(log, LAB_ALG_SHA384);
	lab_out_bytes(log, digests->sha384, sizeof(digests->sha384));
	lab_out_le32(log, (uint32_t)len);
	lab_out_bytes(log, event, len);
	boot->extend(pcr, digests);
}

static void measure(struct boot *boot, uint32_t pcr, uint32_t type, const void *event, size_t len)
{
	struct lab_digests digests;
	lab_digests_of(event, len, &digests);
	measure_as(boot, pcr, type, &digests, event, len);
}

static void measure_text(struct boot *boot, uint32_t pcr, uint32_t type, const char *text)
{
	measure(boot, pcr, type, text, strlen(text));
}

/* What is measured is `content`; the event only describes it. */
static void measure_content(struct boot *boot, uint32_t pcr, uint32_t type, const char *content,
			    const void *event, size_t len)
{
	struct lab_digests digests;
	lab_digests_of(content, strlen(content), &digests);
	measure_as(boot, pcr, type, &digests, event, len);
}

/* UEFI_VARIABLE_DATA */
static void measure_variable(struct boot *boot, uint32_t pcr, uint32_t type,
			     const uint8_t vendor[16], const char *name, const void *value,
			     size_t len)
{
	struct lab_out event = { .len = 0 };
	lab_out_bytes(&event, vendor, 16);
	lab_out_le64(&event, strlen(name));
	lab_out_le64(&event, len);
	lab_out_utf16(&event, name);
	lab_out_bytes(&event, value, len);
	measure(boot, pcr, type, event.data, event.len);
}

/* A variable that holds an EFI_SIGNATURE_LIST of one SHA-256 entry. */
static void measure_signatures(struct boot *boot, const uint8_t vendor[16], const char *name)
{
	struct lab_out list = { .len = 0 };
	struct lab_digests entry;
	lab_digests_of(name, strlen(name), &entry);
	lab_out_bytes(&list, cert_sha256, sizeof(cert_sha256));
	lab_out_le32(&list, 28 + 16 + sizeof(entry.sha256));
	lab_out_le32(&list, 0);
	lab_out_le32(&list, 16 + sizeof(entry.sha256));
	lab_out_bytes(&list, global_variable, 16); /* owner */
	lab_out_bytes(&list, entry.sha256, sizeof(entry.sha256));
	measure_variable(boot, 7, EV_EFI_VARIABLE_DRIVER_CONFIG, vendor, name, list.data, list.len);
}

static void measure_firmware(struct boot *boot)
{
	static const char version[] = "keyward-lab UEFI 1.0";
	struct lab_out event = { .len = 0 };
	lab_out_utf16(&event, version);
	lab_out_le16(&event, 0);
	measure(boot, 0, EV_S_CRTM_VERSION, event.data, event.len);
	event.len = 0;
	lab_out_le64(&event, 0xff800000); /* base and length of the image in memory */
	lab_out_le64(&event, 0x00400000);
	measure_content(boot, 0, EV_EFI_PLATFORM_FIRMWARE_BLOB, "the lab's firmware volume",
			event.data, event.len);
}

static void measure_secure_boot(struct boot *boot, bool on)
{
	const uint8_t value = on ? 1 : 0;
	measure_variable(boot, 7, EV_EFI_VARIABLE_DRIVER_CONFIG, global_variable, "SecureBoot",
			 &value, 1);
	measure_signatures(boot, global_variable, "PK");
	measure_signatures(boot, global_variable, "KEK");
	measure_signatures(boot, image_security, "db");
	measure_signatures(boot, image_security, "dbx");
}

static void measure_boot_options(struct boot *boot)
{
	static const uint8_t order[] = { 0, 0 };
	static const uint8_t end_of_path[] = { 0x7f, 0xff, 4, 0 };
	struct lab_out option = { .len = 0 };
	lab_out_le32(&option, 1); /* active */
	lab_out_le16(&option, sizeof(end_of_path));
	lab_out_utf16(&option, "Linux");
	lab_out_le16(&option, 0);
	lab_out_bytes(&option, end_of_path, sizeof(end_of_path));
	measure_variable(boot, 1, EV_EFI_VARIABLE_BOOT, global_variable, "BootOrder", order,
			 sizeof(order));
	measure_variable(boot, 1, EV_EFI_VARIABLE_BOOT, global_variable, "Boot0000", option.data,
			 option.len);
}

static void measure_separators(struct boot *boot)
{
	static const uint8_t zero[4];
	for (uint32_t pcr = 0; pcr < 8; pcr++)
		measure(boot, pcr, EV_SEPARATOR, zero, sizeof(zero));
}

/* UEFI_IMAGE_LOAD_EVENT with a path of one file node. */
static void measure_image(struct boot *boot, const char *content, const char *path)
{
	static const uint8_t end_of_path[] = { 0x7f, 0xff, 4, 0 };
	struct lab_out event = { .len = 0 };
	size_t node = 4 + 2 * (strlen(path) + 1);
	lab_out_le64(&event, 0x7d000000);
	lab_out_le64(&event, 0x000e0000);
	lab_out_le64(&event, 0);
	lab_out_le64(&event, node + sizeof(end_of_path));
	lab_out_u8(&event, 4); /* media device path, file path */
	lab_out_u8(&event, 4);
	lab_out_le16(&event, (uint16_t)node);
	lab_out_utf16(&event, path);
	lab_out_le16(&event, 0);
	lab_out_bytes(&event, end_of_path, sizeof(end_of_path));
	measure_content(boot, 4, EV_EFI_BOOT_SERVICES_APPLICATION, content, event.data, event.len);
}

static void measure_loader(struct boot *boot, bool secure_boot)
{
	static const char authority[] = "the certificate that signed shim";
	measure_text(boot, 4, EV_EFI_ACTION, "Calling EFI Application from Boot Option");
	if (secure_boot)
		measure_variable(boot, 7, EV_EFI_VARIABLE_AUTHORITY, image_security, "db",
				 authority, sizeof(authority) - 1);
	measure_image(boot, "the lab's shim", "\\EFI\\BOOT\\BOOTX64.EFI");
	measure_content(boot, 14, EV_IPL, "the machine owner's keys", "MokList", 8);
	if (secure_boot)
		measure_variable(boot, 7, EV_EFI_VARIABLE_AUTHORITY, shim_lock, "Shim", authority,
				 sizeof(authority) - 1);
	measure_image(boot, "the lab's grub", "\\EFI\\BOOT\\grubx64.efi");
}

static void measure_kernel(struct boot *boot)
{
	static const char command_line[] = "kernel_cmdline: /boot/vmlinuz console=ttyS0";
	const char *measured = strchr(command_line, '/'); /* what follows the boot loader's word */
	static const char kernel[] = "/boot/vmlinuz", initrd[] = "/boot/initrd.img";
	measure_content(boot, 8, EV_IPL, measured, command_line, sizeof(command_line));
	measure_content(boot, 9, EV_IPL, "the lab's kernel", kernel, sizeof(kernel));
	measure_content(boot, 9, EV_IPL, "the lab's initrd", initrd, sizeof(initrd));
	measure_image(boot, "the lab's kernel as an image", "\\boot\\vmlinuz");
	measure_text(boot, 5, EV_EFI_ACTION, "Exit Boot Services Invocation");
	measure_text(boot, 5, EV_EFI_ACTION, "Exit Boot Services Returned with Success");
}

void lab_event_log_boot(bool secure_boot,
			void (*extend)(uint32_t pcr, const struct lab_digests *digests),
			struct lab_out *ret)
{
	struct boot boot = { extend, ret };
	ret->len = 0;
	put_header(ret);
	measure_firmware(&boot);
	measure_secure_boot(&boot, secure_boot);
	measure_boot_options(&boot);
	measure_separators(&boot);
	measure_loader(&boot, secure_boot);
	measure_kernel(&boot);
}
