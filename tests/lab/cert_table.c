/* SPDX-License-Identifier: Apache-2.0 */
#include "cert_table.h"

#include "amd_crl.h"
#include "jose.h"
#include "out.h"
#include "pki_parts.h"
#include "site.h"

enum { GUID_SIZE = 16, ENTRY_SIZE = 24, ENTRIES_MAX = 6, FAR_AWAY = 1 << 24 };

static const char vcek_guid[] = "63da758de6644564adc5f4b93be8accd";
static const char vlek_guid[] = "a8074bc2a25a483eaae639c045a0b8a1";
static const char signer_guid[] = "4ab7b379bbac4fe4a02f05aef327c782";
static const char ark_guid[] = "c0b406a4a803495297433fb6014cd0ae";
static const char crl_guid[] = "92f81bc358114d3d97ffd19f88dc67ea";

struct entry {
	const char *guid; /* hex, in the order of the printed text */
	struct kw_blob blob;
};

/* Blobs stand behind the headers and their terminator, in the order of the entries. */
static struct kw_blob encode(const struct entry *entries, size_t n, bool terminated, bool far)
{
	struct lab_out out = { .len = 0 };
	size_t offset = (n + 1) * ENTRY_SIZE;

	for (size_t i = 0; i < n; i++) {
		uint8_t guid[GUID_SIZE];

		if (!kw_hex_decode(entries[i].guid, guid, sizeof(guid)))
			lab_die("'%s' is no GUID", entries[i].guid);
		lab_out_bytes(&out, guid, sizeof(guid));
		lab_out_le32(&out, (uint32_t)(far && i == 0 ? FAR_AWAY : offset));
		lab_out_le32(&out, (uint32_t)entries[i].blob.len);
		offset += entries[i].blob.len;
	}
	if (!terminated) /* ends right behind a header, so that no zero is ever met */
		return kw_blob_copy((struct kw_bytes){ out.data, out.len });
	lab_out_fill_to(&out, (n + 1) * ENTRY_SIZE);
	for (size_t i = 0; i < n; i++)
		lab_out_bytes(&out, entries[i].blob.data, entries[i].blob.len);
	return kw_blob_copy((struct kw_bytes){ out.data, out.len });
}

/* Gives how many. */
static size_t collect(struct entry ret[ENTRIES_MAX])
{
	const struct lab_options *options = lab_site.options;
	struct lab_amd_line line = lab_amd_line(options->product, options->vlek);
	X509 *leaf = options->vlek ? lab_pki.vlek.cert : lab_pki.vcek.cert;
	size_t n = 0;

	if (lab_tampered(LAB_TSM, "aux-foreign")) {
		leaf = lab_pki_late(&lab_pki.evil_vcek)->cert;
		line = (struct lab_amd_line){ lab_pki.evil_ask.cert, lab_pki.evil_ark.cert };
	}
	ret[n++] = (struct entry){ options->vlek ? vlek_guid : vcek_guid, lab_cert_der(leaf) };
	if (lab_tampered(LAB_TSM, "aux-duplicate"))
		ret[n++] = (struct entry){ ret[0].guid, lab_cert_der(line.ark) };
	ret[n++] = (struct entry){ signer_guid, lab_cert_der(line.signer) };
	ret[n++] = (struct entry){ ark_guid, lab_cert_der(line.ark) };
	ret[n++] =
		(struct entry){ crl_guid, lab_amd_crl(options->product, options->vlek, LAB_TSM) };
	return n;
}

struct kw_blob lab_cert_table(void)
{
	struct entry entries[ENTRIES_MAX];
	bool far = lab_tampered(LAB_TSM, "aux-offset");
	bool terminated = !lab_tampered(LAB_TSM, "aux-unterminated");
	struct kw_blob table;
	size_t n;

	if (lab_tampered(LAB_TSM, "aux-empty"))
		return (struct kw_blob){ 0 };
	n = collect(entries);
	table = encode(entries, n, terminated, far);
	for (size_t i = 0; i < n; i++)
		kw_blob_clear(&entries[i].blob);
	return table;
}
