/* SPDX-License-Identifier: Apache-2.0 */
/* Collateral over the network: THIM by default; AMD KDS and the Azure cache only where named,
 * because they learn the chip id. */
#include "collateral/source.h"

#include "collateral/amd.h"
#include "collateral/crl.h"
#include "collateral/object.h"
#include "util/text.h"

#include <inttypes.h>

#define THIM_PATH "/metadata/THIM/amd/certification"
#define AZURE_CACHE "https://global.acccache.azure.net/SevSnpVM/certificates"
#define AZURE_CACHE_QUERY "api-version=2020-10-15-preview&clientId=ConfidentialACI"

static int get(const struct kw_source_env *env, enum kw_upstream upstream, const char *url,
	       const char *const *headers, struct kw_blob *ret, struct kw_error *err)
{
	const struct kw_http_request request = {
		.upstream = upstream,
		.method = "GET",
		.url = url,
		.headers = headers,
		.answer_max = KW_COLLATERAL_ANSWER_MAX,
	};
	KW_CLEANUP(kw_http_answer_clear) struct kw_http_answer answer = { 0 };

	if (kw_http_call(env->http, &request, &answer, err) < 0)
		return -1;
	if (answer.outcome != KW_HTTP_OK)
		return kw_http_refused(&answer, KW_E_COL_BUSY, KW_E_COL_REFUSED, err);
	*ret = answer.body;
	answer.body = (struct kw_blob){ 0 };
	return 0;
}

/* The origin's own text: a trailing slash in the configuration makes no difference. */
static int base_url(const char *endpoint, char ret[KW_ORIGIN_TEXT_SIZE], struct kw_error *err)
{
	struct kw_origin origin;

	if (!kw_origin_parse(endpoint, &origin, NULL))
		return kw_fail(err, KW_E_CFG_VALUE, "'%s' is not an origin", endpoint);
	kw_origin_text(&origin, ret);
	return 0;
}

int kw_source_thim(const struct kw_source_env *env, const struct kw_collateral_wanted *wanted,
		   struct kw_collateral **ret, struct kw_error *err)
{
	static const char *const headers[] = { "Metadata: true", NULL };
	const struct kw_config *config = env->config;
	const char *thim = config->collateral.thim;
	KW_CLEANUP(freep) char *url = NULL;
	KW_CLEANUP(kw_blob_clear) struct kw_blob json = { 0 };
	char base[KW_ORIGIN_TEXT_SIZE];

	(void)wanted;
	if (base_url(thim[0] != '\0' ? thim : config->imds.endpoint, base, err) < 0)
		return -1;
	url = kw_format("%s" THIM_PATH, base);
	if (get(env, KW_UPSTREAM_THIM, url, headers, &json, err) < 0)
		return kw_wrap(err, "%s", url);
	return kw_collateral_parse_thim(kw_blob_bytes(&json), kw_source_name(KW_SOURCE_THIM), ret,
					err);
}

/* key release 1.3: all values decimal, the FMC first on Turin, whose chip id has eight bytes. */
static char *kds_url(const char *base, enum kw_product product,
		     const struct kw_collateral_wanted *wanted)
{
	struct kw_tcb tcb = kw_tcb_from_bytes(wanted->reported_tcb, product);
	size_t size = product == KW_TURIN ? KW_TURIN_CHIP_ID_SIZE : KW_CHIP_ID_SIZE;
	KW_CLEANUP(freep) char *fmc = NULL;
	char hex[2 * KW_CHIP_ID_SIZE + 1];

	kw_hex_encode((struct kw_bytes){ wanted->chip_id, size }, hex);
	fmc = product == KW_TURIN ? kw_format("fmcSPL=%02u&", tcb.fmc) : kw_strdup("");
	return kw_format("%s/vcek/v1/%s/%s?%sblSPL=%02u&teeSPL=%02u&snpSPL=%02u&ucodeSPL=%02u",
			 base, kw_product_name(product), hex, fmc, tcb.bootloader, tcb.tee, tcb.snp,
			 tcb.microcode);
}

static int get_kds(const struct kw_source_env *env, const char *base, enum kw_product product,
		   const struct kw_collateral_wanted *wanted, struct kw_collateral **ret,
		   struct kw_error *err)
{
	KW_CLEANUP(freep) char *vcek_url = kds_url(base, product, wanted);
	KW_CLEANUP(freep)
	char *chain_url = kw_format("%s/vcek/v1/%s/cert_chain", base, kw_product_name(product));
	KW_CLEANUP(kw_blob_clear) struct kw_blob vcek = { 0 };
	KW_CLEANUP(kw_blob_clear) struct kw_blob chain = { 0 };

