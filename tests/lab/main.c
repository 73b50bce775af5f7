/* SPDX-License-Identifier: Apache-2.0 */
/* keyward-lab: the table of commands. See docs/lab.md. */
#include "control.h"
#include "flags.h"
#include "key_command.h"
#include "up.h"
#include "util/cleanup.h"
#include "util/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_NO_LOG = 66 };

#define ANY_PORT "127.0.0.1:0"

static const char *dir;

static struct {
	const char *host, *imds, *maa, *vault, *mhsm, *entra, *kds, *tpm, *product, *hcl, *firmware,
		*secure_boot, *mask_chip, *vlek, *identities, *imds_limit, *kds_limit, *token_life,
		*time_offset;
} up = {
	.host = "localhost",
	.imds = ANY_PORT,
	.maa = ANY_PORT,
	.vault = ANY_PORT,
	.mhsm = ANY_PORT,
	.entra = ANY_PORT,
	.kds = ANY_PORT,
	.tpm = ANY_PORT,
	.product = "milan",
	.hcl = "2048",
	.firmware = "new",
	.secure_boot = "on",
	.mask_chip = "off",
	.vlek = "off",
	.identities = "both",
	.imds_limit = "off",
	.kds_limit = "off",
	.token_life = "28800",
	.time_offset = "0",
};

static struct lab_key_words key;

#define DIR_FLAG                                             \
	{                                                    \
		"dir", "D", "the directory of the lab", &dir \
	}

static const struct lab_flag up_flags[] = {
	DIR_FLAG,
	{ "host", "NAME", "the name in URLs and certificates (localhost)", &up.host },
	{ "imds", "A:P", "where to listen (127.0.0.1:0, any port); likewise:", &up.imds },
	{ "maa", "A:P", "", &up.maa },
	{ "vault", "A:P", "", &up.vault },
	{ "mhsm", "A:P", "", &up.mhsm },
	{ "entra", "A:P", "", &up.entra },
	{ "kds", "A:P", "", &up.kds },
	{ "tpm", "A:P", "commands at P, control channel at P+1", &up.tpm },
	{ "product", "WORD", "milan, genoa or turin (milan)", &up.product },
	{ "hcl", "BYTES", "size of the HCL report: 2048, 2600 or 2900 (2048)", &up.hcl },
	{ "firmware", "new|old", "old: knows no user data (new)", &up.firmware },
	{ "secure-boot", "on|off", "(on)", &up.secure_boot },
	{ "mask-chip", "on|off", "the report hides the chip id (off)", &up.mask_chip },
	{ "vlek", "on|off", "reports are signed with a VLEK (off)", &up.vlek },
	{ "identities", "WORD", "managed ones: system, user, both or many (both)", &up.identities },
	{ "imds-limit", "N/S|off", "N requests in S seconds, then 429 (off)", &up.imds_limit },
	{ "kds-limit", "N/S|off", "likewise for KDS", &up.kds_limit },
	{ "token-life", "SECONDS", "of attestation tokens (28800)", &up.token_life },
	{ "time-offset", "SECONDS", "the platform's clock against this machine's (0)",
	  &up.time_offset },
	{ 0 },
};
static const struct lab_flag key_flags[] = {
	DIR_FLAG,
	{ "kty", "RSA|EC|oct", "type of the key", &key.kty },
	{ "size", "BITS", "RSA: 2048, 3072, 4096; oct: 128, 192, 256", &key.size },
	{ "curve", "NAME", "P-256, P-384, P-521 or P-256K", &key.curve },
	{ "policy", "FILE", "release policy; default: any machine of this lab", &key.policy_file },
	{ "import", "FILE", "PKCS#8 (PEM, DER), or raw bytes for oct", &key.import_file },
	{ "store", "vault|mhsm", "where it is made (vault)", &key.store },
	{ 0 },
};
static const struct lab_flag dir_flags[] = { DIR_FLAG, { 0 } };

static const char *const off_on[] = { "off", "on", NULL };

static void take_address(const char *text, char ret[64])
{
	if (snprintf(ret, 64, "%s", text) >= 64)
		lab_usage("'%s' is not ADDRESS:PORT", text);
}

static struct lab_rate take_rate(const char *name, const char *text)
{
	struct lab_rate rate = { 0 };
	char *end = NULL;

	if (strcmp(text, "off") == 0)
		return rate;
	rate.n = strtol(text, &end, 10);
	if (*end == '/')
		rate.window_s = strtol(end + 1, &end, 10);
	if (*end != '\0' || rate.n < 1 || rate.window_s < 1)
		lab_usage("--%s: '%s' is not REQUESTS/SECONDS", name, text);
	return rate;
}

static struct lab_options up_options(void)
{
	static const char *const assigned[] = { "system", "user", "both", "many", NULL };
	static const char *const products[] = { "milan", "genoa", "turin", NULL };
	static const char *const sizes[] = { "2048", "2600", "2900", NULL };
	static const char *const firmwares[] = { "new", "old", NULL };
	struct lab_options o = { 0 };

