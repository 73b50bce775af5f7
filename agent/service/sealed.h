/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sealed secrets (`secrets`): JWE files for a key of the vault. The protected header binds two
 * things, so that a file cannot be passed off as another: `name` is that of the secret, `kid` the
 * identifier of its key, with or without a version. Any worker may call.
 */
#pragma once

#include "config/config.h"
#include "keys/material.h"

/* `text` is the content of the secret's source. UNW_JWE_FORM, UNW_JWE_BOUND, UNW_JWE_OPEN. */
int kw_sealed_open(const struct kw_config_secret *secret, const struct kw_config_key *rule,
		   struct kw_bytes text, const struct kw_material *material, struct kw_secret *ret,
		   struct kw_error *err) KW_MUST_USE;
/* The same from the file. SYS_FILE. */
int kw_sealed_read(const struct kw_config_secret *secret, const struct kw_config_key *rule,
		   const struct kw_material *material, struct kw_secret *ret,
		   struct kw_error *err) KW_MUST_USE;

/* The compact JWE of `plain`, for a public key: as JWK, PEM, or as the vault gives it ({"key":
 * JWK}). `kid` NULL: that of the JWK. SYS_DATA, UNW_JWE_FORM. Owned text. */
int kw_sealed_make(const char *name, const char *kid, struct kw_bytes public_key,
		   struct kw_bytes plain, char **ret, struct kw_error *err) KW_MUST_USE;
