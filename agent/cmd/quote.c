/* SPDX-License-Identifier: Apache-2.0 */
/* `keyward quote`: PCR values signed by the node's attestation key. */
#include "cmd/command.h"
#include "cmd/confine.h"
#include "cmd/output.h"
#include "cmd/words.h"
#include "evidence/pcr_file.h"
#include "evidence/raw_evidence.h"
#include "util/json.h"
#include "util/text.h"

#include <string.h>

enum { OUT_MODE = 0644 }; /* nothing here is secret */

enum format { FORMAT_JSON, FORMAT_TPM }; /* the words of --format, in their order */

struct args {
	const char *config, *pcrs, *nonce, *prefix;
	enum format format;
	bool no_sandbox;
};
static const struct kw_flag flags[] = {
	KW_FLAG_CONFIG(struct args, config),
	{ KW_OPTIONAL, 0, "pcrs", "LIST", "SHA-256 bank", offsetof(struct args, pcrs),
	  "0,1,2,3,4,5,6,7" },
	{ KW_OPTIONAL, 0, "nonce", "HEX", "what the quote must repeat",
	  offsetof(struct args, nonce), NULL },
	{ KW_CHOICE, 'o', "format", "json|tpm", "tpm: files PREFIX.msg .sig .ak.pem .pcrs.json",
	  offsetof(struct args, format), "json" },
	{ KW_OPTIONAL, 0, "out-prefix", "PREFIX", "where the files of -o tpm go",
	  offsetof(struct args, prefix), NULL },
	KW_FLAG_NO_SANDBOX(struct args, no_sandbox),
	{ 0 },
};

static void add_hex(struct kw_json *to, const char *name, const struct kw_blob *bytes)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob hex = kw_blob_new(2 * bytes->len);

	kw_hex_encode(kw_blob_bytes(bytes), (char *)hex.data);
	kw_json_add_string(to, name, (const char *)hex.data);
}

static int print_json(const struct kw_raw_evidence *quote, const char *ak, struct kw_error *err)
{
	const struct kw_output output = { .is_text = true };
	KW_CLEANUP(kw_json_freep) struct kw_json *json = kw_json_new_object();
	KW_CLEANUP(freep) char *text = NULL;

	add_hex(json, "message", &quote->quote);
	add_hex(json, "signature", &quote->quote_signature);
	kw_json_add_string(json, "ak", ak);
	kw_json_add(json, "pcrs", kw_pcr_file_json(&quote->pcrs, 1));
	text = kw_json_print(json);
	return kw_output_write(&output, kw_bytes_text(text), err);
}

static int write_file(const char *prefix, const char *suffix, struct kw_bytes content,
		      struct kw_error *err)
{
	KW_CLEANUP(freep) char *path = kw_format("%s%s", prefix, suffix);
	const struct kw_output output = { .file = path, .mode = OUT_MODE, .allow_disk = true };

	return kw_output_write(&output, content, err);
}

/* TPMT_SIGNATURE as the tools of tpm2-tools want it: RSASSA, SHA-256, size, bytes. */
static struct kw_blob tpmt_signature(struct kw_bytes rsa)
{
	const uint8_t head[] = {
		0x00, 0x14, 0x00, 0x0b, (uint8_t)(rsa.len >> 8), (uint8_t)rsa.len
	};
	struct kw_blob signature = kw_blob_copy(KW_BYTES(head));

	kw_blob_append(&signature, rsa);
	return signature;
}

static int write_files(const struct kw_raw_evidence *quote, const char *ak, const char *prefix,
		       struct kw_error *err)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *pcrs = kw_pcr_file_json(&quote->pcrs, 1);
	KW_CLEANUP(freep) char *pcrs_text = kw_json_print(pcrs);
	KW_CLEANUP(kw_blob_clear)
	struct kw_blob signature = tpmt_signature(kw_blob_bytes(&quote->quote_signature));

	if (write_file(prefix, ".msg", kw_blob_bytes(&quote->quote), err) < 0
	    || write_file(prefix, ".sig", kw_blob_bytes(&signature), err) < 0
	    || write_file(prefix, ".ak.pem", kw_bytes_text(ak), err) < 0)
		return -1;
	return write_file(prefix, ".pcrs.json", kw_bytes_text(pcrs_text), err);
}

static int public_pem(const struct kw_blob *tpm2b, char **ret, struct kw_error *err)
{
	KW_CLEANUP(kw_public_key_freep) struct kw_public_key *key = NULL;
	struct kw_tpm_public public;

	if (kw_tpm_public_parse(kw_blob_bytes(tpm2b), &public, err) < 0
	    || kw_tpm_public_key(&public, &key, err) < 0)
		return kw_wrap(err, "attestation key");
	*ret = kw_public_key_pem(key);
	return 0;
}

static int run(int argc, char **argv, struct kw_error *err)
{
	KW_CLEANUP(kw_config_freep) struct kw_config *config = NULL;
	KW_CLEANUP(kw_raw_evidence_clear) struct kw_raw_evidence quote = { 0 };
	KW_CLEANUP(kw_blob_clear) struct kw_blob nonce = { 0 };
	KW_CLEANUP(freep) char *ak = NULL;
	struct args args = { 0 };
	uint32_t pcrs = 0;

	if (kw_flags_parse(flags, argc, argv, &args, err) < 0
	    || kw_word_pcrs("pcrs", args.pcrs, &pcrs, err) < 0
	    || (args.nonce && kw_word_hex("nonce", args.nonce, &nonce, err) < 0))
		return -1;
	if ((args.format == FORMAT_TPM) != (args.prefix != NULL))
		return kw_fail(err, KW_E_CFG_USAGE, "'-o tpm' and '--out-prefix' go together");
	if (kw_command_prepare(KW_ONE_SHOT, args.config, &config, err) < 0
	    || kw_confine_command(config, args.prefix, args.no_sandbox, err) < 0
	    || kw_raw_quote(config, kw_blob_bytes(&nonce), pcrs, &quote, err) < 0
	    || public_pem(&quote.ak_public, &ak, err) < 0)
		return -1;
	return args.prefix ? write_files(&quote, ak, args.prefix, err)
			   : print_json(&quote, ak, err);
}

const struct kw_command kw_cmd_quote = {
	.name = "quote",
	.summary = "a TPM quote over chosen PCRs and nonce",
	.flags = flags,
	.run = run,
};
