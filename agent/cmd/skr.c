/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/skr.h"

#include "cmd/command.h"
#include "cmd/confine.h"
#include "cmd/termination.h"
#include "server/serve.h"
#include "util/base64.h"
#include "util/json.h"
#include "util/log.h"
#include "util/text.h"

#include <string.h>
#include <strings.h>
#include <unistd.h>

#define SCRIPT "skr.sh"
#define PROGRAM "skr"
#define NO_FILE "apiVersion: keyward/v1\n"

enum setting { BASE64, PORT, LOG_FILE, LOG_LEVEL, SERVER_TYPE, N_SETTINGS };

static const struct {
	const char *variable, *flag;
	int place; /* of the script's arguments; 0: none */
} settings[N_SETTINGS] = {
	[BASE64] = { "SkrSideCarArgs", "base64", 1 },
	[PORT] = { "Port", "port", 2 },
	[LOG_FILE] = { "LogFile", "logfile", 0 },
	[LOG_LEVEL] = { "LogLevel", "loglevel", 0 },
	[SERVER_TYPE] = { "ServerType", "server_type", 0 },
};

struct values {
	const char *text[N_SETTINGS]; /* NULL: not given */
};

static const char *last_element(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

bool kw_skr_is(const char *argv0)
{
	const char *name = argv0 != NULL ? last_element(argv0) : "";

	return strcmp(name, SCRIPT) == 0 || strcmp(name, PROGRAM) == 0;
}

/* Reading the words. A value is named in no message: it may be anything. */

static int take_flag(struct values *values, int argc, char **argv, int *at, struct kw_error *err)
{
	const char *word = argv[*at] + (argv[*at][1] == '-' ? 2 : 1);
	size_t len = strcspn(word, "=");

	for (size_t i = 0; i < N_SETTINGS; i++) {
		if (strlen(settings[i].flag) != len || strncmp(settings[i].flag, word, len) != 0)
			continue;
		if (word[len] == '=')
			values->text[i] = word + len + 1;
		else if (*at + 1 < argc)
			values->text[i] = argv[++*at];
		else
			return kw_fail(err, KW_E_CFG_USAGE, "'-%s' needs a value",
				       settings[i].flag);
		return 0;
	}
	return kw_fail(err, KW_E_CFG_USAGE,
		       "unknown flag '-%.*s', expected -base64, -port, -logfile, -loglevel or "
		       "-server_type",
		       len < 32 ? (int)len : 32, word);
}

/* Flags go before variables, these before the script's arguments; what is empty is not given. */
static int read_values(int argc, char **argv, struct values *ret, struct kw_error *err)
{
	bool is_script = strcmp(last_element(argv[0]), SCRIPT) == 0;
	struct values flags = { 0 };
	int place = 0;

	for (int i = 1; i < argc; i++) {
		if (argv[i][0] == '-' && argv[i][1] != '\0') {
			if (take_flag(&flags, argc, argv, &i, err) < 0)
				return -1;
			continue;
		}
		place++;
		for (size_t s = 0; s < N_SETTINGS; s++)
			if (is_script && settings[s].place == place)
				ret->text[s] = argv[i];
	}
	for (size_t s = 0; s < N_SETTINGS; s++) {
		const char *variable = secure_getenv(settings[s].variable);

		if (flags.text[s] != NULL && *flags.text[s] != '\0')
			ret->text[s] = flags.text[s];
		else if (variable != NULL && *variable != '\0')
			ret->text[s] = variable;
		else if (ret->text[s] != NULL && *ret->text[s] == '\0')
			ret->text[s] = NULL;
	}
	return 0;
}

/* SkrSideCarArgs. */

static int want_text(const struct kw_json *object, const char *name, const char **ret,
		     struct kw_error *err)
{
	const struct kw_json *value = kw_json_get_nocase(object, name);

	*ret = value != NULL && kw_json_type(value) != KW_JSON_NULL ? kw_json_string(value) : "";
	if (*ret == NULL)
		return kw_fail(err, KW_E_CFG_VALUE, "'%s' is not a text", name);
	return 0;
}

/* The endpoint is written as host and path; the paths are those of the services. */
static int use_cache(struct kw_config *config, const struct kw_json *cache, struct kw_error *err)
{
	static const struct {
		const char *type;
		enum kw_collateral_source source;
		bool discloses;
	} types[] = { { "LocalTHIM", KW_SOURCE_THIM, false },
		      { "AMD", KW_SOURCE_KDS, true },
		      { "AzCache", KW_SOURCE_AZURE_CACHE, true } };
	KW_CLEANUP(freep) char *host = NULL;
	const char *type = NULL, *endpoint = NULL;

	if (want_text(cache, "endpoint_type", &type, err) < 0
	    || want_text(cache, "endpoint", &endpoint, err) < 0)
		return -1;
	if (*type == '\0' && *endpoint == '\0')
		return 0;
	host = kw_format("%.*s", (int)strcspn(endpoint, "/"), endpoint);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(types[i].type, type) != 0)
			continue;
		if (types[i].discloses)
			kw_log(KW_LOG_WARNING, "collateral", NULL,
			       "the source %s learns the chip id", type);
		return kw_config_use_source(config, types[i].source, host, err);
	}
	return kw_fail(err, KW_E_CFG_VALUE,
		       "'endpoint_type' is none of LocalTHIM, AMD and AzCache");
}

