/* SPDX-License-Identifier: Apache-2.0 */
#include "jose.h"
#include "maa.h"
#include "pki.h"
#include "platform.h"
#include "site.h"
#include "util/text.h"

#include <openssl/pem.h>
#include <string.h>

enum { JTI_SIZE = 32, FUTURE_S = 3600 };

/* The attestation policy of the instance; its hash is a claim. */
#define POLICY "version=1.0;authorizationrules{=>permit();};issuancerules{};"

static void add_hex(struct kw_json *object, const char *name, struct kw_bytes value)
{
	struct kw_blob text = kw_blob_new(2 * value.len);

	kw_hex_encode(value, (char *)text.data);
	kw_json_add_string(object, name, (const char *)text.data);
	kw_blob_clear(&text);
}

static void add_times(struct kw_json *claims)
{
	struct lab_fault fault;
	int64_t now = lab_now_s();
	int64_t life = lab_site.options->token_life_s;

	if (lab_fault_take(LAB_MAA, "token-expired", &fault))
		now -= life + FUTURE_S;
	if (lab_fault_take(LAB_MAA, "token-future", &fault))
		now += FUTURE_S;
	kw_json_add_int(claims, "iat", now);
	kw_json_add_int(claims, "nbf", now);
	if (!lab_tampered(LAB_MAA, "no-exp"))
		kw_json_add_int(claims, "exp", now + life);
}

static void add_policy_hash(struct kw_json *claims)
{
	KW_CLEANUP(freep) char *text = lab_b64url(kw_bytes_text(POLICY));
	uint8_t digest[LAB_SHA256_SIZE];

	lab_sha256(kw_bytes_text(text), digest);
	lab_add_b64url(claims, "x-ms-policy-hash", KW_BYTES(digest));
}

static void add_machine(struct kw_json *claims, const struct lab_evidence *evidence,
			bool secure_boot)
{
	static const struct {
		const char *name;
		bool value;
	} flags[] = {
		{ "bootdebug-enabled", false },
		{ "dbvalidated", true },
		{ "dbxvalidated", true },
		{ "debuggersdisabled", true },
		{ "elam-enabled", false },
		{ "flightsigning-enabled", false },
		{ "hypervisordebug-enabled", false },
		{ "is-windows", false },
		{ "kerneldebug-enabled", false },
		{ "signingdisabled", true },
		{ "testsigning-enabled", false },
	};
	struct kw_json *pcrs;

	kw_json_add_bool(claims, "secureboot", secure_boot);
	kw_json_add_string(claims, "x-ms-azurevm-attestation-protocol-ver", "2.0");
	pcrs = kw_json_add_array(claims, "x-ms-azurevm-attested-pcrs");
	for (int i = 0; i < LAB_N_PCRS; i++)
		kw_json_add_int(pcrs, NULL, i);
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		KW_CLEANUP(freep) char *name = kw_format("x-ms-azurevm-%s", flags[i].name);

		kw_json_add_bool(claims, name, flags[i].value);
	}
	kw_json_add_bool(claims, "x-ms-azurevm-default-securebootkeysvalidated", secure_boot);
	kw_json_add_string(claims, "x-ms-azurevm-osbuild", evidence->os_build);
	kw_json_add_string(claims, "x-ms-azurevm-osdistro", evidence->os_distro);
	kw_json_add_string(claims, "x-ms-azurevm-ostype", evidence->os_type);
	kw_json_add_int(claims, "x-ms-azurevm-osversion-major", evidence->os_major);
	kw_json_add_int(claims, "x-ms-azurevm-osversion-minor", evidence->os_minor);
	kw_json_add_string(claims, "x-ms-azurevm-vmid", lab_platform_vm_id());
}

