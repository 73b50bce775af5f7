/* SPDX-License-Identifier: Apache-2.0 */
#include "rows.h"

#include "evidence/event_log.h"
#include "evidence/guest.h"

enum { SHA256_BANK = 1, HEADER_SIZE = 32 + 16 + 12 + 4 + 1 };

static const uint16_t sha256_alone[][2] = { { 0x000b, 32 } };

static struct kw_blob small_log(void)
{
	struct kw_blob log = { 0 };

	put_log_header(&log, sha256_alone, 1);
	put_log_event(&log, 7, 0x80000001u, "variables", 9);
	put_log_event(&log, 4, 4, "boot loader", 11);
	put_log_event(&log, 4, 4, "kernel", 6);
	return log;
}

/* Bytes of the small log that are replaced before it is parsed; the first event is at 65. */
static const struct row {
	const char *name;
	size_t at;
	const char *hex;
	const char *says; /* NULL: it parses */
} rows[] = {
	{ "given a small log, it parses", 0, "", NULL },
	{ "given a header for PCR 1, it is refused", 0, "01", "not crypto agile" },
	{ "given a header of another type, it is refused", 4, "04", "not crypto agile" },
	{ "given an old SHA-1 log, it is refused", 32, "00", "not crypto agile" },
	{ "given a header longer than the log, it is refused", 28, "ffffff7f",
	  "header event is cut" },
	{ "given a header one byte longer than it says, it is refused", 28, "20000000",
	  "not well formed" },
	{ "given no algorithm, it is refused", 56, "00000000", "not well formed" },
	{ "given 2^32-1 algorithms, it is refused", 56, "ffffffff", "not well formed" },
	{ "given SHA-256 of 20 bytes, it is refused", 62, "1400", "not well formed" },
	{ "given a digest of 0 bytes, it is refused", 62, "0000", "not well formed" },
	{ "given an unknown digest of 64 bytes, no event fits it", 60, "3412 4000",
	  "not those of the header" },
	{ "given an unknown digest of 65 bytes, it is refused", 60, "3412 4100",
	  "not well formed" },
	{ "given vendor information that is not there, it is refused", 64, "01",
	  "not well formed" },
	{ "given an event for PCR 23, it parses", 65, "17000000", NULL },
	{ "given an event for PCR 24, it is refused", 65, "18000000", "no PCR of a TPM" },
	{ "given no digest, it is refused", 73, "00000000", "not those of the header" },
	{ "given 255 digests, it is refused", 73, "ff000000", "not those of the header" },
	{ "given a digest not announced, it is refused", 77, "0c00", "not those of the header" },
	{ "given event data past the end, it is refused", 111, "ffffff7f", "data is cut" },
	{ "given event data of 2^32-1 bytes, it is refused", 111, "ffffffff", "data is cut" },
};

static void parses_as_expected(void **state)
{
	const struct row *row = *state;
	KW_CLEANUP(kw_blob_clear) struct kw_blob log = small_log(), bytes = { 0 };
	struct kw_event_log parsed = { 0 };
	struct kw_error err = { 0 };
	int r;

	put_hex(&bytes, row->hex);
	if (bytes.len)
		memcpy(log.data + row->at, bytes.data, bytes.len);
	r = kw_event_log_parse(kw_blob_bytes(&log), &parsed, &err);
	assert_int_equal(r, row->says ? -1 : 0);
	assert_ptr_equal(err.def, kw_error_def(row->says ? KW_E_TPM_LOG_FORM : KW_OK));
	assert_non_null(strstr(err.detail, row->says ? row->says : ""));
	assert_int_equal(parsed.n_algorithms, row->says ? 0 : 1); /* untouched on failure */
}

static void extend(uint8_t value[GUEST_SHA256_SIZE], const char *data)
{
	uint8_t joined[2 * GUEST_SHA256_SIZE];

	memcpy(joined, value, GUEST_SHA256_SIZE);
	SHA256((const uint8_t *)data, strlen(data), joined + GUEST_SHA256_SIZE);
	SHA256(joined, sizeof(joined), value);
}

