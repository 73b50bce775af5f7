/* SPDX-License-Identifier: Apache-2.0 */
/* What the transport does with a TPM that is silent, goes away, or answers oddly: a socket plays
 * it. */
#include "rows.h"

#include "evidence/tpm.h"
#include "evidence/tpm_quote.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>

enum { GUEST_PCR_0 = 1, LONG_ANSWER = 5000 };

/* TPM_ST_NO_SESSIONS, 10 bytes, TPM_RC_FAILURE */
#define FAILURE "\x80\x01\x00\x00\x00\x0a\x00\x00\x01\x01"

static const struct row {
	const char *name;
	const char *answer; /* lies there before it was asked for */
	size_t size;
	bool hangs_up;
	enum kw_error_name expect;
	const char *says;
} rows[] = {
	{ "given silence, the deadline ends it", "", 0, false, KW_E_TPM_SILENT,
	  "reading PCRs: no answer by the deadline" },
	{ "given half a header, the deadline ends it", FAILURE, 5, false, KW_E_TPM_SILENT, "" },
	{ "given a size that never comes, the deadline ends it", "\x80\x01\x00\x00\x01\x0a\0\0\0\0",
	  10, false, KW_E_TPM_SILENT, "" },
	{ "given a connection that was closed, it is gone", "", 0, true, KW_E_TPM_GONE,
	  "reading PCRs: the connection broke" },
	{ "given half an answer and the end, it is gone", FAILURE, 7, true, KW_E_TPM_GONE, "" },
	{ "given a whole answer, its code is told", FAILURE, 10, false, KW_E_TPM_COMMAND,
	  "(0x101)" },
	{ "given more than an answer can be, it is gone", NULL, LONG_ANSWER, false, KW_E_TPM_GONE,
	  "" },
};

struct world {
	int listener, peer;
	char tcti[64];
	struct kw_tpm tpm;
};

static void world_start(struct world *world)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(at);
	struct kw_error err = { 0 };

	*world = (struct world){ .peer = -1 };
	world->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(world->listener, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(world->listener, 1), 0);
	assert_int_equal(getsockname(world->listener, (struct sockaddr *)&at, &size), 0);
	snprintf(world->tcti, sizeof(world->tcti), "swtpm:host=127.0.0.1,port=%u",
		 ntohs(at.sin_port));
	if (kw_tpm_open(world->tcti, 500, &kw_clock_system, &world->tpm, &err) < 0)
		fail_msg("%s", err.detail);
	world->peer = accept(world->listener, NULL, NULL);
	assert_true(world->peer >= 0);
}

static void world_stop(struct world *world)
{
	kw_tpm_close(&world->tpm);
	kw_fd_close(&world->peer);
	kw_fd_close(&world->listener);
}

static void answer(const struct world *world, const struct row *row)
{
	static const uint8_t rubbish[LONG_ANSWER] = { 0x80, 0x01, 0xff, 0xff };
	const void *bytes = row->answer != NULL ? (const void *)row->answer : rubbish;

	assert_int_equal(write(world->peer, bytes, row->size), row->size);
	if (row->hangs_up)
		assert_int_equal(shutdown(world->peer, SHUT_RDWR), 0);
}

static void ends_as_expected(void **state)
{
	const struct row *row = *state;
	KW_CLEANUP(world_stop) struct world world;
	struct kw_pcr_values pcrs;
	struct kw_error err = { 0 };

	world_start(&world);
	answer(&world, row);
	assert_int_equal(kw_tpm_pcr_read(&world.tpm, GUEST_PCR_0, &pcrs, &err), -1);
	assert_true(kw_error_is(&err, row->expect));
	assert_non_null(strstr(err.detail, row->says));
	assert_int_equal(kw_tpm_pcr_read(&world.tpm, GUEST_PCR_0, &pcrs, &err), -1);
}

int main(void)
{
	setenv("TSS2_LOG", "all+NONE", 0); /* refusals are what is tested here */
	return KW_ROWS_RUN(rows, ends_as_expected);
}
