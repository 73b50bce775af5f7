/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration: one YAML file, read strictly into one validated struct. One option table
 * (config/options.c) gives parsing, ranges, defaults, `config show`, the JSON Schema, the manual
 * page and whether a field may be reloaded. The struct is immutable after kw_config_load() and
 * shared by reference. Texts are owned by the struct and never NULL unless said otherwise ("" is
 * "not set"). Durations are milliseconds.
 */
#pragma once

#include "config/key_id.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/origin.h"

#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#define KW_DEFAULT_CONFIG "/etc/keyward/keyward.yaml"

enum kw_cloud { KW_CLOUD_PUBLIC, KW_CLOUD_USGOV, KW_CLOUD_CHINA, KW_CLOUD_CUSTOM };
enum kw_evidence_provider {
	KW_EVIDENCE_AUTO,
	KW_EVIDENCE_AZURE_VTPM,
	KW_EVIDENCE_TSM,
	KW_EVIDENCE_SEV_GUEST,
	KW_EVIDENCE_SEV
};
enum kw_freshness { KW_FRESHNESS_AUTO, KW_FRESHNESS_REQUIRED, KW_FRESHNESS_OFF };
enum kw_wrapping_key { KW_WRAPPING_PRIVATE, KW_WRAPPING_COMPATIBLE };
enum kw_collateral_source {
	KW_SOURCE_FILE,
	KW_SOURCE_SECURITY_CONTEXT,
	KW_SOURCE_DEVICE,
	KW_SOURCE_THIM,
	KW_SOURCE_KDS,
	KW_SOURCE_AZURE_CACHE
};
enum kw_crl_mode { KW_CRL_OFF, KW_CRL_IF_PRESENT, KW_CRL_REQUIRED };
enum kw_service_tee_mode { KW_TEE_OFF, KW_TEE_WARN, KW_TEE_REQUIRE };
enum kw_identity_provider {
	KW_IDENTITY_AUTO,
	KW_IDENTITY_WORKLOAD,
	KW_IDENTITY_TOKEN_FILE,
	KW_IDENTITY_MANAGED
};
enum kw_on_denied { KW_ON_DENIED_REVOKE, KW_ON_DENIED_KEEP };
enum kw_key_format {
	KW_FORMAT_JWK,
	KW_FORMAT_PEM,
	KW_FORMAT_DER,
	KW_FORMAT_RAW,
	KW_FORMAT_HEX,
	KW_FORMAT_BASE64
};
enum kw_release_enc {
	KW_ENC_RSA_AES_KEY_WRAP_256,
	KW_ENC_RSA_AES_KEY_WRAP_384,
	KW_ENC_CKM_RSA_AES_KEY_WRAP
};

struct kw_config_allow {
	bool any;
	int64_t uid, gid; /* -1: not asked for */
	char *token;	  /* a name in server.tokens, or "" */
};

struct kw_config_output {
	char *path;
	enum kw_key_format format;
	mode_t mode;
	int64_t gid; /* -1: leave */
	bool allow_disk;
};

struct kw_config_identity {
	enum kw_identity_provider provider;
	char *client_id, *object_id, *resource_id; /* at most one is set */
	char *token_file;
	char *audience,
		*authority; /* "": by cloud; see kw_config_audience(), kw_config_authority() */
};

struct kw_config_key {
	char *name, *url;
	struct kw_key_id id; /* of url; version "" follows the latest */
	bool required;
	int64_t refresh_ms, grace_ms, max_stale_ms;
	enum kw_on_denied on_denied;
	bool export_allowed;
	struct kw_config_allow *allow;
	size_t n_allow;
	struct kw_config_output *outputs;
	size_t n_outputs;
	struct kw_config_identity *identity; /* NULL: the general one */
	char **attestation_endpoints;	     /* none: the general ones */
	size_t n_attestation_endpoints;
	char **fallback_urls;
	size_t n_fallback_urls;
};

struct kw_config_secret {
	char *name, *source, *key;
	struct kw_config_output *outputs;
	size_t n_outputs;
};