static struct kw_event_log parse(struct kw_bytes in)
{
	struct kw_event_log log = { 0 };
	struct kw_error err = { 0 };

	if (kw_event_log_parse(in, &log, &err) < 0)
		fail_msg("%s", err.detail);
	return log;
}

static void a_log_is_replayed(void **state)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob log = small_log();
	struct kw_event_log parsed = parse(kw_blob_bytes(&log));
	uint8_t pcr4[GUEST_SHA256_SIZE] = { 0 }, pcr7[GUEST_SHA256_SIZE] = { 0 };

	(void)state;
	extend(pcr7, "variables");
	extend(pcr4, "boot loader");
	extend(pcr4, "kernel");
	assert_int_equal(parsed.n_events, 3);
	assert_int_equal(parsed.trailing, 0);
	assert_int_equal(parsed.startup_locality, -1);
	assert_int_equal(parsed.secure_boot, -1);
	assert_int_equal(parsed.n_types, 2);
	assert_int_equal(parsed.pcrs[SHA256_BANK].present, 1 << 4 | 1 << 7);
	assert_memory_equal(parsed.pcrs[SHA256_BANK].value[4], pcr4, sizeof(pcr4));
	assert_memory_equal(parsed.pcrs[SHA256_BANK].value[7], pcr7, sizeof(pcr7));
	assert_int_equal(parsed.pcrs[0].hash, 0); /* no SHA-1 in this log */
}

static void cuts_parse_only_between_events(void **state)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob log = small_log();
	const size_t event = 4 + 4 + 4 + 2 + 32 + 4;
	const size_t ends[] = { HEADER_SIZE, HEADER_SIZE + event + 9,
				HEADER_SIZE + 2 * event + 9 + 11 };

	(void)state;
	for (size_t len = 0; len < log.len; len++) {
		bool between = len == ends[0] || len == ends[1] || len == ends[2];
		struct kw_event_log parsed;
		struct kw_error err = { 0 };

		assert_int_equal(
			kw_event_log_parse((struct kw_bytes){ log.data, len }, &parsed, &err),
			between ? 0 : -1);
	}
}

static void filler_is_counted_and_nothing_else_may_follow(void **state)
{
	static const uint8_t fill[] = { 0x00, 0xff };

	(void)state;
	for (size_t i = 0; i < sizeof(fill); i++) {
		KW_CLEANUP(kw_blob_clear) struct kw_blob log = small_log();
		struct kw_event_log parsed;
		struct kw_error err = { 0 };

		for (size_t n = 0; n < 100; n++)
			put_u8(&log, fill[i]);
		assert_int_equal(parse(kw_blob_bytes(&log)).trailing, 100);
		put_u8(&log, 7);
		assert_int_equal(kw_event_log_parse(kw_blob_bytes(&log), &parsed, &err), -1);
	}
}

static void a_log_has_a_largest_size(void **state)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob log = small_log();
	KW_CLEANUP(kw_blob_clear) struct kw_blob full = kw_blob_new(KW_EVENT_LOG_SIZE_MAX + 1);
	struct kw_event_log parsed;
	struct kw_error err = { 0 };

	(void)state;
	memcpy(full.data, log.data, log.len);
	assert_int_equal(
		kw_event_log_parse((struct kw_bytes){ full.data, full.len - 1 }, &parsed, &err), 0);
	assert_int_equal(kw_event_log_parse(kw_blob_bytes(&full), &parsed, &err), -1);
	assert_non_null(strstr(err.detail, "at most 1048576"));
}

