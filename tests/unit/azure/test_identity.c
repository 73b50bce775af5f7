/* SPDX-License-Identifier: Apache-2.0 */
/* Identities against a loopback server that plays IMDS and Entra. Time is ours. */
#include "azure/identity.h"

#include "fake_time.h"
#include "http/given.h"
#include "loopback.h"
#include "rows.h"
#include "util/text.h"

#include <fcntl.h>

#define AUDIENCE "https://vault.azure.net"

static char dir[] = "/tmp/kw-identity-XXXXXX", assertion_path[64], token_path[64];

static void write_file(const char *path, const char *content, size_t len)
{
	KW_CLEANUP(kw_fd_close) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_int_equal(write(fd, content, len), (ssize_t)len);
}

static void write_text(const char *path, const char *content)
{
	write_file(path, content, strlen(content));
}

struct world {
	struct loopback *server;
	struct fake_time time;
	struct kw_clock clock;
	struct kw_random random;
	struct kw_config config;
	char origin[64];
	struct kw_http *http;
	struct kw_identities *identities;
	struct kw_secret token;
	struct kw_error err;
};

static void world_start(struct world *world, enum kw_identity_provider provider,
			const struct loopback_reply *script, size_t n_script)
{
	*world = (struct world){ .config = given_config() };
	world->server = loopback_start(script, n_script);
	world->time.wall_s = 1506480273;
	world->clock = fake_clock(&world->time);
	world->random = fake_random(&world->time);
	snprintf(world->origin, sizeof(world->origin), "http://127.0.0.1:%u", world->server->port);
	world->config.imds.endpoint = world->origin;
	world->config.identity.provider = provider;
	world->config.identity.authority = world->origin;
	world->config.identity.token_file = token_path;
	assert_int_equal(kw_http_new(&world->config, &world->clock, &world->random, &world->http,
				     &world->err),
			 0);
	world->identities = kw_identities_new(&world->config, world->http, &world->clock);
}

static void world_stop(struct world *world)
{
	kw_secret_clear(&world->token);
	kw_identities_free(world->identities);
	kw_http_free(world->http);
	loopback_stop(world->server);
	assert_int_equal(kw_arena_state().used, 0);
}
#define WORLD(provider, script)                    \
	KW_CLEANUP(world_stop) struct world world; \
	world_start(&world, provider, script, sizeof(script) / sizeof((script)[0]))

static int get(struct world *world, bool fresh)
{
	kw_secret_clear(&world->token);
	world->err = (struct kw_error){ 0 };
	return kw_identity_token(world->identities, &world->config.identity, AUDIENCE, fresh,
				 &world->token, &world->err);
}

static unsigned n_requests(const struct world *world)
{
	return atomic_load(&world->server->n_requests);
}

/* The answers of the specification, tokens shortened. */
#define IMDS_BODY                                                                              \
	"{\"access_token\":\"eyJ.a.b\",\"refresh_token\":\"\",\"expires_in\":\"3599\","        \
	"\"expires_on\":\"1506484173\",\"not_before\":\"1506480273\",\"resource\":\"" AUDIENCE \
	"\",\"token_type\":\"Bearer\"}"
#define ENTRA_BODY                                                                \
	"{\"token_type\":\"Bearer\",\"expires_in\":3599,\"ext_expires_in\":3599," \
	"\"access_token\":\"eyJ.c.d\"}"
#define ANSWER(status, body) "HTTP/1.1 " status "\r\nConnection: close\r\n\r\n" body
#define GOOD_IMDS                                           \
	{                                                   \
		ANSWER("200 OK", IMDS_BODY), LOOPBACK_CLOSE \
	}
#define GOOD_ENTRA                                           \
	{                                                    \
		ANSWER("200 OK", ENTRA_BODY), LOOPBACK_CLOSE \
	}

static const struct loopback_reply good_imds[] = { GOOD_IMDS };
static const struct loopback_reply good_entra[] = { GOOD_ENTRA };

