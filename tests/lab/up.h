/* SPDX-License-Identifier: Apache-2.0 */
/* `keyward-lab up`: brings every part up, says so, waits for the signal to end, takes it all down.
 */
#pragma once

#include "lab.h"

/* Gives the exit status. */
int lab_up(struct lab_options *options);
