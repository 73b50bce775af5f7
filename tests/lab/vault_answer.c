/* SPDX-License-Identifier: Apache-2.0 */
/* The release answer: wrapped key, payload, signature (key release 4.3, 4.5, 4.6). Faults bend each
 * of them. */
#include "keep.h"
#include "pki.h"
#include "site.h"
#include "util/text.h"
#include "vault.h"

#include <openssl/x509.h>
#include <string.h>

enum { AES_KEY_SIZE = 32, WRONG_AES_KEY_SIZE = 16 };

static const struct {
	const char *enc, *digest;
} encs[] = {
	{ "CKM_RSA_AES_KEY_WRAP", "SHA1" },
	{ "RSA_AES_KEY_WRAP_256", "SHA256" },
	{ "RSA_AES_KEY_WRAP_384", "SHA384" },
};
enum { N_ENCS = sizeof(encs) / sizeof(encs[0]) };

const char *lab_enc_digest(const char *enc)
{
	for (size_t i = 0; i < N_ENCS; i++)
		if (strcmp(encs[i].enc, enc) == 0)
			return encs[i].digest;
	return NULL;
}

/* Any of the others. */
static const char *other_enc(const char *enc)
{
	return strcmp(encs[0].enc, enc) == 0 ? encs[1].enc : encs[0].enc;
}

static bool fault(const char *kind)
{
	struct lab_fault taken;

	return lab_fault_take(LAB_VAULT, kind, &taken);
}

static bool tampered(const char *field)
{
	return lab_tampered(LAB_VAULT, field);
}

/* PrivateKeyInfo, DER. */
static struct kw_blob pkcs8(EVP_PKEY *key)
{
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
	uint8_t *der = NULL;
	int len = info != NULL ? i2d_PKCS8_PRIV_KEY_INFO(info, &der) : -1;
	struct kw_blob out;

	if (len <= 0)
		lab_die("a key cannot be encoded");
	out = kw_blob_copy((struct kw_bytes){ der, (size_t)len });
	OPENSSL_clear_free(der, (size_t)len);
	PKCS8_PRIV_KEY_INFO_free(info);
	return out;
}

/* Another key of the same type and size. */
static struct kw_blob foreign_material(const struct lab_key *key)
{
	EVP_PKEY *other;
	struct kw_blob out;

	if (key->pkey == NULL)
		return lab_random(key->oct.len);
	other = EVP_PKEY_get_base_id(key->pkey) == EVP_PKEY_RSA
			? lab_rsa_generate((unsigned)EVP_PKEY_get_bits(key->pkey))
			: lab_ec_generate_like(key->pkey);
	out = pkcs8(other);
	EVP_PKEY_free(other);
	return out;
}

static struct kw_blob material(const struct lab_key *key)
{
	struct kw_blob out;

	if (tampered("other-key"))
		return foreign_material(key);
	out = key->pkey != NULL ? pkcs8(key->pkey) : kw_blob_copy(kw_blob_bytes(&key->oct));
	if (tampered("pkcs8-trailing"))
		kw_blob_append(&out, KW_BYTES((const uint8_t[]){ 0 }));
	return out;
}

static struct kw_blob ciphertext(const struct lab_release *release)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob plain = material(release->key);
	KW_CLEANUP(kw_blob_clear)
	struct kw_blob aes =
		lab_random(tampered("aes-key-size") ? WRONG_AES_KEY_SIZE : AES_KEY_SIZE);
	KW_CLEANUP(kw_blob_clear)
	struct kw_blob wrapped = lab_kwp_wrap(kw_blob_bytes(&aes), kw_blob_bytes(&plain));
	struct kw_blob out = lab_rsa_encrypt(release->wrapping.key, lab_enc_digest(release->enc),
					     kw_blob_bytes(&aes));
	KW_CLEANUP(kw_blob_clear) struct kw_blob modulus = lab_rsa_modulus(release->wrapping.key);
	KW_CLEANUP(freep) char *modulus_text = kw_format("%*s", (int)(2 * modulus.len), "");
	size_t modulus_size = out.len;

	kw_blob_append(&out, kw_blob_bytes(&wrapped));
	kw_hex_encode(kw_blob_bytes(&modulus), modulus_text);
	lab_keep_line("wrapping-keys", modulus_text);
	lab_keep_bytes("last-wrapped", kw_blob_bytes(&out));
	if (fault("ciphertext"))
		out.data[out.len - 1] ^= 1;
	if (tampered("ciphertext-short"))
		out.len = modulus_size + 8;
	if (tampered("ciphertext-odd"))
		out.len--;
	return out;
}

