/* SPDX-License-Identifier: Apache-2.0 */
/* What the kubelet's side of the plugin's socket says, behind the preface of HTTP/2. */
#include "node/plugin.h"
#include "util/log.h"

#include "fuzzing/fuzz.h"

#include <unistd.h>

enum { CALLS_MAX = 1000 }; /* frames in one input, roughly */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char resource[] = "keyward.dev/tpm", path[] = "/dev/tpmrm0", directory[] = "/run/x";
	static const struct kw_config config = {
		.node = { .resource = resource, .device = path, .directory = directory, .count = 3 }
	};
	struct kw_plugin plugin = { &config, path, true, 0 };
	const struct kw_grpc_server server = { kw_plugin_methods, &plugin, &kw_clock_system };
	KW_CLEANUP(kw_grpc_peer_freep) struct kw_grpc_peer *peer = kw_grpc_peer_new(&server);
	struct kw_grpc_session *session = kw_grpc_peer_session(peer);
	size_t answered = 0;
	struct kw_bytes out;

	kw_log_setup(KW_LOG_ERROR, KW_LOG_TEXT, STDERR_FILENO);
	MUST(kw_grpc_feed(session, kw_bytes_text(NGHTTP2_CLIENT_MAGIC)));
	(void)!kw_grpc_feed(session, fuzz_input(data, size));
	kw_grpc_peer_renew(peer);
	while (!kw_grpc_is_over(session) && (out = kw_grpc_pending(session)).len > 0) {
		answered += out.len;
		kw_grpc_sent(session, out.len);
	}
	MUST(kw_grpc_peer_watching(peer) <= KW_GRPC_STREAMS_MAX);
	MUST(answered <= (size + CALLS_MAX) * 64); /* nobody is answered out of all proportion */
	return 0;
}