struct kw_config_token {
	char *name, *file;
};

struct kw_config_pair {
	char *name, *value;
};

struct kw_config {
	char *path;	 /* as given; for messages */
	int api_version; /* keyward/v1: 0 */
	enum kw_cloud cloud;
	struct {
		enum kw_evidence_provider provider;
		char *tcti;
		int64_t *pcrs;
		size_t n_pcrs;
		char *event_log; /* "": none is sent */
		enum kw_freshness freshness;
		enum kw_wrapping_key wrapping_key;
		char *owner_auth_file;
		bool require_event_log, allow_debug, allow_masked_chip;
		struct {
			char *tsm; /* a directory */
			char *sev_guest, *sev;
		} devices;
	} evidence;
	struct {
		char *endpoint; /* http://169.254.169.254 */
	} imds;
	struct {
		enum kw_collateral_source *sources;
		size_t n_sources;
		char *file;
		char *trusted_roots; /* "builtin" or a PEM file */
		enum kw_crl_mode crl;
		char *crl_file;
		char *thim; /* "": imds.endpoint */
		char *kds;
	} collateral;
	struct {
		char **endpoints;
		size_t n_endpoints;
		struct kw_config_pair *client_payload;
		size_t n_client_payload;
		int64_t max_age_ms;
		char *api_version; /* "": the provider's own */
		char *bearer;	   /* "" or the resource to ask a token for */
		struct {
			enum kw_service_tee_mode mode;
			char **measurements;
			size_t n_measurements;
		} service_tee;
	} attestation;
	struct kw_config_identity identity;
	struct kw_config_key *keys;
	size_t n_keys;
	struct kw_config_secret *secrets;
	size_t n_secrets;
	struct {
		char *http; /* "127.0.0.1:8080" or "" */
		struct {
			char *path; /* "" is off */
			mode_t mode;
			int64_t gid; /* -1: leave */
		} socket;
		char *health;
		struct kw_config_token *tokens;
		size_t n_tokens;
		int64_t failures_per_minute;
		struct {
			struct kw_config_allow *allow;
			size_t n_allow;
			bool caller_keys;
		} attest;
		struct {
			bool enabled, strict_status;
		} compat;
		char **hosts; /* further accepted Host values */
		size_t n_hosts;
	} server;
	struct {
		char *ca_file;
	} tls;
	struct {
		char *signer_roots; /* "system" or a PEM file */
		enum kw_release_enc enc;
		bool enc_fallback, require_nonce_echo, strict_public_half;
	} release;
	struct {
		char *proxy, *user_agent;
		char **connect_to; /* "HOST:PORT:ADDRESS:PORT" */
		size_t n_connect_to;
	} network;
	struct {
		int64_t deadline_ms, attempts, base_ms, max_ms, imds_deadline_ms;
	} retry;
	struct {
		int64_t deadline_ms;
	} init;
	struct {
		int64_t skew_ms;
	} time;
	struct {
		char *path;
		bool required;
	} audit;
	struct {
		char *kubelet;	/* its directory for device plugins */
		char *resource; /* "keyward.dev/tpm" */
		int64_t count;
		char *device, *device_directory;
		mode_t mode;
		int64_t gid;
		char *directory; /* of the published files */
		char *event_log; /* the firmware's; "": none is published */
		int64_t interval_ms;
		char *metrics; /* "" is off */
		struct {
			char *namespace, *name; /* both or neither is "" */
			char *account; /* directory of the service account's token and CA */
		} config_map;
	} node;
	struct {
		int level;  /* enum kw_log_level */
		int format; /* enum kw_log_format */
		char *file; /* "": standard error */
	} log;
	struct {
		int lock; /* enum kw_lock */
	} memory;
};

/* Reads and validates. Errors start with FILE:LINE:COL and name the nearest known field or value.
 */
int kw_config_load(const char *path, struct kw_config **ret, struct kw_error *err) KW_MUST_USE;
/* The same from text; `name` stands for the path in messages. For tests, fuzzing and stdin. */
int kw_config_parse(const char *name, const char *text, size_t len, struct kw_config **ret,
		    struct kw_error *err) KW_MUST_USE;
