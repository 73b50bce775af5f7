/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/tpm_transport.h"

#include "util/cleanup.h"
#include "util/memory.h"
#include "util/secret.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	ANSWER_MAX = 4096, /* what every TPM and the kernel keep to */
	HEADER_SIZE = 10,  /* TPM 2.0 Part 1, 18: tag, size, response code */
	SIZE_AT = 2,
	POLL_SLICE_MS = 200,
	ADDRESS_SIZE = 64,
	PORT_MAX = 65535,
};
#define MAGIC 0x6b65797761726421u /* tells tpm2-tss's transports apart; of no meaning here */

#define HOST "host="
#define PORT ",port="

struct transport {
	TSS2_TCTI_CONTEXT_COMMON_V1 common; /* first: tpm2-tss knows this part alone */
	const struct kw_clock *clock;
	int64_t until_ms;
	int fd;
	bool is_socket;
	TSS2_RC broken; /* not 0: nothing is sent any more, and why */
	size_t len;	/* of the answer, as far as it has come */
	uint8_t answer[ANSWER_MAX];
};

static TSS2_RC broken(struct transport *t, TSS2_RC why)
{
	t->broken = why;
	return why;
}

static TSS2_RC wait_for(struct transport *t, short events)
{
	struct pollfd at = { .fd = t->fd, .events = events };

	for (;;) {
		int64_t left_ms = t->until_ms - kw_boot_ms(t->clock);

		if (left_ms <= 0)
			return broken(t, KW_TPM_RC_SILENT);
		int n = poll(&at, 1, left_ms < POLL_SLICE_MS ? (int)left_ms : POLL_SLICE_MS);
		if (n > 0)
			return TSS2_RC_SUCCESS;
		if (n < 0 && errno != EINTR)
			return broken(t, KW_TPM_RC_GONE);
	}
}

/* A peer that hung up is no reason for a signal to our host. */
static ssize_t put(const struct transport *t, const uint8_t *bytes, size_t size)
{
	return t->is_socket ? send(t->fd, bytes, size, MSG_NOSIGNAL) : write(t->fd, bytes, size);
}

static bool try_again(ssize_t n)
{
	return n < 0 && (errno == EINTR || errno == EAGAIN);
}

static TSS2_RC transmit(TSS2_TCTI_CONTEXT *context, size_t size, const uint8_t *command)
{
	struct transport *t = (struct transport *)context;
	TSS2_RC rc = t->broken;

	t->len = 0;
	while (rc == TSS2_RC_SUCCESS && size > 0) {
		ssize_t n = put(t, command, size);

		if (n > 0) {
			command += n;
			size -= (size_t)n;
		} else {
			rc = try_again(n) ? wait_for(t, POLLOUT) : broken(t, KW_TPM_RC_GONE);
		}
	}
	return rc;
}

static bool is_complete(const struct transport *t)
{
	uint32_t size = 0;

	if (t->len < HEADER_SIZE)
		return false;
	memcpy(&size, t->answer + SIZE_AT, sizeof(size));
	return t->len >= ntohl(size);
}

static TSS2_RC take_answer(struct transport *t)
{
	TSS2_RC rc = t->broken;

	while (rc == TSS2_RC_SUCCESS && !is_complete(t)) {
		rc = wait_for(t, POLLIN);
		if (rc != TSS2_RC_SUCCESS)
			return rc;
		ssize_t n = read(t->fd, t->answer + t->len, sizeof(t->answer) - t->len);
		if (n > 0)
			t->len += (size_t)n;
		else if (!try_again(n)) /* the end, or an answer that is too long */
			rc = broken(t, KW_TPM_RC_GONE);
	}
	return rc;
}

/* The caller's own time-out is not needed: it is always "without end". */
static TSS2_RC receive(TSS2_TCTI_CONTEXT *context, size_t *size, uint8_t *ret,
		       int32_t timeout KW_UNUSED)
{
	struct transport *t = (struct transport *)context;
	size_t room = *size;
	TSS2_RC rc = take_answer(t);

	if (rc != TSS2_RC_SUCCESS)
		return rc;
	*size = t->len;
	if (ret == NULL)
		return TSS2_RC_SUCCESS;
	if (room < t->len)
		return TSS2_TCTI_RC_INSUFFICIENT_BUFFER;
	memcpy(ret, t->answer, t->len);
	kw_wipe(t->answer, t->len); /* it may be what was decrypted */
	t->len = 0;
	return TSS2_RC_SUCCESS;
}

