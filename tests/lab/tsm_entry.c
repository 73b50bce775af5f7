/* SPDX-License-Identifier: Apache-2.0 */
#include "tsm_entry.h"

#include "bend.h"
#include "cert_table.h"
#include "machine.h"
#include "util/memory.h"
#include "util/text.h"
#include "uvm.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { NAME_SIZE = 64, ENTRIES_MAX = 64, VMPL_MAX = 3, FILE_BITS = 4, TEXT_SIZE = 32 };

enum file {
	DIRECTORY,
	INBLOB,
	OUTBLOB,
	AUXBLOB,
	PROVIDER,
	GENERATION,
	PRIVLEVEL,
	PRIVLEVEL_FLOOR,
	N_FILES
};
static const struct {
	const char *name;
	mode_t mode;
} files[N_FILES] = {
	[DIRECTORY] = { "", S_IFDIR | 0755 },
	[INBLOB] = { "inblob", S_IFREG | 0200 },
	[OUTBLOB] = { "outblob", S_IFREG | 0444 },
	[AUXBLOB] = { "auxblob", S_IFREG | 0444 },
	[PROVIDER] = { "provider", S_IFREG | 0444 },
	[GENERATION] = { "generation", S_IFREG | 0444 },
	[PRIVLEVEL] = { "privlevel", S_IFREG | 0200 },
	[PRIVLEVEL_FLOOR] = { "privlevel_floor", S_IFREG | 0444 },
};

struct entry {
	struct entry *next;
	uint64_t serial; /* never used again */
	char name[NAME_SIZE];
	uint8_t in[LAB_SNP_DATA_SIZE];
	bool has_in;
	unsigned vmpl;
	unsigned long written, answered; /* generations; the second: that of out and aux */
	struct kw_blob out, aux;
	char text[TEXT_SIZE]; /* of the last file read that is one */
};

static struct entry *entries;
static size_t n_entries;

static uint64_t node_of(const struct entry *entry, enum file file)
{
	return entry->serial << FILE_BITS | file;
}

static struct entry *entry_of(uint64_t node, enum file *ret)
{
	*ret = (enum file)(node & ((1 << FILE_BITS) - 1));
	for (struct entry *entry = entries; entry != NULL; entry = entry->next)
		if (entry->serial == node >> FILE_BITS && *ret < N_FILES)
			return entry;
	return NULL;
}

static struct entry **place_of(const char *name)
{
	struct entry **at = &entries;

	while (*at != NULL && strcmp((*at)->name, name) != 0)
		at = &(*at)->next;
	return at;
}

static bool fault(const char *kind)
{
	struct lab_fault taken;

	return lab_fault_take(LAB_TSM, kind, &taken);
}

int lab_tsm_make(const char *name, uint64_t *ret_node)
{
	static uint64_t serials;
	struct entry **at = place_of(name);
	struct entry *made;

	if (fault("gone"))
		return ENXIO; /* no provider */
	if (*at != NULL)
		return EEXIST;
	if (strlen(name) >= NAME_SIZE)
		return ENAMETOOLONG;
	if (n_entries == ENTRIES_MAX)
		return ENOSPC;
	made = kw_alloc(sizeof(*made));
	made->serial = ++serials;
	snprintf(made->name, sizeof(made->name), "%s", name);
	*at = made;
	n_entries++;
	*ret_node = node_of(made, DIRECTORY);
	return 0;
}

static void drop(struct entry **at)
{
	struct entry *entry = *at;

	*at = entry->next;
	n_entries--;
	kw_blob_clear(&entry->out);
	kw_blob_clear(&entry->aux);
	free(entry);
}

int lab_tsm_remove(const char *name)
{
	struct entry **at = place_of(name);

	if (*at == NULL)
		return ENOENT;
	drop(at);
	return 0;
}

void lab_tsm_clear(void)
{
	while (entries != NULL)
		drop(&entries);
}

int lab_tsm_find(uint64_t directory, const char *name, uint64_t *ret_node)
{
	uint64_t node = 0;
	const char *found;

	for (size_t i = 0; (found = lab_tsm_name(directory, i, &node)) != NULL; i++)
		if (strcmp(found, name) == 0) {
			*ret_node = node;
			return 0;
		}
	return ENOENT;
}

mode_t lab_tsm_mode(uint64_t node)
{
	enum file file;

	if (node == LAB_TSM_ROOT)
		return files[DIRECTORY].mode;
	return entry_of(node, &file) != NULL ? files[file].mode : 0;
}

