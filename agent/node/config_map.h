/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One data key of one ConfigMap, by the API of the cluster that this pod runs in. The ConfigMap
 * exists already; `patch` on it is all that the service account needs. Where the API is and whom to
 * trust there is read anew for every call: tokens and CA bundles are rotated. Waits for the
 * network: for a worker. kw_config_map_cancel() may come from any thread.
 */
#pragma once

#include "config/config.h"
#include "util/clock.h"

struct kw_config_map;
struct kw_config_map *kw_config_map_new(const struct kw_config *config,
					const struct kw_clock *clock,
					const struct kw_random *random);
void kw_config_map_free(struct kw_config_map *map);
void kw_config_map_cancel(struct kw_config_map *map);

/* data[name] = text; the other keys stay. OUT_API_*. */
int kw_config_map_patch(struct kw_config_map *map, const char *name, const char *text,
			struct kw_error *err) KW_MUST_USE;
