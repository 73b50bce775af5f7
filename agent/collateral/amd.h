/* SPDX-License-Identifier: Apache-2.0 */
/* Inside collateral/: product lines, the components of a TCB, the chip of a VCEK. Pure values,
 * nothing owned. */
#pragma once

#include "collateral/collateral.h"

enum { KW_TCB_TEXT_SIZE = 112, KW_TURIN_CHIP_ID_SIZE = 8 };

/* "Milan", "Genoa", "Turin" and nothing else. */
enum kw_product kw_product_parse(const char *name, size_t len);

/* The inverse of kw_tcb_from_bytes(); reserved bytes are zero. */
void kw_tcb_to_bytes(struct kw_tcb tcb, enum kw_product product, uint8_t ret[KW_TCB_SIZE]);
/* Component by component; the FMC on Turin only. */
bool kw_tcb_equal(struct kw_tcb a, struct kw_tcb b, enum kw_product product);
/* The integer that `tcbm` writes: the bytes read as little endian (key release 1.1). */
uint64_t kw_tcb_value(const uint8_t raw[KW_TCB_SIZE]);
struct kw_tcb kw_tcb_from_value(uint64_t value, enum kw_product product);
/* "7308000000000003 (bootloader 3, tee 0, snp 8, microcode 115)" */
void kw_tcb_text(struct kw_tcb tcb, enum kw_product product, char ret[KW_TCB_TEXT_SIZE]);

/* The CHIP_ID that a report must have: hwID, on Turin its first eight bytes and zeros. False: the
 * leaf names no chip. */
bool kw_amd_leaf_chip_id(const struct kw_amd_leaf *leaf, uint8_t ret[KW_CHIP_ID_SIZE]) KW_MUST_USE;
