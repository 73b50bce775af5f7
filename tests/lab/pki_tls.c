/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lab's CA, the certificates of its hosts, and the signers of release answers (key release 4.3,
 * 4.4).
 */
#include "pki_parts.h"
#include "util/text.h"

#include <arpa/inet.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <string.h>

static const struct lab_extension authority_extensions[] = {
	{ .nid = NID_basic_constraints, .value = "critical,CA:TRUE" },
	{ .nid = NID_key_usage, .value = "critical,keyCertSign,cRLSign" },
	{ .nid = NID_subject_key_identifier, .value = "hash" },
};

static char alt_names[400];
static char subject[128]; /* the host name */

enum { LEAF_EXTENSIONS = 4 };

/* What a host's certificate says of its use and its names. */
struct host_terms {
	const char *usage, *names;
};
static const struct host_terms good_terms = { "serverAuth", alt_names };

/* `extensions` is room for what the form points to. */
static struct lab_certificate_form host_form(const char *cn, EVP_PKEY *key,
					     const struct lab_pair *issuer,
					     const struct host_terms *terms,
					     struct lab_extension extensions[LEAF_EXTENSIONS])
{
	extensions[0] = (struct lab_extension){ .nid = NID_basic_constraints,
						.value = "critical,CA:FALSE" };
	extensions[1] = (struct lab_extension){ .nid = NID_key_usage,
						.value = "critical,digitalSignature" };
	extensions[2] = (struct lab_extension){ .nid = NID_ext_key_usage, .value = terms->usage };
	extensions[3] =
		(struct lab_extension){ .nid = NID_subject_alt_name, .value = terms->names };
	return (struct lab_certificate_form){
		.cn = cn,
		.key = key,
		.issuer = issuer,
		.serial = 2,
		.not_before = lab_days(-30),
		.not_after = lab_days(365),
		.extensions = extensions,
		.n_extensions = LEAF_EXTENSIONS,
	};
}

static struct lab_certificate_form authority_form(const char *cn, EVP_PKEY *key,
						  const struct lab_pair *issuer)
{
	return (struct lab_certificate_form){
		.cn = cn,
		.key = key,
		.issuer = issuer,
		.serial = 1,
		.not_before = lab_days(-60),
		.not_after = lab_days(10 * 365),
		.extensions = authority_extensions,
		.n_extensions = sizeof(authority_extensions) / sizeof(authority_extensions[0]),
	};
}

static EVP_PKEY *make_p256(void)
{
	return lab_key_ec("P-256");
}

static bool is_address(const char *host)
{
	uint8_t room[16];
	return inet_pton(AF_INET, host, room) == 1 || inet_pton(AF_INET6, host, room) == 1;
}

static void set_host(const char *host)
{
	if (snprintf(subject, sizeof(subject), "%s", host) >= (int)sizeof(subject))
		lab_die("host name '%s' is too long", host);
	snprintf(alt_names, sizeof(alt_names), "%s:%s,DNS:localhost,IP:127.0.0.1,IP:::1",
		 is_address(host) ? "IP" : "DNS", host);
}

static struct lab_pair open_authority(const char *file, const char *cn, EVP_PKEY *(*make)(void),
				      const struct lab_pair *issuer)
{
	struct lab_pair pair = { .key = lab_pki_key(file, make) };
	struct lab_certificate_form form = authority_form(cn, pair.key, issuer);
	pair.cert = lab_pki_cert(file, &form, NULL);
	return pair;
}

static struct lab_pair open_host(const char *file, const char *cn, EVP_PKEY *(*make)(void),
				 const struct lab_pair *issuer)
{
	struct lab_extension extensions[LEAF_EXTENSIONS];
	struct lab_pair pair = { .key = lab_pki_key(file, make) };
	struct lab_certificate_form form = host_form(cn, pair.key, issuer, &good_terms, extensions);
	pair.cert = lab_pki_cert(file, &form, subject);
	return pair;
}

static EVP_PKEY *share_ca_key(void)
{
	lab_crypto_must(EVP_PKEY_up_ref(lab_pki.ca.key), "sharing a key");
	return lab_pki.ca.key;
}

void lab_tls_open(const char *host)
{
	set_host(host);
	lab_pki.ca = open_authority("ca", "keyward-lab CA", lab_make_rsa_2048, NULL);
	lab_pki.tls = open_host("tls", subject, make_p256, &lab_pki.ca);
	lab_pki.signer_root = open_authority("signer-root", "keyward-lab CA", share_ca_key, NULL);
	lab_pki.signer_ca = open_authority("signer-ca", "keyward-lab signing CA", lab_make_p384,
					   &lab_pki.signer_root);
	lab_pki.signer =
		open_host("signer", "vault.azure.net", lab_make_rsa_2048, &lab_pki.signer_ca);
	lab_pki.vtpm_ca =
		open_authority("vtpm-ca", "Global Virtual TPM CA - 01", lab_make_rsa_2048, NULL);
}

