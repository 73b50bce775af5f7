/* SPDX-License-Identifier: Apache-2.0 */
/* Content negotiation (RFC 9110 12.5.1) over the few types in which a key can be given. Pure. */
#pragma once

#include "config/config.h"
#include "keys/material.h"

struct kw_media {
	const char *type;
	enum kw_key_format format;
};

/*
 * The type with the highest q that fits the kind of key; equal q: the order of keyward's own list
 * (JWK first). No header, or one that is empty, means JWK. NULL: nothing fits.
 */
const struct kw_media *kw_accept(const char *header, enum kw_material_kind kind);
