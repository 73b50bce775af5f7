/* SPDX-License-Identifier: Apache-2.0 */
/* TCG PC Client Platform Firmware Profile 10.4: types of events and what is in them. */
#include "evidence/event_text.h"

#include "util/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { GUID_SIZE = 16, NAME_CHARACTERS_MAX = 64 };

enum form { FORM_SIZE, FORM_TEXT, FORM_WIDE_TEXT, FORM_VARIABLE, FORM_WORD };

static const struct {
	const char *name;
	uint32_t type;
	enum form form;
} types[] = {
	{ "EV_PREBOOT_CERT", 0x00000000, FORM_SIZE },
	{ "EV_POST_CODE", 0x00000001, FORM_TEXT },
	{ "EV_NO_ACTION", 0x00000003, FORM_TEXT },
	{ "EV_SEPARATOR", 0x00000004, FORM_WORD },
	{ "EV_ACTION", 0x00000005, FORM_TEXT },
	{ "EV_EVENT_TAG", 0x00000006, FORM_SIZE },
	{ "EV_S_CRTM_CONTENTS", 0x00000007, FORM_TEXT },
	{ "EV_S_CRTM_VERSION", 0x00000008, FORM_WIDE_TEXT },
	{ "EV_CPU_MICROCODE", 0x00000009, FORM_SIZE },
	{ "EV_PLATFORM_CONFIG_FLAGS", 0x0000000a, FORM_SIZE },
	{ "EV_TABLE_OF_DEVICES", 0x0000000b, FORM_SIZE },
	{ "EV_COMPACT_HASH", 0x0000000c, FORM_TEXT },
	{ "EV_IPL", 0x0000000d, FORM_TEXT },
	{ "EV_IPL_PARTITION_DATA", 0x0000000e, FORM_SIZE },
	{ "EV_NONHOST_CODE", 0x0000000f, FORM_SIZE },
	{ "EV_NONHOST_CONFIG", 0x00000010, FORM_SIZE },
	{ "EV_NONHOST_INFO", 0x00000011, FORM_SIZE },
	{ "EV_OMIT_BOOT_DEVICE_EVENTS", 0x00000012, FORM_TEXT },
	{ "EV_EFI_VARIABLE_DRIVER_CONFIG", 0x80000001, FORM_VARIABLE },
	{ "EV_EFI_VARIABLE_BOOT", 0x80000002, FORM_VARIABLE },
	{ "EV_EFI_BOOT_SERVICES_APPLICATION", 0x80000003, FORM_SIZE },
	{ "EV_EFI_BOOT_SERVICES_DRIVER", 0x80000004, FORM_SIZE },
	{ "EV_EFI_RUNTIME_SERVICES_DRIVER", 0x80000005, FORM_SIZE },
	{ "EV_EFI_GPT_EVENT", 0x80000006, FORM_SIZE },
	{ "EV_EFI_ACTION", 0x80000007, FORM_TEXT },
	{ "EV_EFI_PLATFORM_FIRMWARE_BLOB", 0x80000008, FORM_SIZE },
	{ "EV_EFI_HANDOFF_TABLES", 0x80000009, FORM_SIZE },
	{ "EV_EFI_PLATFORM_FIRMWARE_BLOB2", 0x8000000a, FORM_SIZE },
	{ "EV_EFI_HANDOFF_TABLES2", 0x8000000b, FORM_SIZE },
	{ "EV_EFI_VARIABLE_BOOT2", 0x8000000c, FORM_VARIABLE },
	{ "EV_EFI_HCRTM_EVENT", 0x80000010, FORM_TEXT },
	{ "EV_EFI_VARIABLE_AUTHORITY", 0x800000e0, FORM_VARIABLE },
	{ "EV_EFI_SPDM_FIRMWARE_BLOB", 0x800000e1, FORM_SIZE },
	{ "EV_EFI_SPDM_FIRMWARE_CONFIG", 0x800000e2, FORM_SIZE },
};
enum { N_TYPES = sizeof(types) / sizeof(types[0]) };

