/* SPDX-License-Identifier: Apache-2.0 */
#include "fault.h"

#include "site.h"
#include "util/cleanup.h"
#include "util/text.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { FAULTS_MAX = 64, WORDS_MAX = 64 };

#define AT(service) (1u << LAB_##service)
#define TLS_SERVICES (AT(ENTRA) | AT(KDS) | AT(MAA) | AT(VAULT))
#define HTTP_SERVICES (TLS_SERVICES | AT(IMDS) | AT(THIM))
#define DEVICES (AT(TPM) | AT(TSM))
#define ALL_SERVICES (HTTP_SERVICES | DEVICES)

/* Every kind, where it applies, and the arguments it knows; NULL: any. */
static const struct kind {
	const char *name;
	unsigned services;
	const char *args; /* each with a blank behind */
} kinds[] = {
	{ "status", HTTP_SERVICES, "code retry-after error inner message number path " },
	{ "throttle", HTTP_SERVICES, "retry-after path " },
	{ "region-move", HTTP_SERVICES, "path " },
	{ "restart", AT(IMDS) | AT(THIM), "ms path " },
	{ "delay", HTTP_SERVICES, "ms path " },
	{ "drip", HTTP_SERVICES, "ms path " },
	{ "reset", HTTP_SERVICES, "path " },
	{ "truncate", HTTP_SERVICES, "path " },
	{ "garbage", HTTP_SERVICES, "part path " },
	{ "oversize", HTTP_SERVICES, "bytes path " },
	{ "tls-cert", TLS_SERVICES, "kind " },
	{ "tls-version", TLS_SERVICES, "" },
	{ "token-expired", AT(MAA), "" },
	{ "token-future", AT(MAA), "" },
	{ "token-foreign-key", AT(MAA), "" },
	{ "token-alg-none", AT(MAA), "" },
	{ "token-payload", AT(MAA), "" },
	{ "token-wrapping-key", AT(MAA), "" },
	{ "seal-tag", AT(MAA), "" },
	{ "seal-aad", AT(MAA), "" },
	{ "jws-chain", AT(VAULT), "" },
	{ "jws-host", AT(VAULT), "" },
	{ "jws-enc", AT(VAULT), "" },
	{ "jws-nonce", AT(VAULT), "" },
	{ "jws-kid", AT(VAULT), "" },
	{ "ciphertext", AT(VAULT), "" },
	{ "busy", DEVICES, NULL },
	{ "retry", DEVICES, NULL },
	{ "gone", DEVICES, NULL },
	{ "pcr-extend", AT(TPM), NULL },
	{ "user-data", DEVICES, NULL },
	{ "stale-report", DEVICES, NULL },
	{ "tamper", ALL_SERVICES, "field " },
};
enum { N_KINDS = sizeof(kinds) / sizeof(kinds[0]) };

/* The fields of "tamper", each with a blank behind; services that are not here take any. */
#define CRL_FIELDS "crl-revoked crl-expired crl-signature "
#define TOKEN_FIELDS "audience expired no-token "
static const struct fields {
	enum lab_service service;
	const char *names;
} tampers[] = {
	{ LAB_IMDS, TOKEN_FIELDS },
	{ LAB_ENTRA, TOKEN_FIELDS },
	{ LAB_THIM, "vcek-foreign-chip vcek-tcb vcek-expired vcek-not-yet vcek-sha256 vcek-p256 "
		    "vcek-product vcek-signature vcek-foreign-key vcek-foreign-issuer vcek-no-tcb "
		    "vcek-part-of-tcb vcek-unknown-product ask-foreign ask-signature ask-form "
		    "ask-name ask-no-authority ark-form product no-root ark-self-signature tcbm "
		    "chain-foreign " },
	{ LAB_MAA,
	  "iss jku kid signature no-exp type ak reportdata debuggable inner-key iv-short "
	  "openid-issuer jwks-uri envelope alg-hs256 alg-none four-parts tee-type "
	  "wrapping-key-second wrapping-key-use runtime key-cert-name key-cert-expired crit " },
	{ LAB_VAULT,
	  "jws-alg jws-signature jws-x5t jws-expired jws-leaf-only request-kid "
	  "response-kid response-name disabled schema wrapping-kid key-hsm-enc "
	  "ciphertext-odd ciphertext-short other-key public-missing pkcs8-trailing "
	  "aes-key-size jws-four-parts jws-x5c-form jws-leaf-weak jws-usage no-nonce kty "
	  "public-form key-hsm-enc-unknown jws-no-x5c jws-crit " },
	{ LAB_TPM, "report-signature measurement report-data debug migration policy-bit17 vmpl "
		   "version signing-key signing-none chip-id masked-chip tcb hcl-magic "
		   "hcl-type-tdx hcl-type-vbs hcl-type-tvm hcl-hash hcl-length claims "
		   "claims-not-json ak-missing ak-foreign ak-cert-foreign ak-cert-placeholder "
		   "quote-magic quote-type quote-pcrs quote-signature certify-name "
		   "certify-signature certify-magic certify-type pcr-values quote-form "
		   "quote-scheme quote-selection ak-attributes wrapping-key-attributes "
		   "wrapping-key-policy wrapping-key-lost signature-algo signature-form product "
		   "cpuid reserved hcl-short quote-nonce quote-signer " },
	{ LAB_KDS, CRL_FIELDS },
	{ LAB_TSM, CRL_FIELDS
	  "report-signature measurement report-data debug migration "
	  "policy-bit17 vmpl version signing-key signing-none chip-id "
	  "masked-chip tcb signature-algo signature-form product cpuid reserved provider "
	  "floor aux-empty aux-foreign aux-unterminated aux-offset aux-duplicate " },
};

