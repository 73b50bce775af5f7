/* SPDX-License-Identifier: Apache-2.0 */
#include "collateral/amd.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { ABSENT = -1 };

/* key release 1.3: at which byte of a TCB_VERSION each component stands. */
struct layout {
	int bootloader, tee, snp, microcode, fmc;
};

static const struct layout *layout_of(enum kw_product product)
{
	static const struct layout milan_and_genoa = { 0, 1, 6, 7, ABSENT };
	static const struct layout turin = { 1, 2, 3, 7, 0 };

	return product == KW_TURIN ? &turin : &milan_and_genoa;
}

static const char *const product_names[] = {
	[KW_PRODUCT_UNKNOWN] = "unknown",
	[KW_MILAN] = "Milan",
	[KW_GENOA] = "Genoa",
	[KW_TURIN] = "Turin",
};

const char *kw_product_name(enum kw_product product)
{
	return product_names[product];
}

enum kw_product kw_product_parse(const char *name, size_t len)
{
	for (enum kw_product p = KW_MILAN; p <= KW_TURIN; p++)
		if (strlen(product_names[p]) == len && memcmp(product_names[p], name, len) == 0)
			return p;
	return KW_PRODUCT_UNKNOWN;
}

enum kw_product kw_product_from_cpuid(uint8_t family, uint8_t model)
{
	static const struct {
		uint8_t family, first, last;
		enum kw_product product;
	} rows[] = {
		{ 0x19, 0x00, 0x0f, KW_MILAN },
		{ 0x19, 0x10, 0x1f, KW_GENOA },
		{ 0x19, 0xa0, 0xaf, KW_GENOA }, /* Bergamo and Siena have Genoa's chain */
		{ 0x1a, 0x00, 0x11, KW_TURIN },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (family == rows[i].family && model >= rows[i].first && model <= rows[i].last)
			return rows[i].product;
	return KW_PRODUCT_UNKNOWN;
}

struct kw_tcb kw_tcb_from_bytes(const uint8_t raw[KW_TCB_SIZE], enum kw_product product)
{
	const struct layout *at = layout_of(product);

	return (struct kw_tcb){
		.bootloader = raw[at->bootloader],
		.tee = raw[at->tee],
		.snp = raw[at->snp],
		.microcode = raw[at->microcode],
		.fmc = at->fmc == ABSENT ? 0 : raw[at->fmc],
	};
}

void kw_tcb_to_bytes(struct kw_tcb tcb, enum kw_product product, uint8_t ret[KW_TCB_SIZE])
{
	const struct layout *at = layout_of(product);

	memset(ret, 0, KW_TCB_SIZE);
	ret[at->bootloader] = tcb.bootloader;
	ret[at->tee] = tcb.tee;
	ret[at->snp] = tcb.snp;
	ret[at->microcode] = tcb.microcode;
	if (at->fmc != ABSENT)
		ret[at->fmc] = tcb.fmc;
}

bool kw_tcb_equal(struct kw_tcb a, struct kw_tcb b, enum kw_product product)
{
	return a.bootloader == b.bootloader && a.tee == b.tee && a.snp == b.snp
	       && a.microcode == b.microcode
	       && (layout_of(product)->fmc == ABSENT || a.fmc == b.fmc);
}

uint64_t kw_tcb_value(const uint8_t raw[KW_TCB_SIZE])
{
	uint64_t value = 0;

	for (int i = KW_TCB_SIZE - 1; i >= 0; i--)
		value = value << 8 | raw[i];
	return value;
}

struct kw_tcb kw_tcb_from_value(uint64_t value, enum kw_product product)
{
	uint8_t raw[KW_TCB_SIZE];

	for (int i = 0; i < KW_TCB_SIZE; i++)
		raw[i] = (uint8_t)(value >> 8 * i);
	return kw_tcb_from_bytes(raw, product);
}

void kw_tcb_text(struct kw_tcb tcb, enum kw_product product, char ret[KW_TCB_TEXT_SIZE])
{
	uint8_t raw[KW_TCB_SIZE];
	char fmc[16] = "";

	kw_tcb_to_bytes(tcb, product, raw);
	if (layout_of(product)->fmc != ABSENT)
		snprintf(fmc, sizeof(fmc), "fmc %u, ", tcb.fmc);
	snprintf(ret, KW_TCB_TEXT_SIZE,
		 "%016" PRIx64 " (%sbootloader %u, tee %u, snp %u, microcode %u)",
		 kw_tcb_value(raw), fmc, tcb.bootloader, tcb.tee, tcb.snp, tcb.microcode);
}
