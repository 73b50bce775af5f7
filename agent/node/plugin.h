/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device plugin API of the kubelet, v1beta1: what keyward answers to ListAndWatch and Allocate,
 * and how it registers. One TPM is shared by all pods of a node, so it is offered as `node.count`
 * equal devices. Messages in, messages out: who carries them is node/kubelet.c.
 */
#pragma once

#include "config/config.h"
#include "node/grpc_server.h"

#define KW_PLUGIN_SOCKET "keyward-tpm.sock"
#define KW_KUBELET_SOCKET "kubelet.sock"
#define KW_KUBELET_REGISTER "/v1beta1.Registration/Register"

struct kw_plugin {
	const struct kw_config *config;
	const char *device_path; /* of the device node for pods */
	bool is_healthy;
	uint64_t n_allocated; /* devices handed out since the start */
};

/* For struct kw_grpc_server; ctx is a struct kw_plugin. */
extern const struct kw_grpc_method kw_plugin_methods[];
/* RegisterRequest, owned. */
struct kw_blob kw_plugin_registration(const struct kw_config *config);