static struct lab_fault faults[FAULTS_MAX];
static size_t n_faults;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

const char *lab_fault_arg(const struct lab_fault *fault, const char *name)
{
	size_t len = strlen(name);

	for (unsigned i = 0; i < fault->n_args; i++)
		if (strncmp(fault->args[i], name, len) == 0 && fault->args[i][len] == '=')
			return fault->args[i] + len + 1;
	return NULL;
}

long lab_fault_number(const struct lab_fault *fault, const char *name, long missing)
{
	const char *text = lab_fault_arg(fault, name);

	return text != NULL ? strtol(text, NULL, 10) : missing;
}

static bool argument_is(const struct lab_fault *fault, const char *name, const char *value)
{
	const char *has = lab_fault_arg(fault, name);

	return has != NULL && strcmp(has, value) == 0;
}

static bool path_fits(const struct lab_fault *fault, const char *path)
{
	const char *part = lab_fault_arg(fault, "path");

	return part == NULL || (path != NULL && strstr(path, part) != NULL);
}

/* The first fault that fits, one use of it taken. `field` is for "tamper". */
static bool take(enum lab_service service, const char *kind, const char *path, const char *field,
		 struct lab_fault *ret)
{
	bool found = false;

	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < n_faults && !found; i++) {
		struct lab_fault *fault = &faults[i];

		found = fault->service == service && strcmp(fault->kind, kind) == 0
			&& path_fits(fault, path)
			&& (field == NULL || argument_is(fault, "field", field));
		if (!found)
			continue;
		*ret = *fault;
		if (fault->times_left > 0 && --fault->times_left == 0)
			memmove(fault, fault + 1, (--n_faults - i) * sizeof(*fault));
	}
	pthread_mutex_unlock(&lock);
	return found;
}

bool lab_fault_take(enum lab_service service, const char *kind, struct lab_fault *ret)
{
	return take(service, kind, NULL, NULL, ret);
}

bool lab_fault_take_at(enum lab_service service, const char *kind, const char *path,
		       struct lab_fault *ret)
{
	return take(service, kind, path, NULL, ret);
}

bool lab_tampered(enum lab_service service, const char *field)
{
	struct lab_fault taken;

	return take(service, "tamper", NULL, field, &taken);
}

static char *describe(const struct lab_fault *fault)
{
	char *text = kw_format("%s %s", lab_service_name(fault->service), fault->kind);

	for (unsigned i = 0; i < fault->n_args; i++) {
		char *longer = kw_format("%s %s", text, fault->args[i]);

		free(text);
		text = longer;
	}
	if (fault->times_left > 0) {
		char *longer = kw_format("%s times=%ld", text, fault->times_left);

		free(text);
		text = longer;
	}
	return text;
}

char *lab_fault_list(void)
{
	char *all = kw_strdup("");

	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < n_faults; i++) {
		char *one = describe(&faults[i]);
		char *longer = kw_format("%s%s%s", all, i > 0 ? "\n" : "", one);

		free(one);
		free(all);
		all = longer;
	}
	pthread_mutex_unlock(&lock);
	return all;
}

static void clear(enum lab_service service)
{
	size_t kept = 0;

	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < n_faults; i++)
		if (service != LAB_N_SERVICES && faults[i].service != service)
			faults[kept++] = faults[i];
	n_faults = kept;
	pthread_mutex_unlock(&lock);
}

/* The text of a refusal: what was given, and the nearest thing that is known. */
static char *unknown(const char *what, const char *given, const char *const *known)
{
	const char *near = kw_text_nearest(given, known);

	if (near != NULL)
		return kw_format("unknown %s '%s'; did you mean '%s'?", what, given, near);
	return kw_format("unknown %s '%s'; see docs/lab.md", what, given);
}

