/* SPDX-License-Identifier: Apache-2.0 */
/* Events in words. */
#include "rows.h"

#include "evidence/event_text.h"

#define SECURE_BOOT_HEAD                   \
	"61dfe48bca93d211aa0d00e098032b8c" \
	"0a000000000000000100000000000000" \
	"53006500630075007200650042006f006f007400"

static const struct row {
	const char *name;
	uint32_t type;
	const char *data; /* hex */
	const char *kind, *says;
} rows[] = {
	{ "given a separator, its word", 4, "00000000", "EV_SEPARATOR", "00000000" },
	{ "given a separator of text, the text", 4, "57424d", "EV_SEPARATOR", "WBM" },
	{ "given a variable of one byte, its value", 0x80000001, SECURE_BOOT_HEAD "01",
	  "EV_EFI_VARIABLE_DRIVER_CONFIG", "SecureBoot = 1" },
	{ "given a variable whose value is cut, its size", 0x80000001, SECURE_BOOT_HEAD,
	  "EV_EFI_VARIABLE_DRIVER_CONFIG", "52 bytes" },
	{ "given a variable with a name beyond its data, its size", 0x80000001,
	  "61dfe48bca93d211aa0d00e098032b8cffffffffffffffff01000000000000005300",
	  "EV_EFI_VARIABLE_DRIVER_CONFIG", "34 bytes" },
	{ "given a version in wide text, the text", 8, "4700430045000000", "EV_S_CRTM_VERSION",
	  "GCE" },
	{ "given a version in narrow text, the text", 8, "763100", "EV_S_CRTM_VERSION", "v1" },
	{ "given a command, the command", 13, "6c696e757800", "EV_IPL", "linux" },
	{ "given control bytes, the size", 13, "6c1b5b", "EV_IPL", "3 bytes" },
	{ "given code, the size", 0x80000003, "0102", "EV_EFI_BOOT_SERVICES_APPLICATION",
	  "2 bytes" },
	{ "given an unknown type, its number and size", 0x12345678, "01", "0x12345678", "1 bytes" },
	{ "given nothing, no bytes", 6, "", "EV_EVENT_TAG", "0 bytes" },
};

static void reads_as_expected(void **state)
{
	const struct row *row = *state;
	uint8_t data[128];
	size_t len = strlen(row->data) / 2;
	char type[16], says[KW_EVENT_TEXT_SIZE];

	assert_true(kw_hex_decode(row->data, data, len));
	const struct kw_event event = { .type = row->type, .data = { data, len } };

	assert_string_equal(kw_event_type_text(row->type, type), row->kind);
	kw_event_describe(&event, says);
	assert_string_equal(says, row->says);
}

KW_TEST_ROWS(rows, reads_as_expected)
