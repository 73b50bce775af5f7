/* SPDX-License-Identifier: Apache-2.0 */
/* The AMD chain under a report (key release 1.4), judged against the lab's own roots. */
#pragma once

#include "judge.h"

#define LAB_SIGNER_KEY(dword) ((dword) >> 2 & 7u) /* of the dword at 0x48 */

struct lab_amd_chain {
	X509 *leaf, *signer, *ark; /* owned */
	enum lab_product product;
	bool vlek;
};
void lab_amd_chain_clear(struct lab_amd_chain *chain);
/* Three certificates in PEM: names, keys, algorithms, signatures, times, the ARK's key. */
bool lab_amd_chain_judge(struct kw_bytes pem, struct lab_amd_chain *ret, struct lab_why *why);
/* The leaf against what the report says of key, TCB and chip. */
bool lab_amd_leaf_judge(const struct lab_amd_chain *chain, const struct lab_snp *r,
			struct lab_why *why);
