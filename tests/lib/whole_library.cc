// SPDX-License-Identifier: Apache-2.0
// The extended calls from C++, each once, against the lab: whole_library CONFIG TOKEN-FILE JWKS-FILE ISSUER. Also
// what the host may rely on: its signal mask and SIGPIPE's disposition are as they were.
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <keyward/guest_attestation.h>
#include <string>

static int failures;

static void expect(bool good, const char *what, const keyward_error &err)
{
	std::printf("%s %s\n", good ? "ok" : "not ok", what);
	if (!good)
		std::printf("#   %s: %s\n", err.id, err.detail);
	failures += !good;
}

static std::string read(const char *path)
{
	std::ifstream file(path, std::ios::binary);

	return { std::istreambuf_iterator<char>(file), {} };
}

static void attest_and_release(keyward *context)
{
	keyward_error err = {};
	char *token = nullptr, *evidence = nullptr, *collateral = nullptr, *checks = nullptr;
	void *key = nullptr;
	size_t size = 0;

	expect(keyward_attest(context, &token, &err) == 0 && std::strlen(token) > 100,
	       "the library attests", err);
	expect(keyward_release(context, "demo", "pem", &key, &size, &err) == 0
		       && std::strncmp(static_cast<char *>(key), "-----BEGIN PRIVATE KEY", 22) == 0,
	       "... releases a key", err);
	expect(keyward_collateral(context, &collateral, &checks, &err) == 0
		       && std::strstr(collateral, "vcekCert") && std::strstr(checks, "KW-COL-"),
	       "... gives collateral and what was checked", err);
	expect(keyward_evidence(context, "nonce", 5, &evidence, &err) == 0
		       && std::strstr(evidence, "hcl_report"),
	       "... gives raw evidence", err);
	keyward_free(key);
	key = nullptr;
	expect(keyward_release(context, "nobody", "pem", &key, &size, &err) < 0 && !key
		       && std::strcmp(err.id, "KW-CFG-008") == 0 && err.exit_status == 66,
	       "... names the error for a key that is not configured", err);
	expect(keyward_release(context, "demo", "xml", &key, &size, &err) < 0 && !key
		       && err.exit_status == 64,
	       "... refuses an unknown format", err);
	expect(keyward_evidence(context, "", 0, &evidence, nullptr) < 0, "... and an empty nonce", err);
	for (char *buffer : { token, evidence, collateral, checks })
		keyward_free(buffer);
}

static void verify(const char *token_file, const char *jwks_file, const char *issuer)
{
	const std::string token = read(token_file), jwks = read(jwks_file);
	keyward_verification what = {};
	keyward_error err = {};
	char *json = nullptr;

	what.size = sizeof(what);
	what.kind = KEYWARD_TOKEN;
	what.object = { token.data(), token.size() };
	what.jwks = { jwks.data(), jwks.size() };
	what.issuer = issuer;
	what.payload_nonce = "abcdef";
	expect(keyward_verify(&what, &json, &err) == 0 && std::strstr(json, "\"accepted\""),
	       "... verifies a token", err);
	keyward_free(json);
	what.payload_nonce = "another";
	expect(keyward_verify(&what, &json, &err) < 0 && std::strcmp(err.id, "KW-TOK-019") == 0
		       && std::strstr(json, "\"refused\""),
	       "... refuses one with another nonce", err);
	keyward_free(json);
	what.size = 8;
	expect(keyward_verify(&what, &json, &err) < 0 && !json, "... refuses another struct", err);
}

int main(int argc, char **argv)
{
	keyward *context = nullptr;
	keyward_error err = {};
	sigset_t before = {}, after = {};
	struct sigaction action = {};

	if (argc != 5)
		return 64;
	expect(keyward_open("/nonexistent", &context, &err) < 0 && err.exit_status == 78
		       && *err.hint,
	       "a configuration that is not there is refused", err);
	expect(keyward_open_text("text", "apiVersion: keyward/v2", 22, &context, &err) < 0,
	       "... and a wrong one", err);
	expect(keyward_open(argv[1], &context, &err) == 0, "the configuration is read", err);
	if (!context)
		return 1;
	sigprocmask(SIG_SETMASK, nullptr, &before);
	attest_and_release(context);
	verify(argv[2], argv[3], argv[4]);
	keyward_close(context);
	sigprocmask(SIG_SETMASK, nullptr, &after);
	sigaction(SIGPIPE, nullptr, &action);
	expect(std::memcmp(&before, &after, sizeof(before)) == 0 && action.sa_handler == SIG_DFL,
	       "signal mask and SIGPIPE are the host's own", err);
	expect(std::strcmp(keyward_version(), KEYWARD_EXPECTED_VERSION) == 0, "the version is told", err);
	return failures != 0;
}
