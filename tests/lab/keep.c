/* SPDX-License-Identifier: Apache-2.0 */
#include "keep.h"

#include "jose.h"
#include "util/file.h"
#include "util/text.h"

#include <fcntl.h>
#include <openssl/pem.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[512]; /* D/kept */

static char *path_of(const char *file)
{
	return kw_format("%s/%s", root, file);
}

void lab_keep_open(const char *dir)
{
	snprintf(root, sizeof(root), "%s/kept", dir);
	mkdir(root, 0700);
}

void lab_keep_line(const char *file, const char *text)
{
	KW_CLEANUP(freep) char *path = path_of(file);
	KW_CLEANUP(freep) char *line = kw_format("%s\n", text);
	KW_CLEANUP(kw_fd_close)
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, line, strlen(line)) < 0)
		lab_die("%s: %m", path);
}

void lab_keep_bytes(const char *file, struct kw_bytes content)
{
	KW_CLEANUP(freep) char *path = path_of(file);
	struct kw_file_target target = {
		.path = path, .mode = 0600, .gid = (gid_t)-1, .allow_disk = true
	};
	struct kw_error err = { 0 };

	if (kw_file_replace(&target, content, &err) < 0)
		lab_die("%s", err.detail);
}

static void keep_pem(const char *name, EVP_PKEY *key)
{
	KW_CLEANUP(freep) char *file = kw_format("%s.public.pem", name);
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;
	long len;

	if (bio == NULL || PEM_write_bio_PUBKEY(bio, key) != 1)
		lab_die("a public key cannot be written");
	len = BIO_get_mem_data(bio, &text);
	lab_keep_bytes(file, (struct kw_bytes){ (const uint8_t *)text, (size_t)len });
	BIO_free(bio);
}

void lab_keep_public(const char *name, EVP_PKEY *key)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *jwk = kw_json_new_object();
	KW_CLEANUP(freep) char *file = kw_format("%s.public.jwk", name);
	KW_CLEANUP(freep) char *text = NULL;

	kw_json_add_string(jwk, "kty", EVP_PKEY_is_a(key, "RSA") ? "RSA" : "EC");
	lab_jwk_add_public(jwk, key);
	text = kw_json_print(jwk);
	lab_keep_bytes(file, kw_bytes_text(text));
	keep_pem(name, key);
}
