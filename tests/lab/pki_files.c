/* SPDX-License-Identifier: Apache-2.0 */
#include "pki_parts.h"
#include "util/text.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

KW_DEFINE_FREEP(BIO, BIO_free_all);

static char folder[LAB_PATH_SIZE];

static void make_folder(const char *path)
{
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		lab_die("mkdir %s: %m", path);
}

void lab_pki_files_open(const char *dir)
{
	make_folder(dir);
	if (snprintf(folder, sizeof(folder), "%s/pki", dir) >= (int)sizeof(folder))
		lab_die("'%s' is too long a path", dir);
	make_folder(folder);
}

void lab_pki_path(const char *name, char ret[LAB_PATH_SIZE])
{
	if (snprintf(ret, LAB_PATH_SIZE, "%s/%s", folder, name) >= LAB_PATH_SIZE)
		lab_die("'%s/%s' is too long a path", folder, name);
}

static BIO *open_named(const char *name, const char *suffix, const char *mode)
{
	char path[LAB_PATH_SIZE];
	KW_CLEANUP(freep) char *file = kw_format("%s.%s", name, suffix);
	lab_pki_path(file, path);
	if (*mode == 'r')
		return BIO_new_file(path, "r");
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		lab_die("writing %s: %m", path);
	return BIO_new_fd(fd, BIO_CLOSE);
}

EVP_PKEY *lab_pki_key(const char *name, EVP_PKEY *(*make)(void))
{
	KW_CLEANUP(BIO_free_allp) BIO *in = open_named(name, "key", "r");
	KW_CLEANUP(BIO_free_allp) BIO *out = NULL;
	EVP_PKEY *key = NULL;
	if (in) {
		key = PEM_read_bio_PrivateKey(in, NULL, NULL, NULL);
		lab_crypto_must(key != NULL, name);
		return key;
	}
	key = make();
	out = open_named(name, "key", "w");
	lab_crypto_must(out && PEM_write_bio_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL), name);
	return key;
}

static bool names_host(X509 *cert, const char *host)
{
	return !host || X509_check_host(cert, host, 0, 0, NULL) == 1
	       || X509_check_ip_asc(cert, host, 0) == 1;
}

static bool is_of_issuer(X509 *cert, const struct lab_pair *issuer)
{
	return !issuer
	       || X509_NAME_cmp(X509_get_issuer_name(cert), X509_get_subject_name(issuer->cert))
			  == 0;
}

static bool still_fits(X509 *cert, const struct lab_certificate_form *form, const char *host)
{
	return lab_certificate_has_cn(cert, form->cn) && is_of_issuer(cert, form->issuer)
	       && X509_check_private_key(cert, form->key)
	       && X509_verify(cert, form->issuer ? form->issuer->key : form->key) > 0
	       && X509_cmp_current_time(X509_get0_notAfter(cert)) > 0 && names_host(cert, host);
}

X509 *lab_pki_cert(const char *name, const struct lab_certificate_form *form, const char *host)
{
	KW_CLEANUP(BIO_free_allp) BIO *in = open_named(name, "pem", "r");
	KW_CLEANUP(BIO_free_allp) BIO *out = NULL;
	KW_CLEANUP(X509_freep) X509 *cert = in ? PEM_read_bio_X509(in, NULL, NULL, NULL) : NULL;
	if (cert && still_fits(cert, form, host))
		return KW_STEAL(cert);
	X509_free(cert);
	cert = lab_certificate_make(form);
	out = open_named(name, "pem", "w");
	lab_crypto_must(out && PEM_write_bio_X509(out, cert), name);
	return KW_STEAL(cert);
}

char *lab_pem(X509 *cert)
{
	KW_CLEANUP(BIO_free_allp) BIO *out = BIO_new(BIO_s_mem());
	char *text = NULL;
	lab_crypto_must(out && PEM_write_bio_X509(out, cert) && BIO_write(out, "", 1) == 1,
			"writing PEM");
	BIO_get_mem_data(out, &text);
	return kw_strdup(text);
}

EVP_PKEY *lab_make_rsa_2048(void)
{
	return lab_key_rsa(2048);
}

EVP_PKEY *lab_make_rsa_4096(void)
{
	return lab_key_rsa(4096);
}

EVP_PKEY *lab_make_p384(void)
{
	return lab_key_ec("P-384");
}

int64_t lab_days(long days)
{
	return (int64_t)time(NULL) + (int64_t)days * 24 * 60 * 60;
}
