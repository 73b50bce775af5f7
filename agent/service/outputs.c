/* SPDX-License-Identifier: Apache-2.0 */
#include "service/outputs.h"

#include "service/service.h"
#include "util/file.h"
#include "util/memory.h"

#include <string.h>
#include <sys/stat.h>

struct output {
	const struct kw_config_output *rule;
	char version[sizeof(((struct kw_material *)NULL)->version)]; /* "": not written by us */
	struct stat as_written;
};

struct kw_outputs {
	struct output *files;
	size_t n_files;
};

struct kw_outputs *kw_outputs_new(const struct kw_config_output *list, size_t n)
{
	struct kw_outputs *outputs = kw_alloc(sizeof(*outputs));

	outputs->files = kw_alloc((n + 1) * sizeof(*outputs->files));
	outputs->n_files = n;
	for (size_t i = 0; i < n; i++)
		outputs->files[i].rule = &list[i];
	return outputs;
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
static bool is_as_written(const struct output *output, const struct kw_material *material)
{
	const struct stat *then = &output->as_written;
	struct stat now;

	return output->version[0] != '\0' && strcmp(output->version, material->version) == 0
	       && lstat(output->rule->path, &now) == 0 && now.st_dev == then->st_dev
	       && now.st_ino == then->st_ino && same_time(&now.st_ctim, &then->st_ctim);
}

static int write_file(struct output *output, const struct kw_material *material,
		      struct kw_error *err)
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
	if (kw_material_format(material, rule->format, &content, err) < 0)
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
		if (write_file(&outputs->files[i], material, &own) == 0) {
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