	if (get(env, KW_UPSTREAM_KDS, vcek_url, NULL, &vcek, err) < 0
	    || get(env, KW_UPSTREAM_KDS, chain_url, NULL, &chain, err) < 0)
		return kw_wrap(err, "%s for %s", base, kw_product_name(product));
	if (vcek.len == 0)
		return kw_fail(err, KW_E_COL_ANSWER, "%s answers with an empty VCEK", base);
	return kw_collateral_from_certificates(kw_blob_bytes(&vcek), kw_blob_bytes(&chain),
					       kw_source_name(KW_SOURCE_KDS), ret, err);
}

/* The product by CPUID, else by the chip id's length, else Milan and then Genoa (key release 1.3).
 */
int kw_source_kds(const struct kw_source_env *env, const struct kw_collateral_wanted *wanted,
		  struct kw_collateral **ret, struct kw_error *err)
{
	struct kw_bytes behind_turin;
	char base[KW_ORIGIN_TEXT_SIZE];

	if (!kw_wanted_has_chip(wanted))
		return kw_fail(err, KW_E_COL_NONE, "KDS is asked by chip id, which is not known");
	if (base_url(env->config->collateral.kds, base, err) < 0)
		return -1;
	behind_turin = (struct kw_bytes){ wanted->chip_id + KW_TURIN_CHIP_ID_SIZE,
					  KW_CHIP_ID_SIZE - KW_TURIN_CHIP_ID_SIZE };
	if (wanted->product != KW_PRODUCT_UNKNOWN)
		return get_kds(env, base, wanted->product, wanted, ret, err);
	if (kw_bytes_are_zero(behind_turin))
		return get_kds(env, base, KW_TURIN, wanted, ret, err);
	if (get_kds(env, base, KW_MILAN, wanted, ret, err) == 0)
		return 0;
	if (!kw_error_is(err, KW_E_COL_REFUSED))
		return -1;
	*err = (struct kw_error){ 0 };
	return get_kds(env, base, KW_GENOA, wanted, ret, err);
}

int kw_source_kds_crl(const struct kw_source_env *env, const struct kw_collateral *taken,
		      struct kw_blob *ret, struct kw_error *err)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob der = { 0 };
	KW_CLEANUP(freep) char *url = NULL;
	char base[KW_ORIGIN_TEXT_SIZE];

	if (base_url(env->config->collateral.kds, base, err) < 0)
		return -1;
	url = kw_format("%s/%s/v1/%s/crl", base, taken->leaf.has_csp_id ? "vlek" : "vcek",
			kw_product_name(taken->leaf.product));
	if (get(env, KW_UPSTREAM_KDS, url, NULL, &der, err) < 0)
		return kw_wrap(err, "%s", url);
	return kw_crl_read(kw_blob_bytes(&der), ret, err);
}

int kw_source_azure_cache(const struct kw_source_env *env,
			  const struct kw_collateral_wanted *wanted, struct kw_collateral **ret,
			  struct kw_error *err)
{
	enum { VCEK, ASK, ARK, N_CERTIFICATES };
	KW_CLEANUP(kw_der_list_clear) struct kw_der_list list = { 0 };
	KW_CLEANUP(kw_blob_clear) struct kw_blob pem = { 0 };
	KW_CLEANUP(freep) char *url = NULL;
	const char *name = kw_source_name(KW_SOURCE_AZURE_CACHE);
	char hex[2 * KW_CHIP_ID_SIZE + 1];

	if (!kw_wanted_has_chip(wanted))
		return kw_fail(err, KW_E_COL_NONE,
			       "the Azure cache is asked by chip id, which is not known");
	kw_hex_encode(KW_BYTES(wanted->chip_id), hex);
	url = kw_format(AZURE_CACHE "/%s/%" PRIx64 "?" AZURE_CACHE_QUERY, hex,
			kw_tcb_value(wanted->reported_tcb));
	if (get(env, KW_UPSTREAM_KDS, url, NULL, &pem, err) < 0
	    || kw_der_list_parse(kw_blob_bytes(&pem), name, KW_E_COL_ANSWER, &list, err) < 0)
		return kw_wrap(err, "the Azure cache");
	if (list.n != N_CERTIFICATES)
		return kw_fail(err, KW_E_COL_ANSWER,
			       "the Azure cache gives %zu certificates, expected %d", list.n,
			       N_CERTIFICATES);
	return kw_collateral_from_der(&list.der[VCEK], &list.der[ASK], &list.der[ARK], name, ret,
				      err);
}
