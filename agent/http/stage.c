/* SPDX-License-Identifier: Apache-2.0 */
#include "http/stage.h"

#include <curl/curl.h>
#include <string.h>

static const struct stage {
	const char *word, *text;
	enum kw_error_name unreachable, tls, answer;
} stages[KW_N_UPSTREAMS] = {
	[KW_UPSTREAM_IMDS] = { "imds", "the instance metadata service", KW_E_IDN_UNREACHABLE,
			       KW_E_IDN_TLS, KW_E_IDN_ANSWER },
	[KW_UPSTREAM_THIM] = { "thim", "the collateral service of the host", KW_E_COL_UNREACHABLE,
			       KW_E_COL_TLS, KW_E_COL_ANSWER },
	[KW_UPSTREAM_KDS] = { "kds", "the AMD key distribution service", KW_E_COL_UNREACHABLE,
			      KW_E_COL_TLS, KW_E_COL_ANSWER },
	[KW_UPSTREAM_MAA] = { "maa", "the attestation service", KW_E_ATT_UNREACHABLE, KW_E_ATT_TLS,
			      KW_E_ATT_ANSWER },
	[KW_UPSTREAM_MAA_KEYS] = { "maa-keys", "the attestation service's keys",
				   KW_E_TOK_UNREACHABLE, KW_E_TOK_TLS, KW_E_TOK_METADATA },
	[KW_UPSTREAM_ENTRA] = { "entra", "Entra", KW_E_IDN_UNREACHABLE, KW_E_IDN_TLS,
				KW_E_IDN_ANSWER },
	[KW_UPSTREAM_VAULT] = { "vault", "the vault", KW_E_REL_UNREACHABLE, KW_E_REL_TLS,
				KW_E_REL_ANSWER },
	[KW_UPSTREAM_KUBERNETES] = { "kubernetes", "the cluster's API", KW_E_OUT_API_UNREACHABLE,
				     KW_E_OUT_API_TLS, KW_E_OUT_API_ANSWER },
};

const char *kw_upstream_word(enum kw_upstream upstream)
{
	return stages[upstream].word;
}

const char *kw_upstream_text(enum kw_upstream upstream)
{
	return stages[upstream].text;
}

static bool starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/*
 * libcurl gives one code for a handshake that was refused and for one whose connection broke. Its
 * words tell them apart: "OpenSSL SSL_connect: <socket error>" only where OpenSSL had no error of
 * its own.
 */
static bool broke_in_handshake(const char *words)
{
	return starts_with(words, "OpenSSL SSL_connect:") || starts_with(words, "Recv failure:")
	       || starts_with(words, "Send failure:")
	       || strstr(words, "unexpected eof while reading") != NULL;
}

enum kw_failure kw_failure_of(int code, const char *words)
{
	switch (code) {
	case CURLE_OK:
		return KW_FAILURE_NONE;
	case CURLE_ABORTED_BY_CALLBACK:
		return KW_FAILURE_CANCELLED;
	case CURLE_SSL_CONNECT_ERROR:
		return broke_in_handshake(words) ? KW_FAILURE_TRANSPORT : KW_FAILURE_TLS;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_CRL_BADFILE:
	case CURLE_SSL_INVALIDCERTSTATUS:
	case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
	case CURLE_SSL_ENGINE_INITFAILED:
	case CURLE_SSL_ENGINE_NOTFOUND:
	case CURLE_SSL_ENGINE_SETFAILED:
	case CURLE_SSL_CLIENTCERT:
	case CURLE_USE_SSL_FAILED:
		return KW_FAILURE_TLS;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_CONNECT:
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_PARTIAL_FILE:
	case CURLE_SSL_SHUTDOWN_FAILED:
	case CURLE_PROXY:
	case CURLE_AGAIN:
		return KW_FAILURE_TRANSPORT;
	default: /* a CURLcode that plain HTTP does not give, or a peer that does not speak HTTP */
		return KW_FAILURE_ANSWER;
	}
}

enum kw_error_name kw_failure_row(enum kw_failure failure, enum kw_upstream upstream)
{
	switch (failure) {
	case KW_FAILURE_TRANSPORT:
	case KW_FAILURE_CANCELLED:
		return stages[upstream].unreachable;
	case KW_FAILURE_TLS:
		return stages[upstream].tls;
	case KW_FAILURE_ANSWER:
		return stages[upstream].answer;
	case KW_FAILURE_NONE:
	case KW_FAILURE_LOCAL:
		break;
	}
	return KW_E_SYS_INTERNAL;
}
