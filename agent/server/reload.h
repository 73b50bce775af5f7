/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reloading: on SIGHUP, and when a file in the directory of the configuration or of a token changes
 * (a ConfigMap swaps a symbolic link there). A worker reads and judges everything, and opens what
 * the new configuration needs; only then the event thread swaps all of it at once, with nothing of
 * the old one running any more. What is wrong changes nothing and says so. Keys that stay keep
 * their material; waiting requests are judged anew. The event thread's.
 */
#pragma once

#include "server/serve.h"
#include "server/server.h"

struct kw_reload;
/* Watches the directories; before the sandbox's paths matter and before the first thread. */
int kw_reload_new(struct kw_server *server, const struct kw_serve_options *options,
		  struct kw_reload **ret, struct kw_error *err) KW_MUST_USE;
void kw_reload_free(struct kw_reload *reload);

int kw_reload_fd(const struct kw_reload *reload); /* readable: something changed there */
void kw_reload_read(struct kw_reload *reload);	  /* what is readable */
void kw_reload_ask(struct kw_reload *reload);	  /* SIGHUP */
/* Starts, or ends, what is due. */
void kw_reload_tick(struct kw_reload *reload);
int64_t kw_reload_next_ms(const struct kw_reload *reload);
