/* SPDX-License-Identifier: Apache-2.0 */
/* Inside collateral/: making and copying a struct kw_collateral. */
#pragma once

#include "collateral/collateral.h"
#include "collateral/x509.h"

enum { KW_COLLATERAL_CACHE_S = 86400 }; /* where the source does not say, and never longer */

/* Copies the certificates; `leaf` NULL: a chain alone. COL_CERTIFICATE for the leaf's extensions.
 */
int kw_collateral_from_der(const struct kw_blob *leaf, const struct kw_blob *ask,
			   const struct kw_blob *ark, const char *source,
			   struct kw_collateral **ret, struct kw_error *err) KW_MUST_USE;
struct kw_collateral *kw_collateral_copy(const struct kw_collateral *collateral);