/* --- managed identity */

static const struct selector_row {
	const char *name, *client_id, *object_id, *resource_id, *expect;
} selector_rows[] = {
	{ "given no selector, none is sent", "", "", "", "" },
	{ "given a client id, it is sent", "1111-2222", "", "", "&client_id=1111-2222" },
	{ "given an object id, it is sent", "", "3333", "", "&object_id=3333" },
	{ "given a resource id, it is sent encoded", "", "",
	  "/subscriptions/s/resourceGroups/a b/x",
	  "&msi_res_id=%2Fsubscriptions%2Fs%2FresourceGroups%2Fa%20b%2Fx" },
};

static void managed_identities_are_asked_for(void **state)
{
	const struct selector_row *row = *state;
	WORLD(KW_IDENTITY_MANAGED, good_imds);
	char expect[512];
	world.config.identity.client_id = (char *)(uintptr_t)row->client_id;
	world.config.identity.object_id = (char *)(uintptr_t)row->object_id;
	world.config.identity.resource_id = (char *)(uintptr_t)row->resource_id;
	assert_int_equal(get(&world, false), 0);
	assert_string_equal((char *)world.token.data, "eyJ.a.b");
	snprintf(expect, sizeof(expect),
		 "GET /metadata/identity/oauth2/token?api-version=2018-02-01"
		 "&resource=https%%3A%%2F%%2Fvault.azure.net%s HTTP/1.1\r\n"
		 "Host: 127.0.0.1:%u\r\n"
		 "User-Agent: keyward/" KW_VERSION "\r\n"
		 "Accept: */*\r\n"
		 "Metadata: true\r\n"
		 "\r\n",
		 row->expect, world.server->port);
	assert_string_equal(world.server->requests[0], expect);
}

static const struct answer_row {
	const char *name, *answer;
	enum kw_error_name expect;
	const char *says;
} answer_rows[] = {
	{ "given 400, IMDS's words and a hint are told",
	  ANSWER("400 Bad Request", "{\"error\":\"invalid_request\",\"error_description\":"
				    "\"Identity not found\"}"),
	  KW_E_IDN_REFUSED, "HTTP 400 invalid_request: Identity not found (with several" },
	{ "given 401, it is refused", ANSWER("401 No", "{\"error\":\"unknown_source\"}"),
	  KW_E_IDN_REFUSED, "HTTP 401 unknown_source" },
	{ "given 403, it is refused", ANSWER("403 No", ""), KW_E_IDN_REFUSED, "HTTP 403" },
	{ "given 429 for too long, it is busy",
	  "HTTP/1.1 429 Slow\r\nRetry-After: 90\r\nConnection: close\r\n\r\n", KW_E_IDN_BUSY,
	  "HTTP 429" },
	{ "given 404 until the end, it is busy", ANSWER("404 Not Found", ""), KW_E_IDN_BUSY,
	  "HTTP 404" },
	{ "given no JSON, the answer is refused", ANSWER("200 OK", "<html>"), KW_E_IDN_ANSWER,
	  "JSON" },
	{ "given no token, the answer is refused", ANSWER("200 OK", "{\"expires_in\":\"9\"}"),
	  KW_E_IDN_ANSWER, "'access_token' is missing" },
	{ "given an empty token, the answer is refused",
	  ANSWER("200 OK", "{\"access_token\":\"\"}"), KW_E_IDN_ANSWER, "'access_token' is empty" },
	{ "given a token with a line break, the answer is refused",
	  ANSWER("200 OK", "{\"access_token\":\"a\\r\\nX: y\"}"), KW_E_IDN_ANSWER, "byte" },
	{ "given two tokens, the answer is refused",
	  ANSWER("200 OK", "{\"access_token\":\"a\",\"access_token\":\"b\"}"), KW_E_IDN_ANSWER,
	  "two members" },
	{ "given a token that is a number, the answer is refused",
	  ANSWER("200 OK", "{\"access_token\":7}"), KW_E_IDN_ANSWER, "not a string" },
};

