/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vectors: real reports, certificates, quotes, event logs, tokens and answers, with the facts
 * that each must yield (expected.json in $KEYWARD_VECTORS). main.c runs one test per item and gives
 * it to the handler of its kind; item.c holds a handler's findings against the expected ones.
 *
 * A handler asks the functions behind the verdict, reports each finding with a vec_fact_*() and
 * says the verdict exactly once with vec_reason(). A difference is printed and the handler goes on.
 * At the end every expected fact that is not informative must have been reported; after a refusal
 * with a structural reason only `size` is owed. A finding that is not expected there is ignored.
 */
#pragma once

#include "collateral/collateral.h"
#include "evidence/snp_report.h"
#include "util/bytes.h"
#include "util/json.h"

struct vec_item;

const char *vec_id(const struct vec_item *item);
/* True: the item names a file in that role. */
bool vec_has(const struct vec_item *item, const char *role);
/* Its content; the caller clears it. The test ends if the item has no such role or no such file. */
struct kw_blob vec_file(struct vec_item *item, const char *role);
/* A parameter; NULL if it is absent. */
const struct kw_json *vec_param(const struct vec_item *item, const char *name);
/* params.time, or the time at which certificates are judged by default. */
int64_t vec_time(const struct vec_item *item);
/* True: the fact is expected (for findings that cost much). */
bool vec_expects(const struct vec_item *item, const char *path);

/*
 * Findings. `path` leads through members and, as numbers, through lists: "report.cpuid.family",
 * "certs.0.subject". A whole object or list is given with vec_fact_json(), informative members
 * left aside; names that contain dots need that.
 */
void vec_fact_int(struct vec_item *item, const char *path, int64_t found);
void vec_fact_str(struct vec_item *item, const char *path, const char *found);
void vec_fact_bool(struct vec_item *item, const char *path, bool found);
void vec_fact_hex(struct vec_item *item, const char *path, struct kw_bytes found);
void vec_fact_null(struct vec_item *item, const char *path);
void vec_fact_json(struct vec_item *item, const char *path, const struct kw_json *found);

/* The verdict: NULL for a good item, else a name of error_names that is one of the item's errors.
 */
void vec_reason(struct vec_item *item, const char *reason);

/* Anything else that must hold; prints the text and fails the item if `ok` is false. */
bool vec_check(struct vec_item *item, bool ok, const char *fmt, ...) KW_PRINTF(3, 4);

/* evidence.c */
void vec_hcl_report(struct vec_item *item);
void vec_tpm_quote(struct vec_item *item);
void vec_eventlog(struct vec_item *item);
/* The fields of an SNP report below `prefix` ("report"); TCBs by the layout of `product`. */
void vec_snp_report_facts(struct vec_item *item, const char *prefix,
			  const struct kw_snp_report *report, enum kw_product product);

/* collateral.c */
void vec_snp_report(struct vec_item *item);
void vec_cert_chain(struct vec_item *item);
void vec_thim(struct vec_item *item);
/* What the roles `leaf` and `roots` say of a report (also of the one in an HCL report): facts
 * leaf, signature_ok, chip_id_matches, tcb_matches, chain_ok. Returns the reason against it or
 * NULL; without the role `leaf` nothing is reported. `ret_product` is the leaf's product line or,
 * without one, that of the CPUID; KW_MILAN for a version 2 report without a leaf. */
const char *vec_collateral_facts(struct vec_item *item, const struct kw_snp_report *report,
				 enum kw_product *ret_product);

/* jose.c */
void vec_wycheproof(struct vec_item *item);
void vec_jwk(struct vec_item *item);
void vec_keywrap(struct vec_item *item);
void vec_key_hsm(struct vec_item *item);

/* azure.c */
void vec_jws(struct vec_item *item);
void vec_release_policy(struct vec_item *item);
void vec_claims(struct vec_item *item);
void vec_opaque(struct vec_item *item);
