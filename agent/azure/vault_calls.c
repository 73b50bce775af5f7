/* SPDX-License-Identifier: Apache-2.0 */
/* Where a key is, and what a refusal of the vault means (key release 4.1, 4.8). */
#include "azure/vault_calls.h"

#include "util/text.h"

#include <ctype.h>
#include <string.h>

#define API_VERSION "7.4"

char *kw_vault_url(const struct kw_key_id *key, const char *call)
{
	char origin[KW_ORIGIN_TEXT_SIZE];

	kw_origin_text(&key->origin, origin);
	return kw_format("%s/keys/%s%s%s%s?api-version=" API_VERSION, origin, key->name,
			 key->version[0] != '\0' ? "/" : "", key->version, call);
}

/* The innermost error code of the body (4.8), or "". */
static void inner_code(const struct kw_http_answer *answer, char *ret, size_t size)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *body = NULL;
	const struct kw_json *error = NULL;
	struct kw_error ignored = { 0 };
	const char *code = NULL;

	ret[0] = '\0';
	if (kw_json_parse(kw_blob_bytes(&answer->body), KW_JSON_STRICT, KW_E_REL_ANSWER, &body,
			  &ignored)
	    < 0)
		return;
	for (error = kw_json_get(body, "error"); error != NULL;
	     error = kw_json_get(error, "innererror"))
		if (kw_json_string(kw_json_get(error, "code")) != NULL)
			code = kw_json_string(kw_json_get(error, "code"));
	kw_text_clean(kw_bytes_text(code), ret, size);
}

static bool says(const struct kw_http_answer *answer, const char *words)
{
	return answer->body.len > 0
	       && memmem(answer->body.data, answer->body.len, words, strlen(words)) != NULL;
}

/* Does a refusal name the member `enc` of the request, as a word of its own? */
static bool names_enc(const struct kw_http_answer *answer)
{
	static const char word[] = "enc";
	struct kw_cursor c = { .in = kw_blob_bytes(&answer->body) };
	size_t n = 0; /* letters of the present word that fit; too many: it is another word */
	uint8_t byte = 0;

	while (kw_take_u8(&c, &byte)) {
		if (!isalnum(byte)) {
			if (n == strlen(word))
				return true;
			n = 0;
		} else {
			n = n < strlen(word) && byte == (uint8_t)word[n] ? n + 1 : sizeof(word);
		}
	}
	return false;
}

/* A 403 has many faces; its texts are matched loosely because they are no contract (4.8). */
static enum kw_error_name row_of_403(const struct kw_http_answer *answer, enum kw_error_name denied)
{
	char code[64];

	inner_code(answer, code, sizeof(code));
	if (strcmp(code, "ForbiddenByFirewall") == 0 || strcmp(code, "ForbiddenByConnection") == 0)
		return KW_E_REL_FIREWALL;
	if (says(answer, "attestation") && says(answer, "policy") && !says(answer, "verif"))
		return KW_E_REL_POLICY;
	if (says(answer,
		 "attestation")) /* "statement cannot be verified", whatever it says of policies */
		return KW_E_REL_STATEMENT;
	if (strcmp(code, "KeyDisabled") == 0 || says(answer, "disabled") || says(answer, "expired")
	    || says(answer, "not yet valid"))
		return KW_E_REL_ATTRIBUTES;
	return denied;
}

int kw_vault_refused(const struct kw_http_answer *answer, enum kw_error_name denied,
		     struct kw_error *err)
{
	enum kw_error_name row = KW_E_REL_BAD_REQUEST;

	switch (answer->status) {
	case 400:
		row = names_enc(answer) ? KW_E_REL_ENC_UNKNOWN : KW_E_REL_BAD_REQUEST;
		break;
	case 401:
		row = KW_E_REL_UNAUTHORIZED;
		break;
	case 403:
		row = row_of_403(answer, denied);
		break;
	case 404:
		row = KW_E_REL_NOT_FOUND;
		break;
	default:
		/* Only a 4xx is the vault's refusal; a redirect or an odd 2xx may come from
		 * anybody. */
		if (answer->status < 400 || answer->status >= 500)
			row = KW_E_REL_ANSWER;
		break;
	}
	return kw_http_refused(answer, KW_E_REL_BUSY, row, err);
}
