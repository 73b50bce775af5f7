/* SPDX-License-Identifier: Apache-2.0 */
/* Inside collateral/: asking the trust anchors. */
#pragma once

#include "collateral/collateral.h"
#include "collateral/x509.h"

/* The product of an ARK's common name, "ARK-<product>"; KW_PRODUCT_UNKNOWN for any other text. */
enum kw_product kw_amd_root_product(const char *common_name);
/* Is a key with this SHA-256 of its SubjectPublicKeyInfo a root of this product? */
bool kw_amd_roots_have(const struct kw_amd_roots *roots, enum kw_product product,
		       const uint8_t spki_sha256[KW_SHA256_SIZE]);