void lab_tls_make_evil(void)
{
	struct lab_extension extensions[LEAF_EXTENSIONS];
	struct lab_certificate_form form;
	lab_pki.evil_signer_root.key = lab_make_rsa_2048();
	form = authority_form("keyward-lab CA", lab_pki.evil_signer_root.key, NULL);
	lab_pki.evil_signer_root.cert = lab_certificate_make(&form);
	lab_pki.evil_signer.key = lab_make_rsa_2048();
	form = host_form("vault.azure.net", lab_pki.evil_signer.key, &lab_pki.evil_signer_root,
			 &good_terms, extensions);
	lab_pki.evil_signer.cert = lab_certificate_make(&form);
	lab_pki.evil_tls.key = make_p256();
	form = host_form(subject, lab_pki.evil_tls.key, &lab_pki.evil_signer_root, &good_terms,
			 extensions);
	lab_pki.evil_tls.cert = lab_certificate_make(&form);
}

/* The certificate of a good pair with one thing wrong, for the same key. */
static X509 *bent(const struct lab_pair *good, const char *cn, const struct lab_pair *issuer,
		  const char *deviation)
{
	struct lab_extension extensions[LEAF_EXTENSIONS];
	struct host_terms terms = good_terms;
	int64_t not_after = lab_days(365);
	if (strcmp(deviation, "expired") == 0)
		not_after = lab_days(-1);
	else if (strcmp(deviation, "self-signed") == 0)
		issuer = NULL;
	else if (strcmp(deviation, "wrong-usage") == 0)
		terms.usage = "clientAuth";
	else if (strcmp(deviation, "wrong-host") == 0 || strcmp(deviation, "host") == 0)
		terms.names = "DNS:elsewhere.invalid";
	else
		lab_die("there is no deviation '%s' of a host's certificate", deviation);
	struct lab_certificate_form form = host_form(cn, good->key, issuer, &terms, extensions);
	form.not_after = not_after;
	return lab_certificate_make(&form);
}

/* Bent certificates stay: who asked may be using them in a connection. */
static X509 *bent_once(const char *kind, const struct lab_pair *good, const char *cn,
		       const struct lab_pair *issuer, const char *deviation)
{
	enum { MADE_MAX = 16 };
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static struct {
		char name[48];
		X509 *cert;
	} made[MADE_MAX];
	char name[sizeof(made[0].name)];
	snprintf(name, sizeof(name), "%s %s", kind, deviation);
	pthread_mutex_lock(&lock);
	size_t i = 0;
	while (i < MADE_MAX - 1 && made[i].cert && strcmp(made[i].name, name) != 0)
		i++;
	if (!made[i].cert) {
		memcpy(made[i].name, name, sizeof(name));
		made[i].cert = bent(good, cn, issuer, deviation);
	}
	X509 *cert = made[i].cert;
	pthread_mutex_unlock(&lock);
	return cert;
}

struct lab_pair lab_pki_tls_for(const char *deviation)
{
	if (!deviation)
		return lab_pki.tls;
	if (strcmp(deviation, "untrusted") == 0)
		return *lab_pki_late(&lab_pki.evil_tls);
	return (struct lab_pair){ lab_pki.tls.key,
				  bent_once("tls", &lab_pki.tls, subject, &lab_pki.ca, deviation) };
}

/* Its own key is too short; everything else is as it should be. */
static struct lab_pair weak_signer(void)
{
	enum { WEAK_BITS = 1024 };
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static struct lab_pair weak;
	struct lab_extension extensions[LEAF_EXTENSIONS];
	pthread_mutex_lock(&lock);
	if (!weak.key) {
		weak.key = lab_key_rsa(WEAK_BITS);
		struct lab_certificate_form form = host_form(
			"vault.azure.net", weak.key, &lab_pki.signer_ca, &good_terms, extensions);
		weak.cert = lab_certificate_make(&form);
	}
	pthread_mutex_unlock(&lock);
	return weak;
}

struct lab_signer lab_pki_signer_for(const char *deviation)
{
	struct lab_signer signer = { lab_pki.signer, lab_pki.signer_ca.cert,
				     lab_pki.signer_root.cert };
	if (deviation && strcmp(deviation, "chain") == 0)
		return (struct lab_signer){ *lab_pki_late(&lab_pki.evil_signer), NULL,
					    lab_pki.evil_signer_root.cert };
	if (deviation && strcmp(deviation, "weak") == 0)
		signer.leaf = weak_signer();
	else if (deviation)
		signer.leaf.cert = bent_once("signer", &lab_pki.signer, "vault.azure.net",
					     &lab_pki.signer_ca, deviation);
	return signer;
}
