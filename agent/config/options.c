/* SPDX-License-Identifier: Apache-2.0 */
#include "config/options_rows.h"

#define AT(member) offsetof(struct kw_config, member)

/* How many of each a configuration may have, and other ends of ranges. */
enum {
	PCR_LAST = 23,
	PCRS_MAX = 24,
	SOURCES_MAX = 6,
	MEASUREMENTS_MAX = 64,
	PAYLOAD_MAX = 32,
	KEYS_MAX = 4096,
	SECRETS_MAX = 1024,
	TOKENS_MAX = 256,
	HOSTS_MAX = 32,
	FAILURES_MAX = 60000,
	CONNECT_TO_MAX = 64,
	ATTEMPTS_MAX = 100,
	DEVICE_TEXT_MAX = 255, /* what evidence keeps of tcti and ownerAuthFile */
};

const char *const kw_release_enc_words[] = { "RSA_AES_KEY_WRAP_256", "RSA_AES_KEY_WRAP_384",
					     "CKM_RSA_AES_KEY_WRAP", NULL };

static const struct kw_option devices[] = {
	ROW("tsm", TEXT, AT(evidence.devices.tsm), "/sys/kernel/config/tsm/report",
	    "where configfs shows the reports", .flags = KW_OPTION_RESTART, .form = &kw_form_path),
	ROW("sevGuest", TEXT, AT(evidence.devices.sev_guest), "/dev/sev-guest",
	    "the device of Linux 5.19 and later", .flags = KW_OPTION_RESTART,
	    .form = &kw_form_path),
	ROW("sev", TEXT, AT(evidence.devices.sev), "/dev/sev", "the device of Azure's 5.x kernels",
	    .flags = KW_OPTION_RESTART, .form = &kw_form_path),
	{ 0 },
};
static const struct kw_option pcr = ELEMENT("pcr", INTEGER, "one register", .max = PCR_LAST);
static const struct kw_option evidence[] = {
	ROW("provider", CHOICE, AT(evidence.provider), "auto", "where the evidence comes from",
	    .flags = KW_OPTION_RESTART,
	    .words = WORDS("auto", "azure-vtpm", "tsm", "sev-guest", "sev")),
	ROW("tcti", TEXT, AT(evidence.tcti), "device:/dev/tpmrm0",
	    "the TPM: device:PATH or swtpm:host=ADDRESS,port=PORT", .flags = KW_OPTION_RESTART,
	    .max = DEVICE_TEXT_MAX, .form = &kw_form_tcti),
	ROW("pcrs", LIST, AT(evidence.pcrs), "[0, 1, 2, 3, 4, 5, 6, 7]",
	    "the registers of quotes and raw evidence", .min = 1, .max = PCRS_MAX, .element = &pcr,
	    .count_at = AT(evidence.n_pcrs), .size = sizeof(int64_t)),
	ROW("eventLog", TEXT, AT(evidence.event_log), "/run/keyward/node/eventlog",
	    "the measured-boot log; it must replay to the quoted PCRs; \"\" sends none",
	    .flags = KW_OPTION_MAY_BE_EMPTY, .form = &kw_form_path),
	ROW("freshness", CHOICE, AT(evidence.freshness), "auto",
	    "whether a nonce is written to the TPM's shared user data",
	    .words = WORDS("auto", "required", "off")),
	ROW("wrappingKey", CHOICE, AT(evidence.wrapping_key), "private",
	    "private: nobody else on the node can make the same key",
	    .words = WORDS("private", "compatible")),
	ROW("ownerAuthFile", TEXT, AT(evidence.owner_auth_file), "",
	    "a file with the TPM's owner password", .max = DEVICE_TEXT_MAX, .form = &kw_form_path),
	ROW("requireEventLog", BOOL, AT(evidence.require_event_log), "false",
	    "no release without an event log that replays"),
	ROW("allowDebug", BOOL, AT(evidence.allow_debug), "false",
	    "accept a guest that the host may debug: for tests"),
	ROW("allowMaskedChip", BOOL, AT(evidence.allow_masked_chip), "false",
	    "accept a report that hides the chip id"),
	SECTION("devices", 0, "where the SNP device is, for guests without a vTPM", devices),
	{ 0 },
};

static const struct kw_option imds[] = {
	ROW("endpoint", TEXT, AT(imds.endpoint), "http://169.254.169.254",
	    "the instance metadata service", .flags = KW_OPTION_TRUST, .form = &kw_form_origin),
	{ 0 },
};

