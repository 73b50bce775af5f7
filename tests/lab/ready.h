/* SPDX-License-Identifier: Apache-2.0 */
/* How a lab says that it is up: D/keyward.yaml, D/lab.json and the same JSON on one line of stdout.
 */
#pragma once

#include "lab.h"

void lab_ready_announce(const struct lab_options *options);
/* Takes D/lab.json away: nobody shall take this lab for one that is up. */
void lab_ready_remove(const struct lab_options *options);
