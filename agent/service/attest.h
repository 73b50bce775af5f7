/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What callers of the attest routes get, verified here before it is handed out. Who may ask, and
 * whether its data may carry keys, is the server's to decide. Any worker may call.
 */
#pragma once

#include "service/service.h"

struct kw_caller_report {
	struct kw_blob report; /* the SNP report */
	struct kw_collateral *collateral;
	struct kw_blob uvm; /* COSE_Sign1 over the utility VM, as found; empty: none */
};
void kw_caller_report_clear(struct kw_caller_report *report);

/* The SNP report over the SHA-256 of `runtime`, judged with its collateral. SNP_CALLER_DATA,
 * SNP_NO_SOURCE, SNP_UNSUPPORTED: this machine gives none. */
int kw_service_caller_report(struct kw_service *service, struct kw_bytes runtime,
			     struct kw_caller_report *ret, struct kw_error *err) KW_MUST_USE;
/* A token of that endpoint over runtime data that is JSON. The same errors. */
int kw_service_caller_token(struct kw_service *service, const char *endpoint,
			    struct kw_bytes runtime, struct kw_secret *ret,
			    struct kw_error *err) KW_MUST_USE;
/* True: of the errors above, those that mean that there is no source. */
bool kw_error_is_no_source(const struct kw_error *err);