static const struct kw_option source =
	ELEMENT("source", CHOICE, "one source",
		.words = WORDS("file", "securityContext", "device", "thim", "kds", "azureCache"));
static const struct kw_option collateral[] = {
	ROW("sources", LIST, AT(collateral.sources),
	    "[\"file\", \"securityContext\", \"device\", \"thim\"]",
	    "where AMD certificates are looked for, in this order; kds and azureCache learn the "
	    "chip id",
	    .min = 1, .max = SOURCES_MAX, .element = &source, .count_at = AT(collateral.n_sources),
	    .size = sizeof(enum kw_collateral_source)),
	ROW("file", TEXT, AT(collateral.file), "",
	    "JSON as THIM gives it, or a directory with one such file per chip id",
	    .form = &kw_form_path),
	ROW("trustedRoots", TEXT, AT(collateral.trusted_roots), "builtin",
	    "the AMD root keys: builtin, or a PEM file", .flags = KW_OPTION_TRUST,
	    .form = &kw_form_builtin_or_path),
	ROW("crl", CHOICE, AT(collateral.crl), "off",
	    "whether AMD's revocation lists are looked at",
	    .words = WORDS("off", "ifPresent", "required")),
	ROW("crlFile", TEXT, AT(collateral.crl_file), "",
	    "a revocation list of AMD's, DER or PEM, for the source `file`", .form = &kw_form_path),
	ROW("thim", TEXT, AT(collateral.thim), "", "the THIM origin, if it is not imds.endpoint",
	    .flags = KW_OPTION_TRUST, .form = &kw_form_origin),
	ROW("kds", TEXT, AT(collateral.kds), "https://kdsintf.amd.com",
	    "AMD's key distribution service", .flags = KW_OPTION_TRUST, .form = &kw_form_origin),
	{ 0 },
};

static const struct kw_option measurement =
	ELEMENT("measurement", TEXT, "one, in hex", .form = &kw_form_hex);
static const struct kw_option service_tee[] = {
	ROW("mode", CHOICE, AT(attestation.service_tee.mode), "off",
	    "what the service's own evidence is held against",
	    .words = WORDS("off", "warn", "require")),
	ROW("measurements", LIST, AT(attestation.service_tee.measurements), "[]",
	    "the measurements that the service may have", .max = MEASUREMENTS_MAX,
	    .element = &measurement, .count_at = AT(attestation.service_tee.n_measurements),
	    .size = sizeof(char *)),
	{ 0 },
};
static const struct kw_option attestation[] = {
	ROW("endpoints", LIST, AT(attestation.endpoints), "[]",
	    "Azure Attestation; the next is tried when one is down, so a policy must name each",
	    .max = ENDPOINTS_MAX, .element = &kw_option_endpoint,
	    .count_at = AT(attestation.n_endpoints), .size = sizeof(char *)),
	ROW("clientPayload", PAIRS, AT(attestation.client_payload), "{}",
	    "texts that the token repeats; a random nonce is added unless one is given",
	    .max = PAYLOAD_MAX, .count_at = AT(attestation.n_client_payload),
	    .size = sizeof(struct kw_config_pair)),
	ROW("maxAge", DURATION, AT(attestation.max_age_ms), "1h", "attest again at the latest then",
	    .min = SECONDS(1), .max = DAYS(1)),
	ROW("apiVersion", TEXT, AT(attestation.api_version), "",
	    "\"\": the one that fits the provider", .form = &kw_form_word),
	ROW("bearer", TEXT, AT(attestation.bearer), "",
	    "the resource to get an access token for, where the instance wants one",
	    .form = &kw_form_https_origin),
	SECTION("serviceTee", 0, "the service's own evidence, in its certificate", service_tee),
	{ 0 },
};

static const struct kw_option socket_members[] = {
	ROW("path", TEXT, AT(server.socket.path), "/run/keyward/keyward.sock", "\"\" turns it off",
	    .flags = KW_OPTION_RESTART | KW_OPTION_MAY_BE_EMPTY, .form = &kw_form_path),
	ROW("mode", MODE, AT(server.socket.mode), "0660", "its mode", .flags = KW_OPTION_RESTART),
	ROW("gid", INTEGER, AT(server.socket.gid), NULL, "its group", .flags = KW_OPTION_RESTART,
	    .max = ID_LAST),
	{ 0 },
};
#define TOKEN_AT(member) offsetof(struct kw_config_token, member)
static const struct kw_option token_members[] = {
	ROW("name", TEXT, TOKEN_AT(name), NULL, "what allow rules call it",
	    .flags = KW_OPTION_MANDATORY, .form = &kw_form_name),
	ROW("file", TEXT, TOKEN_AT(file), NULL, "where keyward writes it at its start",
	    .flags = KW_OPTION_MANDATORY | KW_OPTION_RESTART, .form = &kw_form_path),
	{ 0 },
};
static const struct kw_option token =
	ELEMENT("token", SECTION, "one token, for one consumer", .members = token_members);