void lab_maa_add_snp(struct kw_json *tee, const struct lab_snp *r)
{
	bool debug = (r->policy >> 19 & 1) != 0 || lab_tampered(LAB_MAA, "debuggable");
	uint8_t report_data[64];

	memcpy(report_data, r->report_data.data, sizeof(report_data));
	report_data[0] ^= lab_tampered(LAB_MAA, "reportdata") ? 1 : 0;
	add_hex(tee, "x-ms-sevsnpvm-authorkeydigest", r->author_key_digest);
	kw_json_add_int(tee, "x-ms-sevsnpvm-bootloader-svn", r->spl_boot);
	add_hex(tee, "x-ms-sevsnpvm-familyId", r->family_id);
	kw_json_add_int(tee, "x-ms-sevsnpvm-guestsvn", r->guest_svn);
	add_hex(tee, "x-ms-sevsnpvm-hostdata", r->host_data);
	add_hex(tee, "x-ms-sevsnpvm-idkeydigest", r->id_key_digest);
	add_hex(tee, "x-ms-sevsnpvm-imageId", r->image_id);
	kw_json_add_bool(tee, "x-ms-sevsnpvm-is-debuggable", debug);
	add_hex(tee, "x-ms-sevsnpvm-launchmeasurement", r->measurement);
	kw_json_add_int(tee, "x-ms-sevsnpvm-microcode-svn", r->spl_microcode);
	kw_json_add_bool(tee, "x-ms-sevsnpvm-migration-allowed", (r->policy >> 18 & 1) != 0);
	add_hex(tee, "x-ms-sevsnpvm-reportdata", KW_BYTES(report_data));
	add_hex(tee, "x-ms-sevsnpvm-reportid", r->report_id);
	kw_json_add_bool(tee, "x-ms-sevsnpvm-smt-allowed", (r->policy >> 16 & 1) != 0);
	kw_json_add_int(tee, "x-ms-sevsnpvm-snpfw-svn", r->spl_snp);
	kw_json_add_int(tee, "x-ms-sevsnpvm-tee-svn", r->spl_tee);
	kw_json_add_int(tee, "x-ms-sevsnpvm-vmpl", r->vmpl);
}

static struct kw_json *key_entry(const char *kid, const char *operation, EVP_PKEY *key)
{
	struct kw_json *entry = kw_json_new_object();

	kw_json_add_string(entry, "kid", kid);
	kw_json_add_string(entry, "kty", "RSA");
	kw_json_add_string(kw_json_add_array(entry, "key_ops"), NULL, operation);
	lab_jwk_add_public(entry, key);
	return entry;
}

/* The runtime data of the HCL report, or one with a foreign HCLAkPub. */
static struct kw_json *hcl_runtime(const struct lab_findings *findings)
{
	const struct lab_pair *foreign;
	struct kw_json *runtime;

	if (!lab_tampered(LAB_MAA, "ak"))
		return kw_json_copy(findings->runtime);
	foreign = lab_pki_late(&lab_pki.evil_maa);
	runtime = kw_json_new_object();
	kw_json_add(kw_json_add_array(runtime, "keys"), NULL,
		    key_entry("HCLAkPub", "sign", foreign->key));
	return runtime;
}

/* The key that a vault wraps to is the first of the list that is for encryption. */
static void add_wrapping_keys(struct kw_json *keys, EVP_PKEY *key)
{
	const char *operation = lab_tampered(LAB_MAA, "wrapping-key-use") ? "sign" : "encrypt";
	struct lab_fault fault;

	if (lab_tampered(LAB_MAA, "wrapping-key-second"))
		kw_json_add(keys, NULL,
			    key_entry("Another", "encrypt", lab_pki_late(&lab_pki.evil_maa)->key));
	if (lab_fault_take(LAB_MAA, "token-wrapping-key", &fault))
		key = lab_pki_late(&lab_pki.evil_maa)->key;
	kw_json_add(keys, NULL, key_entry("TpmEphemeralEncryptionKey", operation, key));
}

static void add_runtime(struct kw_json *claims, const struct lab_evidence *evidence,
			const struct lab_findings *findings)
{
	struct kw_json *runtime = kw_json_add_object(claims, "x-ms-runtime");
	struct lab_fault fault;

	if (lab_fault_take(LAB_MAA, "token-payload", &fault)) {
		lab_add_b64(kw_json_add_object(runtime, "client-payload"), "nonce",
			    kw_bytes_text("somebody else's nonce"));
	} else if (evidence->payload != NULL) {
		kw_json_add(runtime, "client-payload", kw_json_copy(evidence->payload));
	}
	add_wrapping_keys(kw_json_add_array(runtime, "keys"), findings->key);
}

struct kw_json *lab_maa_claims_new(const char *type)
{
	struct kw_json *claims = kw_json_new_object();
	KW_CLEANUP(freep) char *jti = lab_random_hex(JTI_SIZE);

