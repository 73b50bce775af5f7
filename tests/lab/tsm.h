/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SNP device of a guest as Linux 6.7 shows it: the directory /sys/kernel/config/tsm/report,
 * here D/tsm/report, a small file system of the lab's own (SNP evidence 5). It needs the right to
 * mount (root, or a user namespace with its own mounts); without it the lab does without.
 */
#pragma once

#include <stdbool.h>

/* False: mounting is not allowed here. */
bool lab_tsm_start(const char *dir);
void lab_tsm_stop(void);
/* NULL: not there. */
const char *lab_tsm_path(void);
