/* SPDX-License-Identifier: Apache-2.0 */
/* Small things that the services of azure/ share. */
#pragma once

/* `path` behind the endpoint, whether or not that ends with a slash. Owned. */
char *kw_endpoint_url(const char *endpoint, const char *path);
