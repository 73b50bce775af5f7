/* SPDX-License-Identifier: Apache-2.0 */
/* AMD's key distribution service (key release 1.3): the VCEK of this chip, chains and revocation
 * lists of every product line. */
#include "amd_crl.h"
#include "jose.h"
#include "limit.h"
#include "pki_parts.h"
#include "platform.h"
#include "services.h"
#include "site.h"
#include "util/text.h"

#include <string.h>
#include <strings.h>

enum { CHIP_ID_SIZE = 64, TURIN_CHIP_ID_SIZE = 8 };

/* The SPL parameters and the byte of the TCB each names. */
struct spl {
	const char *name;
	size_t at;
};
static const struct spl milan_spls[] = {
	{ "blSPL", 0 }, { "teeSPL", 1 }, { "snpSPL", 6 }, { "ucodeSPL", 7 }, { NULL, 0 }
};
static const struct spl turin_spls[] = { { "fmcSPL", 0 }, { "blSPL", 1 },    { "teeSPL", 2 },
					 { "snpSPL", 3 }, { "ucodeSPL", 7 }, { NULL, 0 } };

static struct lab_limit limit = LAB_LIMIT_INITIALIZER;

void lab_kds_open(const struct lab_options *options)
{
	limit.rate = options->kds_limit;
}

static bool tcb_matches(const char *query, enum lab_product product)
{
	const uint8_t *tcb = lab_platform_reported_tcb();

	for (const struct spl *spl = product == LAB_TURIN ? turin_spls : milan_spls;
	     spl->name != NULL; spl++) {
		KW_CLEANUP(freep) char *text = lab_query_get(query, spl->name);
		char *end = NULL;
		unsigned long value = text != NULL ? strtoul(text, &end, 10) : 0;

		if (text == NULL || *text == '\0' || *end != '\0' || value != tcb[spl->at])
			return false;
	}
	return true;
}

static void vcek(const struct lab_request *request, enum lab_product product, const char *hwid,
		 struct lab_reply *reply)
{
	size_t size = product == LAB_TURIN ? TURIN_CHIP_ID_SIZE : CHIP_ID_SIZE;
	KW_CLEANUP(kw_blob_clear) struct kw_blob der = { 0 };
	uint8_t asked[CHIP_ID_SIZE];

	if (!kw_hex_decode(hwid, asked, size))
		return lab_reply_error(reply, 400, "BadRequest", NULL,
				       "the hardware id is not %zu bytes in hex", size);
	if (product != lab_site.options->product
	    || memcmp(asked, lab_platform_chip_id(), size) != 0)
		return lab_reply_error(reply, 404, "NotFound", NULL, "no such chip");
	if (!tcb_matches(request->query, product))
		return lab_reply_error(reply, 404, "NotFound", NULL,
				       "no VCEK of this chip for that TCB");
	der = lab_cert_der(lab_pki.vcek.cert);
	lab_reply_bytes(reply, "application/octet-stream", kw_blob_bytes(&der));
}

static void chain(enum lab_product product, bool vlek, struct lab_reply *reply)
{
	struct lab_amd_line line = lab_amd_line(product, vlek);
	KW_CLEANUP(freep) char *signer = lab_pem(line.signer);
	KW_CLEANUP(freep) char *ark = lab_pem(line.ark);
	KW_CLEANUP(freep) char *both = kw_format("%s%s", signer, ark);

	lab_reply_bytes(reply, "application/x-pem-file", kw_bytes_text(both));
}

static void crl(enum lab_product product, bool vlek, struct lab_reply *reply)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob der = lab_amd_crl(product, vlek, LAB_KDS);

	lab_reply_bytes(reply, "application/octet-stream", kw_blob_bytes(&der));
}

/* "/vcek/v1/Milan/" or "/vlek/v1/Milan/": the rest of the path; NULL: it is neither. */
static const char *rest_of(const char *path, bool *ret_vlek, enum lab_product *ret_product)
{
	static const char *const kinds[] = { "vcek", "vlek" };

	for (unsigned kind = 0; kind < 2; kind++)
		for (unsigned product = LAB_MILAN; product <= LAB_TURIN; product++) {
			KW_CLEANUP(freep)
			char *prefix =
				kw_format("/%s/v1/%s/", kinds[kind], lab_product_name(product));

			if (strncmp(path, prefix, strlen(prefix)) != 0)
				continue;
			*ret_vlek = kind == 1;
			*ret_product = product;
			return path + strlen(prefix);
		}
	return NULL;
}

static bool throttled(struct lab_reply *reply)
{
	long wait_s = lab_limit_take(&limit);

	if (wait_s == 0)
		return false;
	lab_reply_error(reply, 429, "TooManyRequests", NULL, "too many requests");
	lab_reply_header(reply, "Retry-After", "%ld", wait_s);
	return true;
}

void lab_kds_handle(const struct lab_request *request, struct lab_reply *reply)
{
	enum lab_product product = LAB_MILAN;
	bool vlek = false;
	const char *rest = rest_of(request->path, &vlek, &product);

	if (throttled(reply))
		return;
	if (strcmp(request->method, "GET") != 0)
		lab_reply_error(reply, 405, "MethodNotAllowed", NULL, "GET alone is known");
	else if (rest == NULL)
		lab_reply_error(reply, 404, "NotFound", NULL, "no such product");
	else if (strcmp(rest, "cert_chain") == 0)
		chain(product, vlek, reply);
	else if (strcmp(rest, "crl") == 0)
		crl(product, vlek, reply);
	else if (vlek)
		lab_reply_error(reply, 401, "Unauthorized", NULL,
				"a VLEK is for cloud providers alone");
	else
		vcek(request, product, rest, reply);
}
