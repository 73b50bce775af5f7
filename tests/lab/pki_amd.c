/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chains in the shape of AMD's: key release 1.4.
 */
#include "pki_amd.h"
#include "util/text.h"

#include <openssl/x509v3.h>
#include <pthread.h>
#include <string.h>

#define AMD_ARC "1.3.6.1.4.1.3704.1."
enum { TURIN_ID_SIZE = 8, VCEK_EXTENSIONS = 12 };

static const char *const products[] = {
	[LAB_MILAN] = "Milan",
	[LAB_GENOA] = "Genoa",
	[LAB_TURIN] = "Turin",
};
enum { N_PRODUCTS = sizeof(products) / sizeof(products[0]) };

static struct {
	enum lab_product product;
	uint8_t chip_id[LAB_AMD_CHIP_ID_SIZE], tcb[8];
} chip;

/* One extension of the AMD arc: room for the OID and a DER value. */
struct value {
	char oid[40];
	uint8_t der[40];
	size_t len;
};

static void put_value(struct value *v, const char *suffix, uint8_t tag, const void *data,
		      size_t len)
{
	v->len = len + 2;
	if (v->len > sizeof(v->der)
	    || snprintf(v->oid, sizeof(v->oid), AMD_ARC "%s", suffix) >= (int)sizeof(v->oid))
		lab_die("extension %s does not fit", suffix);
	v->der[0] = tag;
	v->der[1] = (uint8_t)len;
	memcpy(v->der + 2, data, len);
}

/* An INTEGER of 128 and more starts with a zero byte. */
static void put_integer(struct value *v, const char *suffix, uint8_t number)
{
	uint8_t der[2] = { 0, number };
	size_t skip = number < 128 ? 1 : 0;
	put_value(v, suffix, V_ASN1_INTEGER, der + skip, sizeof(der) - skip);
}

static void put_text(struct value *v, const char *suffix, const char *text)
{
	put_value(v, suffix, V_ASN1_IA5STRING, text, strlen(text));
}

/* In the order of the real certificates; gives how many. */
static size_t put_values(const struct lab_leaf *leaf, struct value ret[VCEK_EXTENSIONS])
{
	bool turin = leaf->product == LAB_TURIN;
	char name[16];
	size_t n = 0;
	snprintf(name, sizeof(name), "%s%s",
		 leaf->product_name ? leaf->product_name : products[leaf->product],
		 leaf->with_stepping && leaf->product == LAB_MILAN ? "-B0" : "");
	put_integer(&ret[n++], "1", turin ? 1 : 0);
	put_text(&ret[n++], "2", name);
	put_integer(&ret[n++], "3.1", leaf->bl);
	put_integer(&ret[n++], "3.2", leaf->tee);
	for (const char *const *spl = (const char *const[]){ "3.4", "3.5", "3.6", "3.7", NULL };
	     *spl; spl++)
		put_integer(&ret[n++], *spl, 0);
	put_integer(&ret[n++], "3.3", leaf->snp);
	put_integer(&ret[n++], "3.8", leaf->ucode);
	if (turin)
		put_integer(&ret[n++], "3.9", leaf->fmc);
	if (!leaf->hardware)
		put_text(&ret[n++], "5", "CN=keyward-lab");
	return n;
}

static struct lab_certificate_form leaf_form(const struct lab_leaf *leaf,
					     const struct lab_extension *extensions, size_t n)
{
	return (struct lab_certificate_form){
		.cn = leaf->cn,
		.amd_name = true,
		.key = leaf->key,
		.issuer = leaf->issuer,
		.serial = 0,
		.not_before = leaf->not_before,
		.not_after = leaf->not_after,
		.signature = leaf->signature,
		.extensions = extensions,
		.n_extensions = n,
	};
}

static bool is_left_out(const struct lab_leaf *leaf, const struct value *value)
{
	const char *suffix = value->oid + strlen(AMD_ARC);
	return leaf->left_out && strncmp(suffix, leaf->left_out, strlen(leaf->left_out)) == 0;
}

X509 *lab_leaf_make(const struct lab_leaf *leaf, const char *file)
{
	struct value values[VCEK_EXTENSIONS];
	struct lab_extension extensions[VCEK_EXTENSIONS + 1];
	size_t n_values = put_values(leaf, values), n = 0;
	for (size_t i = 0; i < n_values; i++)
		if (!is_left_out(leaf, &values[i]))
			extensions[n++] = (struct lab_extension){ .oid = values[i].oid,
								  .value = values[i].der,
								  .len = values[i].len };
	if (leaf->hardware) /* bare, as the deployed certificates have it */
		extensions[n++] = (struct lab_extension){
			.oid = AMD_ARC "4",
			.value = leaf->hardware,
			.len = leaf->product == LAB_TURIN ? TURIN_ID_SIZE : LAB_AMD_CHIP_ID_SIZE,
		};
	struct lab_certificate_form form = leaf_form(leaf, extensions, n);
	return file ? lab_pki_cert(file, &form, NULL) : lab_certificate_make(&form);
}

