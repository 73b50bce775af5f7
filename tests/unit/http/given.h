/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration for the client's tests: nothing set but what each test adds. */
#pragma once

#include "config/config.h"

#define GIVEN_IDENTITY                                                                 \
	{                                                                              \
		.client_id = "", .object_id = "", .resource_id = "", .token_file = "", \
		.audience = "", .authority = "",                                       \
	}

static inline struct kw_config given_config(void)
{
	return (struct kw_config){
		.imds.endpoint = "http://169.254.169.254",
		.collateral = { .file = "", .thim = "", .kds = "https://kdsintf.amd.com" },
		.identity = GIVEN_IDENTITY,
		.network = { .proxy = "", .user_agent = "" },
		.tls.ca_file = "",
		.retry = { .deadline_ms = 45000,
			   .attempts = 6,
			   .base_ms = 500,
			   .max_ms = 20000,
			   .imds_deadline_ms = 90000 },
	};
}
