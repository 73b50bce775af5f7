/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a text may look like, beyond being one: paths, origins, key URLs, addresses. A form is named
 * by a row of the option table; it judges one text alone and knows no other field. Pure.
 */
#pragma once

#include "util/origin.h"

struct kw_form {
	const char *expected; /* for messages: "expected ..." */
	const char *pattern;  /* ECMA 262, for the JSON Schema; may accept more than `take` does */
	/* The text as it is kept (origins lose a trailing slash and the default port), owned; NULL:
	 * not of this form. */
	char *(*take)(const char *text);
};

extern const struct kw_form kw_form_word;	     /* no blanks */
extern const struct kw_form kw_form_name;	     /* of keys, secrets, tokens */
extern const struct kw_form kw_form_path;	     /* absolute */
extern const struct kw_form kw_form_builtin_or_path; /* anchors: "builtin" */
extern const struct kw_form kw_form_system_or_path;  /* anchors: "system" */
extern const struct kw_form kw_form_origin;	     /* http or https */
extern const struct kw_form kw_form_https_origin;
extern const struct kw_form kw_form_audience;	/* no blanks, no slash at the end */
extern const struct kw_form kw_form_key_url;	/* spec: key release 4.1 */
extern const struct kw_form kw_form_loopback;	/* 127.0.0.0/8 or [::1], with a port */
extern const struct kw_form kw_form_address;	/* any literal address, with a port */
extern const struct kw_form kw_form_resource;	/* of Kubernetes: DOMAIN/NAME */
extern const struct kw_form kw_form_label;	/* of Kubernetes: RFC 1123, with dots */
extern const struct kw_form kw_form_host;	/* a Host header's value */
extern const struct kw_form kw_form_connect_to; /* HOST:PORT:ADDRESS:PORT */
extern const struct kw_form kw_form_hex;
extern const struct kw_form kw_form_tcti;	 /* device:PATH or swtpm:..., without loading it */
extern const struct kw_form kw_form_guid;	 /* of identities */
extern const struct kw_form kw_form_resource_id; /* of identities */
