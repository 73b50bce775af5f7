/* SPDX-License-Identifier: Apache-2.0 */
#include "service/outputs.h"

#include "service/sealed.h"
#include "service/service.h"
#include "util/file.h"
#include "util/memory.h"

#include <string.h>
#include <sys/stat.h>

struct output {
	const struct kw_config_output *rule;
	const struct kw_config_secret *secret;			     /* NULL: the key itself */
	char version[sizeof(((struct kw_material *)NULL)->version)]; /* "": not written by us */
	struct stat as_written;
	struct stat source; /* of the secret, when it was read */
};

struct kw_outputs {
	const struct kw_config_key *key;
	struct output *files;
	size_t n_files;
};

static void add(struct kw_outputs *outputs, const struct kw_config_output *list, size_t n,
		const struct kw_config_secret *secret)
{
	for (size_t i = 0; i < n; i++)
		outputs->files[outputs->n_files++] =
			(struct output){ .rule = &list[i], .secret = secret };
}

static bool is_sealed_to(const struct kw_config_secret *secret, const struct kw_config_key *key)
{
	return strcmp(secret->key, key->name) == 0;
}

struct kw_outputs *kw_outputs_new(const struct kw_config *config, const struct kw_config_key *rule)
{
	struct kw_outputs *outputs = kw_alloc(sizeof(*outputs));
	size_t n = rule->n_outputs;

	for (size_t i = 0; i < config->n_secrets; i++)
		if (is_sealed_to(&config->secrets[i], rule))
			n += config->secrets[i].n_outputs;
	outputs->key = rule;
	outputs->files = kw_alloc((n + 1) * sizeof(*outputs->files));
	add(outputs, rule->outputs, rule->n_outputs, NULL);
	for (size_t i = 0; i < config->n_secrets; i++)
		if (is_sealed_to(&config->secrets[i], rule))
			add(outputs, config->secrets[i].outputs, config->secrets[i].n_outputs,
			    &config->secrets[i]);
	return outputs;
}

size_t kw_outputs_count(const struct kw_outputs *outputs)
{
	return outputs->n_files;
}

void kw_outputs_free(struct kw_outputs *outputs)
{
	if (outputs == NULL)
		return;
	free(outputs->files);
	free(outputs);
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* The change time tells of another content, mode or owner; the inode, of another file. */
static bool is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino
	       && same_time(&a->st_ctim, &b->st_ctim);
}

/* A secret does not depend on the version of the key that opened it, but on its source. */
static bool is_as_written(const struct output *output, const struct kw_material *material)
{
	struct stat now;

	if (output->version[0] == '\0' || lstat(output->rule->path, &now) < 0
	    || !is_same_file(&now, &output->as_written))
		return false;
	if (output->secret != NULL)
		return stat(output->secret->source, &now) == 0
		       && is_same_file(&now, &output->source);
	return strcmp(output->version, material->version) == 0;
}

static int read_content(const struct kw_outputs *outputs, struct output *output,
			const struct kw_material *material, struct kw_secret *ret,
			struct kw_error *err)
{
	if (output->secret == NULL)
		return kw_material_format(material, output->rule->format, ret, err);
	if (stat(output->secret->source, &output->source) < 0)
		output->source = (struct stat){ 0 };
	return kw_sealed_read(output->secret, outputs->key, material, ret, err);
}

static int write_file(const struct kw_outputs *outputs, struct output *output,
		      const struct kw_material *material, struct kw_error *err)
{
	KW_CLEANUP(kw_secret_clear) struct kw_secret content = { 0 };
	const struct kw_config_output *rule = output->rule;
	const struct kw_file_target target = {
		.path = rule->path,
		.mode = rule->mode,
		.gid = rule->gid < 0 ? (gid_t)-1 : (gid_t)rule->gid,
		.allow_disk = rule->allow_disk,
	};

	output->version[0] = '\0';
	if (read_content(outputs, output, material, &content, err) < 0)
		return kw_wrap(err, "'%s'", rule->path);
	if (kw_file_replace(&target, kw_secret_bytes(&content), err) < 0)
		return -1;
	if (lstat(rule->path, &output->as_written) == 0)
		memcpy(output->version, material->version, sizeof(output->version));
	return 0;
}

int kw_outputs_write(struct kw_outputs *outputs, const struct kw_material *material,
		     size_t *ret_n_written, struct kw_error *err)
{
	size_t n_written = 0;
	int result = 0;

	for (size_t i = 0; i < outputs->n_files; i++) {
		struct kw_error own = { 0 };

		if (is_as_written(&outputs->files[i], material))
			continue;
		if (write_file(outputs, &outputs->files[i], material, &own) == 0) {
			n_written++;
		} else if (result == 0) {
			*err = own;
			result = -1;
		}
	}
	if (result == 0 && ret_n_written != NULL)
		*ret_n_written = n_written;
	return result;
}

int kw_outputs_remove(struct kw_outputs *outputs, struct kw_error *err)
{
	int result = 0;

	for (size_t i = 0; i < outputs->n_files; i++) {
		struct kw_error own = { 0 };

		outputs->files[i].version[0] = '\0';
		if (kw_file_remove(outputs->files[i].rule->path, &own) < 0 && result == 0) {
			*err = own;
			result = -1;
		}
	}
	return result;
}