static int use_json(struct kw_config *config, const struct kw_json *json, struct kw_error *err)
{
	const char *client_id = NULL, *agent = NULL;

	if (want_text(kw_json_get_nocase(json, "identity"), "client_id", &client_id, err) < 0
	    || want_text(kw_json_get_nocase(json, "maaconfig"), "user_agent", &agent, err) < 0)
		return -1;
	if (*client_id != '\0' && (*config->identity.object_id || *config->identity.resource_id))
		return kw_fail(err, KW_E_CFG_CONFLICT,
			       "'client_id' is given, and the file names another identity");
	if (*client_id != '\0')
		kw_config_use_text(&config->identity.client_id, client_id);
	for (const char *c = agent; *c != '\0'; c++)
		if (*c < ' ' || *c > '~')
			return kw_fail(err, KW_E_CFG_VALUE, "'user_agent' is not plain ASCII");
	if (*agent != '\0')
		kw_config_use_text(&config->network.user_agent, agent);
	return use_cache(config, kw_json_get_nocase(json, "certcache"), err);
}

static int use_args(struct kw_config *config, const char *text, struct kw_error *err)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob decoded = { 0 };
	KW_CLEANUP(kw_json_freep) struct kw_json *json = NULL;

	if (!kw_base64_decode(KW_BASE64, kw_bytes_text(text), &decoded))
		return kw_fail(err, KW_E_CFG_VALUE, "it is not base64");
	if (kw_json_parse(kw_blob_bytes(&decoded), KW_JSON_STRICT, KW_E_CFG_VALUE, &json, err) < 0)
		return -1;
	return use_json(config, json, err);
}

/* The others. */

static int use_level(struct kw_config *config, const char *text, struct kw_error *err)
{
	static const struct {
		const char *word;
		enum kw_log_level level;
	} levels[] = { { "trace", KW_LOG_DEBUG },  { "debug", KW_LOG_DEBUG },
		       { "info", KW_LOG_INFO },	   { "warning", KW_LOG_WARNING },
		       { "warn", KW_LOG_WARNING }, { "error", KW_LOG_ERROR },
		       { "fatal", KW_LOG_ERROR },  { "panic", KW_LOG_ERROR } };

	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		if (strcasecmp(levels[i].word, text) == 0) {
			config->log.level = (int)levels[i].level;
			return 0;
		}
	return kw_fail(err, KW_E_CFG_VALUE, "unknown level '%.32s'", text);
}

static int use_type(const char *text, struct kw_error *err)
{
	if (strcmp(text, "grpc") != 0)
		return 0; /* any other value means http, as there */
	return kw_fail(err, KW_E_CFG_VALUE,
		       "the gRPC key provider is not built in; its command form is "
		       "`keyward keyprovider`");
}

static int lay_over(struct kw_config *config, const struct values *values, struct kw_error *err)
{
	for (size_t s = 0; s < N_SETTINGS; s++) {
		const char *text = values->text[s];
		int result = 0;

		if (text == NULL)
			continue;
		switch ((enum setting)s) {
		case BASE64:
			result = use_args(config, text, err);
			break;
		case PORT:
			result = kw_config_use_port(config, text, err);
			break;
		case LOG_FILE:
			kw_config_use_text(&config->log.file, text);
			break;
		case LOG_LEVEL:
			result = use_level(config, text, err);
			break;
		case SERVER_TYPE:
			result = use_type(text, err);
			break;
		case N_SETTINGS:
			break;
		}
		if (result < 0)
			return kw_wrap(err, "%s (-%s)", settings[s].variable, settings[s].flag);
	}
	return 0;
}

static int read_config(struct values *values, struct kw_config **ret, struct kw_error *err)
{
	KW_CLEANUP(kw_config_freep) struct kw_config *config = NULL;
	const char *named = secure_getenv("KEYWARD_CONFIG");
	const char *path = named != NULL ? named : KW_DEFAULT_CONFIG;
	int result = -1;

	if (named == NULL && access(path, F_OK) < 0)
		result = kw_config_parse("(no file)", NO_FILE, strlen(NO_FILE), &config, err);
	else
		result = kw_config_load(path, &config, err);
	if (result < 0 || lay_over(config, values, err) < 0)
		return -1;
	*ret = KW_STEAL(config);
	return 0;
}

static int load(void *ctx, const struct kw_config *now, struct kw_config **ret,
		struct kw_error *err)
{
	KW_CLEANUP(kw_config_freep) struct kw_config *config = NULL;

	if (read_config(ctx, &config, err) < 0 || kw_command_settled(now, config, err) < 0)
		return -1;
	*ret = KW_STEAL(config);
	return 0;
}

static int serve(int argc, char **argv, struct kw_error *err)
{
	KW_CLEANUP(kw_config_freep) struct kw_config *config = NULL;
	struct values values = { 0 };
	struct kw_serve_options options = {
		.clock = &kw_clock_system,
		.random = &kw_random_system,
		.load = load,
		.load_ctx = &values,
	};

	if (read_values(argc, argv, &values, err) < 0 || read_config(&values, &config, err) < 0
	    || kw_command_settle(KW_LONG_LIVED, config, err) < 0
	    || kw_confine_pod(config, true, KW_TERMINATION_LOG, NULL, false, &options.sandbox, err)
		       < 0)
		return -1;
	return kw_serve(config, &options, err);
}

int kw_skr_run(int argc, char **argv, struct kw_error *err)
{
	if (serve(argc, argv, err) == 0)
		return 0;
	kw_termination_write(KW_TERMINATION_LOG, err);
	return -1;
}
