/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which process is at the other end of a loopback connection. Linux tells it through /proc, as far
 * as we may look.
 */
#pragma once

#include <sys/types.h>

/* 0: not to be found out. `first` is looked at before all others, or 0. */
pid_t lab_peer_pid(int fd, pid_t first);
