/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of server/ share. Everything here belongs to the event thread. A request is
 * answered at once, or suspended until the key it waits for changes, a live release ends, or its
 * deadline passes.
 */
#pragma once

#include "keys/store.h"
#include "sandbox/sandbox.h"
#include "server/failures.h"
#include "server/tokens.h"
#include "service/keeper.h"

#include <microhttpd.h>

enum kw_listener_kind { KW_LISTENER_TCP, KW_LISTENER_SOCKET, KW_LISTENER_HEALTH };
enum {
	KW_LISTENERS_MAX = 3,
	KW_BODY_MAX = 1 << 20,	    /* of one request */
	KW_BODIES_MAX = 16 << 20,   /* of all requests that are being received */
	KW_CONNECTIONS_MAX = 12000, /* per listener, as far as descriptors allow */
	KW_DESCRIPTORS_OWN = 128,   /* kept back for upstreams, the TPM and files */
	KW_REFUSALS_PER_S = 10,	    /* that are recorded: refusals must not fill the audit */
};
enum { KW_ALLOW_SIZE = 32, KW_TOKEN_NAME_SIZE = 64 };

struct kw_server;

struct kw_listener {
	struct kw_server *server;
	enum kw_listener_kind kind;
	int fd; /* bound and listening; -1: not configured */
	struct MHD_Daemon *daemon;
	char *unlink_path; /* of a Unix socket */
};

/* The answers of one key that can be given again and again; made for a snapshot, dropped with it.
 */
struct kw_key_view {
	uint64_t generation;
	struct MHD_Response *jwk;
	struct kw_request *waiting; /* for this key: list */
};

struct kw_waiting { /* suspended requests */
	struct kw_request **heap;
	size_t n, room;
	uint64_t n_suspended; /* ever */
};

struct kw_server {
	const struct kw_config *config;
	const struct kw_clock *clock;
	const struct kw_random *random;
	struct kw_service *service;
	struct kw_jobs *workers, *tpm;
	struct kw_jobs *live; /* releases for one caller: they never take the keeper's workers */
	struct kw_jobs *operators; /* for operations with keys: never behind a slow upstream */
	struct kw_jobs *errands; /* what callers ask of upstreams: never before the keeper's work */
	size_t operations_size;	 /* bytes of the arena that running operations may take */
	struct kw_audit *audit;	 /* NULL: there is none */
	struct kw_store *store;
	struct kw_keeper *keeper;
	struct kw_tokens *tokens;
	struct kw_listener listeners[KW_LISTENERS_MAX];
	struct kw_key_view *views; /* by entry->index */
	struct kw_waiting waiting;
	struct kw_failures failures;
	uint64_t n_answered; /* requests, ever */
	struct kw_counters *counters;
	char *custom_trust; /* "" or what is not built in */
	struct kw_reload *reload;
	struct kw_sandbox_state sandbox;
	size_t bodies_size; /* of request bodies that are held at the moment */
	int64_t refusals_s; /* the second in which refusals are counted, boot clock */
	unsigned n_refusals;
	bool stirred;  /* a key changed: what is due next has to be looked for again */
	bool resumed;  /* a request goes on: its daemon does not say so by its descriptor */
	bool draining; /* a new configuration waits until nothing of the old one runs */
	bool stopping;
};

/* Who asks: judged by the listener that the request came through. */
struct kw_caller {
	enum kw_listener_kind listener;
	uid_t uid; /* of the socket's peer; meaningless on TCP */
	gid_t gid;
	char token[KW_TOKEN_NAME_SIZE]; /* name of the configured token that was presented, or "" */
	bool bad_token;			/* a bearer was presented and is none of ours */
};

struct kw_request {
	struct kw_server *server;
	struct MHD_Connection *connection;
	const struct kw_listener *listener;
	const struct kw_route *route;
	const char *name; /* the variable part of the path, borrowed; "" if there is none */
	char *own_name;	  /* what `name` points to when it is not the end of the path */
	char allow[KW_ALLOW_SIZE]; /* methods of the path, when the one used is not among them */
	struct kw_caller caller;
	struct kw_blob body;
	bool body_too_large, no_room, suspended;
	int64_t deadline_ms;		 /* of the waiting, boot clock */
	struct kw_work *work;		 /* that runs for this request alone, or NULL */
	size_t heap_at;			 /* while it is suspended */
	struct kw_request *next, **link; /* of those that wait for the same key */
};

/* answer.c: every answer is made here */

enum MHD_Result kw_answer(struct kw_request *request, unsigned status,
			  struct MHD_Response *response); /* consumes one reference */
enum MHD_Result kw_answer_text(struct kw_request *request, unsigned status, const char *type,
			       const char *text);
/* RFC 9457 on /v1; on compat routes {"error", "id", ...} beginning with `compat_words`. */
enum MHD_Result kw_answer_problem(struct kw_request *request, const struct kw_error *err);
enum MHD_Result kw_answer_compat_error(struct kw_request *request, unsigned status,
				       const char *words, const struct kw_error *err);
struct MHD_Response *kw_response_text(const char *type, const char *text); /* copies */
/* Serves a part of `material` without copying; holds a reference as long as it is sent. */
struct MHD_Response *kw_response_material(struct kw_material *material,
					  const struct kw_secret *part, const char *type);

/* The bytes of a secret, wiped when they are sent. Takes `secret`. */
struct MHD_Response *kw_response_secret(struct kw_secret *secret, const char *type);