const char *lab_tsm_name(uint64_t directory, size_t i, uint64_t *ret_node)
{
	const struct entry *entry = entries;
	enum file file;

	if (directory != LAB_TSM_ROOT) {
		entry = entry_of(directory, &file);
		if (entry == NULL || file != DIRECTORY || i + 1 >= N_FILES)
			return NULL;
		*ret_node = node_of(entry, (enum file)(i + 1));
		return files[i + 1].name;
	}
	for (; entry != NULL && i > 0; i--)
		entry = entry->next;
	if (entry == NULL)
		return NULL;
	*ret_node = node_of(entry, DIRECTORY);
	return entry->name;
}

/* The lowest number that the device takes for VMPL. */
static unsigned floor_level(void)
{
	return lab_tampered(LAB_TSM, "floor") ? 1 : 0;
}

/* What the processor says of the blob that was written. */
static void ask(struct entry *entry)
{
	struct lab_guest guest = { .vmpl = entry->vmpl };

	memcpy(guest.report_data, entry->in, sizeof(guest.report_data));
	lab_uvm_host_data(guest.host_data);
	kw_blob_clear(&entry->out);
	kw_blob_clear(&entry->aux);
	entry->out = kw_blob_new(LAB_SNP_REPORT_SIZE);
	lab_machine_guest_report(&guest, lab_bends_take(LAB_TSM), entry->out.data);
	entry->aux = lab_cert_table();
	entry->answered = entry->written;
}

/* Brings out and aux up to date, as the beginning of a read does. */
static int refresh(struct entry *entry)
{
	if (fault("busy"))
		return EBUSY;
	if (fault("retry"))
		return EWOULDBLOCK;
	if (fault("user-data")) { /* somebody else in the same directory */
		entry->in[0] ^= 1;
		entry->written++;
	}
	if (!entry->has_in || entry->vmpl < floor_level())
		return EINVAL;
	if (entry->answered == entry->written)
		return 0;
	if (entry->out.len > 0 && fault("stale-report"))
		entry->answered = entry->written;
	else
		ask(entry);
	return 0;
}

static int read_blob(struct entry *entry, enum file file, size_t offset, struct kw_bytes *ret)
{
	int error = offset == 0 ? refresh(entry) : 0;

	if (error == 0 && entry->answered != entry->written)
		error = EWOULDBLOCK; /* it changed while it was read */
	*ret = kw_blob_bytes(file == OUTBLOB ? &entry->out : &entry->aux);
	return error;
}

static void write_text(struct entry *entry, enum file file)
{
	if (file == PROVIDER)
		snprintf(entry->text, TEXT_SIZE, "%s\n",
			 lab_tampered(LAB_TSM, "provider") ? "tdx_guest" : "sev_guest");
	else if (file == GENERATION)
		snprintf(entry->text, TEXT_SIZE, "%lu\n", entry->written);
	else
		snprintf(entry->text, TEXT_SIZE, "%u\n", floor_level());
}

int lab_tsm_read(uint64_t node, size_t offset, struct kw_bytes *ret)
{
	enum file file;
	struct entry *entry = entry_of(node, &file);
	struct kw_bytes all;
	int error = 0;

	if (entry == NULL)
		return ENOENT;
	if (file == OUTBLOB || file == AUXBLOB) {
		error = read_blob(entry, file, offset, &all);
	} else {
		if (offset == 0)
			write_text(entry, file);
		all = kw_bytes_text(entry->text);
	}
	if (offset > all.len)
		offset = all.len;
	*ret = (struct kw_bytes){ all.data + offset, all.len - offset };
	return error;
}

static int write_level(struct entry *entry, struct kw_bytes data)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob text = kw_blob_copy(data);
	char *end = NULL;
	unsigned long level = strtoul((const char *)text.data, &end, 10);

	if (end == (const char *)text.data || (*end != '\0' && strcmp(end, "\n") != 0)
	    || level > VMPL_MAX || level < floor_level())
		return EINVAL;
	entry->vmpl = (unsigned)level;
	entry->written++;
	return 0;
}

int lab_tsm_write(uint64_t node, size_t offset, struct kw_bytes data)
{
	enum file file;
	struct entry *entry = entry_of(node, &file);

	if (entry == NULL)
		return ENOENT;
	if (offset != 0 || (file != INBLOB && file != PRIVLEVEL))
		return EINVAL;
	if (file == PRIVLEVEL)
		return write_level(entry, data);
	if (data.len != sizeof(entry->in))
		return EINVAL;
	memcpy(entry->in, data.data, data.len);
	entry->has_in = true;
	entry->written++;
	return 0;
}
