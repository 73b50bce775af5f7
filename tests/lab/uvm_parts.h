/* SPDX-License-Identifier: Apache-2.0 */
/* What maker and judge of the endorsement have in common: names, and nothing that parses. */
#pragma once

#include "pki.h"
#include "uvm.h"

#define LAB_UVM_FEED "ContainerPlat-AMD-UVM"
#define LAB_UVM_EKU "1.3.6.1.4.1.311.76.59.1.2"

/* Keys of the protected header (RFC 9052, RFC 9360). */
enum { COSE_ALG = 1, COSE_CONTENT_TYPE = 3, COSE_X5CHAIN = 33, COSE_X5T = 34 };
enum { COSE_PS384 = -38, COSE_SHA_256 = -16, COSE_SIGN1_TAG = 18, CBOR_EPOCH_TAG = 1 };

struct lab_uvm_chain {
	struct lab_pair leaf, ca, root;
};
/* Made on first use, kept in D/pki. */
const struct lab_uvm_chain *lab_uvm_chain(void);
/* The DID that names root and purpose; owned. */
char *lab_uvm_issuer(void);
/* The document for a measurement; owned. */
struct kw_blob lab_uvm_reference_info(struct kw_bytes measurement);

/* CBOR, as far as COSE needs it. Major types: */
enum {
	CBOR_UINT,
	CBOR_NINT,
	CBOR_BYTES,
	CBOR_TEXT,
	CBOR_ARRAY,
	CBOR_MAP,
	CBOR_TAG,
};