struct lab_leaf lab_leaf_of_machine(void)
{
	bool turin = chip.product == LAB_TURIN;
	return (struct lab_leaf){
		.product = chip.product,
		.cn = "SEV-VCEK",
		.with_stepping = true,
		.hardware = chip.chip_id,
		.fmc = chip.tcb[0],
		.bl = chip.tcb[turin ? 1 : 0],
		.tee = chip.tcb[turin ? 2 : 1],
		.snp = chip.tcb[turin ? 3 : 6],
		.ucode = chip.tcb[7],
		.key = lab_pki.vcek.key,
		.issuer = &lab_pki.ask,
		.not_before = lab_days(-365),
		.not_after = lab_days(6 * 365),
		.signature = LAB_PSS_SHA384,
	};
}

struct lab_certificate_form lab_authority(enum lab_product product, const char *cn, EVP_PKEY *key,
					  const struct lab_pair *issuer)
{
	static const struct lab_extension root[] = {
		{ .nid = NID_key_usage, .value = "critical,keyCertSign,cRLSign" },
		{ .nid = NID_subject_key_identifier, .value = "hash" },
		{ .nid = NID_basic_constraints, .value = "critical,CA:TRUE" },
	};
	static const struct lab_extension intermediate[] = {
		{ .nid = NID_subject_key_identifier, .value = "hash" },
		{ .nid = NID_authority_key_identifier, .value = "keyid" },
		{ .nid = NID_basic_constraints, .value = "critical,CA:TRUE,pathlen:0" },
		{ .nid = NID_key_usage, .value = "critical,keyCertSign" },
	};
	return (struct lab_certificate_form){
		.cn = cn,
		.amd_name = true,
		.key = key,
		.issuer = issuer,
		.serial = (issuer ? 0x10001 : 0x10000) + ((uint64_t)product << 20),
		.not_before = lab_days(-4 * 365),
		.not_after = lab_days(21 * 365),
		.signature = LAB_PSS_SHA384,
		.extensions = issuer ? intermediate : root,
		.n_extensions = issuer ? sizeof(intermediate) / sizeof(intermediate[0])
				       : sizeof(root) / sizeof(root[0]),
	};
}

X509 *lab_authority_make(enum lab_product product, const char *kind, EVP_PKEY *key,
			 const struct lab_pair *issuer, const char *file)
{
	KW_CLEANUP(freep) char *cn = kw_format("%s-%s", kind, products[product]);
	struct lab_certificate_form form = lab_authority(product, cn, key, issuer);
	return file ? lab_pki_cert(file, &form, NULL) : lab_certificate_make(&form);
}

void lab_amd_open(const struct lab_options *options, const uint8_t chip_id[64],
		  const uint8_t tcb[8])
{
	chip.product = options->product;
	memcpy(chip.chip_id, chip_id, sizeof(chip.chip_id));
	memcpy(chip.tcb, tcb, sizeof(chip.tcb));
	lab_pki.ark.cert = lab_authority_make(chip.product, "ARK", lab_pki.ark.key, NULL, "ark");
	lab_pki.ask.cert =
		lab_authority_make(chip.product, "SEV", lab_pki.ask.key, &lab_pki.ark, "ask");
	lab_pki.vcek.key = lab_pki_key("vcek", lab_make_p384);
	struct lab_leaf leaf = lab_leaf_of_machine();
	lab_pki.vcek.cert = lab_leaf_make(&leaf, "vcek");
}

const char *lab_product_name(enum lab_product product)
{
	return products[product];
}

/* The certificate at `place`, made when it is not there. */
static X509 *once(X509 **place, enum lab_product product, const char *kind,
		  const struct lab_pair *pair, const struct lab_pair *issuer)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	X509 *cert;

	if (product == chip.product)
		return pair->cert;
	pthread_mutex_lock(&lock);
	if (!*place)
		*place = lab_authority_make(product, kind, pair->key, issuer, NULL);
	cert = *place;
	pthread_mutex_unlock(&lock);
	return cert;
}

struct lab_amd_line lab_amd_line(enum lab_product product, bool vlek)
{
	static struct {
		X509 *ark, *ask, *asvk;
	} lines[N_PRODUCTS];
	X509 *ark = once(&lines[product].ark, product, "ARK", &lab_pki.ark, NULL);
	struct lab_pair root = { lab_pki.ark.key, ark };
	X509 *signer = vlek ? once(&lines[product].asvk, product, "SEV-VLEK",
				   lab_pki_late(&lab_pki.asvk), &root)
			    : once(&lines[product].ask, product, "SEV", &lab_pki.ask, &root);

	return (struct lab_amd_line){ signer, ark };
}

void lab_amd_make_vlek(void)
{
	lab_pki.asvk.key = lab_pki_key("asvk", lab_make_rsa_4096);
	lab_pki.asvk.cert = lab_authority_make(chip.product, "SEV-VLEK", lab_pki.asvk.key,
					       &lab_pki.ark, "asvk");
	lab_pki.vlek.key = lab_pki_key("vlek", lab_make_p384);
	struct lab_leaf leaf = lab_leaf_of_machine();
	leaf.cn = "SEV-VLEK";
	leaf.with_stepping = false;
	leaf.hardware = NULL;
	leaf.key = lab_pki.vlek.key;
	leaf.issuer = &lab_pki.asvk;
	lab_pki.vlek.cert = lab_leaf_make(&leaf, "vlek");
}