static void refusals_of_imds_are_told(void **state)
{
	const struct answer_row *row = *state;
	const struct loopback_reply script[] = { { row->answer, LOOPBACK_CLOSE } };
	WORLD(KW_IDENTITY_MANAGED, script);
	assert_int_equal(get(&world, false), -1);
	assert_true(kw_error_is(&world.err, row->expect));
	assert_non_null(strstr(world.err.detail, row->says));
	assert_non_null(strstr(world.err.detail, "managed identity"));
	assert_null(world.token.data);
}

static void a_named_identity_that_is_not_there_is_hinted_at(void **state)
{
	static const struct loopback_reply script[] = {
		{ ANSWER("400 Bad Request", "{\"error\":\"invalid_request\"}"), LOOPBACK_CLOSE }
	};
	WORLD(KW_IDENTITY_MANAGED, script);
	(void)state;
	world.config.identity.client_id = "1111";
	assert_int_equal(get(&world, false), -1);
	assert_non_null(strstr(world.err.detail, "(is the identity of this id assigned"));
	assert_non_null(strstr(world.err.detail, "client id 1111"));
	assert_int_equal(world.err.upstream.status, 400);
	assert_string_equal(world.err.upstream.code, "invalid_request");
}

static const struct life_row {
	const char *name, *answer;
	int64_t good_s; /* so long it is used again, and one second more not */
} life_rows[] = {
	{ "given expires_on, it counts from our clock", ANSWER("200 OK", IMDS_BODY), 3900 - 300 },
	{ "given expires_on and a Date, it counts from that",
	  "HTTP/1.1 200 OK\r\nDate: Wed, 27 Sep 2017 02:49:33 GMT\r\nConnection: close\r\n\r\n" //
	  "{\"access_token\":\"t\",\"expires_on\":\"1506484173\"}",
	  3600 - 300 },
	{ "given expires_in alone, it counts", ANSWER("200 OK", ENTRA_BODY), 3599 - 300 },
	{ "given a day, half of it counts",
	  ANSWER("200 OK", "{\"access_token\":\"t\",\"expires_in\":\"86400\"}"), 43200 },
};

static void tokens_live_as_long_as_they_say(void **state)
{
	const struct life_row *row = *state;
	const struct loopback_reply script[] = { { row->answer, LOOPBACK_CLOSE } };
	WORLD(KW_IDENTITY_MANAGED, script);
	assert_int_equal(get(&world, false), 0);
	fake_sleep_ms(&world.time, row->good_s * 1000);
	assert_int_equal(get(&world, false), 0);
	assert_int_equal(n_requests(&world), 1);
	fake_sleep_ms(&world.time, 1000);
	assert_int_equal(get(&world, false), 0);
	assert_int_equal(n_requests(&world), 2);
}

static void identities_and_audiences_have_their_own_tokens(void **state)
{
	WORLD(KW_IDENTITY_MANAGED, good_imds);
	(void)state;
	assert_int_equal(get(&world, false), 0);
	assert_int_equal(get(&world, false), 0);
	assert_int_equal(n_requests(&world), 1);
	world.config.identity.client_id = "1111";
	assert_int_equal(get(&world, false), 0);
	assert_int_equal(n_requests(&world), 2);
	kw_secret_clear(&world.token);
	assert_int_equal(kw_identity_token(world.identities, &world.config.identity,
					   "https://managedhsm.azure.net", false, &world.token,
					   &world.err),
			 0);
	assert_int_equal(n_requests(&world), 3);
	assert_int_equal(get(&world, true), 0);
	assert_int_equal(n_requests(&world), 4);
}

/* --- workload identity */

static void unset_webhook(void)
{
	unsetenv("AZURE_CLIENT_ID");
	unsetenv("AZURE_TENANT_ID");
	unsetenv("AZURE_FEDERATED_TOKEN_FILE");
}