static void a_header_has_a_most_of_algorithms(void **state)
{
	uint16_t many[KW_EVENT_BANKS_MAX + 1][2];

	(void)state;
	for (size_t i = 0; i <= KW_EVENT_BANKS_MAX; i++) {
		many[i][0] = (uint16_t)(0x1000 + i);
		many[i][1] = 64;
	}
	for (uint32_t n = KW_EVENT_BANKS_MAX; n <= KW_EVENT_BANKS_MAX + 1; n++) {
		KW_CLEANUP(kw_blob_clear) struct kw_blob log = { 0 };
		struct kw_event_log parsed;
		struct kw_error err = { 0 };

		put_log_header(&log, (const uint16_t(*)[2])many, n);
		assert_int_equal(kw_event_log_parse(kw_blob_bytes(&log), &parsed, &err),
				 n == KW_EVENT_BANKS_MAX ? 0 : -1);
	}
}

static void an_algorithm_is_announced_once(void **state)
{
	static const uint16_t twice[][2] = { { 0x000b, 32 }, { 0x000b, 32 } };
	KW_CLEANUP(kw_blob_clear) struct kw_blob log = { 0 };
	struct kw_event_log parsed;
	struct kw_error err = { 0 };

	(void)state;
	put_log_header(&log, twice, 2);
	assert_int_equal(kw_event_log_parse(kw_blob_bytes(&log), &parsed, &err), -1);
}

static void a_log_has_a_most_of_event_types(void **state)
{
	for (uint32_t n = KW_EVENT_TYPES_MAX; n <= KW_EVENT_TYPES_MAX + 1; n++) {
		KW_CLEANUP(kw_blob_clear) struct kw_blob log = { 0 };
		struct kw_event_log parsed;
		struct kw_error err = { 0 };

		(void)state;
		put_log_header(&log, sha256_alone, 1);
		for (uint32_t i = 0; i < n; i++)
			put_log_event(&log, 1, 0x1000 + i, "x", 1);
		assert_int_equal(kw_event_log_parse(kw_blob_bytes(&log), &parsed, &err),
				 n == KW_EVENT_TYPES_MAX ? 0 : -1);
	}
}

static void two_banks_are_replayed_side_by_side(void **state)
{
	static const uint16_t both[][2] = { { 0x0004, 20 }, { 0x000b, 32 } };
	uint8_t joined[2 * SHA_DIGEST_LENGTH] = { 0 }, expected[SHA_DIGEST_LENGTH];
	KW_CLEANUP(kw_blob_clear) struct kw_blob log = { 0 };
	struct kw_event_log parsed;

	(void)state;
	memset(joined + SHA_DIGEST_LENGTH, 0x22, SHA_DIGEST_LENGTH);
	SHA1(joined, sizeof(joined), expected);
	put_log_header(&log, both, 2);
	put_hex(&log, "01000000 04000000 02000000 0b00");
	for (int i = 0; i < 32; i++)
		put_u8(&log, 0x11);
	put_hex(&log, "0400"); /* the header's order is not the event's */
	put(&log, joined + SHA_DIGEST_LENGTH, SHA_DIGEST_LENGTH);
	put_hex(&log, "00000000");
	parsed = parse(kw_blob_bytes(&log));
	assert_memory_equal(parsed.pcrs[0].value[1], expected, sizeof(expected));
	assert_int_equal(parsed.pcrs[SHA256_BANK].present, 1 << 1);
}

static void put_locality(struct kw_blob *log, uint8_t locality)
{
	char data[17] = "StartupLocality";

	data[16] = (char)locality;
	put_log_event(log, 0, 3, data, sizeof(data));
}

static void pcr_0_starts_with_the_startup_locality(void **state)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob log = { 0 };
	uint8_t pcr0[GUEST_SHA256_SIZE] = { [GUEST_SHA256_SIZE - 1] = 3 };
	struct kw_event_log parsed;
	struct kw_error err = { 0 };

	(void)state;
	put_log_header(&log, sha256_alone, 1);
	put_locality(&log, 3);
	put_log_event(&log, 0, 8, "firmware", 8);
	extend(pcr0, "firmware");
	parsed = parse(kw_blob_bytes(&log));
	assert_int_equal(parsed.startup_locality, 3);
	assert_int_equal(parsed.n_events, 2);
	assert_memory_equal(parsed.pcrs[SHA256_BANK].value[0], pcr0, sizeof(pcr0));
	put_locality(&log, 0);
	assert_int_equal(kw_event_log_parse(kw_blob_bytes(&log), &parsed, &err), -1);
	assert_non_null(strstr(err.detail, "too late or twice"));
}

