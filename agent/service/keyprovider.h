/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key provider of ocicrypt, which encrypts layers of images: the JSON that it sends for one
 * layer, and the answer. Keys of layers are wrapped for the public half of a vault's RSA key and
 * unwrapped with the released one; the packet between is that of Microsoft's key provider, so that
 * images which either wrapped are opened by both. One thread.
 */
#pragma once

#include "service/service.h"

enum { KW_LAYER_REQUEST_MAX = 1 << 16 };

struct kw_layer_request {
	bool wrap;
	char *key;	     /* to wrap for */
	struct kw_blob data; /* to wrap: what the layer's key is in; to unwrap: the packet */
};
/* SYS_DATA: it is none. */
int kw_layer_request_read(struct kw_bytes text, struct kw_layer_request *ret,
			  struct kw_error *err) KW_MUST_USE;
void kw_layer_request_clear(struct kw_layer_request *request);

/* The public half is found by DIRECTORY/KEY-info.json, {"public_key_path", "kms_endpoint",
 * "attester_endpoint"}. Needs neither configuration nor network. SYS_FILE, SYS_DATA, UNW_TOO_LONG.
 */
int kw_layer_wrap(const struct kw_layer_request *request, const char *directory,
		  struct kw_secret *ret_answer, struct kw_error *err) KW_MUST_USE;
/* The packet names a configured key, its vault, and an attestation endpoint of it. SYS_DATA,
 * CFG_UNKNOWN_KEY, CFG_ORIGIN, SRV_OPEN, and what a release fails with. */
int kw_layer_unwrap(struct kw_service *service, const struct kw_config *config,
		    const struct kw_layer_request *request, struct kw_secret *ret_answer,
		    struct kw_error *err) KW_MUST_USE;