static int set_webhook(void **state)
{
	(void)state;
	setenv("AZURE_CLIENT_ID", "client-1", 1);
	setenv("AZURE_TENANT_ID", "tenant-1", 1);
	setenv("AZURE_FEDERATED_TOKEN_FILE", assertion_path, 1);
	write_text(assertion_path, "  eyJ.assert+ion/1=\n");
	return 0;
}

static int unset(void **state)
{
	(void)state;
	unset_webhook();
	return 0;
}

static void an_assertion_is_exchanged(void **state)
{
	WORLD(KW_IDENTITY_AUTO, good_entra);
	static const char body[] =
		"client_id=client-1&scope=https%3A%2F%2Fvault.azure.net%2F.default"
		"&grant_type=client_credentials&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth"
		"%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=eyJ.assert%2Bion%2F1%3D";
	char expect[1024];
	(void)state;
	assert_int_equal(get(&world, false), 0);
	assert_string_equal((char *)world.token.data, "eyJ.c.d");
	snprintf(expect, sizeof(expect),
		 "POST /tenant-1/oauth2/v2.0/token HTTP/1.1\r\n"
		 "Host: 127.0.0.1:%u\r\n"
		 "User-Agent: keyward/" KW_VERSION "\r\n"
		 "Accept: */*\r\n"
		 "Content-Type: application/x-www-form-urlencoded\r\n"
		 "Content-Length: %zu\r\n"
		 "\r\n"
		 "%s",
		 world.server->port, sizeof(body) - 1, body);
	assert_string_equal(world.server->requests[0], expect);
}

static void the_assertion_is_read_anew_for_each_exchange(void **state)
{
	WORLD(KW_IDENTITY_AUTO, good_entra);
	(void)state;
	assert_int_equal(get(&world, false), 0);
	write_text(assertion_path, "second");
	assert_int_equal(get(&world, true), 0);
	assert_non_null(strstr(world.server->requests[1], "&client_assertion=second"));
}

static void the_configured_client_goes_before_the_webhooks(void **state)
{
	WORLD(KW_IDENTITY_WORKLOAD, good_entra);
	(void)state;
	world.config.identity.client_id = "client-2";
	assert_int_equal(get(&world, false), 0);
	assert_non_null(strstr(world.server->requests[0], "\r\n\r\nclient_id=client-2&"));
}

#define ENTRA_ERROR(code)                                             \
	ANSWER("401 Unauthorized",                                    \
	       "{\"error\":\"invalid_client\",\"error_description\":" \
	       "\"AADSTS" code ": words\",\"error_codes\":[" code "],\"trace_id\":\"trace-1\"}")

static const struct code_row {
	const char *name, *answer;
	unsigned expect_requests;
	const char *expect_code, *says;
} code_rows[] = {
	{ "given 700213, it is explained", ENTRA_ERROR("700213"), 1, "AADSTS700213",
	  "no federated credential of the application matches the service account" },
	{ "given 70025, it is explained", ENTRA_ERROR("70025"), 1, "AADSTS70025",
	  "the application has no federated credential" },
	{ "given 700016, it is explained", ENTRA_ERROR("700016"), 1, "AADSTS700016",
	  "the tenant does not know the client id" },
	{ "given 90002, it is explained", ENTRA_ERROR("90002"), 1, "AADSTS90002",
	  "there is no such tenant" },
	{ "given 500011, it is explained", ENTRA_ERROR("500011"), 1, "AADSTS500011",
	  "the tenant does not know the audience" },
	{ "given 700024, the file is read again once", ENTRA_ERROR("700024"), 2, "AADSTS700024",
	  "the pod's token is outside its validity" },
	{ "given 70021, it is asked until the deadline", ENTRA_ERROR("70021"), 9, "AADSTS70021",
	  "matches the pod's issuer" },
	{ "given an unknown code, it is told as it is", ENTRA_ERROR("7000215"), 1, "AADSTS7000215",
	  "HTTP 401 invalid_client: AADSTS7000215: words" },
	{ "given a known code behind others, it is found",
	  ANSWER("400 Bad", "{\"error\":\"x\",\"error_codes\":[\"a\",1,90002],\"trace_id\":"
			    "\"trace-1\"}"),
	  1, "AADSTS90002", "there is no such tenant" },
	{ "given codes in text alone, they are not acted on",
	  ANSWER("401 No", "{\"error\":\"x\",\"error_description\":\"AADSTS700024\","
			   "\"trace_id\":\"trace-1\"}"),
	  1, "x", "HTTP 401 x: AADSTS700024" },
};