static void a_locality_behind_a_measurement_is_refused(void **state)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob log = { 0 };
	struct kw_event_log parsed;
	struct kw_error err = { 0 };

	(void)state;
	put_log_header(&log, sha256_alone, 1);
	put_log_event(&log, 0, 8, "firmware", 8);
	put_locality(&log, 4);
	assert_int_equal(kw_event_log_parse(kw_blob_bytes(&log), &parsed, &err), -1);
}

#define GLOBAL_VARIABLE "61dfe48bca93d211aa0d00e098032b8c"
#define SECURE_BOOT "53006500630075007200650042006f006f00" /* "SecureBoo", UTF-16 */
static const struct secure_boot_row {
	const char *name, *data;
	uint32_t pcr;
	bool foreign_digest;
	int expect;
	unsigned differs;
} secure_boot_rows[] = {
	{ "given SecureBoot 1, it is on",
	  GLOBAL_VARIABLE "0a00000000000000 0100000000000000" SECURE_BOOT "7400 01", 7, false, 1,
	  0 },
	{ "given SecureBoot 0, it is off",
	  GLOBAL_VARIABLE "0a00000000000000 0100000000000000" SECURE_BOOT "7400 00", 7, false, 0,
	  0 },
	{ "given SecureBoot without a value, it is off",
	  GLOBAL_VARIABLE "0a00000000000000 0000000000000000" SECURE_BOOT "7400", 7, false, 0, 0 },
	{ "given another name, nothing is said",
	  GLOBAL_VARIABLE "0a00000000000000 0100000000000000" SECURE_BOOT "7500 01", 7, false, -1,
	  0 },
	{ "given another vendor, nothing is said",
	  "61dfe48bca93d211aa0d00e098032b8d 0a00000000000000 0100000000000000" SECURE_BOOT
	  "7400 01",
	  7, false, -1, 0 },
	{ "given another PCR, nothing is said",
	  GLOBAL_VARIABLE "0a00000000000000 0100000000000000" SECURE_BOOT "7400 01", 1, false, -1,
	  0 },
	{ "given data that was not measured, nothing is said",
	  GLOBAL_VARIABLE "0a00000000000000 0100000000000000" SECURE_BOOT "7400 01", 7, true, -1,
	  1 },
	{ "given a value past the end, nothing is said",
	  GLOBAL_VARIABLE "0a00000000000000 ffffffffffffffff" SECURE_BOOT "7400 01", 7, false, -1,
	  0 },
	{ "given a name past the end, nothing is said",
	  GLOBAL_VARIABLE "0000000000000080 0100000000000000" SECURE_BOOT "7400 01", 7, false, -1,
	  0 },
};

static void secure_boot_reads_as_expected(void **state)
{
	const struct secure_boot_row *row = *state;
	KW_CLEANUP(kw_blob_clear) struct kw_blob log = { 0 }, data = { 0 };
	struct kw_event_log parsed;

	put_hex(&data, row->data);
	put_log_header(&log, sha256_alone, 1);
	put_log_event(&log, row->pcr, 0x80000001u, data.data, data.len);
	if (row->foreign_digest)
		log.data[HEADER_SIZE + 14] ^= 1;
	parsed = parse(kw_blob_bytes(&log));
	assert_int_equal(parsed.secure_boot, row->expect);
	assert_int_equal(parsed.variable_digest_differs, row->differs);
}

