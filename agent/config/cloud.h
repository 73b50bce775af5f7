/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of the clouds: suffixes and names (spec: key release 3.1). A suffix picks an
 * audience or says that a host is Microsoft's own; it never makes a host allowed. Pure.
 */
#pragma once

#include "config/config.h"

/* The host of this URL has one of the cloud's suffixes, on a label boundary. */
bool kw_cloud_has_attestation(enum kw_cloud cloud, const char *url);
bool kw_cloud_has_vault(enum kw_cloud cloud, const struct kw_origin *vault);
/* NULL: custom. */
const char *kw_cloud_authority(enum kw_cloud cloud);
