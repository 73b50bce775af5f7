/* SPDX-License-Identifier: Apache-2.0 */
/* Chains in the shape of AMD's that nobody should believe: one deviation each. */
#include "pki_amd.h"
#include "util/text.h"

#include <openssl/x509v3.h>
#include <pthread.h>
#include <string.h>

static X509 *shared(X509 *cert)
{
	lab_crypto_must(X509_up_ref(cert), "sharing a certificate");
	return cert;
}

/* The same names and the machine's own VCEK key: only the trust is missing. */
void lab_amd_make_evil(void)
{
	enum lab_product product = lab_leaf_of_machine().product;
	lab_pki.evil_ark.key = lab_key_rsa_quick(4096);
	lab_pki.evil_ark.cert =
		lab_authority_make(product, "ARK", lab_pki.evil_ark.key, NULL, NULL);
	lab_pki.evil_ask.key = lab_key_rsa_quick(4096);
	lab_pki.evil_ask.cert =
		lab_authority_make(product, "SEV", lab_pki.evil_ask.key, &lab_pki.evil_ark, NULL);
	lab_crypto_must(EVP_PKEY_up_ref(lab_pki.vcek.key), "sharing a key");
	lab_pki.evil_vcek.key = lab_pki.vcek.key;
	struct lab_leaf leaf = lab_leaf_of_machine();
	leaf.issuer = &lab_pki.evil_ask;
	lab_pki.evil_vcek.cert = lab_leaf_make(&leaf, NULL);
}

/* --- the leaf -------------------------------------------------------------------------------- */

static enum lab_product other_product(void)
{
	return lab_leaf_of_machine().product == LAB_MILAN ? LAB_GENOA : LAB_MILAN;
}

/* Keys of bent leaves are made once and stay: a form only borrows its key. */
static EVP_PKEY *once(EVP_PKEY **place, const char *curve)
{
	if (!*place)
		*place = lab_key_ec(curve);
	return *place;
}

static void leaf_chip(struct lab_leaf *leaf)
{
	static const uint8_t other[LAB_AMD_CHIP_ID_SIZE] = { 'o', 't', 'h', 'e', 'r' };
	leaf->hardware = other;
}

static void leaf_tcb(struct lab_leaf *leaf)
{
	leaf->snp--;
}

static void leaf_no_tcb(struct lab_leaf *leaf)
{
	leaf->left_out = "3.";
}

static void leaf_part_of_tcb(struct lab_leaf *leaf)
{
	leaf->left_out = "3.8";
}

static void leaf_expired(struct lab_leaf *leaf)
{
	leaf->not_after = lab_days(-1);
}

static void leaf_not_yet(struct lab_leaf *leaf)
{
	leaf->not_before = lab_days(30);
}

static void leaf_sha256(struct lab_leaf *leaf)
{
	leaf->signature = LAB_PSS_SHA256;
}

static void leaf_p256(struct lab_leaf *leaf)
{
	static EVP_PKEY *key;
	leaf->key = once(&key, "P-256");
}

static void leaf_key(struct lab_leaf *leaf)
{
	static EVP_PKEY *key;
	leaf->key = once(&key, "P-384");
}

static void leaf_product(struct lab_leaf *leaf)
{
	leaf->product = other_product();
}

static void leaf_unknown_product(struct lab_leaf *leaf)
{
	leaf->product_name = "Rome";
}

static void leaf_issuer(struct lab_leaf *leaf)
{
	leaf->issuer = lab_pki_late(&lab_pki.evil_ask);
}

/* --- the chain ------------------------------------------------------------------------------- */

static void replace(X509 **place, X509 *with)
{
	X509_free(*place);
	*place = with;
}

static void flip(X509 **place)
{
	replace(place, lab_certificate_flipped(*place));
}

static void flip_leaf(struct lab_amd_set *set)
{
	flip(&set->leaf);
}

static void flip_ask(struct lab_amd_set *set)
{
	flip(&set->ask);
}

static void flip_ark(struct lab_amd_set *set)
{
	flip(&set->ark);
}

/* The ASK's form with the machine's names and keys, to be changed. */
static struct lab_certificate_form ask_form(const char *cn)
{
	return lab_authority(lab_leaf_of_machine().product, cn, lab_pki.ask.key, &lab_pki.ark);
}

/* In the place of the ASK; the leaf is issued anew by it, so that all signatures hold. */
static void replace_ask(struct lab_amd_set *set, const struct lab_certificate_form *form,
			EVP_PKEY *key)
{
	struct lab_leaf leaf = lab_leaf_of_machine();
	replace(&set->ask, lab_certificate_make(form));
	struct lab_pair issuer = { key, set->ask };
	leaf.issuer = &issuer;
	replace(&set->leaf, lab_leaf_make(&leaf, NULL));
}

static char *ask_name(void)
{
	return kw_format("SEV-%s", lab_product_name(lab_leaf_of_machine().product));
}

static void weaken_ask(struct lab_amd_set *set)
{
	KW_CLEANUP(freep) char *cn = ask_name();
	struct lab_certificate_form form = ask_form(cn);
	form.key = lab_pki.vtpm_ca.key; /* of 2048 bits */
	replace_ask(set, &form, form.key);
}