static const struct kw_option attest[] = {
	ROW("allow", LIST, AT(server.attest.allow), "[]",
	    "who may use the attest routes; none: nobody", .max = ALLOW_MAX,
	    .element = &kw_option_allow, .count_at = AT(server.attest.n_allow),
	    .size = sizeof(struct kw_config_allow)),
	ROW("callerKeys", BOOL, AT(server.attest.caller_keys), "false",
	    "callers may have keys of their own attested"),
	{ 0 },
};
static const struct kw_option compat[] = {
	ROW("enabled", BOOL, AT(server.compat.enabled), "false",
	    "serve the routes of the SKR sidecar", .flags = KW_OPTION_RESTART),
	ROW("strictStatus", BOOL, AT(server.compat.strict_status), "false",
	    "their statuses exactly as the sidecar gives them"),
	{ 0 },
};
static const struct kw_option host = ELEMENT("host", TEXT, "one name", .form = &kw_form_host);
static const struct kw_option server[] = {
	ROW("http", TEXT, AT(server.http), "127.0.0.1:8080", "loopback only; \"\" turns it off",
	    .flags = KW_OPTION_RESTART | KW_OPTION_MAY_BE_EMPTY, .form = &kw_form_loopback),
	SECTION("socket", 0, "the Unix socket", socket_members),
	ROW("health", TEXT, AT(server.health), "127.0.0.1:8081",
	    "probes and metrics, without anything secret; \"\" turns it off",
	    .flags = KW_OPTION_RESTART | KW_OPTION_MAY_BE_EMPTY, .form = &kw_form_address),
	ROW("tokens", LIST, AT(server.tokens), "[]", "bearer tokens, made by keyward at its start",
	    .max = TOKENS_MAX, .element = &token, .count_at = AT(server.n_tokens),
	    .size = sizeof(struct kw_config_token)),
	ROW("failuresPerMinute", INTEGER, AT(server.failures_per_minute), "120",
	    "how many operations of one caller may fail before it is told to wait", .min = 1,
	    .max = FAILURES_MAX),
	SECTION("attest", 0, "the attest routes", attest),
	SECTION("compat", 0, "the routes of Microsoft's SKR sidecar", compat),
	ROW("hosts", LIST, AT(server.hosts), "[]", "further Host values that are accepted",
	    .max = HOSTS_MAX, .element = &host, .count_at = AT(server.n_hosts),
	    .size = sizeof(char *)),
	{ 0 },
};

static const struct kw_option tls[] = {
	ROW("caFile", TEXT, AT(tls.ca_file), "", "PEM roots added for transport only",
	    .flags = KW_OPTION_TRUST, .form = &kw_form_path),
	{ 0 },
};

static const struct kw_option release[] = {
	ROW("signerRoots", TEXT, AT(release.signer_roots), "system",
	    "whom release answers are believed: system, or a PEM file", .flags = KW_OPTION_TRUST,
	    .form = &kw_form_system_or_path),
	ROW("enc", CHOICE, AT(release.enc), "RSA_AES_KEY_WRAP_256",
	    "how the vault is to wrap the key", .words = kw_release_enc_words),
	ROW("encFallback", BOOL, AT(release.enc_fallback), "false",
	    "ask once without `enc` where the vault does not know it"),
	ROW("requireNonceEcho", BOOL, AT(release.require_nonce_echo), "true",
	    "refuse an answer that does not repeat our nonce"),
	ROW("strictPublicHalf", BOOL, AT(release.strict_public_half), "false",
	    "refuse an EC key whose public half the answer leaves out"),
	{ 0 },
};

static const struct kw_option connect_to =
	ELEMENT("rule", TEXT, "HOST:PORT:ADDRESS:PORT", .form = &kw_form_connect_to);
static const struct kw_option network[] = {
	ROW("proxy", TEXT, AT(network.proxy), "", "an HTTP proxy; IMDS never uses it",
	    .form = &kw_form_origin),
	ROW("userAgent", TEXT, AT(network.user_agent), "",
	    "words behind keyward's own in the User-Agent", .form = &kw_form_word),
	ROW("connectTo", LIST, AT(network.connect_to), "[]",
	    "addresses to use instead of resolving", .flags = KW_OPTION_TRUST,
	    .max = CONNECT_TO_MAX, .element = &connect_to, .count_at = AT(network.n_connect_to),
	    .size = sizeof(char *)),
	{ 0 },
};

