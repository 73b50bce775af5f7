/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An attestation session: evidence, verified token, wrapping key, expiry, and what invalidates it.
 * One serves every key with the same endpoints. kw_attestation_get() gives the good one or makes
 * one, in single flight.
 */
#pragma once

#include "azure/maa.h"
#include "collateral/fetch.h"
#include "jose/unwrap.h"

struct kw_service;
struct kw_attestation;

/* Wants: at least 5 minutes of token left, younger than attestation.maxAge, not invalidated. The
 * caller holds a reference. `checks` (may be NULL) gets the rows that were judged when this session
 * was made. */
int kw_attestation_get(struct kw_service *service, struct kw_attestation **ret,
		       struct kw_checks *checks, struct kw_error *err) KW_MUST_USE;
struct kw_attestation *kw_attestation_ref(struct kw_attestation *session);
void kw_attestation_unref(struct kw_attestation *session);
KW_DEFINE_FREEP(struct kw_attestation, kw_attestation_unref);
/* The next kw_attestation_get() makes a new one (PCR change, TPM reset, KW_RENEWED errors). */
void kw_attestation_invalidate(struct kw_service *service, struct kw_attestation *session);

struct kw_bytes kw_attestation_token(const struct kw_attestation *session);
const char *kw_attestation_endpoint(const struct kw_attestation *session);
int64_t kw_attestation_expiry_s(const struct kw_attestation *session);
const char *kw_attestation_wrapping_kid(const struct kw_attestation *session);
/* RSA-OAEP in the TPM, then RFC 5649. UNW_*; TPM_KEY_LOST invalidates the session. */
int kw_attestation_unwrap(struct kw_service *service, struct kw_attestation *session,
			  const struct kw_key_hsm *wrapped, struct kw_secret *ret,
			  struct kw_error *err) KW_MUST_USE;
