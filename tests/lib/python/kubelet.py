# SPDX-License-Identifier: Apache-2.0
"""A stand-in for the kubelet's side of the device plugin API v1beta1, with grpcio. It takes registrations, calls back,
watches and allocates as a kubelet does, and can restart as one: it empties its directory and forgets everything."""
import concurrent.futures
import os
import pathlib
import queue
import threading

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

STRING, BOOL, MESSAGE = 9, 8, 11
ONE, MANY = 1, 3
# message -> (field, number, type, label); a text as type names another message. From the API's documentation.
MESSAGES = {
    "Empty": [],
    "DevicePluginOptions": [("pre_start_required", 1, BOOL, ONE), ("get_preferred_allocation_available", 2, BOOL, ONE)],
    "RegisterRequest": [("version", 1, STRING, ONE), ("endpoint", 2, STRING, ONE), ("resource_name", 3, STRING, ONE),
                        ("options", 4, "DevicePluginOptions", ONE)],
    "NUMANode": [("ID", 1, 3, ONE)],
    "TopologyInfo": [("nodes", 1, "NUMANode", MANY)],
    "Device": [("ID", 1, STRING, ONE), ("health", 2, STRING, ONE), ("topology", 3, "TopologyInfo", ONE)],
    "ListAndWatchResponse": [("devices", 1, "Device", MANY)],
    "ContainerAllocateRequest": [("devices_ids", 1, STRING, MANY)],
    "AllocateRequest": [("container_requests", 1, "ContainerAllocateRequest", MANY)],
    "Pair": [("key", 1, STRING, ONE), ("value", 2, STRING, ONE)],
    "Mount": [("container_path", 1, STRING, ONE), ("host_path", 2, STRING, ONE), ("read_only", 3, BOOL, ONE)],
    "DeviceSpec": [("container_path", 1, STRING, ONE), ("host_path", 2, STRING, ONE), ("permissions", 3, STRING, ONE)],
    "CDIDevice": [("name", 1, STRING, ONE)],
    "ContainerAllocateResponse": [("envs", 1, "Pair", MANY), ("mounts", 2, "Mount", MANY), ("devices", 3, "DeviceSpec", MANY),
                                  ("annotations", 4, "Pair", MANY), ("cdi_devices", 5, "CDIDevice", MANY)],
    "AllocateResponse": [("container_responses", 1, "ContainerAllocateResponse", MANY)],
    "PreStartContainerRequest": [("devices_ids", 1, STRING, MANY)],
}


def _classes():
    file = descriptor_pb2.FileDescriptorProto(name="kubelet.proto", package="v1beta1", syntax="proto3")
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, number, kind, label in fields:
            is_message = isinstance(kind, str)
            message.field.add(name=field, number=number, label=label, type=MESSAGE if is_message else kind,
                              type_name=".v1beta1." + kind if is_message else None)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    factory = message_factory.MessageFactory(pool)
    return {name: factory.GetPrototype(pool.FindMessageTypeByName("v1beta1." + name)) for name in MESSAGES}


C = _classes()
API = "/v1beta1.DevicePlugin/"


class Plugin:
    """What the kubelet has of one registered plugin."""

    def __init__(self, socket):
        self.channel = grpc.insecure_channel("unix:" + str(socket))
        self.lists = queue.Queue()
        self.watching = None

    def call(self, method, request, answer="Empty", timeout=5):
        stub = self.channel.unary_unary(API + method, request_serializer=lambda m: m.SerializeToString(),
                                        response_deserializer=C[answer].FromString)
        return stub(request, timeout=timeout)

    def watch(self):
        stub = self.channel.unary_stream(API + "ListAndWatch", request_serializer=lambda m: m.SerializeToString(),
                                         response_deserializer=C["ListAndWatchResponse"].FromString)
        self.watching = stub(C["Empty"]())
        threading.Thread(target=self._follow, daemon=True).start()

    def _follow(self):
        try:
            for devices in self.watching:
                self.lists.put([(d.ID, d.health) for d in devices.devices])
        except grpc.RpcError as error:
            self.lists.put(error.code())

    def allocate(self, *containers):
        request = C["AllocateRequest"]()
        for ids in containers:
            request.container_requests.add(devices_ids=ids)
        return self.call("Allocate", request, "AllocateResponse")

    def close(self):
        if self.watching:
            self.watching.cancel()
        self.channel.close()


class Kubelet:
    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.registrations = queue.Queue()
        self.refuse = None  # (code, text)
        self.calls_back = True
        self.server = self.plugin = None

    def _register(self, request, context):
        self.registrations.put(request)
        if self.refuse:
            context.abort(*self.refuse)
        if self.calls_back:
            plugin = Plugin(self.directory / request.endpoint)
            plugin.options = plugin.call("GetDevicePluginOptions", C["Empty"](), "DevicePluginOptions")  # while it waits
            plugin.watch()
            self.plugin = plugin
        return C["Empty"]()

    def start(self):
        self.directory.mkdir(parents=True, exist_ok=True)
        for left in self.directory.iterdir():
            left.unlink()
        handler = grpc.unary_unary_rpc_method_handler(
            self._register, request_deserializer=C["RegisterRequest"].FromString,
            response_serializer=lambda m: m.SerializeToString())
        self.server = grpc.server(concurrent.futures.ThreadPoolExecutor(4))
        self.server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("v1beta1.Registration",
                                                                                   {"Register": handler}),))
        self.server.add_insecure_port("unix:" + str(self.directory / "kubelet.sock"))
        self.server.start()

    def stop(self):
        if self.plugin:
            self.plugin.close()
        self.plugin = None
        self.server.stop(0).wait()
        try:
            os.unlink(self.directory / "kubelet.sock")
        except FileNotFoundError:
            pass

    def wait_registered(self, timeout=20):
        request = self.registrations.get(timeout=timeout)
        if self.calls_back and not self.refuse:
            self.first_list = None
            while self.plugin is None:
                threading.Event().wait(0.01)
            self.first_list = self.plugin.lists.get(timeout=timeout)
        return request
