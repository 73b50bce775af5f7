/* SPDX-License-Identifier: Apache-2.0 */
/* The file behind lab_log(): D/log, appended to. Lines written before it is open are lost. */
#pragma once

#include "lab.h"

void lab_log_open(const char *dir);
