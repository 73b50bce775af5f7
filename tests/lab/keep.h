/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the lab keeps below D/kept for testers who look behind the curtain: the tokens that it gave
 * (`tokens`), the wrapping keys that it wrapped for (`wrapping-keys`, modulus in hex), the last
 * wrapped key (`last-wrapped`), and the public halves of the vault's keys (NAME.public.jwk,
 * NAME.public.pem).
 */
#pragma once

#include "lab.h"
#include "util/bytes.h"

void lab_keep_open(const char *dir);
void lab_keep_line(const char *file, const char *text);		/* appended */
void lab_keep_bytes(const char *file, struct kw_bytes content); /* replaces what was there */
void lab_keep_public(const char *name, EVP_PKEY *key);
