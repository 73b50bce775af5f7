/* SPDX-License-Identifier: Apache-2.0 */
/* What the client makes of certificates: a TLS server on loopback, its PKI made on the spot. */
#include "http/client.h"

#include "fake_time.h"
#include "given.h"
#include "loopback.h"
#include "rows.h"
#include "util/text.h"

#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>

enum { DAY_S = 24 * 60 * 60 };

/* --- certificates */

struct identity {
	EVP_PKEY *key;
	X509 *cert;
};

static struct identity ca, other_ca;
static char ca_path[] = "/tmp/kw-tls-XXXXXX";

static void extend(X509 *cert, const X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509V3_set_ctx(&ctx, (X509 *)(uintptr_t)issuer, cert, NULL, NULL, 0);
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	assert_non_null(extension);
	assert_int_equal(X509_add_ext(cert, extension, -1), 1);
	X509_EXTENSION_free(extension);
}

/* `signer` NULL: it signs itself. `names` NULL: an authority. */
static struct identity issue(const char *cn, const struct identity *signer, const char *names,
			     long from_s, long to_s)
{
	struct identity made = { EVP_EC_gen("P-256"), X509_new() };
	X509_NAME *name = X509_get_subject_name(made.cert);
	const struct identity *by = signer != NULL ? signer : &made;
	X509_set_version(made.cert, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(made.cert), 7);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)cn, -1, -1, 0);
	X509_set_issuer_name(made.cert, X509_get_subject_name(by->cert));
	X509_gmtime_adj(X509_getm_notBefore(made.cert), from_s);
	X509_gmtime_adj(X509_getm_notAfter(made.cert), to_s);
	X509_set_pubkey(made.cert, made.key);
	extend(made.cert, by->cert, NID_basic_constraints,
	       names == NULL ? "critical,CA:TRUE" : "critical,CA:FALSE");
	if (names != NULL)
		extend(made.cert, by->cert, NID_subject_alt_name, names);
	assert_true(X509_sign(made.cert, by->key, EVP_sha256()) > 0);
	return made;
}

static void identity_clear(struct identity *identity)
{
	EVP_PKEY_free(identity->key);
	X509_free(identity->cert);
}

/* --- server */

struct tls_server {
	SSL_CTX *ctx; /* NULL: closes each connection as soon as it speaks */
	int listener;
	unsigned port;
	atomic_uint n_connections;
	char request[4096];
	pthread_t thread;
};

static void speak(struct tls_server *server, int fd)
{
	static const char answer[] = LOOPBACK_ANSWER("200 OK", "Connection: close\r\n", 2, "ok");
	SSL *ssl = SSL_new(server->ctx);
	SSL_set_fd(ssl, fd);
	if (SSL_accept(ssl) == 1) {
		int n = SSL_read(ssl, server->request, sizeof(server->request) - 1);
		server->request[n > 0 ? n : 0] = '\0';
		SSL_write(ssl, answer, sizeof(answer) - 1);
		SSL_shutdown(ssl);
	}
	SSL_free(ssl);
}

static void *tls_run(void *ctx)
{
	struct tls_server *server = ctx;
	char first[1];
	int fd = -1;
	sigset_t pipe;
	sigemptyset(&pipe); /* libssl writes to who is gone; the client's thread must never */
	sigaddset(&pipe, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe, NULL);
	while ((fd = accept(server->listener, NULL, NULL)) >= 0) {
		atomic_fetch_add(&server->n_connections, 1);
		if (server->ctx != NULL)
			speak(server, fd);
		else if (read(fd, first, sizeof(first)) < 0)
			abort();
		close(fd);
	}
	return NULL;
}

static void tls_start(struct tls_server *server, const struct identity *identity, int max_version)
{
	*server = (struct tls_server){ 0 };
	server->listener = loopback_listen(&server->port);
	if (identity != NULL) {
		server->ctx = SSL_CTX_new(TLS_server_method());
		SSL_CTX_set_security_level(server->ctx, 0);
		SSL_CTX_set_min_proto_version(server->ctx, TLS1_VERSION);
		SSL_CTX_set_max_proto_version(server->ctx, max_version);
		assert_int_equal(SSL_CTX_use_certificate(server->ctx, identity->cert), 1);
		assert_int_equal(SSL_CTX_use_PrivateKey(server->ctx, identity->key), 1);
	}
	assert_int_equal(pthread_create(&server->thread, NULL, tls_run, server), 0);
}