static void rename_ask(struct lab_amd_set *set)
{
	KW_CLEANUP(freep) char *cn = ask_name();
	struct lab_certificate_form form = ask_form(cn);
	form.organization = "Another Maker of Devices";
	replace_ask(set, &form, form.key);
}

static void demote_ask(struct lab_amd_set *set)
{
	static const struct lab_extension no_authority[] = {
		{ .nid = NID_basic_constraints, .value = "critical,CA:FALSE" },
	};
	KW_CLEANUP(freep) char *cn = ask_name();
	struct lab_certificate_form form = ask_form(cn);
	form.extensions = no_authority;
	form.n_extensions = 1;
	replace_ask(set, &form, form.key);
}

static void forge_ask(struct lab_amd_set *set)
{
	replace(&set->ask, shared(lab_pki_late(&lab_pki.evil_ask)->cert));
}

static void sign_ark_with_sha256(struct lab_amd_set *set)
{
	enum lab_product product = lab_leaf_of_machine().product;
	KW_CLEANUP(freep) char *cn = kw_format("ARK-%s", lab_product_name(product));
	struct lab_certificate_form form = lab_authority(product, cn, lab_pki.ark.key, NULL);
	form.signature = LAB_PSS_SHA256;
	replace(&set->ark, lab_certificate_make(&form));
}

static void remove_ark(struct lab_amd_set *set)
{
	replace(&set->ark, NULL);
}

/* Complete, with the machine's own VCEK key, and trusted by nobody. */
static void forge_all(struct lab_amd_set *set)
{
	replace(&set->leaf, shared(lab_pki_late(&lab_pki.evil_vcek)->cert));
	replace(&set->ask, shared(lab_pki.evil_ask.cert));
	replace(&set->ark, shared(lab_pki.evil_ark.cert));
}

/* The chain of another product, which has nothing to do with this machine. */
static void take_other_chain(struct lab_amd_set *set)
{
	const struct lab_pair *evil_ark = lab_pki_late(&lab_pki.evil_ark);
	replace(&set->ark, lab_authority_make(other_product(), "ARK", evil_ark->key, NULL, NULL));
	struct lab_pair root = { evil_ark->key, set->ark };
	replace(&set->ask,
		lab_authority_make(other_product(), "SEV", lab_pki.evil_ask.key, &root, NULL));
}

/* --- what is due ----------------------------------------------------------------------------- */

static const struct {
	const char *field;
	void (*bend)(struct lab_leaf *leaf);
} leaf_bends[] = {
	{ "vcek-foreign-chip", leaf_chip },
	{ "vcek-tcb", leaf_tcb },
	{ "vcek-no-tcb", leaf_no_tcb },
	{ "vcek-part-of-tcb", leaf_part_of_tcb },
	{ "vcek-expired", leaf_expired },
	{ "vcek-not-yet", leaf_not_yet },
	{ "vcek-sha256", leaf_sha256 },
	{ "vcek-p256", leaf_p256 },
	{ "vcek-foreign-key", leaf_key },
	{ "vcek-product", leaf_product },
	{ "vcek-unknown-product", leaf_unknown_product },
	{ "vcek-foreign-issuer", leaf_issuer },
};

static const struct {
	const char *field;
	void (*bend)(struct lab_amd_set *set);
} set_bends[] = {
	{ "chain-foreign", forge_all },
	{ "product", take_other_chain },
	{ "ask-foreign", forge_ask },
	{ "ask-form", weaken_ask },
	{ "ask-name", rename_ask },
	{ "ask-no-authority", demote_ask },
	{ "ark-form", sign_ark_with_sha256 },
	{ "vcek-signature", flip_leaf },
	{ "ask-signature", flip_ask },
	{ "ark-self-signature", flip_ark },
	{ "no-root", remove_ark },
};

static X509 *leaf_due(void)
{
	struct lab_leaf leaf = lab_leaf_of_machine();
	bool bent = false;
	for (size_t i = 0; i < sizeof(leaf_bends) / sizeof(leaf_bends[0]); i++) {
		if (!lab_tampered(LAB_THIM, leaf_bends[i].field))
			continue;
		leaf_bends[i].bend(&leaf);
		bent = true;
	}
	return bent ? lab_leaf_make(&leaf, NULL) : shared(lab_pki.vcek.cert);
}

struct lab_amd_set lab_amd_set_due(void)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of what is made once */
	pthread_mutex_lock(&lock);
	struct lab_amd_set set = { leaf_due(), shared(lab_pki.ask.cert), shared(lab_pki.ark.cert) };
	for (size_t i = 0; i < sizeof(set_bends) / sizeof(set_bends[0]); i++)
		if (lab_tampered(LAB_THIM, set_bends[i].field))
			set_bends[i].bend(&set);
	pthread_mutex_unlock(&lock);
	return set;
}

void lab_amd_set_clear(struct lab_amd_set *set)
{
	X509_free(set->leaf);
	X509_free(set->ask);
	X509_free(set->ark);
	*set = (struct lab_amd_set){ 0 };
}