/* caller.c */

void kw_caller_identify(struct kw_request *request);
bool kw_caller_may(const struct kw_request *request, const struct kw_config_key *rule);
bool kw_caller_may_attest(const struct kw_request *request); /* server.attest.allow */

/* access.c: what stands before and behind every use of a key */

struct kw_access { /* borrowed */
	const struct kw_entry *entry;
	const struct kw_config_key *rule;
};

/* The key that the path names, if this caller may have it. SRV_TOKEN; SRV_NOT_FOUND whether it is
 * unknown or forbidden. */
int kw_access(const struct kw_request *request, struct kw_access *ret,
	      struct kw_error *err) KW_MUST_USE;
/* 0: there is material; else the row of the key's state. */
int kw_access_material(const struct kw_entry *entry, struct kw_error *err) KW_MUST_USE;
/* The same for a version, named by itself or by the vault's full identifier: the current one (also
 * for NULL), or the one before it during `grace`. Borrowed. STO_VERSION. */
int kw_access_version(const struct kw_entry *entry, const char *named, struct kw_material **ret,
		      struct kw_error *err) KW_MUST_USE;
/* The audit record; without a key `key` and `material` are NULL. Granted fails (SRV_AUDIT) when
 * nothing may be given without one. */
int kw_access_granted(const struct kw_request *request, const char *key,
		      const struct kw_material *material, const char *action,
		      struct kw_error *err) KW_MUST_USE;
void kw_access_refused(const struct kw_request *request, const char *key, const char *action,
		       const struct kw_error *err);

/* SRV_RATE if this caller has failed too often at `what`: the name of a configured key, "attest",
 * or
 * "" for what is not there. Stands before what may be tried again and again. */
int kw_access_rate(const struct kw_request *request, const char *what,
		   struct kw_error *err) KW_MUST_USE;

/* waiting.c: suspended requests */

enum { KW_WAIT_MAX_MS = 60 * 1000 };
/* Until it is resumed; the route's handler is then called again. At most KW_WAIT_MAX_MS in all.
 * `waits_for` NULL: for its work. */
void kw_suspend(struct kw_request *request, const struct kw_entry *waits_for);
void kw_resume(struct kw_request *request);
bool kw_has_waited_enough(const struct kw_request *request);
void kw_resume_all(struct kw_server *server);
void kw_resume_keys(struct kw_server *server); /* those that wait for any key */
void kw_resume_key(struct kw_server *server, const struct kw_entry *entry);
void kw_resume_due(struct kw_server *server);
int64_t kw_suspended_next_ms(const struct kw_server *server);
void kw_request_forget(struct kw_request *request); /* takes it out of heap and list */

/* routes */

enum kw_route_flags {
	KW_ROUTE_HEALTH = 1, /* also on the health listener */
	KW_ROUTE_COMPAT = 2, /* Microsoft's contract: only with server.compat.enabled */
};
struct kw_route {
	const char *method, *path; /* a path may have one "*", which stands for a name */
	unsigned flags;
	enum MHD_Result (*handle)(struct kw_request *request);
};
extern const struct kw_route kw_routes[]; /* ended by a NULL path */

enum MHD_Result kw_route_keys(struct kw_request *request);    /* GET /v1/keys */
enum MHD_Result kw_route_key(struct kw_request *request);     /* GET /v1/keys/NAME */
enum MHD_Result kw_route_decrypt(struct kw_request *request); /* POST /v1/keys/NAME/decrypt */
enum MHD_Result kw_route_sign(struct kw_request *request);
enum MHD_Result kw_route_unwrap(struct kw_request *request);
enum MHD_Result kw_route_attest(struct kw_request *request);	 /* POST /v1/attest */
enum MHD_Result kw_route_collateral(struct kw_request *request); /* GET /v1/collateral */
enum MHD_Result kw_route_explain(struct kw_request *request);	 /* POST /v1/explain */
enum MHD_Result kw_route_openapi(struct kw_request *request);	 /* GET /openapi.json */
enum MHD_Result kw_route_status(struct kw_request *request);	 /* GET /status */
enum MHD_Result kw_route_metrics(struct kw_request *request);	 /* metrics.c */
enum MHD_Result kw_route_livez(struct kw_request *request);
enum MHD_Result kw_route_readyz(struct kw_request *request);
enum MHD_Result kw_route_startupz(struct kw_request *request);
enum MHD_Result kw_route_release(struct kw_request *request);	 /* POST /key/release */
enum MHD_Result kw_route_attest_raw(struct kw_request *request); /* POST /attest/raw */
enum MHD_Result kw_route_attest_combined(struct kw_request *request);
enum MHD_Result kw_route_attest_maa(struct kw_request *request);

/* serve.c: store, views and keeper of the configuration and the service that are there */
void kw_server_make_keys(struct kw_server *server);
/* What every service of this process has in common. */
struct kw_service_options kw_server_service_options(struct kw_server *server,
						    const struct kw_config *config);

/* http.c and listen.c */

int kw_listeners_open(struct kw_server *server, struct kw_error *err) KW_MUST_USE;
void kw_listeners_close(struct kw_server *server);
int kw_daemons_start(struct kw_server *server, struct kw_error *err) KW_MUST_USE;
void kw_daemons_stop(struct kw_server *server);
void kw_views_drop(struct kw_server *server, size_t index);