	if (snprintf(o.dir, sizeof(o.dir), "%s", dir) >= (int)sizeof(o.dir)
	    || snprintf(o.host, sizeof(o.host), "%s", up.host) >= (int)sizeof(o.host))
		lab_usage("--dir or --host is too long");
	take_address(up.imds, o.imds);
	take_address(up.maa, o.maa);
	take_address(up.vault, o.vault);
	take_address(up.mhsm, o.mhsm);
	take_address(up.entra, o.entra);
	take_address(up.kds, o.kds);
	take_address(up.tpm, o.tpm);
	o.product = lab_flag_choice("product", up.product, products);
	lab_flag_choice("hcl", up.hcl, sizes);
	o.hcl_size = (unsigned)lab_flag_number("hcl", up.hcl);
	o.old_firmware = lab_flag_choice("firmware", up.firmware, firmwares) == 1;
	o.secure_boot = lab_flag_choice("secure-boot", up.secure_boot, off_on) == 1;
	o.mask_chip = lab_flag_choice("mask-chip", up.mask_chip, off_on) == 1;
	o.vlek = lab_flag_choice("vlek", up.vlek, off_on) == 1;
	o.identities = lab_flag_choice("identities", up.identities, assigned);
	o.imds_limit = take_rate("imds-limit", up.imds_limit);
	o.kds_limit = take_rate("kds-limit", up.kds_limit);
	o.token_life_s = lab_flag_number("token-life", up.token_life);
	o.time_offset_s = lab_flag_number("time-offset", up.time_offset);
	return o;
}

static void want_dir(void)
{
	if (dir == NULL)
		lab_usage("--dir is missing");
}

static void want_no_words(const char *command, const char *const *words, size_t n_words)
{
	want_dir();
	if (n_words > 0)
		lab_usage("'%s' takes no words, got '%s'", command, words[0]);
}

static int run_up(const char *const *words, size_t n_words)
{
	struct lab_options options;

	want_no_words("up", words, n_words);
	options = up_options();
	return lab_up(&options);
}

static int run_key(const char *const *words, size_t n_words)
{
	want_dir();
	if (n_words != 1 || key.kty == NULL)
		lab_usage("key wants --kty and one NAME");
	key.name = words[0];
	return lab_control_ask(dir, lab_key_request(&key));
}

/* A command that is only words, for the lab that is up. */
static int run_words(const char *command, const char *const *words, size_t n_words)
{
	struct kw_json *request, *list;

	want_dir();
	request = kw_json_new_object();
	kw_json_add_string(request, "command", command);
	list = kw_json_add_array(request, "words");
	for (size_t i = 0; i < n_words; i++)
		kw_json_add_string(list, NULL, words[i]);
	return lab_control_ask(dir, request);
}

static int run_fault(const char *const *words, size_t n_words)
{
	return run_words("fault", words, n_words);
}

static int run_permit(const char *const *words, size_t n_words)
{
	return run_words("permit", words, n_words);
}

static int run_deny(const char *const *words, size_t n_words)
{
	return run_words("deny", words, n_words);
}

static int run_log(const char *const *words, size_t n_words)
{
	char piece[4096];
	size_t n;

	want_no_words("log", words, n_words);
	KW_CLEANUP(freep) char *path = kw_format("%s/log", dir);
	FILE *file = fopen(path, "re");
	if (file == NULL) {
		fprintf(stderr, "keyward-lab: %s: %m\n", path);
		return EXIT_NO_LOG;
	}
	while ((n = fread(piece, 1, sizeof(piece), file)) > 0)
		fwrite(piece, 1, n, stdout);
	fclose(file);
	return 0;
}

static const struct lab_command commands[] = {
	{ "up", "", "Run the lab until SIGTERM or SIGINT; ready when it prints its JSON line.",
	  up_flags, run_up },
	{ "key", "NAME --kty RSA|EC|oct", "Make a key, or a new version, in the lab's vault.",
	  key_flags, run_key },
	{ "fault", "[SERVICE KIND [times=N] [name=value...] | [SERVICE] clear | list]",
	  "Bend the answers of a service, or straighten them; docs/lab.md lists the kinds.",
	  dir_flags, run_fault },
	{ "permit", "IDENTITY get|manage|release|all...",
	  "Let system, app or reader do so at the vault and the Managed HSM.", dir_flags,
	  run_permit },
	{ "deny", "IDENTITY get|manage|release|all...", "The opposite of permit.", dir_flags,
	  run_deny },
	{ "log", "", "Print one line for each request that the lab has seen.", dir_flags, run_log },
};
enum { N_COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static int help(void)
{
	puts("usage: keyward-lab COMMAND --dir D ...\nThe Azure platform in one process, to try "
	     "keyward against.\n");
	for (size_t i = 0; i < N_COMMANDS; i++)
		printf("  %-6s %s\n", commands[i].name, commands[i].about);
	puts("\n`keyward-lab COMMAND --help` lists what a command takes.");
	return 0;
}

int main(int argc, char **argv)
{
	const char *names[N_COMMANDS + 1] = { NULL };
	const char *near;

	if (argc < 2)
		lab_usage("name a command");
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0
	    || strcmp(argv[1], "help") == 0)
		return help();
	for (size_t i = 0; i < N_COMMANDS; i++) {
		names[i] = commands[i].name;
		if (strcmp(commands[i].name, argv[1]) == 0)
			return lab_command_run(&commands[i], argv + 2);
	}
	near = kw_text_nearest(argv[1], names);
	if (near != NULL)
		lab_usage("unknown command '%s'; did you mean '%s'?", argv[1], near);
	lab_usage("unknown command '%s'", argv[1]);
}
