/* SPDX-License-Identifier: Apache-2.0 */
#include "collateral/fetch.h"

#include "collateral/amd.h"
#include "collateral/crl.h"
#include "collateral/object.h"
#include "collateral/source.h"
#include "util/memory.h"

#include <inttypes.h>
#include <pthread.h>
#include <string.h>

enum { ENTRIES_MAX = 4, MS_PER_S = 1000 };

/* Bytes only, so that keys are compared as bytes. */
struct key {
	uint8_t any; /* no report was named */
	uint8_t vlek;
	uint8_t chip_id[KW_CHIP_ID_SIZE];
	uint8_t reported_tcb[KW_TCB_SIZE];
};

struct entry {
	struct key key;
	struct kw_collateral *collateral; /* NULL: free */
};

struct kw_collateral_cache {
	struct kw_source_env env;
	const struct kw_clock *clock;
	pthread_mutex_t lock; /* held through a fetch: who comes second finds its result */
	struct entry entries[ENTRIES_MAX];
};

static const struct {
	const char *name;
	kw_source_fn *take;
} sources[] = {
	[KW_SOURCE_FILE] = { "file", kw_source_file },
	[KW_SOURCE_SECURITY_CONTEXT] = { "securityContext", kw_source_security_context },
	[KW_SOURCE_DEVICE] = { "device", kw_source_device },
	[KW_SOURCE_THIM] = { "thim", kw_source_thim },
	[KW_SOURCE_KDS] = { "kds", kw_source_kds },
	[KW_SOURCE_AZURE_CACHE] = { "azureCache", kw_source_azure_cache },
};

const char *kw_source_name(enum kw_collateral_source source)
{
	return sources[source].name;
}

bool kw_wanted_has_chip(const struct kw_collateral_wanted *wanted)
{
	return wanted && !wanted->chip_masked && !kw_bytes_are_zero(KW_BYTES(wanted->chip_id));
}

struct kw_collateral_cache *kw_collateral_cache_new(const struct kw_config *config,
						    struct kw_http *http,
						    const struct kw_clock *clock)
{
	struct kw_collateral_cache *cache = kw_alloc(sizeof(*cache));

	cache->env = (struct kw_source_env){ config, http };
	cache->clock = clock;
	pthread_mutex_init(&cache->lock, NULL);
	return cache;
}

void kw_collateral_cache_free(struct kw_collateral_cache *cache)
{
	if (!cache)
		return;
	for (size_t i = 0; i < ENTRIES_MAX; i++)
		kw_collateral_free(cache->entries[i].collateral);
	pthread_mutex_destroy(&cache->lock);
	free(cache);
}

/* Judging comes later and looks closer; this says only whether a source has what is wanted, so that
 * the next one is asked (key release 1.2). */
static int check_tcb(const struct kw_collateral *collateral,
		     const struct kw_collateral_wanted *wanted, struct kw_error *err)
{
	const struct kw_amd_leaf *leaf = &collateral->leaf;
	uint64_t reported = kw_tcb_value(wanted->reported_tcb), given = collateral->tcbm;
	uint8_t raw[KW_TCB_SIZE];

	if (!leaf->has_tcb)
		return kw_fail(err, KW_E_COL_CERTIFICATE, "the VCEK names no TCB");
	kw_tcb_to_bytes(leaf->tcb, leaf->product, raw);
	if (!collateral->has_tcbm)
		given = kw_tcb_value(raw);
	else if (!kw_tcb_equal(kw_tcb_from_value(given, leaf->product), leaf->tcb, leaf->product))
		return kw_fail(err, KW_E_COL_TCBM,
			       "tcbm %016" PRIx64 ", but the VCEK beside it is for %016" PRIx64,
			       given, kw_tcb_value(raw));
	if (given != reported)
		return kw_fail(err, KW_E_COL_TCB,
			       "TCB mismatch: the VCEK is for %016" PRIx64
			       ", the report says %016" PRIx64,
			       given, reported);
	return 0;
}

static int check_chip(const struct kw_amd_leaf *leaf, const struct kw_collateral_wanted *wanted,
		      struct kw_error *err)
{
	uint8_t chip_id[KW_CHIP_ID_SIZE] = { 0 };
	char found[2 * KW_CHIP_ID_SIZE + 1], expected[2 * KW_CHIP_ID_SIZE + 1];

	if (wanted->chip_masked || leaf->has_csp_id)
		return 0;
	if (kw_amd_leaf_chip_id(leaf, chip_id)
	    && memcmp(chip_id, wanted->chip_id, KW_CHIP_ID_SIZE) == 0)
		return 0;
	kw_hex_encode(KW_BYTES(chip_id), found);
	kw_hex_encode(KW_BYTES(wanted->chip_id), expected);
	return kw_fail(err, KW_E_COL_CHIP_ID, "the VCEK is of chip %.16s, the report of %.16s",
		       found, expected);
}

/* Most sources have the VCEK alone, whatever the host signs with. */
static int check_kind(const struct kw_amd_leaf *leaf, const struct kw_collateral_wanted *wanted,
		      struct kw_error *err)
{
	if (leaf->has_csp_id == wanted->vlek)
		return 0;
	return kw_fail(err, KW_E_SNP_SIGNING_KEY,
		       "the certificate is a %s, the report is signed by a %s",
		       leaf->has_csp_id ? "VLEK" : "VCEK", wanted->vlek ? "VLEK" : "VCEK");
}

