/* SPDX-License-Identifier: Apache-2.0 */
#include "x5c_pki.h"

#include "jose/certificate.h"
#include "jose/openssl.h"

/* In the order of the rows: form, x5t#S256, leaf key, chain, validity, host. */
static const char *const names[] = { "x5c form",  "x5t#S256",	  "x5c leaf key",
				     "x5c chain", "x5c validity", "x5c host" };
enum { N_NAMES = sizeof(names) / sizeof(names[0]) };

enum x5t { ABSENT, RIGHT, PADDED, OF_ANOTHER, TOO_SHORT };

static const struct row {
	const char *name, *x5c, *roots, *vault;
	int64_t now;
	enum x5t x5t;
	const char *verdicts; /* o: ok, f: failed, n: not possible, -: no such row */
	const char *says;
} rows[] = {
	{ "given leaf, middle and root, all is well", "LIR", "R", "https://" VAULT, Y2026, RIGHT,
	  "oooooo", "" },
	{ "given no root in x5c, all is well", "LI", "R", "https://" VAULT, Y2026, ABSENT, "onoooo",
	  "" },
	{ "given the middle last, all is well", "LRI", "R", "https://" VAULT, Y2026, RIGHT,
	  "oooooo", "" },
	{ "given a padded x5t#S256, it is compared all the same", "LI", "R", "https://" VAULT,
	  Y2026, PADDED, "oooooo", "" },
	{ "given no vault, the host is not possible", "LI", "R", NULL, Y2026, RIGHT, "ooooon", "" },
	{ "given the name by wildcard, it fits", "LI", "R", "https://a.hsm.example.test", Y2026,
	  RIGHT, "oooooo", "" },
	{ "given the address, it fits", "LI", "R", "https://127.0.0.1:8443", Y2026, RIGHT, "oooooo",
	  "" },
	{ "given two roots, either will do", "LI", "OR", "https://" VAULT, Y2026, RIGHT, "oooooo",
	  "" },
	{ "given ten certificates, they are read", "LIRRRRRRRR", "R", "https://" VAULT, Y2026,
	  RIGHT, "oooooo", "" },

	{ "given no middle, there is no chain", "LR", "R", "https://" VAULT, Y2026, RIGHT, "ooofoo",
	  "local issuer" },
	{ "given the root in x5c alone, it gives no trust", "LIR", "O", "https://" VAULT, Y2026,
	  RIGHT, "ooofoo", "self-signed" },
	{ "given the middle as only root, it is no anchor", "LI", "I", "https://" VAULT, Y2026,
	  RIGHT, "ooofoo", "issuer" },
	{ "given a changed signature, there is no chain", "FI", "R", "https://" VAULT, Y2026,
	  ABSENT, "onofoo", "signature failure" },
	{ "given a leaf for TLS clients, there is no chain", "CI", "R", "https://" VAULT, Y2026,
	  RIGHT, "ooofoo", "purpose" },
	{ "given a middle signed with SHA-1, there is no chain", "LS", "R", "https://" VAULT, Y2026,
	  RIGHT, "ooofoo", "too weak" },
	{ "given the leaf as its own issuer, there is no chain", "LL", "R", "https://" VAULT, Y2026,
	  RIGHT, "ooofoo", "issuer" },

	{ "given a second before the leaf begins, the time is wrong", "LI", "R", "https://" VAULT,
	  Y2025 - 1, RIGHT, "oooofo", "not yet valid" },
	{ "given the second in which it begins, all is well", "LI", "R", "https://" VAULT, Y2025,
	  RIGHT, "oooooo", "" },
	{ "given a second after the leaf ends, the time is wrong", "LI", "R", "https://" VAULT,
	  Y2030 + 1, RIGHT, "oooofo", "'leaf': certificate has expired" },
	{ "given an ended middle, the time is wrong", "LJ", "R", "https://" VAULT, Y2026, RIGHT,
	  "oooofo", "'middle': certificate has expired" },
	{ "given an ended and a good middle, the good one is taken", "LJI", "R", "https://" VAULT,
	  Y2026, RIGHT, "oooooo", "" },

	{ "given another name, the host is wrong", "LI", "R", "https://evil.example.test", Y2026,
	  RIGHT, "ooooof", "ostname mismatch" },
	{ "given a name below the name, the host is wrong", "LI", "R", "https://a." VAULT, Y2026,
	  RIGHT, "ooooof", "ostname mismatch" },
	{ "given two labels for the wildcard, the host is wrong", "LI", "R",
	  "https://a.b.hsm.example.test", Y2026, RIGHT, "ooooof", "ostname mismatch" },
	{ "given another address, the host is wrong", "LI", "R", "https://127.0.0.2", Y2026, RIGHT,
	  "ooooof", "IP address mismatch" },
	{ "given the name as common name alone, the host is wrong", "NI", "R", "https://" VAULT,
	  Y2026, RIGHT, "ooooof", "ostname mismatch" },

	{ "given x5t#S256 of another, that is wrong", "LI", "R", "https://" VAULT, Y2026,
	  OF_ANOTHER, "ofoooo", "x5t#S256" },
	{ "given x5t#S256 of 31 bytes, that is wrong", "LI", "R", "https://" VAULT, Y2026,
	  TOO_SHORT, "ofoooo", "x5t#S256" },

	{ "given RSA of 1024 bits, the key is wrong", "WI", "R", "https://" VAULT, Y2026, RIGHT,
	  "ooffoo", "RSA, 1024 bits" },
	{ "given an EC key, the key is wrong", "EI", "R", "https://" VAULT, Y2026, RIGHT, "oofooo",
	  "EC, 256 bits" },

	{ "given a second entry that is no DER, nothing is trusted", "Lx", "R", "https://" VAULT,
	  Y2026, RIGHT, "foo---", "1 of 2 are certificates" },
	{ "given everything wrong at once, each says so", "LR", "R", "https://evil.example.test",
	  Y2030 + 1, OF_ANOTHER, "ofofff", "x5t#S256" },
};