static const struct kw_option retry[] = {
	ROW("deadline", DURATION, AT(retry.deadline_ms), "45s",
	    "for one call with all its attempts", .min = SECONDS(1), .max = HOURS(1)),
	ROW("attempts", INTEGER, AT(retry.attempts), "6", "at most", .min = 1, .max = ATTEMPTS_MAX),
	ROW("base", DURATION, AT(retry.base_ms), "500ms", "the first wait, before jitter", .min = 1,
	    .max = SECONDS(60)),
	ROW("max", DURATION, AT(retry.max_ms), "20s", "the longest wait", .min = 1,
	    .max = SECONDS(600)),
	ROW("imdsDeadline", DURATION, AT(retry.imds_deadline_ms), "90s", "the deadline for IMDS",
	    .min = SECONDS(1), .max = HOURS(1)),
	{ 0 },
};

static const struct kw_option init[] = {
	ROW("deadline", DURATION, AT(init.deadline_ms), "3m", "`keyward init` ends by then",
	    .min = SECONDS(1), .max = HOURS(1)),
	{ 0 },
};

static const struct kw_option time_members[] = {
	ROW("skew", DURATION, AT(time.skew_ms), "5m", "how far clocks may differ", .max = HOURS(1)),
	{ 0 },
};

static const struct kw_option audit[] = {
	ROW("path", TEXT, AT(audit.path), "", "JSON lines of who got what; \"\": none",
	    .flags = KW_OPTION_RESTART, .form = &kw_form_path),
	ROW("required", BOOL, AT(audit.required), "false", "no record, no key"),
	{ 0 },
};

static const struct kw_option log_members[] = {
	ROW("level", CHOICE, AT(log.level), "info", "what is logged",
	    .words = WORDS("error", "warning", "info", "debug")),
	ROW("format", CHOICE, AT(log.format), "auto", "auto: text on a terminal, JSON otherwise",
	    .words = WORDS("auto", "text", "json")),
	ROW("file", TEXT, AT(log.file), "", "a file to append to; \"\": standard error",
	    .flags = KW_OPTION_RESTART, .form = &kw_form_path),
	{ 0 },
};

static const struct kw_option memory[] = {
	ROW("lock", CHOICE, AT(memory.lock), "required",
	    "whether memory for secrets must be locked", .flags = KW_OPTION_RESTART,
	    .words = WORDS("required", "bestEffort")),
	{ 0 },
};

const struct kw_option kw_options[] = {
	ROW("apiVersion", CHOICE, AT(api_version), NULL, "the version of this format",
	    .flags = KW_OPTION_MANDATORY, .words = WORDS("keyward/v1")),
	ROW("cloud", CHOICE, AT(cloud), "public",
	    "where the vaults are; custom: audiences and authority are named explicitly",
	    .words = WORDS("public", "usgov", "china", "custom")),
	SECTION("evidence", 0, "what proves the machine", evidence),
	SECTION("imds", 0, "the instance metadata service", imds),
	SECTION("collateral", 0, "AMD's certificates", collateral),
	SECTION("attestation", 0, "who judges the evidence", attestation),
	SECTION("identity", AT(identity), "who asks the vault", kw_identity_options),
	ROW("keys", LIST, AT(keys), "[]", "the keys to release", .max = KEYS_MAX,
	    .element = &kw_option_key, .count_at = AT(n_keys),
	    .size = sizeof(struct kw_config_key)),
	ROW("secrets", LIST, AT(secrets), "[]", "JWE files that released keys unseal",
	    .max = SECRETS_MAX, .element = &kw_option_secret, .count_at = AT(n_secrets),
	    .size = sizeof(struct kw_config_secret)),
	SECTION("server", 0, "the local interface", server),
	SECTION("tls", 0, "transport", tls),
	SECTION("release", 0, "trust for the release answer", release),
	SECTION("network", 0, "the way out", network),
	SECTION("retry", 0, "one engine for all upstreams", retry),
	SECTION("init", 0, "the init container", init),
	SECTION("time", 0, "clocks", time_members),
	SECTION("audit", 0, "the audit record", audit),
	SECTION("node", 0, "the node helper, `keyward node`", kw_node_options),
	SECTION("log", 0, "the log", log_members),
	SECTION("memory", 0, "the process's memory", memory),
	{ 0 },
};