static const struct replay_row {
	const char *name;
	uint32_t pcrs, flip, missing;
	enum kw_verdict expect;
	const char *found;
} replay_rows[] = {
	{ "given the values, they match", 0xff, 0, 0, KW_VERDICT_OK,
	  "replays to PCR 0, 1, 2, 3, 4, 5, 6, 7" },
	{ "given a changed PCR 4, it is named", 0xff, 1 << 4, 0, KW_VERDICT_FAILED,
	  "PCR 4 differs from the log: someone extended it" },
	{ "given an extended PCR that is not in the log, it is named", 0xff, 1 << 2, 0,
	  KW_VERDICT_FAILED, "PCR 2 differs from the log: someone extended it" },
	{ "given several, all are named", 0xff, 1 << 0 | 1 << 7, 0, KW_VERDICT_FAILED,
	  "PCR 0, 7 differs from the log: someone extended it" },
	{ "given none that follows the log, it is another boot's", 0xff, 0xff, 0, KW_VERDICT_FAILED,
	  "PCR 0, 1, 2, 3, 4, 5, 6, 7 differs from the log" },
	{ "given a change elsewhere, it is not looked at", 1 << 4, 1 << 7, 0, KW_VERDICT_OK,
	  "replays to PCR 4" },
	{ "given a missing value, it is not possible", 0xff, 0, 1 << 3, KW_VERDICT_NOT_POSSIBLE,
	  "a PCR value is not there" },
	{ "given no PCR to compare, it is not possible", 0, 0, 0, KW_VERDICT_NOT_POSSIBLE,
	  "a PCR value is not there" },
};

static void replays_as_expected(void **state)
{
	const struct replay_row *row = *state;
	KW_CLEANUP(kw_blob_clear) struct kw_blob log = small_log();
	struct kw_event_log parsed = parse(kw_blob_bytes(&log));
	struct kw_pcr_values values = parsed.pcrs[SHA256_BANK];
	struct kw_checks checks = { 0 };

	values.present = 0xff & ~row->missing;
	for (unsigned i = 0; i < 8; i++)
		values.value[i][31] ^= (uint8_t)(row->flip >> i & 1);
	kw_event_log_judge(&parsed, &values, row->pcrs, &checks);
	assert_int_equal(checks.n_rows, 1);
	assert_string_equal(checks.rows[0].check, "event log");
	assert_int_equal(checks.rows[0].verdict, row->expect);
	assert_string_equal(checks.rows[0].found, row->found);
}

static void a_log_without_sha256_proves_nothing(void **state)
{
	static const uint16_t sha1[][2] = { { 0x0004, 20 } };
	const struct kw_pcr_values values = { .hash = 0x000b, .present = 0xff };
	KW_CLEANUP(kw_blob_clear) struct kw_blob log = { 0 };
	struct kw_event_log parsed;
	struct kw_checks checks = { 0 };
	struct kw_error err = { 0 };

	(void)state;
	put_log_header(&log, sha1, 1);
	parsed = parse(kw_blob_bytes(&log));
	kw_event_log_judge(&parsed, &values, 0xff, &checks);
	assert_int_equal(kw_checks_result(&checks, 0, &err), -1);
	assert_true(kw_error_is(&err, KW_E_TPM_LOG_REPLAY));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_log_is_replayed),
		cmocka_unit_test(cuts_parse_only_between_events),
		cmocka_unit_test(filler_is_counted_and_nothing_else_may_follow),
		cmocka_unit_test(a_log_has_a_largest_size),
		cmocka_unit_test(a_header_has_a_most_of_algorithms),
		cmocka_unit_test(an_algorithm_is_announced_once),
		cmocka_unit_test(a_log_has_a_most_of_event_types),
		cmocka_unit_test(two_banks_are_replayed_side_by_side),
		cmocka_unit_test(pcr_0_starts_with_the_startup_locality),
		cmocka_unit_test(a_locality_behind_a_measurement_is_refused),
		cmocka_unit_test(a_log_without_sha256_proves_nothing),
	};

	return KW_ROWS_RUN(rows, parses_as_expected)
	       + KW_ROWS_RUN(secure_boot_rows, secure_boot_reads_as_expected)
	       + KW_ROWS_RUN(replay_rows, replays_as_expected)
	       + cmocka_run_group_tests_name("event log", tests, NULL, NULL);
}