static char *x5t_of(int leaf, enum x5t how)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob der = x5c_der(how == OF_ANOTHER ? ROOT : leaf);
	uint8_t digest[KW_SHA256_SIZE];

	if (how == ABSENT)
		return NULL;
	kw_digest(KW_SHA256, kw_blob_bytes(&der), digest);
	return kw_base64_encode(how == PADDED ? KW_BASE64URL_PADDED : KW_BASE64URL,
				(struct kw_bytes){ digest, how == TOO_SHORT ? 31 : 32 });
}

static char verdict_of(const struct kw_checks *checks, const char *name)
{
	const struct kw_check *row = kw_checks_find(checks, name);

	if (!row)
		return '-';
	switch (row->verdict) {
	case KW_VERDICT_OK:
		return 'o';
	case KW_VERDICT_FAILED:
		return 'f';
	case KW_VERDICT_NOT_POSSIBLE:
		return 'n';
	}
	return '?';
}

static void judges(void **state)
{
	const struct row *row = *state;
	KW_CLEANUP(kw_json_freep) struct kw_json *x5c = x5c_json(row->x5c);
	KW_CLEANUP(kw_blob_clear) struct kw_blob pem = x5c_pem(row->roots);
	KW_CLEANUP(freep) char *x5t = x5t_of(row->x5c[0], row->x5t);
	KW_CLEANUP(kw_signer_roots_freep) struct kw_signer_roots *roots = NULL;
	KW_CLEANUP(kw_public_key_freep) struct kw_public_key *key = NULL;
	struct kw_origin vault = { 0 };
	struct kw_checks checks = { 0 };
	struct kw_error err = { 0 };
	char found[N_NAMES + 1] = "";

	assert_int_equal(kw_signer_roots_parse(kw_blob_bytes(&pem), &roots, &err), 0);
	assert_true(!row->vault || kw_origin_parse(row->vault, &vault, NULL));
	assert_int_equal(kw_x5c_judge(x5c, x5t, roots, row->vault ? &vault : NULL, row->now,
				      &checks, &key, &err),
			 0);
	for (size_t i = 0; i < N_NAMES; i++)
		found[i] = verdict_of(&checks, names[i]);
	assert_string_equal(found, row->verdicts);
	assert_int_equal(kw_checks_result(&checks, 0, &err), strchr(found, 'f') ? -1 : 0);
	assert_non_null(strstr(err.detail, row->says));
	assert_int_equal(key != NULL, row->verdicts[2] == 'o');
	if (key)
		assert_int_equal(EVP_PKEY_eq(key->pkey, leaf_key), 1);
}

static const struct none_row {
	const char *name, *x5c; /* letters, or JSON if it begins with a bracket or quote */
} none_rows[] = {
	{ "given no x5c, there is no leaf", "null" },
	{ "given an empty list, there is no leaf", "[]" },
	{ "given a text, there is no leaf", "\"MII\"" },
	{ "given an object, there is no leaf", "{\"x5c\":\"MII\"}" },
	{ "given a number as entry, there is no leaf", "[1]" },
	{ "given a first entry that is no DER, there is no leaf", "xI" },
	{ "given a byte behind the leaf, there is no leaf", "tI" },
	{ "given eleven entries, none is read", "LIRRRRRRRRR" },
};

static void refuses_without_leaf(void **state)
{
	const struct none_row *row = *state;
	bool is_json = strchr("n[\"{", row->x5c[0]) != NULL;
	KW_CLEANUP(kw_json_freep)
	struct kw_json *x5c = is_json ? given_json(row->x5c) : x5c_json(row->x5c);
	KW_CLEANUP(kw_blob_clear) struct kw_blob pem = x5c_pem("R");
	KW_CLEANUP(kw_signer_roots_freep) struct kw_signer_roots *roots = NULL;
	struct kw_public_key *key = NULL;
	struct kw_checks checks = { 0 };
	struct kw_error err = { 0 };

	assert_int_equal(kw_signer_roots_parse(kw_blob_bytes(&pem), &roots, &err), 0);
	assert_int_equal(kw_x5c_judge(x5c, NULL, roots, NULL, Y2026, &checks, &key, &err), -1);
	assert_true(kw_error_is(&err, KW_E_REL_JWS_FORM));
	assert_null(key);
	assert_int_equal(verdict_of(&checks, "x5c form"), 'f');
}

static void names_the_missing_bundle(void **state)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *x5c = x5c_json("LI");
	KW_CLEANUP(kw_public_key_freep) struct kw_public_key *key = NULL;
	struct kw_signer_roots none = { X509_STORE_new(), "'/etc/bundle' is not there" };
	struct kw_checks checks = { 0 };
	struct kw_error err = { 0 };

	(void)state;
	assert_int_equal(kw_x5c_judge(x5c, NULL, &none, NULL, Y2026, &checks, &key, &err), 0);
	assert_int_equal(kw_checks_result(&checks, 0, &err), -1);
	assert_true(kw_error_is(&err, KW_E_REL_JWS_CHAIN));
	assert_non_null(strstr(err.detail, "'/etc/bundle' is not there"));
	X509_STORE_free(none.store);
}

int main(void)
{
	static const struct {
		const char *name;
	} once[] = { { "given no system bundle, the chain says so" } };

	x5c_pki_make();
	int failed = KW_ROWS_RUN(rows, judges) + KW_ROWS_RUN(none_rows, refuses_without_leaf)
		     + KW_ROWS_RUN(once, names_the_missing_bundle);
	x5c_pki_free();
	return failed;
}
