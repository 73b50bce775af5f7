/* SPDX-License-Identifier: Apache-2.0 */
/* Events of a measured-boot log in words, for people. What an event says beside its digest is
 * believed by nobody: the digest does not cover the data of most types. */
#pragma once

#include "evidence/event_log.h"

enum { KW_EVENT_TEXT_SIZE = 120 };

/* "EV_SEPARATOR", or "0x..." in `buffer`. */
const char *kw_event_type_text(uint32_t type, char buffer[16]);
/* Names, versions and commands where the type has them, cleaned; else the size. */
void kw_event_describe(const struct kw_event *event, char ret[KW_EVENT_TEXT_SIZE]);
