/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the routes of Microsoft's sidecar share: bodies are read leniently, hosts must be configured
 * ones, errors begin with the words that clients look for.
 */
#pragma once

#include "server/server.h"
#include "util/json.h"

#define KW_COMPAT_JSON "application/json; charset=utf-8"

/* The body as JSON; SRV_BODY. */
int kw_compat_parse(const struct kw_request *request, struct kw_json **ret,
		    struct kw_error *err) KW_MUST_USE;
/* The string member, in any case and not empty; borrowed. `max`: bytes. SRV_BODY. */
int kw_compat_want(const struct kw_json *body, const char *name, size_t max, const char **ret,
		   struct kw_error *err) KW_MUST_USE;
/* A host as existing clients write it: no scheme, or https and at most one slash behind it. */
bool kw_compat_names_origin(const char *text, const struct kw_origin *origin);
/* The one of these endpoints that the text names, or NULL. */
const char *kw_compat_find_endpoint(char *const *endpoints, size_t n, const char *text);

/* 400: the body. */
enum MHD_Result kw_compat_bad_body(struct kw_request *request, const struct kw_error *err);
/* `status`, unless server.compat.strictStatus has a truer one. */
enum MHD_Result kw_compat_refuse(struct kw_request *request, unsigned status, const char *words,
				 const struct kw_error *err);