/* Owned; NULL with the reason in `err`. */
static struct kw_collateral *take_from(const struct kw_source_env *env,
				       enum kw_collateral_source source,
				       const struct kw_collateral_wanted *wanted,
				       struct kw_error *err)
{
	KW_CLEANUP(kw_collateral_freep) struct kw_collateral *taken = NULL;

	if (sources[source].take(env, wanted, &taken, err) < 0
	    || (wanted && check_kind(&taken->leaf, wanted, err) < 0)
	    || (wanted && check_tcb(taken, wanted, err) < 0)
	    || (wanted && check_chip(&taken->leaf, wanted, err) < 0)) {
		kw_wrap(err, "collateral source '%s'", sources[source].name);
		return NULL;
	}
	return KW_STEAL(taken);
}

/* Which of several failures to tell, the greatest: an outage leaves the question open and must not
 * be taken for a denial. */
enum weight { NONE_FAILED, NOTHING_THERE, NOT_READABLE, NOT_FITTING, NOT_REACHED };

static enum weight weight_of(const struct kw_error *err)
{
	if (err->def == NULL)
		return NONE_FAILED;
	if (kw_error_is(err, KW_E_COL_NONE))
		return NOTHING_THERE;
	if (kw_error_is_outage(err) && err->def->kind != KW_UNTRUSTED)
		return NOT_REACHED;
	if (kw_error_is(err, KW_E_COL_TCB) || kw_error_is(err, KW_E_COL_CHIP_ID)
	    || kw_error_is(err, KW_E_COL_TCBM) || kw_error_is(err, KW_E_SNP_SIGNING_KEY))
		return NOT_FITTING;
	return NOT_READABLE;
}

static struct kw_collateral *take_from_any(const struct kw_source_env *env,
					   const struct kw_collateral_wanted *wanted,
					   struct kw_error *err)
{
	struct kw_error worst = { 0 };

	for (size_t i = 0; i < env->config->collateral.n_sources; i++) {
		struct kw_error failed = { 0 };
		KW_CLEANUP(kw_collateral_freep)
		struct kw_collateral *taken =
			take_from(env, env->config->collateral.sources[i], wanted, &failed);

		if (taken && kw_crl_attach(env, wanted, taken, &failed) == 0)
			return KW_STEAL(taken);
		if (weight_of(&failed) >= weight_of(&worst))
			worst = failed;
	}
	if (worst.def == NULL)
		kw_fail(&worst, KW_E_COL_NONE, "collateral.sources is empty");
	*err = worst;
	return NULL;
}

static struct key key_of(const struct kw_collateral_wanted *wanted)
{
	struct key key = { .any = !wanted, .vlek = wanted && wanted->vlek };

	if (!wanted)
		return key;
	memcpy(key.chip_id, wanted->chip_id, sizeof(key.chip_id));
	memcpy(key.reported_tcb, wanted->reported_tcb, sizeof(key.reported_tcb));
	return key;
}

static struct entry *find_entry(struct kw_collateral_cache *cache, const struct key *key)
{
	for (size_t i = 0; i < ENTRIES_MAX; i++)
		if (cache->entries[i].collateral
		    && memcmp(&cache->entries[i].key, key, sizeof(*key)) == 0)
			return &cache->entries[i];
	return NULL;
}

/* A free one, else the oldest. */
static struct entry *spare_entry(struct kw_collateral_cache *cache)
{
	struct entry *oldest = &cache->entries[0];

	for (size_t i = 0; i < ENTRIES_MAX; i++) {
		struct entry *entry = &cache->entries[i];

		if (!entry->collateral)
			return entry;
		if (entry->collateral->fetched_ms < oldest->collateral->fetched_ms)
			oldest = entry;
	}
	return oldest;
}

static bool is_current(const struct entry *entry, int64_t now_ms)
{
	int64_t life_s = entry->collateral->cache_s;

	if (life_s > KW_COLLATERAL_CACHE_S)
		life_s = KW_COLLATERAL_CACHE_S;
	return now_ms - entry->collateral->fetched_ms < life_s * MS_PER_S;
}

static int get_locked(struct kw_collateral_cache *cache, const struct kw_collateral_wanted *wanted,
		      bool fresh, struct kw_collateral **ret, struct kw_error *err)
{
	struct kw_collateral *taken;
	const struct key key = key_of(wanted);
	struct entry *entry = find_entry(cache, &key);
	struct kw_error failed = { 0 };

	bool hit = entry && !fresh && is_current(entry, kw_boot_ms(cache->clock));

	kw_count_cache(kw_http_counted(cache->env.http), KW_COUNTED_COLLATERAL, hit);
	if (hit) {
		*ret = kw_collateral_copy(entry->collateral);
		return 0;
	}
	taken = take_from_any(&cache->env, wanted, &failed);
	if (!taken) {
		/* The pair of the key still matches: a VCEK does not stop being right. */
		if (entry && !fresh) {
			*ret = kw_collateral_copy(entry->collateral);
			return 0;
		}
		*err = failed;
		return -1;
	}
	taken->fetched_ms = kw_boot_ms(cache->clock);
	if (!entry)
		entry = spare_entry(cache);
	kw_collateral_free(entry->collateral);
	entry->key = key;
	entry->collateral = taken;
	*ret = kw_collateral_copy(taken);
	return 0;
}

int kw_collateral_get(struct kw_collateral_cache *cache, const struct kw_collateral_wanted *wanted,
		      bool fresh, struct kw_collateral **ret, struct kw_error *err)
{
	int r;

	pthread_mutex_lock(&cache->lock);
	r = get_locked(cache, wanted, fresh, ret, err);
	pthread_mutex_unlock(&cache->lock);
	return r;
}