	kw_json_add_string(claims, "iss",
			   lab_tampered(LAB_MAA, "iss") ? "https://evil.attest.example"
							: lab_site.maa);
	add_times(claims);
	kw_json_add_string(claims, "jti", jti);
	kw_json_add_string(claims, "x-ms-ver", "1.0");
	kw_json_add_string(claims, "x-ms-attestation-type",
			   lab_tampered(LAB_MAA, "type") ? "tpm" : type);
	add_policy_hash(claims);
	return claims;
}

struct kw_json *lab_maa_claims(const struct lab_evidence *evidence,
			       const struct lab_findings *findings)
{
	struct kw_json *claims = lab_maa_claims_new("azurevm");
	struct kw_json *tee;

	add_machine(claims, evidence, findings->secure_boot);
	tee = kw_json_add_object(claims, "x-ms-isolation-tee");
	kw_json_add_string(tee, "x-ms-attestation-type",
			   lab_tampered(LAB_MAA, "tee-type") ? "tdxvm" : "sevsnpvm");
	kw_json_add_string(tee, "x-ms-compliance-status", "azure-compliant-cvm");
	kw_json_add(tee, "x-ms-runtime", hcl_runtime(findings));
	lab_maa_add_snp(tee, &findings->snp);
	add_runtime(claims, evidence, findings);
	return claims;
}

/* SubjectPublicKeyInfo in PEM with one NUL behind: what the kid is the hash of. */
static struct kw_blob public_pem(EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;
	long len;
	struct kw_blob pem;

	if (PEM_write_bio_PUBKEY(bio, key) != 1)
		lab_die("a public key cannot be written");
	len = BIO_get_mem_data(bio, &text);
	pem = kw_blob_copy((struct kw_bytes){ (const uint8_t *)text, (size_t)len });
	kw_blob_append(&pem, KW_BYTES((const uint8_t[]){ 0 }));
	BIO_free(bio);
	return pem;
}

char *lab_maa_kid(void)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob pem = public_pem(lab_pki.maa.key);
	uint8_t digest[LAB_SHA256_SIZE];

	lab_sha256(kw_blob_bytes(&pem), digest);
	return lab_b64(KW_BYTES(digest));
}

static struct kw_json *header(const char *algorithm)
{
	struct kw_json *members = kw_json_new_object();
	KW_CLEANUP(freep) char *kid = lab_maa_kid();
	KW_CLEANUP(freep)
	char *jku =
		kw_format("%s/certs", lab_tampered(LAB_MAA, "jku") ? "https://evil.attest.example"
								   : lab_site.maa);

	kw_json_add_string(members, "alg", algorithm);
	kw_json_add_string(members, "jku", jku);
	kw_json_add_string(members, "kid", lab_tampered(LAB_MAA, "kid") ? "unknown" : kid);
	kw_json_add_string(members, "typ", "JWT");
	if (lab_tampered(LAB_MAA, "crit"))
		kw_json_add_string(kw_json_add_array(members, "crit"), NULL, "exp");
	return members;
}

/* Signed as the faults want it: with nothing, with the public key as HMAC key, with a foreign key.
 */
static char *sign_bent(const struct kw_json *claims)
{
	struct lab_fault fault;
	bool none = lab_fault_take(LAB_MAA, "token-alg-none", &fault);
	bool hmac = !none && lab_tampered(LAB_MAA, "alg-hs256");
	bool foreign = lab_fault_take(LAB_MAA, "token-foreign-key", &fault);
	bool named_none = none || lab_tampered(LAB_MAA, "alg-none");
	KW_CLEANUP(kw_json_freep)
	struct kw_json *head = header(named_none ? "none" : hmac ? "HS256" : "RS256");
	KW_CLEANUP(freep) char *input = lab_jws_input(head, claims);
	KW_CLEANUP(kw_blob_clear) struct kw_blob pem = public_pem(lab_pki.maa.key);

	if (none)
		return kw_format("%s.", input);
	if (hmac)
		return lab_jws_hmac(input, (struct kw_bytes){ pem.data, pem.len - 1 });
	return lab_jws_sign(input,
			    foreign ? lab_pki_late(&lab_pki.evil_maa)->key : lab_pki.maa.key);
}

char *lab_maa_token(const struct kw_json *claims)
{
	char *token = sign_bent(claims);

	if (lab_tampered(LAB_MAA, "signature")) {
		char *at = strrchr(token, '.') + 1;

		*at = *at == 'A' ? 'B' : 'A';
	}
	if (lab_tampered(LAB_MAA, "four-parts")) {
		char *longer = kw_format("%s.AAAA", token);

		free(token);
		token = longer;
	}
	return token;
}