static const char *enc_of_key(const struct lab_release *release)
{
	if (tampered("key-hsm-enc-unknown"))
		return "ROT13";
	return tampered("key-hsm-enc") ? other_enc(release->enc) : release->enc;
}

char *lab_key_hsm(const struct lab_release *release)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *root = kw_json_new_object();
	KW_CLEANUP(kw_blob_clear) struct kw_blob wrapped = ciphertext(release);
	KW_CLEANUP(freep) char *text = NULL;
	struct kw_json *header;

	kw_json_add_string(root, "schema_version", tampered("schema") ? "2.0" : "1.0");
	header = kw_json_add_object(root, "header");
	kw_json_add_string(header, "kid",
			   tampered("wrapping-kid") ? "another" : release->wrapping.kid);
	kw_json_add_string(header, "alg", "dir");
	kw_json_add_string(header, "enc", enc_of_key(release));
	lab_add_b64url(root, "ciphertext", kw_blob_bytes(&wrapped));
	text = kw_json_print(root);
	return lab_b64url(kw_bytes_text(text));
}

static void add_request(struct kw_json *payload, const struct lab_release *release)
{
	struct kw_json *request = kw_json_add_object(payload, "request");
	KW_CLEANUP(freep)
	char *kid = lab_key_id(release->key->store,
			       tampered("request-kid") ? "another" : release->key->name,
			       release->asked_version);

	kw_json_add_string(request, "api-version", release->api_version);
	kw_json_add_string(request, "enc",
			   fault("jws-enc") ? other_enc(release->enc) : release->enc);
	kw_json_add_string(request, "kid", kid);
	if (fault("jws-nonce"))
		kw_json_add_string(request, "nonce", "somebody else's");
	else if (release->nonce != NULL && !tampered("no-nonce"))
		kw_json_add_string(request, "nonce", release->nonce);
}

/* The kid of the answer: always versioned. */
static char *response_kid(const struct lab_key *key)
{
	if (fault("jws-kid"))
		return kw_format("https://evil.vault.example/keys/%s/%s", key->name, key->version);
	return lab_key_id(key->store, tampered("response-name") ? "another" : key->name,
			  tampered("response-kid") ? "ffffffffffffffffffffffffffffffff"
						   : key->version);
}

static struct kw_json *response_key(const struct lab_release *release)
{
	const struct lab_key *key = release->key;
	struct kw_json *jwk = kw_json_new_object();
	KW_CLEANUP(freep) char *kid = response_kid(key);
	KW_CLEANUP(freep) char *wrapped = lab_key_hsm(release);

	kw_json_add_string(jwk, "kid", kid);
	kw_json_add_string(jwk, "kty", tampered("kty") ? "OKP" : key->kty);
	if (key->key_ops != NULL)
		kw_json_add(jwk, "key_ops", kw_json_copy(key->key_ops));
	if (tampered("public-form"))
		kw_json_add_string(jwk, "n", "not base64url!");
	else if (key->pkey != NULL && !tampered("public-missing"))
		lab_jwk_add_public(jwk, key->pkey);
	kw_json_add_string(jwk, "key_hsm", wrapped);
	return jwk;
}

/* The properties of the key, or the same for a disabled one. */
static void add_properties(struct kw_json *bundle, const struct lab_key *key)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *all = kw_json_new_object();
	bool disabled = tampered("disabled");

	lab_key_add_properties(all, key);
	for (const struct kw_json *one = kw_json_first(all); one != NULL; one = kw_json_next(one)) {
		if (!disabled || strcmp(kw_json_name(one), "attributes") != 0) {
			kw_json_add(bundle, kw_json_name(one), kw_json_copy(one));
			continue;
		}
		kw_json_add_bool(kw_json_add_object(bundle, "attributes"), "enabled", false);
	}
}