static void tls_stop(struct tls_server *server)
{
	shutdown(server->listener, SHUT_RDWR); /* ends accept() */
	pthread_join(server->thread, NULL);
	close(server->listener);
	SSL_CTX_free(server->ctx);
}

/* --- the client's side */

static int ask(struct tls_server *server, const char *host, const struct kw_secret *bearer,
	       const char *ca_file, struct kw_http_answer *ret, struct kw_error *err)
{
	KW_CLEANUP(kw_http_freep) struct kw_http *http = NULL;
	KW_CLEANUP(freep)
	char *url = kw_format("https://%s:%u/keys/db/release", host, server->port);
	struct fake_time time = { 0 };
	struct kw_clock clock = fake_clock(&time);
	struct kw_random random = fake_random(&time);
	struct kw_config config = given_config();
	struct kw_config_key key = { .url = url };
	config.keys = &key;
	config.n_keys = 1;
	config.tls.ca_file = (char *)(uintptr_t)ca_file;
	assert_int_equal(kw_http_new(&config, &clock, &random, &http, err), 0);
	const struct kw_http_request request = { .upstream = KW_UPSTREAM_VAULT,
						 .method = "POST",
						 .url = url,
						 .bearer = bearer,
						 .answer_max = 100 };
	return kw_http_call(http, &request, ret, err);
}

enum leaf { GOOD, EXPIRED, NOT_YET, OTHER_NAME, SELF_SIGNED, OTHER_CA, NONE };

static struct identity leaf_of(enum leaf leaf)
{
	static const char names[] = "DNS:localhost,DNS:*.wild.localhost,IP:127.0.0.1";
	switch (leaf) {
	case GOOD:
		return issue("leaf", &ca, names, -DAY_S, DAY_S);
	case EXPIRED:
		return issue("leaf", &ca, names, -2 * DAY_S, -DAY_S);
	case NOT_YET:
		return issue("leaf", &ca, names, DAY_S, 2 * DAY_S);
	case OTHER_NAME:
		return issue("localhost", &ca, "DNS:vault.example", -DAY_S, DAY_S);
	case SELF_SIGNED:
		return issue("leaf", NULL, names, -DAY_S, DAY_S);
	case OTHER_CA:
		return issue("leaf", &other_ca, names, -DAY_S, DAY_S);
	case NONE:
		break;
	}
	return (struct identity){ 0 };
}

static const struct row {
	const char *name;
	enum leaf leaf;
	int max_version;
	const char *host;
	enum kw_error_name expect;
	const char *says;
} rows[] = {
	{ "given a good certificate, it is trusted", GOOD, TLS1_3_VERSION, "localhost", KW_OK, "" },
	{ "given TLS 1.2, it is spoken", GOOD, TLS1_2_VERSION, "localhost", KW_OK, "" },
	{ "given an address that the certificate names, it is trusted", GOOD, TLS1_3_VERSION,
	  "127.0.0.1", KW_OK, "" },
	{ "given a name that a wildcard covers, it is trusted", GOOD, TLS1_3_VERSION,
	  "a.wild.localhost", KW_OK, "" },
	{ "given TLS 1.1 at most, it is refused", GOOD, TLS1_1_VERSION, "localhost", KW_E_REL_TLS,
	  "protocol version" },
	{ "given an expired certificate, it is refused", EXPIRED, TLS1_3_VERSION, "localhost",
	  KW_E_REL_TLS, "certificate has expired" },
	{ "given a certificate from tomorrow, it is refused", NOT_YET, TLS1_3_VERSION, "localhost",
	  KW_E_REL_TLS, "certificate is not yet valid" },
	{ "given a certificate for another name, it is refused", OTHER_NAME, TLS1_3_VERSION,
	  "localhost", KW_E_REL_TLS, "'localhost'" },
	{ "given a name below the wildcard's own, it is refused", GOOD, TLS1_3_VERSION,
	  "b.a.wild.localhost", KW_E_REL_TLS, "'b.a.wild.localhost'" },
	{ "given a certificate that signed itself, it is refused", SELF_SIGNED, TLS1_3_VERSION,
	  "localhost", KW_E_REL_TLS, "self-signed certificate" },
	{ "given another authority's certificate, it is refused", OTHER_CA, TLS1_3_VERSION,
	  "localhost", KW_E_REL_TLS, "unable to get local issuer certificate" },
};