static void codes_of_entra_are_explained(void **state)
{
	const struct code_row *row = *state;
	const struct loopback_reply script[] = { { row->answer, LOOPBACK_CLOSE } };
	set_webhook(NULL);
	WORLD(KW_IDENTITY_AUTO, script);
	assert_int_equal(get(&world, false), -1);
	assert_true(kw_error_is(&world.err, KW_E_IDN_REFUSED));
	assert_int_equal(n_requests(&world), row->expect_requests);
	assert_string_equal(world.err.upstream.code, row->expect_code);
	assert_string_equal(world.err.upstream.request_id, "trace-1");
	assert_non_null(strstr(world.err.detail, row->says));
	assert_non_null(strstr(world.err.detail, "workload identity (client id client-1)"));
	assert_null(strstr(world.err.detail, "assert+ion"));
	unset_webhook();
}

static void a_stale_assertion_is_read_again(void **state)
{
	static const struct loopback_reply script[] = {
		{ ENTRA_ERROR("700024"), LOOPBACK_CLOSE },
		GOOD_ENTRA,
	};
	WORLD(KW_IDENTITY_AUTO, script);
	(void)state;
	assert_int_equal(get(&world, false), 0);
	assert_int_equal(n_requests(&world), 2);
	assert_int_equal(atomic_load(&world.time.slept_ms), 0);
}

static void a_new_credential_may_take_a_while_to_spread(void **state)
{
	static const struct loopback_reply no_match = { ENTRA_ERROR("70021"), LOOPBACK_CLOSE };
	const struct loopback_reply script[] = { no_match, no_match, no_match, GOOD_ENTRA };
	WORLD(KW_IDENTITY_AUTO, script);
	(void)state;
	assert_int_equal(get(&world, false), 0);
	assert_int_equal(n_requests(&world), 4);
	assert_int_equal(atomic_load(&world.time.slept_ms), 15000);
}

static void later_a_missing_credential_is_final(void **state)
{
	static const struct loopback_reply script[] = {
		{ ENTRA_ERROR("70021"), LOOPBACK_CLOSE },
	};
	WORLD(KW_IDENTITY_AUTO, script);
	(void)state;
	fake_sleep_ms(&world.time, 55001);
	assert_int_equal(get(&world, false), -1);
	assert_int_equal(n_requests(&world), 1);
}

static void entra_that_is_busy_is_an_outage(void **state)
{
	static const struct loopback_reply script[] = {
		{ ANSWER("503 Away", ""), LOOPBACK_CLOSE },
	};
	WORLD(KW_IDENTITY_AUTO, script);
	(void)state;
	assert_int_equal(get(&world, false), -1);
	assert_true(kw_error_is(&world.err, KW_E_IDN_BUSY));
	assert_true(kw_error_is_outage(&world.err));
	assert_int_equal(n_requests(&world), 6);
}

static void an_assertion_file_must_hold_something(void **state)
{
	WORLD(KW_IDENTITY_AUTO, good_entra);
	(void)state;
	write_text(assertion_path, " \n");
	assert_int_equal(get(&world, false), -1);
	assert_true(kw_error_is(&world.err, KW_E_IDN_FILE));
	setenv("AZURE_FEDERATED_TOKEN_FILE", "/nonexistent", 1);
	assert_int_equal(get(&world, false), -1);
	assert_true(kw_error_is(&world.err, KW_E_IDN_FILE));
	assert_non_null(strstr(world.err.detail, "'/nonexistent'"));
	assert_int_equal(n_requests(&world), 0);
}

