/* SPDX-License-Identifier: Apache-2.0 */
/* AMD's key distribution service (key release 1.3): the VCEK of this chip and the chain of its
 * product. */
#include "jose.h"
#include "pki.h"
#include "platform.h"
#include "services.h"
#include "site.h"
#include "util/text.h"

#include <string.h>
#include <strings.h>

enum { CHIP_ID_SIZE = 64, TURIN_CHIP_ID_SIZE = 8 };

static const char *const products[] = {
	[LAB_MILAN] = "Milan",
	[LAB_GENOA] = "Genoa",
	[LAB_TURIN] = "Turin",
};

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

static void vcek(const struct lab_request *request, const char *hwid, struct lab_reply *reply)
{
	enum lab_product product = lab_site.options->product;
	size_t size = product == LAB_TURIN ? TURIN_CHIP_ID_SIZE : CHIP_ID_SIZE;
	KW_CLEANUP(kw_blob_clear) struct kw_blob der = { 0 };
	uint8_t asked[CHIP_ID_SIZE];

	if (!kw_hex_decode(hwid, asked, size))
		return lab_reply_error(reply, 400, "BadRequest", NULL,
				       "the hardware id is not %zu bytes in hex", size);
	if (memcmp(asked, lab_platform_chip_id(), size) != 0)
		return lab_reply_error(reply, 404, "NotFound", NULL, "no such chip");
	if (!tcb_matches(request->query, product))
		return lab_reply_error(reply, 404, "NotFound", NULL,
				       "no VCEK of this chip for that TCB");
	der = lab_cert_der(lab_pki.vcek.cert);
	lab_reply_bytes(reply, "application/octet-stream", kw_blob_bytes(&der));
}

static void chain(struct lab_reply *reply)
{
	KW_CLEANUP(freep) char *ask = lab_pem(lab_pki.ask.cert);
	KW_CLEANUP(freep) char *ark = lab_pem(lab_pki.ark.cert);
	KW_CLEANUP(freep) char *both = kw_format("%s%s", ask, ark);

	lab_reply_bytes(reply, "application/x-pem-file", kw_bytes_text(both));
}

void lab_kds_handle(const struct lab_request *request, struct lab_reply *reply)
{
	KW_CLEANUP(freep)
	char *prefix = kw_format("/vcek/v1/%s/", products[lab_site.options->product]);
	const char *rest = request->path + strlen(prefix);

	if (strcmp(request->method, "GET") != 0)
		lab_reply_error(reply, 405, "MethodNotAllowed", NULL, "GET alone is known");
	else if (strncmp(request->path, prefix, strlen(prefix)) != 0)
		lab_reply_error(reply, 404, "NotFound", NULL, "this lab is a %s",
				products[lab_site.options->product]);
	else if (strcmp(rest, "cert_chain") == 0)
		chain(reply);
	else
		vcek(request, rest, reply);
}
