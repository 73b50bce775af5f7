/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attestation as work for one request: it waits for the TPM and for upstreams, in the pool of what
 * callers ask for, so that it never stands before the keeper's own releases.
 */
#pragma once

#include "server/work.h"
#include "service/attest.h"

enum kw_attesting_kind {
	KW_ATTEST_TOKEN,    /* over a nonce */
	KW_ATTEST_EVIDENCE, /* over a nonce */
	KW_ATTEST_REPORT,   /* over runtime data */
	KW_ATTEST_MAA,	    /* a token over runtime data */
	KW_ATTEST_COLLATERAL,
};

struct kw_attesting {
	struct kw_work work;
	struct kw_service *service;
	enum kw_attesting_kind kind;
	struct kw_blob data; /* nonce or runtime data; a NUL stands behind it */
	char *endpoint;	     /* KW_ATTEST_MAA alone */
	/* What came of it, by kind. */
	struct kw_attestation *session;
	struct kw_json *evidence;
	struct kw_caller_report report;
	struct kw_secret token;
	struct kw_collateral *collateral;
	struct kw_checks checks;
};

/* `data` and `endpoint` (NULL but for KW_ATTEST_MAA) are copied. False: busy. */
bool kw_attesting_start(struct kw_request *request, enum kw_attesting_kind kind,
			struct kw_bytes data, const char *endpoint) KW_MUST_USE;
/* SRV_TOKEN, SRV_ATTEST: the caller may not use the attest routes. */
int kw_attesting_access(const struct kw_request *request, struct kw_error *err) KW_MUST_USE;
/* SRV_CALLER_KEYS: the data may carry keys, and the configuration does not let callers do that. */
int kw_attesting_check_data(const struct kw_request *request, struct kw_bytes data,
			    struct kw_error *err) KW_MUST_USE;
