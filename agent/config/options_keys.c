/* SPDX-License-Identifier: Apache-2.0 */
#include "config/options_rows.h"

const char *const kw_key_format_words[] = { "jwk", "pem", "der", "raw", "hex", "base64", NULL };

#define ALLOW_AT(member) offsetof(struct kw_config_allow, member)
static const struct kw_option allow_members[] = {
	ROW("any", BOOL, ALLOW_AT(any), NULL, "true: every caller that reaches the listener"),
	ROW("uid", INTEGER, ALLOW_AT(uid), NULL, "callers on the socket with this user id",
	    .max = ID_LAST),
	ROW("gid", INTEGER, ALLOW_AT(gid), NULL, "callers on the socket with this group id",
	    .max = ID_LAST),
	ROW("token", TEXT, ALLOW_AT(token), NULL,
	    "callers with the bearer token of this name in server.tokens", .form = &kw_form_name),
	{ 0 },
};
const struct kw_option kw_option_allow =
	ROW("rule", SECTION, 0, NULL, "one rule, with one of its members",
	    .flags = KW_OPTION_ONE_MEMBER, .members = allow_members);

#define OUTPUT_AT(member) offsetof(struct kw_config_output, member)
#define OUTPUT_PATH                                                   \
	ROW("path", TEXT, OUTPUT_AT(path), NULL, "the file to write", \
	    .flags = KW_OPTION_MANDATORY, .form = &kw_form_path)
#define OUTPUT_RIGHTS                                                                        \
	ROW("mode", MODE, OUTPUT_AT(mode), "0400", "its mode"),                              \
		ROW("gid", INTEGER, OUTPUT_AT(gid), NULL, "its group; one of keyward's own", \
		    .max = ID_LAST),                                                         \
		ROW("allowDisk", BOOL, OUTPUT_AT(allow_disk), "false",                       \
		    "also on a file system that is not in memory")
static const struct kw_option key_output_members[] = {
	OUTPUT_PATH,
	ROW("format", CHOICE, OUTPUT_AT(format), "jwk",
	    "what is written; raw is for oct keys, pem and der for RSA and EC",
	    .words = kw_key_format_words),
	OUTPUT_RIGHTS,
	{ 0 },
};
static const struct kw_option key_output =
	ELEMENT("output", SECTION, "one file", .members = key_output_members);
static const struct kw_option secret_output_members[] = { OUTPUT_PATH, OUTPUT_RIGHTS, { 0 } };
static const struct kw_option secret_output =
	ELEMENT("output", SECTION, "one file", .members = secret_output_members);

#define IDENTITY_AT(member) offsetof(struct kw_config_identity, member)
const struct kw_option kw_identity_options[] = {
	ROW("provider", CHOICE, IDENTITY_AT(provider), "auto",
	    "whose access token the vault gets; auto: workload, tokenFile or managed, by presence",
	    .words = WORDS("auto", "workload", "tokenFile", "managed")),
	ROW("clientId", TEXT, IDENTITY_AT(client_id), NULL, "the identity's client id",
	    .form = &kw_form_guid),
	ROW("objectId", TEXT, IDENTITY_AT(object_id), NULL, "or its object id",
	    .form = &kw_form_guid),
	ROW("resourceId", TEXT, IDENTITY_AT(resource_id), NULL, "or its full resource id",
	    .form = &kw_form_resource_id),
	ROW("tokenFile", TEXT, IDENTITY_AT(token_file), NULL,
	    "a file with a bearer token that another program keeps fresh", .form = &kw_form_path),
	ROW("audience", TEXT, IDENTITY_AT(audience), NULL,
	    "the token's audience; known for the vaults of the public and sovereign clouds",
	    .form = &kw_form_audience),
	ROW("authority", TEXT, IDENTITY_AT(authority), NULL,
	    "the Entra authority; known for the public and sovereign clouds",
	    .form = &kw_form_https_origin),
	{ 0 },
};

const struct kw_option kw_option_endpoint =
	ELEMENT("endpoint", TEXT, "one origin", .form = &kw_form_https_origin);

