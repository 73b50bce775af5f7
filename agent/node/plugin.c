/* SPDX-License-Identifier: Apache-2.0 */
#include "node/plugin.h"

#include "util/log.h"
#include "util/memory.h"
#include "util/text.h"

#include <deviceplugin.pb-c.h>
#include <stdio.h>
#include <string.h>

#define ID_PREFIX "tpm-"
enum { ID_SIZE = 32, ID_DIGITS_MAX = 4 };

/* protobuf-c's texts are not const; it only reads them when it packs. */
static char *text(const char *borrowed)
{
	return (char *)borrowed;
}

static struct kw_blob pack(const ProtobufCMessage *message)
{
	struct kw_blob packed = kw_blob_new(protobuf_c_message_get_packed_size(message));

	protobuf_c_message_pack(message, packed.data);
	return packed;
}

struct kw_blob kw_plugin_registration(const struct kw_config *config)
{
	V1beta1__DevicePluginOptions options = V1BETA1__DEVICE_PLUGIN_OPTIONS__INIT;
	V1beta1__RegisterRequest request = V1BETA1__REGISTER_REQUEST__INIT;

	request.version = text("v1beta1");
	request.endpoint = text(KW_PLUGIN_SOCKET);
	request.resource_name = config->node.resource;
	request.options = &options;
	return pack(&request.base);
}

static enum kw_grpc_status refuse(struct kw_grpc_reply *ret, enum kw_grpc_status status,
				  const char *why)
{
	(void)snprintf(ret->text, sizeof(ret->text), "%s", why);
	return status;
}

static enum kw_grpc_status options(void *ctx KW_UNUSED, struct kw_bytes request KW_UNUSED,
				   struct kw_grpc_reply *ret)
{
	const V1beta1__DevicePluginOptions none = V1BETA1__DEVICE_PLUGIN_OPTIONS__INIT;

	ret->message = pack(&none.base);
	return KW_GRPC_OK;
}

static enum kw_grpc_status list_and_watch(void *ctx, struct kw_bytes request KW_UNUSED,
					  struct kw_grpc_reply *ret)
{
	const struct kw_plugin *plugin = ctx;
	size_t n = (size_t)plugin->config->node.count;
	V1beta1__ListAndWatchResponse list = V1BETA1__LIST_AND_WATCH_RESPONSE__INIT;
	V1beta1__Device *devices = kw_alloc(n * sizeof(*devices));
	char(*ids)[ID_SIZE] = kw_alloc(n * sizeof(*ids));

	list.n_devices = n;
	list.devices = kw_alloc(n * sizeof(void *));
	for (size_t i = 0; i < n; i++) {
		v1beta1__device__init(&devices[i]);
		(void)snprintf(ids[i], sizeof(ids[i]), ID_PREFIX "%zu", i);
		devices[i].id = ids[i];
		devices[i].health = text(plugin->is_healthy ? "Healthy" : "Unhealthy");
		list.devices[i] = &devices[i];
	}
	ret->message = pack(&list.base);
	free(list.devices);
	free(devices);
	free(ids);
	return KW_GRPC_OK;
}

/* "tpm-0" to "tpm-<count - 1>", as ListAndWatch writes them. */
static bool is_ours(const struct kw_plugin *plugin, const char *id)
{
	const char *digits = id + strlen(ID_PREFIX);
	size_t len = strlen(id) < strlen(ID_PREFIX) ? 0 : strlen(digits);

	if (len == 0 || len > ID_DIGITS_MAX || strncmp(id, ID_PREFIX, strlen(ID_PREFIX)) != 0
	    || strspn(digits, "0123456789") != len || (*digits == '0' && len > 1))
		return false;
	return strtol(digits, NULL, 10) < plugin->config->node.count;
}

