/* SPDX-License-Identifier: Apache-2.0 */
/* Between event_log.c, which reads events, and event_replay.c, which does with them what the TPM
 * did. For these two alone. */
#pragma once

#include "evidence/event_log.h"

/* After the header: which banks are replayed. */
void kw_event_replay_open(struct kw_event_log *log);
/* PCR 0 starts with the startup locality. False: it was extended already. */
bool kw_event_replay_start(struct kw_event_log *log);
void kw_event_replay_extend(struct kw_event_log *log, const struct kw_event *event);
/* Secure Boot as measured, and the statistic of digests that are not of the event data. */
void kw_event_note_variable(struct kw_event_log *log, const struct kw_event *event);
