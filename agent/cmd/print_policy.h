/* SPDX-License-Identifier: Apache-2.0 */
/* A policy's evaluation as an aligned table for people. */
#pragma once

#include "policy/tree.h"

#include <stdio.h>

/* One line per authority, selector and test: verdict, claim, expected, found; hints below. */
void kw_policy_print(const struct kw_policy_result *result, unsigned token_hints, FILE *to);