static struct kw_json *payload_of(const struct lab_release *release)
{
	struct kw_json *payload = kw_json_new_object();
	struct kw_json *bundle;

	add_request(payload, release);
	bundle = kw_json_add_object(kw_json_add_object(payload, "response"), "key");
	kw_json_add(bundle, "key", response_key(release));
	add_properties(bundle, release->key);
	return payload;
}

/* What lab_pki_signer_for() is to give. */
static const char *signer_due(void)
{
	static const struct {
		const char *field, *deviation;
	} bends[] = {
		{ "jws-expired", "expired" },
		{ "jws-usage", "wrong-usage" },
		{ "jws-leaf-weak", "weak" },
	};

	if (fault("jws-chain"))
		return "chain";
	if (fault("jws-host"))
		return "host";
	for (size_t i = 0; i < sizeof(bends) / sizeof(bends[0]); i++)
		if (tampered(bends[i].field))
			return bends[i].deviation;
	return NULL;
}

static struct lab_signer signer(void)
{
	struct lab_signer found = lab_pki_signer_for(signer_due());

	if (tampered("jws-leaf-only")) {
		found.ca = NULL;
		found.root = NULL;
	}
	return found;
}

static void add_certificate(struct kw_json *list, X509 *cert)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob der = { 0 };

	if (cert == NULL)
		return;
	der = lab_cert_der(cert);
	lab_add_b64(list, NULL, kw_blob_bytes(&der));
}

/* The kid is opaque: the SHA-1 of the leaf at a vault, its SHA-256 at a Managed HSM. */
static void add_thumbprints(struct kw_json *header, X509 *leaf, enum lab_store store)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob der = lab_cert_der(leaf);
	uint8_t sha1[LAB_SHA1_SIZE], sha256[LAB_SHA256_SIZE];
	char kid[2 * LAB_SHA256_SIZE + 1];

	lab_sha1(kw_blob_bytes(&der), sha1);
	lab_sha256(kw_blob_bytes(&der), sha256);
	kw_hex_encode(store == LAB_MANAGED_HSM ? KW_BYTES(sha256) : KW_BYTES(sha1), kid);
	for (char *at = kid; *at != '\0'; at++)
		if (*at >= 'a')
			*at = (char)(*at - 'a' + 'A');
	sha256[0] ^= tampered("jws-x5t") ? 1 : 0;
	kw_json_add_string(header, "kid", kid);
	lab_add_b64url(header, "x5t", KW_BYTES(sha1));
	lab_add_b64url(header, "x5t#S256", KW_BYTES(sha256));
}

static void add_chain(struct kw_json *header, const struct lab_signer *by)
{
	struct kw_json *chain = kw_json_add_array(header, "x5c");

	add_certificate(chain, by->leaf.cert);
	if (tampered("jws-x5c-form"))
		kw_json_add_string(chain, NULL, "not a certificate");
	add_certificate(chain, by->ca);
	add_certificate(chain, by->root);
}

char *lab_release_jws(const struct lab_release *release)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *payload = payload_of(release);
	KW_CLEANUP(kw_json_freep) struct kw_json *header = kw_json_new_object();
	KW_CLEANUP(freep) char *input = NULL;
	struct lab_signer by = signer();
	char *jws;

	kw_json_add_string(header, "alg", tampered("jws-alg") ? "RS512" : "RS256");
	kw_json_add_string(header, "typ", "JWT");
	add_thumbprints(header, by.leaf.cert, release->key->store);
	if (!tampered("jws-no-x5c"))
		add_chain(header, &by);
	if (tampered("jws-crit"))
		kw_json_add_string(kw_json_add_array(header, "crit"), NULL, "exp");
	input = lab_jws_input(header, payload);
	jws = lab_jws_sign(input, by.leaf.key);
	if (tampered("jws-signature")) {
		char *at = strrchr(jws, '.') + 1;

		*at = *at == 'A' ? 'B' : 'A';
	}
	if (tampered("jws-four-parts")) {
		char *longer = kw_format("%s.AAAA", jws);

		free(jws);
		jws = longer;
	}
	return jws;
}
