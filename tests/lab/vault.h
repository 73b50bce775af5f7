/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lab's Key Vault behind its routes: keys, release policies, attestation tokens, the release
 * answer. A key, once made, is never freed and its material never changes; what may change is
 * copied out under a lock.
 */
#pragma once

#include "http_server.h"
#include "jose.h"
#include "judge.h"

enum { LAB_KEY_NAME_SIZE = 128, LAB_KEY_VERSION_SIZE = 65, LAB_OCT_MAX = 64 };

/* A Key Vault and a Managed HSM: keys, audiences and a few manners of their own. */
enum lab_store { LAB_KEY_VAULT, LAB_MANAGED_HSM };

struct lab_key_attributes {
	bool enabled;
	int64_t nbf_s, exp_s; /* 0: none */
	int64_t created_s, updated_s;
};

struct lab_key {
	struct lab_key *next;
	enum lab_store store;
	char name[LAB_KEY_NAME_SIZE], version[LAB_KEY_VERSION_SIZE];
	char kty[16];	/* as it was asked for: "RSA-HSM" */
	EVP_PKEY *pkey; /* RSA, EC */
	struct kw_blob oct;
	struct kw_json *key_ops; /* array, or NULL */
	bool exportable;
	int64_t order; /* the newest version has the highest */
	/* Under the lock: */
	char *policy; /* JSON text, or NULL */
	bool immutable;
	struct lab_key_attributes attributes;
	bool deleted;
};

/* What a key is made from; members are moved into the key. */
struct lab_key_form {
	enum lab_store store;
	const char *name, *kty, *curve;
	int64_t size;	/* 0: the type's default */
	EVP_PKEY *pkey; /* import */
	struct kw_blob oct;
	struct kw_json *key_ops;
	char *policy;
	bool exportable, immutable;
	struct lab_key_attributes attributes;
};
void lab_key_form_clear(struct lab_key_form *form);

/* Reads what lies below D/vault. */
void lab_keys_open(const char *dir);
void lab_keys_close(void);
/* A new version, also on disk. */
bool lab_keys_make(struct lab_key_form *form, const struct lab_key **ret, struct lab_why *why);
/* The version, or the newest for NULL; NULL: there is none. */
const struct lab_key *lab_keys_find(enum lab_store store, const char *name, const char *version);
/* The versions of a key, newest first: NULL starts, NULL ends. */
const struct lab_key *lab_keys_older(enum lab_store store, const char *name,
				     const struct lab_key *after);
struct lab_key_attributes lab_keys_attributes(const struct lab_key *key);
void lab_keys_set_attributes(const struct lab_key *key, const struct lab_key_attributes *to);
/* The release policy as it is now, owned, or NULL. */
char *lab_keys_policy(const struct lab_key *key);
/* False: what stands against it. */
bool lab_keys_set_policy(const struct lab_key *key, const char *policy, bool immutable,
			 struct lab_why *why);
void lab_keys_delete(enum lab_store store, const char *name);
bool lab_key_name_fits(const char *name, size_t max); /* letters, digits, '-' */
/* "https://HOST/keys/NAME[/VERSION]", owned. */
char *lab_key_id(enum lab_store store, const char *name, const char *version);
/* kid, kty, key_ops and the public half. */
struct kw_json *lab_key_public(const struct lab_key *key);
/* attributes, tags, release_policy: what stands beside "key" in every answer. */
void lab_key_add_properties(struct kw_json *bundle, const struct lab_key *key);

/* Release policies (key release 5). */
bool lab_policy_check(const char *text, struct lab_why *why);
/* Whether `issuer` is an authority of the policy. */
bool lab_policy_names(const char *policy, const char *issuer);
bool lab_policy_allows(const char *policy, const char *issuer, const struct kw_json *claims,
		       struct lab_why *why);
/* The policy that a key gets when none is named: the documented sample, with the lab's authority.
 */
char *lab_policy_default(void);

/* A token that the vault believes (5.5 points 1 to 3). False: the statement cannot be verified. */
bool lab_target_verify(const char *token, const char *policy, struct lab_jws *ret,
		       struct lab_why *why);
/* The key of the token that a released key is wrapped for (5.5 point 5). */
struct lab_wrapping_key {
	EVP_PKEY *key; /* owned */
	const char *kid;
};
bool lab_target_wrapping_key(const struct kw_json *claims, struct lab_wrapping_key *ret,
			     struct lab_why *why);

/* POST /keys/NAME[/VERSION]/release; the caller is authorised, the key exists. */
void lab_vault_release(const struct lab_request *request, const struct lab_key *key,
		       const char *asked_version, const char *api_version, struct lab_reply *reply);
/* What release takes from the request. */
struct lab_release {
	const struct lab_key *key;
	const char *asked_version; /* NULL: none */
	const char *api_version, *enc, *nonce;
	struct lab_wrapping_key wrapping;
};
/* "RSA_AES_KEY_WRAP_256": whether it is one, and the digest of its OAEP. */
const char *lab_enc_digest(const char *enc);
/* The member key_hsm of the answer (4.5), owned. */
char *lab_key_hsm(const struct lab_release *release);
/* The JWS (4.3), owned. */
char *lab_release_jws(const struct lab_release *release);
