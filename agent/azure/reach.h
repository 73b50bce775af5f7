/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether an upstream can be reached, without credentials: name, TLS, an answer of whatever status,
 * and its clock. Thread-safe.
 */
#pragma once

#include "config/config.h"
#include "http/client.h"

struct kw_reached {
	int status;	/* of HTTP */
	int64_t ms;	/* that the call took */
	int64_t date_s; /* by the upstream's clock; 0: it did not say */
};
/* The metadata of an attestation endpoint. ATT_UNREACHABLE, TOK_TLS and their like. */
int kw_reach_attestation(struct kw_http *http, const struct kw_clock *clock, const char *endpoint,
			 struct kw_reached *ret, struct kw_error *err) KW_MUST_USE;
/* A key of a vault, which wants a token. REL_UNREACHABLE, REL_TLS. */
int kw_reach_vault(struct kw_http *http, const struct kw_clock *clock, const struct kw_key_id *key,
		   struct kw_reached *ret, struct kw_error *err) KW_MUST_USE;

/* What IMDS says of this machine: advice, never evidence. */
struct kw_instance {
	char security_type[32]; /* "ConfidentialVM"; "" if it does not say */
	char location[32];
	struct kw_reached reached;
};
/* IDN_UNREACHABLE, IDN_BUSY, IDN_REFUSED, IDN_ANSWER. */
int kw_instance_get(struct kw_http *http, const struct kw_clock *clock,
		    const struct kw_config *config, struct kw_instance *ret,
		    struct kw_error *err) KW_MUST_USE;
