/* SPDX-License-Identifier: Apache-2.0 */
#include "pki.h"

#include "pki_parts.h"

#include <pthread.h>
#include <string.h>

struct lab_pki lab_pki;

static pthread_mutex_t late = PTHREAD_MUTEX_INITIALIZER; /* of the members made on first use */

static void *make_ark_key(void *unused)
{
	(void)unused;
	lab_pki.ark.key = lab_pki_key("ark", lab_make_rsa_4096);
	return NULL;
}

static void *make_ask_key(void *unused)
{
	(void)unused;
	lab_pki.ask.key = lab_pki_key("ask", lab_make_rsa_4096);
	return NULL;
}

/* The two slow keys are made beside each other and beside the rest. */
void lab_pki_open(const struct lab_options *options, const uint8_t chip_id[64],
		  const uint8_t tcb[8])
{
	pthread_t ark, ask;
	lab_pki_files_open(options->dir);
	if (pthread_create(&ark, NULL, make_ark_key, NULL) != 0
	    || pthread_create(&ask, NULL, make_ask_key, NULL) != 0)
		lab_die("no thread to make keys with");
	lab_tls_open(options->host);
	lab_pki.entra.key = lab_pki_key("entra", lab_make_rsa_2048);
	lab_pki.maa.key = lab_pki_key("maa", lab_make_rsa_2048);
	pthread_join(ark, NULL);
	pthread_join(ask, NULL);
	lab_amd_open(options, chip_id, tcb);
	if (options->vlek)
		lab_pki_late(&lab_pki.vlek);
}

static struct lab_certificate_form maa_form(const char *url, EVP_PKEY *key)
{
	static const struct lab_extension extensions[] = {
		{ .nid = NID_basic_constraints, .value = "CA:FALSE" },
		{ .nid = NID_key_usage, .value = "critical,digitalSignature" },
	};
	return (struct lab_certificate_form){
		.cn = url,
		.key = key,
		.serial = 1,
		.not_before = lab_days(-30),
		.not_after = lab_days(3 * 365),
		.extensions = extensions,
		.n_extensions = sizeof(extensions) / sizeof(extensions[0]),
	};
}

void lab_pki_maa(const char *maa_url)
{
	struct lab_certificate_form form = maa_form(maa_url, lab_pki.maa.key);
	X509_free(lab_pki.maa.cert);
	lab_pki.maa.cert = lab_pki_cert("maa", &form, NULL);
}

X509 *lab_pki_maa_bent(const char *deviation)
{
	bool renamed = strcmp(deviation, "key-cert-name") == 0;
	char url[256] = "https://another.attest.example";
	if (!renamed)
		X509_NAME_get_text_by_NID(X509_get_subject_name(lab_pki.maa.cert), NID_commonName,
					  url, sizeof(url));
	struct lab_certificate_form form = maa_form(url, lab_pki.maa.key);
	if (!renamed)
		form.not_after = lab_days(-1);
	return lab_certificate_make(&form);
}

static void make_evil_maa(void)
{
	char url[256] = "";
	X509_NAME_get_text_by_NID(X509_get_subject_name(lab_pki.maa.cert), NID_commonName, url,
				  sizeof(url));
	lab_pki.evil_maa.key = lab_make_rsa_2048();
	struct lab_certificate_form form = maa_form(url, lab_pki.evil_maa.key);
	lab_pki.evil_maa.cert = lab_certificate_make(&form);
}

static void make_late(const struct lab_pair *pair)
{
	if (pair == &lab_pki.asvk || pair == &lab_pki.vlek)
		lab_amd_make_vlek();
	else if (pair == &lab_pki.evil_ark || pair == &lab_pki.evil_ask
		 || pair == &lab_pki.evil_vcek)
		lab_amd_make_evil();
	else if (pair == &lab_pki.evil_maa)
		make_evil_maa();
	else
		lab_tls_make_evil();
}

const struct lab_pair *lab_pki_late(struct lab_pair *pair)
{
	pthread_mutex_lock(&late);
	if (!pair->key)
		make_late(pair);
	pthread_mutex_unlock(&late);
	return pair;
}
