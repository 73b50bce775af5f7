/* SPDX-License-Identifier: Apache-2.0 */
#include "http/transfer.h"

#include "http/headers.h"
#include "http/receive.h"
#include "util/memory.h"
#include "util/text.h"

#include <ares.h>
#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum {
	CONNECT_TIMEOUT_MS = 5000,
	METADATA_CONNECT_TIMEOUT_MS = 2000,
	POLL_SLICE_MS = 100, /* how soon a cancel is seen */
	CONNECTIONS_MAX = 2, /* per handle */
};

struct kw_handle {
	CURLM *multi; /* owns the connections */
	CURL *easy;
};

struct kw_handle *kw_handle_new(void)
{
	KW_CLEANUP(kw_handle_freep) struct kw_handle *handle = kw_alloc(sizeof(*handle));
	handle->multi = curl_multi_init();
	handle->easy = curl_easy_init();
	if (handle->multi == NULL || handle->easy == NULL
	    || curl_multi_setopt(handle->multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_MAX)
		       != CURLM_OK)
		return NULL;
	return KW_STEAL(handle);
}

void kw_handle_free(struct kw_handle *handle)
{
	if (handle == NULL)
		return;
	curl_easy_cleanup(handle->easy);
	curl_multi_cleanup(handle->multi);
	free(handle);
}

/* What libcurl borrows while an attempt runs. */
struct lists {
	struct curl_slist *headers, *resolve, *connect_to;
};

static void lists_clear(struct lists *lists)
{
	kw_request_headers_free(lists->headers);
	curl_slist_free_all(lists->resolve);
	curl_slist_free_all(lists->connect_to);
}

/* "HOST:PORT:ADDRESS,ADDRESS": libcurl finds the name in its cache and asks no resolver. */
static struct curl_slist *resolve_entry(const struct kw_attempt *attempt)
{
	const struct kw_origin *dial = &attempt->route->dial;
	char line[KW_HOST_SIZE + 16 + sizeof(attempt->addresses->text)];
	int len = snprintf(line, sizeof(line), "%s:%u:", dial->host, (unsigned)dial->port);
	for (size_t i = 0; i < attempt->addresses->n; i++)
		len += snprintf(line + len, sizeof(line) - (size_t)len, "%s%s", i > 0 ? "," : "",
				attempt->addresses->text[i]);
	return curl_slist_append(NULL, line);
}

static int lists_fill(const struct kw_attempt *attempt, struct lists *lists, struct kw_error *err)
{
	if (kw_request_headers_new(attempt->request, &lists->headers, err) < 0)
		return -1;
	if (attempt->route->connect_to != NULL)
		lists->connect_to = curl_slist_append(NULL, attempt->route->connect_to);
	if (!attempt->route->dial.is_address)
		lists->resolve = resolve_entry(attempt);
	return 0;
}

static bool set_limits(CURL *easy, const struct kw_attempt *attempt)
{
	long connect_ms = kw_upstream_is_metadata(attempt->request->upstream)
				  ? METADATA_CONNECT_TIMEOUT_MS
				  : CONNECT_TIMEOUT_MS;
	return curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK
	       && curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK
	       && curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK
	       && curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1)
			  == CURLE_OK
	       && curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, connect_ms) == CURLE_OK
	       && curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)attempt->timeout_ms) == CURLE_OK;
}

/* The options that differ between a server's certificate and a proxy's. */
struct tls_options {
	CURLoption version, directory, file, blob;
};
static const struct tls_options of_server = { CURLOPT_SSLVERSION, CURLOPT_CAPATH, CURLOPT_CAINFO,
					      CURLOPT_CAINFO_BLOB };
static const struct tls_options of_proxy = { CURLOPT_PROXY_SSLVERSION, CURLOPT_PROXY_CAPATH,
					     CURLOPT_PROXY_CAINFO, CURLOPT_PROXY_CAINFO_BLOB };

