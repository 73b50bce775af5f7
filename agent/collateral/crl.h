/* SPDX-License-Identifier: Apache-2.0 */
/* Inside collateral/: AMD's revocation lists (key release 1.3, 1.4). The ARK signs one per product
 * line; in it stand ASKs and ASVKs, never a VCEK. */
#pragma once

#include "collateral/source.h"
#include "collateral/x509.h"
#include "util/checks.h"

/* Puts the list among `taken`, from the configured sources in their order: collateral.crlFile for
 * `file`, the certificate table for `device`, KDS. None is at hand: it stays empty, which the judge
 * tells. An outage is an error only where a list is required. */
int kw_crl_attach(const struct kw_source_env *env, const struct kw_collateral_wanted *wanted,
		  struct kw_collateral *taken, struct kw_error *err) KW_MUST_USE;

/* KDS: of the product line of `taken`. */
int kw_source_kds_crl(const struct kw_source_env *env, const struct kw_collateral *taken,
		      struct kw_blob *ret, struct kw_error *err) KW_MUST_USE;

/* DER or PEM into DER. COL_ANSWER. */
int kw_crl_read(struct kw_bytes in, struct kw_blob *ret, struct kw_error *err) KW_MUST_USE;

/* Rows, all COL_CRL: signed by this ARK, in date, this ASK not in it. No list: "not possible", or
 * failed where one is required. */
void kw_crl_judge(const struct kw_collateral *collateral, const X509 *ask, X509 *ark, int64_t now_s,
		  struct kw_checks *checks);
