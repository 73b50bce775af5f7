/* SPDX-License-Identifier: Apache-2.0 */
#include "config/forms.h"
#include "rows.h"
#include "util/cleanup.h"

#define X10 "xxxxxxxxxx"
#define X60 X10 X10 X10 X10 X10 X10

static const struct row {
	const char *name;
	const struct kw_form *form;
	const char *text, *kept; /* NULL: refused */
} rows[] = {
	{ "given a name, it is kept", &kw_form_name, "db-1.a_B", "db-1.a_B" },
	{ "given a name of 63, it is kept", &kw_form_name, X60 "xxx", X60 "xxx" },
	{ "given a name of 64, it is refused", &kw_form_name, X60 "xxxx", NULL },
	{ "given a name with a dot in front, it is refused", &kw_form_name, "..", NULL },
	{ "given a name with a blank, it is refused", &kw_form_name, "a b", NULL },
	{ "given a path, it is kept", &kw_form_path, "/a b", "/a b" },
	{ "given the root, it is refused", &kw_form_path, "/", NULL },
	{ "given builtin, it is kept", &kw_form_builtin_or_path, "builtin", "builtin" },
	{ "given system for builtin, it is refused", &kw_form_builtin_or_path, "system", NULL },
	{ "given system, it is kept", &kw_form_system_or_path, "system", "system" },
	{ "given an origin, it is kept", &kw_form_origin, "http://a:81", "http://a:81" },
	{ "given a default port, it is left out", &kw_form_origin, "http://A:80/", "http://a" },
	{ "given a literal, it is kept", &kw_form_origin, "http://[::1]:81", "http://[::1]:81" },
	{ "given a query, it is refused", &kw_form_origin, "http://a?b", NULL },
	{ "given a user, it is refused", &kw_form_origin, "http://u@a", NULL },
	{ "given another scheme, it is refused", &kw_form_origin, "ftp://a", NULL },
	{ "given https, it is kept", &kw_form_https_origin, "https://a", "https://a" },
	{ "given http for https, it is refused", &kw_form_https_origin, "http://a", NULL },
	{ "given an audience, it is kept", &kw_form_audience, "api://x", "api://x" },
	{ "given an audience with a slash behind, it is refused", &kw_form_audience, "https://x/",
	  NULL },
	{ "given 127.0.0.1, it is loopback", &kw_form_loopback, "127.0.0.1:1", "127.0.0.1:1" },
	{ "given 127.255.0.9, it is loopback", &kw_form_loopback, "127.255.0.9:65535",
	  "127.255.0.9:65535" },
	{ "given ::1, it is loopback", &kw_form_loopback, "[::1]:80", "[::1]:80" },
	{ "given ::1 without brackets, it is refused", &kw_form_loopback, "::1:80", NULL },
	{ "given 128.0.0.1, it is refused", &kw_form_loopback, "128.0.0.1:80", NULL },
	{ "given ::2, it is refused", &kw_form_loopback, "[::2]:80", NULL },
	{ "given an octal address, it is refused", &kw_form_loopback, "127.1:80", NULL },
	{ "given port 0, it is refused", &kw_form_loopback, "127.0.0.1:0", NULL },
	{ "given port 65536, it is refused", &kw_form_loopback, "127.0.0.1:65536", NULL },
	{ "given no port, it is refused", &kw_form_loopback, "127.0.0.1", NULL },
	{ "given a resource, it is kept", &kw_form_resource, "keyward.dev/tpm", "keyward.dev/tpm" },
	{ "given a resource without domain, it is refused", &kw_form_resource, "tpm", NULL },
	{ "given a resource with two slashes, it is refused", &kw_form_resource, "a/b/c", NULL },
	{ "given a resource with an empty name, it is refused", &kw_form_resource, "a/", NULL },
	{ "given a domain in capitals, it is refused", &kw_form_resource, "A.b/tpm", NULL },
	{ "given a label, it is kept", &kw_form_label, "kube-system.1", "kube-system.1" },
	{ "given a label that ends with a dash, it is refused", &kw_form_label, "a-", NULL },
	{ "given a path as label, it is refused", &kw_form_label, "../x", NULL },
	{ "given a host with a port, it is kept", &kw_form_host, "a.b:80", "a.b:80" },
	{ "given a host with a path, it is refused", &kw_form_host, "a/b", NULL },
	{ "given a rule for an address, it is kept", &kw_form_connect_to, "a:1:127.0.0.1:2",
	  "a:1:127.0.0.1:2" },
	{ "given a rule for a v6 address, it is kept", &kw_form_connect_to, "[::1]:1:[::2]:2",
	  "[::1]:1:[::2]:2" },
	{ "given a rule for a name, it is refused", &kw_form_connect_to, "a:1:b:2", NULL },
	{ "given a rule without its last port, it is refused", &kw_form_connect_to, "a:1:127.0.0.1",
	  NULL },
	{ "given a rule with an open bracket, it is refused", &kw_form_connect_to, "a:1:[::1:2",
	  NULL },
	{ "given a rule without a host, it is refused", &kw_form_connect_to, ":1:127.0.0.1:2",
	  NULL },
	{ "given a device, it is a transport", &kw_form_tcti, "device:/dev/tpmrm0",
	  "device:/dev/tpmrm0" },
	{ "given swtpm, it is a transport", &kw_form_tcti, "swtpm:host=::1", "swtpm:host=::1" },
	{ "given a device without a path, it is refused", &kw_form_tcti, "device:", NULL },
	{ "given a library, it is refused", &kw_form_tcti, "libtss2-tcti-device.so", NULL },
	{ "given an id, it is kept", &kw_form_guid, "11111111-2222-3333-4444-55555555555F",
	  "11111111-2222-3333-4444-55555555555F" },
	{ "given an id that is cut, it is refused", &kw_form_guid,
	  "11111111-2222-3333-4444-55555555555", NULL },
	{ "given an id that goes on, it is refused", &kw_form_guid,
	  "11111111-2222-3333-4444-5555555555555", NULL },
	{ "given a name for an id, it is refused", &kw_form_guid, "my-identity", NULL },
	{ "given a resource id, it is kept", &kw_form_resource_id, "/subscriptions/s/x",
	  "/subscriptions/s/x" },
	{ "given another path, it is no resource id", &kw_form_resource_id, "/groups/x", NULL },
	{ "given hex, it is kept", &kw_form_hex, "00fF", "00fF" },
	{ "given an odd number of digits, it is refused", &kw_form_hex, "00f", NULL },
};

static void is_kept_or_refused(void **state)
{
	const struct row *row = *state;
	KW_CLEANUP(freep) char *kept = row->form->take(row->text);

	if (row->kept)
		assert_string_equal(kept ? kept : "refused", row->kept);
	else
		assert_null(kept);
}

KW_TEST_ROWS(rows, is_kept_or_refused)