/* The compiled-in bundle and directory are left out: `roots` is all there is. */
static bool set_trust(CURL *easy, const struct kw_roots *roots, const struct tls_options *options)
{
	struct curl_blob pem = { roots->pem.data, roots->pem.len, CURL_BLOB_NOCOPY };
	return curl_easy_setopt(easy, options->version, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK
	       && curl_easy_setopt(easy, options->directory, NULL) == CURLE_OK
	       && (roots->file != NULL
			   ? curl_easy_setopt(easy, options->file, roots->file) == CURLE_OK
			   : curl_easy_setopt(easy, options->blob, &pem) == CURLE_OK);
}

/* Verification is on by default; it is said here all the same. Nothing parsed is kept beyond its
 * connection: the roots weigh more than all the rest of it. */
static bool set_tls(CURL *easy, const struct kw_attempt *attempt)
{
	bool by_proxy = *attempt->route->proxy != '\0' && attempt->route->dial.tls;
	return curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK
	       && curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK
	       && curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, 0L) == CURLE_OK
	       && curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L) == CURLE_OK
	       && (!attempt->origin->tls || set_trust(easy, attempt->roots, &of_server))
	       && (!by_proxy || set_trust(easy, attempt->roots, &of_proxy));
}

/* Both proxy options are always set, else libcurl asks the environment. Our headers are for the
 * origin alone, not for the proxy's CONNECT. */
static bool set_route(CURL *easy, const struct kw_attempt *attempt, const struct lists *lists)
{
	const char *proxy = attempt->route->proxy;
	return curl_easy_setopt(easy, CURLOPT_PROXY, proxy) == CURLE_OK
	       && curl_easy_setopt(easy, CURLOPT_NOPROXY, *proxy == '\0' ? "*" : "") == CURLE_OK
	       && curl_easy_setopt(easy, CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE) == CURLE_OK
	       && curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L) == CURLE_OK
	       && curl_easy_setopt(easy, CURLOPT_RESOLVE, lists->resolve) == CURLE_OK
	       && curl_easy_setopt(easy, CURLOPT_CONNECT_TO, lists->connect_to) == CURLE_OK;
}

static bool set_method(CURL *easy, const struct kw_http_request *request)
{
	if (strcmp(request->method, "GET") == 0)
		return curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L) == CURLE_OK;
	bool is_patch = strcmp(request->method, "PATCH") == 0;
	if (!is_patch && strcmp(request->method, "POST") != 0)
		return false;
	const void *body = request->body.len > 0 ? (const void *)request->body.data : "";
	return curl_easy_setopt(easy, CURLOPT_POST, 1L) == CURLE_OK
	       && curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body) == CURLE_OK
	       && curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len)
			  == CURLE_OK
	       && (!is_patch || curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, "PATCH") == CURLE_OK);
}

/* The URL is made from the origin that was compared, so that nobody reads its authority otherwise.
 */
static bool set_request(CURL *easy, const struct kw_attempt *attempt, const struct lists *lists)
{
	char origin[KW_ORIGIN_TEXT_SIZE];
	kw_origin_text(attempt->origin, origin);
	KW_CLEANUP(freep) char *url = kw_format("%s%s", origin, attempt->rest);
	const char *more = attempt->route->user_agent;
	KW_CLEANUP(freep)
	char *agent = kw_format("keyward/" KW_VERSION "%s%s", *more != '\0' ? " " : "", more);
	return set_method(easy, attempt->request)
	       && curl_easy_setopt(easy, CURLOPT_URL, url) == CURLE_OK
	       && curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L) == CURLE_OK
	       && curl_easy_setopt(easy, CURLOPT_USERAGENT, agent) == CURLE_OK
	       && curl_easy_setopt(easy, CURLOPT_HTTPHEADER, lists->headers) == CURLE_OK;
}

/* libcurl keeps the first words of a transfer. A new connection begins anew: what went wrong with
 * the one before (a pooled one that had died, another address) does not explain what comes now. */
static int forget_words(void *words, curl_socket_t fd KW_UNUSED, curlsocktype purpose KW_UNUSED)
{
	*(char *)words = '\0';
	return CURL_SOCKOPT_OK;
}

static bool set_receiver(CURL *easy, struct kw_receiver *receiver, char *words)
{
	*words = '\0';
	return curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, kw_receive_body) == CURLE_OK
	       && curl_easy_setopt(easy, CURLOPT_WRITEDATA, receiver) == CURLE_OK
	       && curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, kw_receive_header) == CURLE_OK
	       && curl_easy_setopt(easy, CURLOPT_HEADERDATA, receiver) == CURLE_OK
	       && curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, forget_words) == CURLE_OK
	       && curl_easy_setopt(easy, CURLOPT_SOCKOPTDATA, words) == CURLE_OK
	       && curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, words) == CURLE_OK;
}

