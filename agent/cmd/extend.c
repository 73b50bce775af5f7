/* SPDX-License-Identifier: Apache-2.0 */
/* `keyward extend FILE`: measure a file into a PCR, 23 unless another is named. */
#include "cmd/command.h"
#include "cmd/confine.h"
#include "cmd/output.h"
#include "cmd/words.h"
#include "evidence/pcr_extend.h"
#include "jose/digest.h"
#include "util/file.h"
#include "util/json.h"
#include "util/text.h"

#include <string.h>

enum { FILE_SIZE_MAX = 64 << 20 };

enum format { FORMAT_TEXT, FORMAT_JSON }; /* the words of --format */

struct args {
	const char *config, *file, *pcr;
	enum format format;
	bool boot_pcr, no_sandbox;
};
static const struct kw_flag flags[] = {
	{ KW_POSITIONAL, 0, "FILE", "", "what to measure: its SHA-256 is extended",
	  offsetof(struct args, file), NULL },
	KW_FLAG_CONFIG(struct args, config),
	{ KW_OPTIONAL, 0, "pcr", "N", "into which PCR of the SHA-256 bank",
	  offsetof(struct args, pcr), "23" },
	{ KW_SWITCH, 0, "allow-boot-pcr", "", "0 to 15 too: it ends attestation until reboot",
	  offsetof(struct args, boot_pcr), NULL },
	{ KW_CHOICE, 'o', "format", "text|json", "how to print it", offsetof(struct args, format),
	  "text" },
	KW_FLAG_NO_SANDBOX(struct args, no_sandbox),
	{ 0 },
};

static int choose_pcr(const struct args *args, unsigned *ret, struct kw_error *err)
{
	int64_t pcr = 0;

	if (kw_word_int("pcr", args->pcr, &pcr, err) < 0)
		return -1;
	if (pcr >= KW_TPM_PCRS)
		return kw_fail(err, KW_E_CFG_USAGE, "'--pcr %s': there are 0 to %d", args->pcr,
			       KW_TPM_PCRS - 1);
	if (pcr <= KW_BOOT_PCR_LAST && !args->boot_pcr)
		return kw_fail(err, KW_E_CFG_USAGE,
			       "PCR %s is one of the boot (0 to %d): extending it ends attestation "
			       "on this node until reboot; say --allow-boot-pcr if that is meant",
			       args->pcr, KW_BOOT_PCR_LAST);
	*ret = (unsigned)pcr;
	return 0;
}

static char *result_text(bool json, unsigned pcr, const uint8_t digest[KW_SHA256_SIZE],
			 const uint8_t value[KW_SHA256_SIZE])
{
	KW_CLEANUP(kw_json_freep) struct kw_json *object = kw_json_new_object();
	char extended[2 * KW_SHA256_SIZE + 1], now[2 * KW_SHA256_SIZE + 1];

	kw_hex_encode((struct kw_bytes){ digest, KW_SHA256_SIZE }, extended);
	kw_hex_encode((struct kw_bytes){ value, KW_SHA256_SIZE }, now);
	if (!json)
		return kw_format("PCR %u extended with %s\nnow %s", pcr, extended, now);
	kw_json_add_int(object, "pcr", pcr);
	kw_json_add_string(object, "digest", extended);
	kw_json_add_string(object, "value", now);
	return kw_json_print(object);
}

static int run(int argc, char **argv, struct kw_error *err)
{
	const struct kw_output output = { .is_text = true };
	KW_CLEANUP(kw_config_freep) struct kw_config *config = NULL;
	KW_CLEANUP(kw_blob_clear) struct kw_blob content = { 0 };
	KW_CLEANUP(freep) char *text = NULL;
	uint8_t digest[KW_SHA256_SIZE], value[KW_SHA256_SIZE];
	struct args args = { 0 };
	unsigned pcr = 0;

	if (kw_flags_parse(flags, argc, argv, &args, err) < 0 || choose_pcr(&args, &pcr, err) < 0
	    || kw_file_read(args.file, FILE_SIZE_MAX, KW_E_SYS_FILE, &content, err) < 0
	    || kw_command_prepare(KW_ONE_SHOT, args.config, &config, err) < 0
	    || kw_confine_command(config, NULL, args.no_sandbox, err) < 0)
		return -1;
	kw_digest(KW_SHA256, kw_blob_bytes(&content), digest);
	if (kw_pcr_extend(config, pcr, digest, value, err) < 0)
		return -1;
	text = result_text(args.format == FORMAT_JSON, pcr, digest, value);
	return kw_output_write(&output, kw_bytes_text(text), err);
}

const struct kw_command kw_cmd_extend = {
	.name = "extend",
	.summary = "measure a file into a PCR",
	.flags = flags,
	.run = run,
};
