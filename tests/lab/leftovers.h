/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which client made which transient object or session, so that what it leaves is flushed when it
 * goes: at the end of its connection. The swtpm TCTI, however, opens a connection for every
 * command; it is known by the locality that it sets on the control channel, and its objects last as
 * long as its process. Where the process cannot be found out, they last until nobody has used them
 * for a while. A saved session is not in the TPM and stays. One thread: the one that owns the TPM.
 */
#pragma once

#include "util/bytes.h"

struct lab_client {
	int fd;
	unsigned long connection; /* a number of its own */
	unsigned n_commands;	  /* that came through it, this one included */
};

/* The client at the other end of the control channel is a TCTI. */
void lab_leftovers_reconnects(int fd);
/* Before a command: what processes that have ended left is flushed. */
void lab_leftovers_sweep(void);
/* After a successful command. */
void lab_leftovers_note(const struct lab_client *client, struct kw_bytes command,
			struct kw_bytes response);
void lab_leftovers_closed(const struct lab_client *client);
