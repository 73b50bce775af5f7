/* SPDX-License-Identifier: Apache-2.0 */
/* What the kinds of offline verification have in common: rows, facts, the verdict. */
#include "service/verify.h"

#include "util/text.h"

enum { HEX_SIZE = 2 * 64 + 1 };

void kw_verification_open(struct kw_verification *ret)
{
	*ret = (struct kw_verification){ .facts = kw_json_new_object() };
}

void kw_verification_clear(struct kw_verification *verification)
{
	kw_json_free(verification->facts);
	*verification = (struct kw_verification){ 0 };
}

/* Whatever is not in this list must have been checked before anything is accepted. Here the caller
 * chose not to name what to compare with, or the kind of object has nothing to compare. */
static bool is_optional(enum kw_error_name error)
{
	static const enum kw_error_name names[] = {
		KW_E_COL_CHAIN,	  /* the leaf of a chain alone; of a report it is the signature */
		KW_E_COL_CHIP_ID, /* a VLEK, or a masked chip id */
		KW_E_SNP_REPORT_DATA,	 /* no runtime data */
		KW_E_SNP_HOST_DATA,	 /* no policy */
		KW_E_TPM_LOG_MISSING,	 /* PCRs that firmware and loader never extend */
		KW_E_TPM_QUOTE_NONCE,	 /* no nonce */
		KW_E_HCL_AK,		 /* the report that names the key is not judged */
		KW_E_TOK_DEBUG,		 /* a token about something else than SNP */
		KW_E_REL_JWS_X5T,	 /* optional in a JWS */
		KW_E_UNW_FAILED,	 /* no wrapping key */
		KW_E_UNW_PUBLIC_MISSING, /* an EC key without its point */
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i] == error)
			return true;
	return false;
}

static const struct kw_check *first_needed(const struct kw_checks *checks)
{
	for (size_t i = 0; i < checks->n_rows; i++)
		if (checks->rows[i].verdict == KW_VERDICT_NOT_POSSIBLE
		    && !is_optional(checks->rows[i].error))
			return &checks->rows[i];
	return NULL;
}

enum kw_outcome kw_verification_outcome(const struct kw_verification *verification)
{
	struct kw_error ignored = { 0 };

	if (kw_checks_result(&verification->checks, 0, &ignored) < 0)
		return KW_REFUSED;
	if (verification->checks.n_rows == 0 || first_needed(&verification->checks))
		return KW_NOT_POSSIBLE;
	return KW_ACCEPTED;
}

int kw_verification_result(const struct kw_verification *verification, struct kw_error *err)
{
	const struct kw_check *row = first_needed(&verification->checks);

	if (kw_checks_result(&verification->checks, 0, err) < 0)
		return -1;
	if (row)
		return kw_fail(err, KW_E_SYS_INCOMPLETE, "%s: not possible: %s", row->check,
			       row->found);
	return 0;
}

static const char *outcome_text(enum kw_outcome outcome)
{
	switch (outcome) {
	case KW_ACCEPTED:
		return "accepted";
	case KW_REFUSED:
		return "refused";
	case KW_NOT_POSSIBLE:
		return "not-possible";
	}
	return "refused";
}

struct kw_json *kw_verification_json(const struct kw_verification *verification)
{
	struct kw_json *json = kw_json_new_object();

	kw_json_add_string(json, "verdict", outcome_text(kw_verification_outcome(verification)));
	kw_json_add(json, "checks", kw_checks_json(&verification->checks));
	kw_json_add(json, "facts", kw_json_copy(verification->facts));
	return json;
}

void kw_verify_unreadable(struct kw_verification *v, const char *check, const char *expected,
			  const struct kw_error *err)
{
	kw_checks_judge(&v->checks, check, kw_error_name(err), false, expected, err->detail);
}

void kw_verify_fact_hex(struct kw_json *facts, const char *name, const void *data, size_t len)
{
	char hex[HEX_SIZE];

	if (2 * len + 1 > sizeof(hex))
		return;
	kw_hex_encode((struct kw_bytes){ data, len }, hex);
	kw_json_add_string(facts, name, hex);
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct kw_bytes kw_verify_trimmed(struct kw_bytes text)
{
	while (text.len > 0 && is_blank(text.data[text.len - 1]))
		text.len--;
	while (text.len > 0 && is_blank(text.data[0])) {
		text.data++;
		text.len--;
	}
	return text;
}