static void finalize(TSS2_TCTI_CONTEXT *context)
{
	struct transport *t = (struct transport *)context;

	kw_fd_close(&t->fd);
	kw_wipe(t->answer, sizeof(t->answer));
}

/* Opening. */

static int open_device(struct transport *t, const char *path)
{
	t->fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	return t->fd < 0 ? -1 : 0;
}

static bool read_port(const char *text, uint16_t *ret)
{
	char *end = NULL;
	unsigned long port = 0;

	if (!isdigit((unsigned char)*text))
		return false;
	port = strtoul(text, &end, 10);
	*ret = (uint16_t)port;
	return *end == '\0' && port <= PORT_MAX;
}

/* "host=ADDRESS,port=PORT": no name, because nothing here may ask a resolver. */
static bool read_address(const char *text, struct sockaddr_storage *ret, socklen_t *ret_size)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)ret;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;
	const char *port_at = strstr(text, PORT);
	char host[ADDRESS_SIZE];
	uint16_t port = 0;
	int len = 0;

	if (strncmp(text, HOST, strlen(HOST)) != 0 || port_at == NULL
	    || !read_port(port_at + strlen(PORT), &port))
		return false;
	text += strlen(HOST);
	len = snprintf(host, sizeof(host), "%.*s", (int)(port_at - text), text);
	if (len >= (int)sizeof(host))
		return false;
	*ret = (struct sockaddr_storage){ 0 };
	if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		*ret_size = sizeof(*v4);
		return true;
	}
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(port);
	*ret_size = sizeof(*v6);
	return inet_pton(AF_INET6, host, &v6->sin6_addr) == 1;
}

/* The end of a connect that was begun; errno on failure. */
static int connected(struct transport *t)
{
	int failed = 0;
	socklen_t size = sizeof(failed);

	if (wait_for(t, POLLOUT) != TSS2_RC_SUCCESS) {
		errno = ETIMEDOUT;
		return -1;
	}
	if (getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &failed, &size) < 0)
		return -1;
	errno = failed;
	return failed == 0 ? 0 : -1;
}

static int open_swtpm(struct transport *t, const char *address)
{
	struct sockaddr_storage at;
	socklen_t size = 0;

	if (!read_address(address, &at, &size)) {
		errno = EINVAL;
		return -1;
	}
	t->fd = socket(at.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (t->fd < 0)
		return -1;
	t->is_socket = true;
	if (connect(t->fd, (struct sockaddr *)&at, size) == 0)
		return 0;
	return errno == EINPROGRESS ? connected(t) : -1;
}

static const struct kind {
	const char *prefix;
	int (*open)(struct transport *t, const char *rest); /* errno on failure */
} kinds[] = {
	{ "device:", open_device },
	{ "swtpm:", open_swtpm },
};

static const struct kind *kind_of(const char *tcti)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strncmp(tcti, kinds[i].prefix, strlen(kinds[i].prefix)) == 0)
			return &kinds[i];
	return NULL;
}

int kw_tpm_transport_open(const char *tcti, const struct kw_clock *clock, int64_t until_ms,
			  TSS2_TCTI_CONTEXT **ret, struct kw_error *err)
{
	const struct kind *kind = kind_of(tcti);
	struct transport *t = NULL;

	if (kind == NULL)
		return kw_fail(err, KW_E_TPM_TCTI,
			       "'%s' is neither device:PATH nor swtpm:host=ADDRESS,port=PORT",
			       tcti);
	t = kw_alloc(sizeof(*t));
	t->common = (TSS2_TCTI_CONTEXT_COMMON_V1){
		.magic = MAGIC,
		.version = 1,
		.transmit = transmit,
		.receive = receive,
		.finalize = finalize,
	};
	t->clock = clock;
	t->until_ms = until_ms;
	t->fd = -1;
	if (kind->open(t, tcti + strlen(kind->prefix)) < 0) {
		kw_fail(err, KW_E_TPM_OPEN, "'%s': %m", tcti);
		kw_tpm_transport_close((TSS2_TCTI_CONTEXT *)t);
		return -1;
	}
	*ret = (TSS2_TCTI_CONTEXT *)t;
	return 0;
}

void kw_tpm_transport_close(TSS2_TCTI_CONTEXT *transport)
{
	if (transport == NULL)
		return;
	finalize(transport);
	free(transport);
}