static void certificates_are_judged(void **state)
{
	const struct row *row = *state;
	KW_CLEANUP(kw_http_answer_clear) struct kw_http_answer answer = { 0 };
	KW_CLEANUP(identity_clear) struct identity leaf = leaf_of(row->leaf);
	struct tls_server server;
	struct kw_error err = { 0 };
	tls_start(&server, &leaf, row->max_version);
	int r = ask(&server, row->host, NULL, ca_path, &answer, &err);
	tls_stop(&server);
	assert_int_equal(r, row->expect == KW_OK ? 0 : -1);
	assert_ptr_equal(err.def, kw_error_def(row->expect));
	assert_non_null(strstr(err.detail, row->says));
	assert_int_equal(atomic_load(&server.n_connections), 1); /* asking again cannot help */
	assert_int_equal(*server.request != '\0', row->expect == KW_OK);
}

static void our_authority_is_trusted_only_where_it_is_added(void **state)
{
	KW_CLEANUP(kw_http_answer_clear) struct kw_http_answer answer = { 0 };
	KW_CLEANUP(identity_clear) struct identity leaf = leaf_of(GOOD);
	struct tls_server server;
	struct kw_error err = { 0 };
	(void)state;
	tls_start(&server, &leaf, TLS1_3_VERSION);
	assert_int_equal(ask(&server, "localhost", NULL, "", &answer, &err), -1);
	tls_stop(&server);
	assert_true(kw_error_is(&err, KW_E_REL_TLS));
}

static void the_bearer_goes_to_a_server_that_is_trusted(void **state)
{
	KW_CLEANUP(kw_http_answer_clear) struct kw_http_answer answer = { 0 };
	KW_CLEANUP(identity_clear) struct identity leaf = leaf_of(GOOD);
	KW_CLEANUP(kw_secret_clear) struct kw_secret bearer = { 0 };
	struct tls_server server;
	struct kw_error err = { 0 };
	(void)state;
	assert_int_equal(kw_secret_take(kw_bytes_text("eyJ.x.y"), &bearer, &err), 0);
	tls_start(&server, &leaf, TLS1_3_VERSION);
	assert_int_equal(ask(&server, "localhost", &bearer, ca_path, &answer, &err), 0);
	tls_stop(&server);
	assert_non_null(strstr(server.request, "\r\nAuthorization: Bearer eyJ.x.y\r\n"));
}

static void a_handshake_that_breaks_off_may_pass(void **state)
{
	KW_CLEANUP(kw_http_answer_clear) struct kw_http_answer answer = { 0 };
	struct tls_server server;
	struct kw_error err = { 0 };
	(void)state;
	tls_start(&server, NULL, 0);
	assert_int_equal(ask(&server, "localhost", NULL, ca_path, &answer, &err), -1);
	tls_stop(&server);
	assert_true(kw_error_is(&err, KW_E_REL_UNREACHABLE));
	assert_int_equal(atomic_load(&server.n_connections), 6);
}

static void write_ca(void)
{
	int fd = mkstemp(ca_path);
	FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (file == NULL || PEM_write_X509(file, ca.cert) != 1 || fclose(file) != 0)
		abort();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(our_authority_is_trusted_only_where_it_is_added),
		cmocka_unit_test(the_bearer_goes_to_a_server_that_is_trusted),
		cmocka_unit_test(a_handshake_that_breaks_off_may_pass),
	};
	ca = issue("test root", NULL, NULL, -DAY_S, DAY_S);
	other_ca = issue("other root", NULL, NULL, -DAY_S, DAY_S);
	write_ca();
	int failed = KW_ROWS_RUN(rows, certificates_are_judged)
		     + cmocka_run_group_tests_name("tls", tests, NULL, NULL);
	unlink(ca_path);
	identity_clear(&ca);
	identity_clear(&other_ca);
	return failed;
}
