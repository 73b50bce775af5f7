/* SPDX-License-Identifier: Apache-2.0 */
#include "config/options_rows.h"

#define AT(member) offsetof(struct kw_config, node.member)

enum {
	COUNT_MAX = 1024, /* pods of a node: far more than a kubelet takes */
	/* A socket's path has 107 bytes, its name 20 of them. */
	SOCKET_DIRECTORY_MAX = 87,
};

static const struct kw_option config_map[] = {
	ROW("namespace", TEXT, AT(config_map.namespace), "", "its namespace",
	    .flags = KW_OPTION_RESTART, .form = &kw_form_label),
	ROW("name", TEXT, AT(config_map.name), "",
	    "a ConfigMap that exists and gets one data key per chip id; \"\": none",
	    .flags = KW_OPTION_RESTART, .form = &kw_form_label),
	ROW("account", TEXT, AT(config_map.account),
	    "/var/run/secrets/kubernetes.io/serviceaccount",
	    "the directory of the service account's token and ca.crt", .flags = KW_OPTION_RESTART,
	    .form = &kw_form_path),
	{ 0 },
};

const struct kw_option kw_node_options[] = {
	ROW("kubelet", TEXT, AT(kubelet), "/var/lib/kubelet/device-plugins",
	    "the kubelet's directory for device plugins", .flags = KW_OPTION_RESTART,
	    .max = SOCKET_DIRECTORY_MAX, .form = &kw_form_path),
	ROW("resource", TEXT, AT(resource), "keyward.dev/tpm", "what pods ask for",
	    .flags = KW_OPTION_RESTART, .form = &kw_form_resource),
	ROW("count", INTEGER, AT(count), "250", "how many pods of the node may have it",
	    .flags = KW_OPTION_RESTART, .min = 1, .max = COUNT_MAX),
	ROW("device", TEXT, AT(device), "/dev/tpmrm0", "the TPM of the node",
	    .flags = KW_OPTION_RESTART, .form = &kw_form_path),
	ROW("deviceDirectory", TEXT, AT(device_directory), "/run/keyward/device",
	    "where the device node for pods is made; the same path on the node",
	    .flags = KW_OPTION_RESTART, .form = &kw_form_path),
	ROW("mode", MODE, AT(mode), "0660", "its mode", .flags = KW_OPTION_RESTART),
	ROW("gid", INTEGER, AT(gid), "65532", "its group: pods run with it, or supplement it",
	    .flags = KW_OPTION_RESTART, .max = ID_LAST),
	ROW("directory", TEXT, AT(directory), "/run/keyward/node",
	    "where event log and collateral are published; the same path on the node and in pods",
	    .flags = KW_OPTION_RESTART, .form = &kw_form_path),
	ROW("eventLog", TEXT, AT(event_log), "/sys/kernel/security/tpm0/binary_bios_measurements",
	    "the firmware's log; \"\": none is published",
	    .flags = KW_OPTION_RESTART | KW_OPTION_MAY_BE_EMPTY, .form = &kw_form_path),
	ROW("interval", DURATION, AT(interval_ms), "1m",
	    "how often PCRs and TCB of the node are looked at", .flags = KW_OPTION_RESTART,
	    .min = SECONDS(1), .max = HOURS(1)),
	ROW("metrics", TEXT, AT(metrics), "127.0.0.1:8082",
	    "metrics and readiness; nothing secret is there; \"\" turns it off",
	    .flags = KW_OPTION_RESTART | KW_OPTION_MAY_BE_EMPTY, .form = &kw_form_address),
	SECTION("configMap", 0, "the same collateral as a ConfigMap, for pods without the resource",
		config_map),
	{ 0 },
};