#define KEY_AT(member) offsetof(struct kw_config_key, member)
static const struct kw_option key_attestation[] = {
	ROW("endpoints", LIST, KEY_AT(attestation_endpoints), "[]",
	    "for this key instead of attestation.endpoints", .max = ENDPOINTS_MAX,
	    .element = &kw_option_endpoint, .count_at = KEY_AT(n_attestation_endpoints),
	    .size = sizeof(char *)),
	{ 0 },
};
static const struct kw_option fallback_url =
	ELEMENT("url", TEXT, "one key identifier", .form = &kw_form_key_url);
static const struct kw_option key_members[] = {
	ROW("name", TEXT, KEY_AT(name), NULL, "what callers ask for", .flags = KW_OPTION_MANDATORY,
	    .form = &kw_form_name),
	ROW("url", TEXT, KEY_AT(url), NULL,
	    "the key identifier; without a version the latest is followed",
	    .flags = KW_OPTION_MANDATORY, .form = &kw_form_key_url),
	ROW("required", BOOL, KEY_AT(required), "true", "readiness and init wait for it"),
	ROW("refresh", DURATION, KEY_AT(refresh_ms), "1h", "how often it is released anew",
	    .min = SECONDS(1), .max = DAYS(30)),
	ROW("grace", DURATION, KEY_AT(grace_ms), "10m",
	    "how long the previous version stays after a rotation", .max = DAYS(30)),
	ROW("maxStale", DURATION, KEY_AT(max_stale_ms), "24h",
	    "how long it outlives an upstream's outage; a denial ends it at once", .max = DAYS(30)),
	ROW("onDenied", CHOICE, KEY_AT(on_denied), "revoke", "what a denial does",
	    .words = WORDS("revoke", "keep")),
	ROW("export", BOOL, KEY_AT(export_allowed), "true",
	    "false: it never leaves keyward, which only decrypts, signs and unwraps with it"),
	ROW("allow", LIST, KEY_AT(allow), "[]",
	    "who may have it; none: nobody by HTTP, keyward's own user on the socket",
	    .max = ALLOW_MAX, .element = &kw_option_allow, .count_at = KEY_AT(n_allow),
	    .size = sizeof(struct kw_config_allow)),
	ROW("outputs", LIST, KEY_AT(outputs), "[]", "files to write it to", .max = OUTPUTS_MAX,
	    .element = &key_output, .count_at = KEY_AT(n_outputs),
	    .size = sizeof(struct kw_config_output)),
	ROW("identity", PART, KEY_AT(identity), NULL, "for this key instead of the general one",
	    .members = kw_identity_options, .size = sizeof(struct kw_config_identity)),
	SECTION("attestation", 0, "what differs for this key", key_attestation),
	ROW("fallbackUrls", LIST, KEY_AT(fallback_urls), "[]",
	    "where the same key lies too, tried in an outage", .max = ENDPOINTS_MAX,
	    .element = &fallback_url, .count_at = KEY_AT(n_fallback_urls), .size = sizeof(char *)),
	{ 0 },
};
const struct kw_option kw_option_key = ELEMENT("key", SECTION, "one key", .members = key_members);

#define SECRET_AT(member) offsetof(struct kw_config_secret, member)
static const struct kw_option secret_members[] = {
	ROW("name", TEXT, SECRET_AT(name), NULL, "what its protected header must name",
	    .flags = KW_OPTION_MANDATORY, .form = &kw_form_name),
	ROW("source", TEXT, SECRET_AT(source), NULL, "the JWE file", .flags = KW_OPTION_MANDATORY,
	    .form = &kw_form_path),
	ROW("key", TEXT, SECRET_AT(key), NULL, "the name of the key that unseals it",
	    .flags = KW_OPTION_MANDATORY, .form = &kw_form_name),
	ROW("outputs", LIST, SECRET_AT(outputs), NULL, "files to write it to",
	    .flags = KW_OPTION_MANDATORY, .min = 1, .max = OUTPUTS_MAX, .element = &secret_output,
	    .count_at = SECRET_AT(n_outputs), .size = sizeof(struct kw_config_output)),
	{ 0 },
};
const struct kw_option kw_option_secret =
	ELEMENT("secret", SECTION, "one secret", .members = secret_members);
