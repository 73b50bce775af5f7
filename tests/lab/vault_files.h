/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys on disk: D/vault/NAME/VERSION.json (D/mhsm/... of the HSM) says what the key is,
 * VERSION.key is its material (PKCS#8 in PEM for RSA and EC, the bare bytes for oct), so that a
 * tester can hold a released key against it. The caller holds the lock.
 */
#pragma once

#include "vault.h"

void lab_key_files_read(const char *dir, void (*insert)(struct lab_key *key));
void lab_key_file_write(const struct lab_key *key);
void lab_key_file_remove(const struct lab_key *key);