static enum kw_grpc_status check_request(const struct kw_plugin *plugin,
					 const V1beta1__AllocateRequest *request,
					 struct kw_grpc_reply *ret)
{
	for (size_t i = 0; i < request->n_container_requests; i++) {
		const V1beta1__ContainerAllocateRequest *container = request->container_requests[i];

		if (container->n_devices_ids == 0)
			return refuse(ret, KW_GRPC_INVALID_ARGUMENT, "a container asks for none");
		for (size_t k = 0; k < container->n_devices_ids; k++)
			if (!is_ours(plugin, container->devices_ids[k]))
				return refuse(ret, KW_GRPC_NOT_FOUND, "no device has such an id");
	}
	if (!plugin->is_healthy)
		return refuse(ret, KW_GRPC_UNAVAILABLE, "the TPM device is not there");
	return KW_GRPC_OK;
}

/* Every container gets the same: the one device, where the node has it, and the published files. */
static struct kw_blob pack_allocation(const struct kw_plugin *plugin, size_t n_containers)
{
	const struct kw_config *config = plugin->config;
	V1beta1__AllocateResponse all = V1BETA1__ALLOCATE_RESPONSE__INIT;
	V1beta1__ContainerAllocateResponse one = V1BETA1__CONTAINER_ALLOCATE_RESPONSE__INIT;
	V1beta1__DeviceSpec device = V1BETA1__DEVICE_SPEC__INIT, *devices[] = { &device };
	V1beta1__Mount mount = V1BETA1__MOUNT__INIT, *mounts[] = { &mount };
	struct kw_blob packed;

	device.container_path = config->node.device;
	device.host_path = text(plugin->device_path);
	device.permissions = text("rw");
	mount.container_path = mount.host_path = config->node.directory;
	mount.read_only = true;
	one.n_devices = one.n_mounts = 1;
	one.devices = devices;
	one.mounts = mounts;
	all.n_container_responses = n_containers;
	all.container_responses = kw_alloc((n_containers + 1) * sizeof(void *));
	for (size_t i = 0; i < n_containers; i++)
		all.container_responses[i] = &one;
	packed = pack(&all.base);
	free(all.container_responses);
	return packed;
}

static enum kw_grpc_status allocate(void *ctx, struct kw_bytes request, struct kw_grpc_reply *ret)
{
	struct kw_plugin *plugin = ctx;
	V1beta1__AllocateRequest *parsed =
		v1beta1__allocate_request__unpack(NULL, request.len, request.data);
	enum kw_grpc_status status;

	if (!parsed)
		return refuse(ret, KW_GRPC_INVALID_ARGUMENT, "not an AllocateRequest");
	status = check_request(plugin, parsed, ret);
	if (status == KW_GRPC_OK) {
		ret->message = pack_allocation(plugin, parsed->n_container_requests);
		for (size_t i = 0; i < parsed->n_container_requests; i++)
			plugin->n_allocated += parsed->container_requests[i]->n_devices_ids;
		kw_log(KW_LOG_INFO, "allocated", NULL, "%s for %zu containers",
		       plugin->config->node.resource, parsed->n_container_requests);
	} else {
		kw_log(KW_LOG_WARNING, "allocation-refused", NULL, "%s", ret->text);
	}
	v1beta1__allocate_request__free_unpacked(parsed, NULL);
	return status;
}

static enum kw_grpc_status pre_start(void *ctx KW_UNUSED, struct kw_bytes request KW_UNUSED,
				     struct kw_grpc_reply *ret)
{
	ret->message = kw_blob_new(0); /* asked for although the options say that it need not be */
	return KW_GRPC_OK;
}

const struct kw_grpc_method kw_plugin_methods[] = {
	{ "/v1beta1.DevicePlugin/GetDevicePluginOptions", false, options },
	{ "/v1beta1.DevicePlugin/ListAndWatch", true, list_and_watch },
	{ "/v1beta1.DevicePlugin/Allocate", false, allocate },
	{ "/v1beta1.DevicePlugin/PreStartContainer", false, pre_start },
	{ 0 },
};