static void a_workload_needs_its_variables(void **state)
{
	WORLD(KW_IDENTITY_WORKLOAD, good_entra);
	(void)state;
	unsetenv("AZURE_TENANT_ID");
	assert_int_equal(get(&world, false), -1);
	assert_true(kw_error_is(&world.err, KW_E_IDN_NONE));
	assert_non_null(strstr(world.err.detail, "AZURE_TENANT_ID is not set"));
	setenv("AZURE_TENANT_ID", "t", 1);
	unsetenv("AZURE_CLIENT_ID");
	assert_int_equal(get(&world, false), -1);
	assert_non_null(strstr(world.err.detail, "AZURE_CLIENT_ID is not set"));
}

/* --- token file */

static void a_token_file_is_read_for_each_use(void **state)
{
	WORLD(KW_IDENTITY_TOKEN_FILE, good_imds);
	(void)state;
	write_text(token_path, "\n first.token.x \n");
	assert_int_equal(get(&world, false), 0);
	assert_string_equal((char *)world.token.data, "first.token.x");
	write_text(token_path, "second.token.y");
	assert_int_equal(get(&world, false), 0);
	assert_string_equal((char *)world.token.data, "second.token.y");
	assert_int_equal(n_requests(&world), 0);
}

static void token_files_are_capped(void **state)
{
	enum { CAP = 64 * 1024 };
	WORLD(KW_IDENTITY_TOKEN_FILE, good_imds);
	KW_CLEANUP(kw_blob_clear) struct kw_blob content = kw_blob_new(CAP + 1);
	(void)state;
	memset(content.data, 'x', content.len);
	write_file(token_path, (char *)content.data, CAP);
	assert_int_equal(get(&world, false), 0);
	assert_int_equal(world.token.len, CAP);
	write_file(token_path, (char *)content.data, CAP + 1);
	assert_int_equal(get(&world, false), -1);
	assert_true(kw_error_is(&world.err, KW_E_IDN_FILE));
}

static void a_token_file_must_hold_a_token(void **state)
{
	WORLD(KW_IDENTITY_TOKEN_FILE, good_imds);
	(void)state;
	write_text(token_path, "");
	assert_int_equal(get(&world, false), -1);
	assert_true(kw_error_is(&world.err, KW_E_IDN_FILE));
	write_text(token_path, "two words");
	assert_int_equal(get(&world, false), -1);
	assert_true(kw_error_is(&world.err, KW_E_IDN_FILE));
	assert_null(strstr(world.err.detail, "two words"));
	unlink(token_path);
	assert_int_equal(get(&world, false), -1);
	assert_true(kw_error_is(&world.err, KW_E_IDN_FILE));
	world.config.identity.token_file = "";
	assert_int_equal(get(&world, false), -1);
	assert_true(kw_error_is(&world.err, KW_E_IDN_NONE));
}

/* --- choice */