static CURLcode result_of(CURLM *multi)
{
	int left = 0;
	const CURLMsg *message = curl_multi_info_read(multi, &left);
	return message != NULL && message->msg == CURLMSG_DONE ? message->data.result
							       : CURLE_FAILED_INIT;
}

/* Not curl_easy_perform(): that looks up once a second, and a stop must be seen sooner. */
static CURLcode perform(struct kw_handle *handle, const atomic_bool *cancelled)
{
	int running = 1;
	CURLMcode status = curl_multi_add_handle(handle->multi, handle->easy);
	while (status == CURLM_OK && running > 0 && !atomic_load(cancelled)) {
		status = curl_multi_perform(handle->multi, &running);
		if (status == CURLM_OK && running > 0)
			status = curl_multi_poll(handle->multi, NULL, 0, POLL_SLICE_MS, NULL);
	}
	CURLcode code = status != CURLM_OK ? CURLE_FAILED_INIT
			: running > 0	   ? CURLE_ABORTED_BY_CALLBACK
					   : result_of(handle->multi);
	curl_multi_remove_handle(handle->multi, handle->easy);
	return code;
}

static enum kw_failure judge(CURL *easy, const struct kw_attempt *attempt, CURLcode code,
			     struct kw_receiver *receiver, const char *words,
			     struct kw_http_answer *ret, struct kw_error *err)
{
	long status = 0;
	if (code != CURLE_OK && receiver->stop == KW_RECEIVE_GOES_ON) {
		const char *said = *words != '\0' ? words : curl_easy_strerror(code);
		kw_text_clean(kw_bytes_text(said), err->detail, sizeof(err->detail));
		return kw_failure_of((int)code, said);
	}
	if (code == CURLE_OK && !receiver->headers.ended) { /* libcurl takes that for the end */
		snprintf(err->detail, sizeof(err->detail), "the answer broke off in its headers");
		return KW_FAILURE_TRANSPORT;
	}
	if (curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK)
		status = 0;
	return kw_receiver_finish(receiver, (int)status, attempt->wall_s, ret, err);
}

enum kw_failure kw_attempt_run(struct kw_handle *handle, const struct kw_attempt *attempt,
			       struct kw_http_answer *ret, struct kw_error *err)
{
	KW_CLEANUP(lists_clear) struct lists lists = { 0 };
	KW_CLEANUP(kw_receiver_clear)
	struct kw_receiver receiver = { .request = attempt->request };
	char words[CURL_ERROR_SIZE];
	CURL *easy = handle->easy;

	if (lists_fill(attempt, &lists, err) < 0)
		return KW_FAILURE_LOCAL;
	curl_easy_reset(easy); /* forgets options, keeps connections */
	if (!set_limits(easy, attempt) || !set_tls(easy, attempt)
	    || !set_route(easy, attempt, &lists) || !set_request(easy, attempt, &lists)
	    || !set_receiver(easy, &receiver, words)) {
		kw_fail(err, KW_E_SYS_INTERNAL, "libcurl does not take the request's options");
		return KW_FAILURE_LOCAL;
	}
	CURLcode code = perform(handle, attempt->cancelled);
	enum kw_failure failure = judge(easy, attempt, code, &receiver, words, ret, err);
	curl_easy_reset(easy); /* what it borrowed goes out of scope */
	return failure;
}

static CURLcode curl_setup;
static int ares_setup;

static void set_up(void)
{
	curl_setup = curl_global_init(CURL_GLOBAL_DEFAULT);
	ares_setup = ares_library_init(ARES_LIB_INIT_ALL);
}

int kw_transfer_setup(struct kw_error *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, set_up);
	if (curl_setup != CURLE_OK || ares_setup != ARES_SUCCESS)
		return kw_fail(err, KW_E_SYS_INTERNAL, "libcurl or c-ares does not start: %s, %s",
			       curl_easy_strerror(curl_setup), ares_strerror(ares_setup));
	return 0;
}
