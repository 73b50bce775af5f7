/* SPDX-License-Identifier: Apache-2.0 */
#include "server/accept.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct kw_media media[] = {
	{ "application/jwk+json", KW_FORMAT_JWK },
	{ "application/x-pem-file", KW_FORMAT_PEM },
	{ "application/pkcs8", KW_FORMAT_DER },
	{ "application/octet-stream", KW_FORMAT_RAW },
};
enum { N_MEDIA = sizeof(media) / sizeof(media[0]) };

static bool fits(const struct kw_media *m, enum kw_material_kind kind)
{
	if (m->format == KW_FORMAT_JWK)
		return true;
	return (m->format == KW_FORMAT_RAW) == (kind == KW_MATERIAL_OCT);
}

/* One element of the header: its media range and its q in thousandths (malformed: 0, not
 * acceptable). */
struct range {
	const char *text;
	size_t len;
	int q;
};

static int parse_q(const char *parameters, size_t len)
{
	const char *at = memmem(parameters, len, "q=", 2);
	char *end = NULL;
	double q = 1.0;

	if (at == NULL)
		return 1000;
	q = strtod(at + 2, &end);
	return end != at + 2 && q >= 0.0 && q <= 1.0 ? (int)(q * 1000.0) : 0;
}

static const char *take_range(const char *at, struct range *ret)
{
	size_t all = 0, type = 0;

	at += strspn(at, " \t,");
	all = strcspn(at, ",");
	type = strcspn(at, ";,");
	*ret = (struct range){ at, type, parse_q(at + type, all - type) };
	while (ret->len > 0 && (at[ret->len - 1] == ' ' || at[ret->len - 1] == '\t'))
		ret->len--;
	return at + all;
}

/* How closely a range names a type: 0 not at all, 1 all types, 2 all of "application", 3 exactly.
 */
static int closeness(const struct range *r, const char *type)
{
	if (r->len == strlen(type) && strncasecmp(r->text, type, r->len) == 0)
		return 3;
	if (r->len == strlen("application/*") && strncasecmp(r->text, "application/*", r->len) == 0)
		return 2;
	return r->len == 3 && strncmp(r->text, "*/*", 3) == 0 ? 1 : 0;
}

/* The q of the range that names this type most closely; 0 if none does. */
static int quality(const char *header, const char *type)
{
	struct range r = { 0 };
	int best = 0, q = 0;

	for (const char *at = header; *(at += strspn(at, " \t,")) != '\0';) {
		int close = 0;

		at = take_range(at, &r);
		close = closeness(&r, type);
		if (close > best) {
			best = close;
			q = r.q;
		}
	}
	return q;
}

const struct kw_media *kw_accept(const char *header, enum kw_material_kind kind)
{
	const struct kw_media *chosen = NULL;
	int best = 0;

	if (header == NULL || header[strspn(header, " \t,")] == '\0')
		return &media[0];
	for (size_t i = 0; i < N_MEDIA; i++) {
		int q = fits(&media[i], kind) ? quality(header, media[i].type) : 0;

		if (q > best) {
			best = q;
			chosen = &media[i];
		}
	}
	return chosen;
}