static const struct choice_row {
	const char *name;
	struct kw_config_identity identity;
	bool webhook;
	const char *expect;
} choice_rows[] = {
	{ "given nothing, it is the node's identity", GIVEN_IDENTITY, false,
	  "managed identity (the node's own or only one)" },
	{ "given a client id, it is that managed identity",
	  { .client_id = "1", .object_id = "", .resource_id = "", .token_file = "" },
	  false,
	  "managed identity (client id 1)" },
	{ "given an object id, it is that one",
	  { .client_id = "", .object_id = "2", .resource_id = "", .token_file = "" },
	  false,
	  "managed identity (object id 2)" },
	{ "given a resource id, it is that one",
	  { .client_id = "", .object_id = "", .resource_id = "/3", .token_file = "" },
	  false,
	  "managed identity (resource id /3)" },
	{ "given the webhook's variables, it is workload identity", GIVEN_IDENTITY, true,
	  "workload identity (client id client-1)" },
	{ "given them and a client id, that id is used",
	  { .client_id = "1", .object_id = "", .resource_id = "", .token_file = "" },
	  true,
	  "workload identity (client id 1)" },
	{ "given a token file, it is used",
	  { .client_id = "", .object_id = "", .resource_id = "", .token_file = "/f" },
	  false,
	  "token file (/f)" },
	{ "given a token file and the webhook, workload identity goes first",
	  { .client_id = "", .object_id = "", .resource_id = "", .token_file = "/f" },
	  true,
	  "workload identity (client id client-1)" },
	{ "given managed by name, the webhook does not matter",
	  { .provider = KW_IDENTITY_MANAGED,
	    .client_id = "1",
	    .object_id = "",
	    .resource_id = "",
	    .token_file = "/f" },
	  true,
	  "managed identity (client id 1)" },
	{ "given workload by name without variables, it stays workload",
	  { .provider = KW_IDENTITY_WORKLOAD,
	    .client_id = "",
	    .object_id = "",
	    .resource_id = "",
	    .token_file = "" },
	  false,
	  "workload identity (client id not known)" },
};

static void kinds_are_chosen_by_presence(void **state)
{
	const struct choice_row *row = *state;
	char description[128];
	if (row->webhook)
		set_webhook(NULL);
	kw_identity_describe(&row->identity, description, sizeof(description));
	unset_webhook();
	assert_string_equal(description, row->expect);
}

static void an_empty_variable_is_no_presence(void **state)
{
	const struct kw_config_identity identity = GIVEN_IDENTITY;
	char description[128];
	(void)state;
	setenv("AZURE_TENANT_ID", "", 1);
	kw_identity_describe(&identity, description, sizeof(description));
	assert_string_equal(description, "managed identity (the node's own or only one)");
}

#define WITH_WEBHOOK(test) cmocka_unit_test_setup_teardown(test, set_webhook, unset)

static int run(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_named_identity_that_is_not_there_is_hinted_at),
		cmocka_unit_test(identities_and_audiences_have_their_own_tokens),
		WITH_WEBHOOK(an_assertion_is_exchanged),
		WITH_WEBHOOK(the_assertion_is_read_anew_for_each_exchange),
		WITH_WEBHOOK(the_configured_client_goes_before_the_webhooks),
		WITH_WEBHOOK(a_stale_assertion_is_read_again),
		WITH_WEBHOOK(a_new_credential_may_take_a_while_to_spread),
		WITH_WEBHOOK(later_a_missing_credential_is_final),
		WITH_WEBHOOK(entra_that_is_busy_is_an_outage),
		WITH_WEBHOOK(an_assertion_file_must_hold_something),
		WITH_WEBHOOK(a_workload_needs_its_variables),
		cmocka_unit_test(a_token_file_is_read_for_each_use),
		cmocka_unit_test(token_files_are_capped),
		cmocka_unit_test(a_token_file_must_hold_a_token),
		WITH_WEBHOOK(an_empty_variable_is_no_presence),
	};
	return KW_ROWS_RUN(selector_rows, managed_identities_are_asked_for)
	       + KW_ROWS_RUN(answer_rows, refusals_of_imds_are_told)
	       + KW_ROWS_RUN(life_rows, tokens_live_as_long_as_they_say)
	       + KW_ROWS_RUN(code_rows, codes_of_entra_are_explained)
	       + KW_ROWS_RUN(choice_rows, kinds_are_chosen_by_presence)
	       + cmocka_run_group_tests_name("identity", tests, NULL, NULL);
}

int main(void)
{
	if (mkdtemp(dir) == NULL)
		return 1;
	snprintf(assertion_path, sizeof(assertion_path), "%s/assertion", dir);
	snprintf(token_path, sizeof(token_path), "%s/token", dir);
	unset_webhook();
	int failed = run();
	unlink(assertion_path);
	unlink(token_path);
	rmdir(dir);
	return failed;
}