const char *kw_event_type_text(uint32_t type, char buffer[16])
{
	for (size_t i = 0; i < N_TYPES; i++)
		if (types[i].type == type)
			return types[i].name;
	snprintf(buffer, 16, "0x%08" PRIx32, type);
	return buffer;
}

static enum form form_of(uint32_t type)
{
	for (size_t i = 0; i < N_TYPES; i++)
		if (types[i].type == type)
			return types[i].form;
	return FORM_SIZE;
}

static void describe_size(struct kw_bytes data, char ret[KW_EVENT_TEXT_SIZE])
{
	snprintf(ret, KW_EVENT_TEXT_SIZE, "%zu bytes", data.len);
}

/* Without the NULs that end it. */
static void describe_text(struct kw_bytes data, char ret[KW_EVENT_TEXT_SIZE])
{
	while (data.len > 0 && data.data[data.len - 1] == 0)
		data.len--;
	for (size_t i = 0; i < data.len; i++)
		if (data.data[i] < ' ' || data.data[i] > '~') {
			describe_size(data, ret);
			return;
		}
	kw_text_clean(data, ret, KW_EVENT_TEXT_SIZE);
}

/* Some firmware writes narrow text where wide text is due. */
static bool is_wide(struct kw_bytes data)
{
	for (size_t i = 1; i < data.len; i += 2)
		if (data.data[i] != 0)
			return false;
	return data.len % 2 == 0;
}

/* UCS-2, little endian; what is not ASCII becomes '?'. */
static void narrow(struct kw_bytes wide, char *ret, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i + 1 < wide.len && n + 1 < size; i += 2) {
		uint8_t low = wide.data[i], high = wide.data[i + 1];

		if (low == 0 && high == 0)
			break;
		ret[n] = '?';
		if (high == 0 && low >= ' ' && low <= '~')
			ret[n] = (char)low;
		n++;
	}
	ret[n] = '\0';
}

static void describe_word(struct kw_bytes data, char ret[KW_EVENT_TEXT_SIZE])
{
	struct kw_cursor c = { .in = data };
	uint32_t word;

	if (kw_take_le32(&c, &word) && kw_cursor_left(&c) == 0)
		snprintf(ret, KW_EVENT_TEXT_SIZE, "%08" PRIx32, word);
	else
		describe_text(data, ret);
}

/* UEFI_VARIABLE_DATA: a name, and how much of a value. */
static void describe_variable(struct kw_bytes data, char ret[KW_EVENT_TEXT_SIZE])
{
	struct kw_cursor c = { .in = data };
	uint64_t n_characters, value_size;
	char text[NAME_CHARACTERS_MAX + 1];
	struct kw_bytes name;

	if (!kw_skip(&c, GUID_SIZE) || !kw_take_le64(&c, &n_characters)
	    || !kw_take_le64(&c, &value_size) || n_characters > NAME_CHARACTERS_MAX
	    || !kw_take(&c, (size_t)n_characters * 2, &name) || value_size != kw_cursor_left(&c)) {
		describe_size(data, ret);
		return;
	}
	narrow(name, text, sizeof(text));
	if (value_size == 1)
		snprintf(ret, KW_EVENT_TEXT_SIZE, "%s = %u", text, data.data[c.at]);
	else
		snprintf(ret, KW_EVENT_TEXT_SIZE, "%s, %" PRIu64 " bytes", text, value_size);
}

void kw_event_describe(const struct kw_event *event, char ret[KW_EVENT_TEXT_SIZE])
{
	switch (form_of(event->type)) {
	case FORM_TEXT:
		describe_text(event->data, ret);
		return;
	case FORM_WIDE_TEXT:
		if (is_wide(event->data))
			narrow(event->data, ret, KW_EVENT_TEXT_SIZE);
		else
			describe_text(event->data, ret);
		return;
	case FORM_VARIABLE:
		describe_variable(event->data, ret);
		return;
	case FORM_WORD:
		describe_word(event->data, ret);
		return;
	case FORM_SIZE:
		break;
	}
	describe_size(event->data, ret);
}
