/* SPDX-License-Identifier: Apache-2.0 */
/* `keyward keyprovider`: the command that ocicrypt calls for each layer of an encrypted image. */
#include "service/keyprovider.h"
#include "cmd/command.h"
#include "cmd/confine.h"
#include "cmd/input.h"
#include "cmd/output.h"

struct args {
	const char *config, *info;
	bool no_sandbox;
};
static const struct kw_flag flags[] = {
	KW_FLAG_CONFIG(struct args, config),
	{ KW_OPTIONAL, 0, "info", "DIR", "to wrap: where KEY-info.json lie",
	  offsetof(struct args, info), "." },
	KW_FLAG_NO_SANDBOX(struct args, no_sandbox),
	{ 0 },
};

/* Wrapping is done where images are built: without a configuration. */
static int serve(const struct args *args, const struct kw_layer_request *request,
		 struct kw_secret *ret, struct kw_error *err)
{
	KW_CLEANUP(kw_config_freep) struct kw_config *config = NULL;
	KW_CLEANUP(kw_service_freep) struct kw_service *service = NULL;

	if (request->wrap)
		return kw_layer_wrap(request, args->info, ret, err);
	if (kw_command_prepare(KW_ONE_SHOT, args->config, &config, err) < 0
	    || kw_confine_command(config, NULL, args->no_sandbox, err) < 0
	    || kw_command_open_service(config, &service, err) < 0)
		return -1;
	return kw_layer_unwrap(service, config, request, ret, err);
}

/* Read past the arena, which is sized by a configuration that is not known yet. */
static int read_request(struct kw_layer_request *ret, struct kw_error *err)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob text = kw_blob_new(KW_LAYER_REQUEST_MAX + 1);
	size_t len = fread(text.data, 1, text.len, stdin);
	int result;

	if (len > KW_LAYER_REQUEST_MAX)
		return kw_fail(err, KW_E_SYS_DATA, "the request is more than %d bytes",
			       KW_LAYER_REQUEST_MAX);
	result = kw_layer_request_read((struct kw_bytes){ text.data, len }, ret, err);
	kw_wipe(text.data, text.len);
	return result;
}

static int run(int argc, char **argv, struct kw_error *err)
{
	KW_CLEANUP(kw_layer_request_clear) struct kw_layer_request request = { 0 };
	KW_CLEANUP(kw_secret_clear) struct kw_secret answer = { 0 };
	const struct kw_output output = { .is_text = true };
	struct args args = { 0 };

	if (kw_flags_parse(flags, argc, argv, &args, err) < 0 || read_request(&request, err) < 0
	    || serve(&args, &request, &answer, err) < 0)
		return -1;
	return kw_output_write(&output, kw_secret_bytes(&answer), err);
}

const struct kw_command kw_cmd_keyprovider = {
	.name = "keyprovider",
	.summary = "wrap and unwrap keys of image layers, for ocicrypt",
	.about = "The command form of ocicrypt's key provider protocol: one request as JSON on "
		 "standard input, one answer on standard output. Name it in the file of "
		 "OCICRYPT_KEYPROVIDER_CONFIG: {\"key-providers\": {\"keyward\": {\"cmd\": "
		 "{\"path\": \"/usr/bin/keyward\", \"args\": [\"keyprovider\"]}}}}.\n\n"
		 "To wrap, the parameter keyward:KEY (or skr:KEY) names DIR/KEY-info.json, whose "
		 "public_key_path is the public half of an RSA key of 3072 bits or more in PEM; "
		 "its kms_endpoint and attester_endpoint go into the packet. To unwrap, the key "
		 "is released as `release` does it.",
	.flags = flags,
	.run = run,
};
