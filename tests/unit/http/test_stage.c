/* SPDX-License-Identifier: Apache-2.0 */
#include "http/stage.h"

#include "rows.h"

#include <curl/curl.h>

static const struct code_row {
	const char *name;
	CURLcode code;
	const char *words;
	enum kw_failure expect;
} code_rows[] = {
	{ "given success, nothing failed", CURLE_OK, "", KW_FAILURE_NONE },
	{ "given no address, it may pass", CURLE_COULDNT_RESOLVE_HOST, "", KW_FAILURE_TRANSPORT },
	{ "given a refused connection, it may pass", CURLE_COULDNT_CONNECT, "",
	  KW_FAILURE_TRANSPORT },
	{ "given a time-out, it may pass", CURLE_OPERATION_TIMEDOUT, "", KW_FAILURE_TRANSPORT },
	{ "given an empty answer, it may pass", CURLE_GOT_NOTHING, "", KW_FAILURE_TRANSPORT },
	{ "given a reset, it may pass", CURLE_RECV_ERROR, "", KW_FAILURE_TRANSPORT },
	{ "given a body that breaks off, it may pass", CURLE_PARTIAL_FILE, "",
	  KW_FAILURE_TRANSPORT },
	{ "given a certificate that does not verify, it is TLS", CURLE_PEER_FAILED_VERIFICATION,
	  "SSL certificate problem: certificate has expired", KW_FAILURE_TLS },
	{ "given a handshake that is refused, it is TLS", CURLE_SSL_CONNECT_ERROR,
	  "error:0A00042E:SSL routines::tlsv1 alert protocol version", KW_FAILURE_TLS },
	{ "given a handshake that is reset, it may pass", CURLE_SSL_CONNECT_ERROR,
	  "OpenSSL SSL_connect: Connection reset by peer in connection to h:443",
	  KW_FAILURE_TRANSPORT },
	{ "given a reset while the handshake is read, it may pass", CURLE_SSL_CONNECT_ERROR,
	  "Recv failure: Connection reset by peer", KW_FAILURE_TRANSPORT },
	{ "given a reset while the handshake is sent, it may pass", CURLE_SSL_CONNECT_ERROR,
	  "Send failure: Broken pipe", KW_FAILURE_TRANSPORT },
	{ "given a handshake that is closed, it may pass", CURLE_SSL_CONNECT_ERROR,
	  "error:0A000126:SSL routines::unexpected eof while reading", KW_FAILURE_TRANSPORT },
	{ "given roots that cannot be read, it is TLS", CURLE_SSL_CACERT_BADFILE, "",
	  KW_FAILURE_TLS },
	{ "given a peer that does not speak HTTP, it is the answer", CURLE_UNSUPPORTED_PROTOCOL, "",
	  KW_FAILURE_ANSWER },
	{ "given a broken answer, it is the answer", CURLE_WEIRD_SERVER_REPLY, "",
	  KW_FAILURE_ANSWER },
	{ "given our stop, it is cancelled", CURLE_ABORTED_BY_CALLBACK, "", KW_FAILURE_CANCELLED },
};

static void codes_are_sorted(void **state)
{
	const struct code_row *row = *state;
	assert_int_equal(kw_failure_of((int)row->code, row->words), row->expect);
}

static const struct stage_row {
	const char *name;
	enum kw_upstream upstream;
	enum kw_error_name unreachable, tls, answer;
} stage_rows[] = {
	{ "given IMDS, rows are of IDN", KW_UPSTREAM_IMDS, KW_E_IDN_UNREACHABLE, KW_E_IDN_TLS,
	  KW_E_IDN_ANSWER },
	{ "given Entra, rows are of IDN", KW_UPSTREAM_ENTRA, KW_E_IDN_UNREACHABLE, KW_E_IDN_TLS,
	  KW_E_IDN_ANSWER },
	{ "given THIM, rows are of COL", KW_UPSTREAM_THIM, KW_E_COL_UNREACHABLE, KW_E_COL_TLS,
	  KW_E_COL_ANSWER },
	{ "given KDS, rows are of COL", KW_UPSTREAM_KDS, KW_E_COL_UNREACHABLE, KW_E_COL_TLS,
	  KW_E_COL_ANSWER },
	{ "given MAA, rows are of ATT", KW_UPSTREAM_MAA, KW_E_ATT_UNREACHABLE, KW_E_ATT_TLS,
	  KW_E_ATT_ANSWER },
	{ "given its keys, rows are of TOK", KW_UPSTREAM_MAA_KEYS, KW_E_TOK_UNREACHABLE,
	  KW_E_TOK_TLS, KW_E_TOK_METADATA },
	{ "given the vault, rows are of REL", KW_UPSTREAM_VAULT, KW_E_REL_UNREACHABLE, KW_E_REL_TLS,
	  KW_E_REL_ANSWER },
};

static void failures_have_rows(void **state)
{
	const struct stage_row *row = *state;
	assert_int_equal(kw_failure_row(KW_FAILURE_TRANSPORT, row->upstream), row->unreachable);
	assert_int_equal(kw_failure_row(KW_FAILURE_CANCELLED, row->upstream), row->unreachable);
	assert_int_equal(kw_failure_row(KW_FAILURE_TLS, row->upstream), row->tls);
	assert_int_equal(kw_failure_row(KW_FAILURE_ANSWER, row->upstream), row->answer);
	assert_non_null(kw_upstream_text(row->upstream));
	assert_int_equal(kw_upstream_is_metadata(row->upstream),
			 row->upstream == KW_UPSTREAM_IMDS || row->upstream == KW_UPSTREAM_THIM);
}

int main(void)
{
	return KW_ROWS_RUN(code_rows, codes_are_sorted)
	       + KW_ROWS_RUN(stage_rows, failures_have_rows);
}
