/* SPDX-License-Identifier: Apache-2.0 */
/* The compiler attributes that keyward's headers use, under names of our own. */
#pragma once

#define KW_PRINTF(fmt_at, args_at) __attribute__((format(printf, fmt_at, args_at)))
#define KW_MUST_USE __attribute__((warn_unused_result))
#define KW_UNUSED __attribute__((unused))