void kw_config_free(struct kw_config *config);
KW_DEFINE_FREEP(struct kw_config, kw_config_free);

/* CFG_VALUE for the first field that asks for what this version cannot do. */
int kw_config_available(const struct kw_config *config, struct kw_error *err) KW_MUST_USE;

/* Whether the files that it names can be read here: the first that cannot is CFG_FILE. */
int kw_config_check_files(const struct kw_config *config, struct kw_error *err) KW_MUST_USE;

/* For a reload. CFG_RESTART, naming the field, if `next` differs in one that only a start reads. */
int kw_config_reloadable(const struct kw_config *now, const struct kw_config *next,
			 struct kw_error *err) KW_MUST_USE;
bool kw_config_equal(const struct kw_config *a, const struct kw_config *b);
bool kw_config_key_equal(const struct kw_config_key *a, const struct kw_config_key *b);
bool kw_config_secrets_equal(const struct kw_config *a, const struct kw_config *b);

/* `config show`: the effective configuration as YAML, defaults filled in. */
int kw_config_show(const struct kw_config *config, FILE *to, struct kw_error *err) KW_MUST_USE;
/* `config schema`: JSON Schema (2020-12) of the configuration. */
int kw_config_schema(FILE *to, struct kw_error *err) KW_MUST_USE;

const struct kw_config_key *kw_config_key_find(const struct kw_config *config, const char *name);
/* From the command line, before anybody else has the configuration: this endpoint alone, an https
 * origin (CFG_USAGE); this value of the client payload's nonce. */
int kw_config_use_endpoint(struct kw_config *config, const char *url,
			   struct kw_error *err) KW_MUST_USE;
/* By origin. */
bool kw_config_lists_endpoint(const struct kw_config *config, const char *url);
void kw_config_use_nonce(struct kw_config *config, const char *nonce);
/* The same from the variables of Microsoft's sidecar: the port of server.http, still on loopback;
 * this source of collateral, asked there (`host` "": where it is by default). CFG_VALUE. */
int kw_config_use_port(struct kw_config *config, const char *port,
		       struct kw_error *err) KW_MUST_USE;
int kw_config_use_source(struct kw_config *config, enum kw_collateral_source source,
			 const char *host, struct kw_error *err) KW_MUST_USE;
/* Owned text in place of what was there. */
void kw_config_use_text(char **field, const char *text);
/* For whoever provides the others with collateral: the configured sources without those that lie on
 * this node, which are its own output; THIM if none is left. */
void kw_config_use_remote_collateral(struct kw_config *config);
/* From a caller of the library: this client payload, a JSON object of strings (CFG_USAGE). */
int kw_config_use_payload(struct kw_config *config, const char *json,
			  struct kw_error *err) KW_MUST_USE;
/* The vTPM with the wrapping key that other processes can make too (guest attestation 5). */
void kw_config_use_shared_key(struct kw_config *config);

/* Which parts rest on trust or endpoints that are not built in: "collateral.trustedRoots,
 * imds.endpoint", or "". Non-empty puts the agent in state custom-trust, which it shows everywhere.
 * Owned. */
char *kw_config_custom_trust(const struct kw_config *config);
/* The audience for a vault origin by cloud and host suffix (spec: key release 3.1), or
 * identity.audience. NULL: not known. */
const char *kw_config_audience(const struct kw_config *config,
			       const struct kw_config_identity *identity,
			       const struct kw_origin *vault);
/* The Entra authority without trailing slash: identity.authority, or the one of the cloud. NULL:
 * cloud custom without one. */
const char *kw_config_authority(const struct kw_config *config,
				const struct kw_config_identity *identity);
const char *kw_release_enc_text(enum kw_release_enc enc);
const char *kw_key_format_text(enum kw_key_format format);
bool kw_key_format_parse(const char *text, enum kw_key_format *ret) KW_MUST_USE;