static const struct kind *kind_find(const char *name, char **ret_error)
{
	const char *names[N_KINDS + 1] = { NULL };

	for (size_t i = 0; i < N_KINDS; i++) {
		names[i] = kinds[i].name;
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	}
	*ret_error = unknown("fault", name, names);
	return NULL;
}

/* Whether a word is in a list of words, each with a blank behind. */
static bool listed(const char *list, const char *word, size_t len)
{
	while (*list != '\0') {
		size_t here = strcspn(list, " ");

		if (here == len && strncmp(list, word, len) == 0)
			return true;
		list += here + 1;
	}
	return false;
}

/* One "name=value" into the fault; an owned text if it is refused. */
static char *argument_add(const struct kind *kind, const char *word, struct lab_fault *fault)
{
	const char *equals = strchr(word, '=');

	if (equals == NULL)
		return kw_format("'%s' is not of the form name=value", word);
	if (strncmp(word, "times=", 6) == 0) {
		fault->times_left = strtol(equals + 1, NULL, 10);
		if (fault->times_left > 0 || strcmp(equals, "=-1") == 0)
			return NULL;
		return kw_format("'%s': a number above 0, or -1 for until cleared", word);
	}
	if (kind->args != NULL && !listed(kind->args, word, (size_t)(equals - word)))
		return kw_format("fault '%s' does not know '%s'", kind->name, word);
	if (fault->n_args == sizeof(fault->args) / sizeof(fault->args[0])
	    || strlen(word) >= sizeof(fault->args[0]))
		return kw_format("too many or too long arguments at '%s'", word);
	snprintf(fault->args[fault->n_args++], sizeof(fault->args[0]), "%s", word);
	return NULL;
}

static char *unknown_field(const char *field, const char *list)
{
	KW_CLEANUP(freep) char *text = kw_strdup(list);
	const char *words[WORDS_MAX + 1] = { NULL };
	size_t n = 0;

	for (char *at = text; *at != '\0' && n < WORDS_MAX; at++) {
		words[n++] = at;
		at += strcspn(at, " ");
		*at = '\0';
	}
	return unknown("field", field, words);
}

static char *field_check(const struct lab_fault *fault)
{
	const char *field = lab_fault_arg(fault, "field");

	if (strcmp(fault->kind, "tamper") != 0)
		return NULL;
	if (field == NULL)
		return kw_format("tamper needs field=NAME");
	for (size_t i = 0; i < sizeof(tampers) / sizeof(tampers[0]); i++)
		if (tampers[i].service == fault->service
		    && !listed(tampers[i].names, field, strlen(field)))
			return unknown_field(field, tampers[i].names);
	return NULL;
}

static char *build(const char *const *words, size_t n_words, struct lab_fault *ret)
{
	char *error = NULL;
	const struct kind *kind = kind_find(words[1], &error);

	if (kind == NULL)
		return error;
	if ((kind->services & (1u << ret->service)) == 0)
		return kw_format("fault '%s' does not apply to %s", kind->name, words[0]);
	snprintf(ret->kind, sizeof(ret->kind), "%s", kind->name);
	ret->times_left = -1;
	for (size_t i = 2; i < n_words && error == NULL; i++)
		error = argument_add(kind, words[i], ret);
	return error != NULL ? error : field_check(ret);
}

static char *add(const struct lab_fault *fault, bool *ret_ok)
{
	pthread_mutex_lock(&lock);
	*ret_ok = n_faults < FAULTS_MAX;
	if (*ret_ok)
		faults[n_faults++] = *fault;
	pthread_mutex_unlock(&lock);
	return *ret_ok ? describe(fault) : kw_format("too many faults are on");
}

char *lab_fault_command(const char *const *words, size_t n_words, bool *ret_ok)
{
	struct lab_fault fault = { 0 };
	bool alone = n_words == 1;
	char *error;

	*ret_ok = true;
	if (n_words == 0 || (alone && strcmp(words[0], "list") == 0))
		return lab_fault_list();
	fault.service = lab_service_find(words[0]);
	if ((alone && strcmp(words[0], "clear") == 0)
	    || (n_words == 2 && strcmp(words[1], "clear") == 0
		&& fault.service != LAB_N_SERVICES)) {
		clear(fault.service);
		return kw_strdup("");
	}
	*ret_ok = false;
	if (fault.service == LAB_N_SERVICES)
		return kw_format("unknown service '%s': imds thim entra kds maa vault tpm tsm",
				 words[0]);
	if (alone)
		return kw_format("name a fault for %s; see docs/lab.md", words[0]);
	error = build(words, n_words, &fault);
	return error != NULL ? error : add(&fault, ret_ok);
}
