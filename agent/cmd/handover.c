/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/handover.h"

#include "cmd/output.h"
#include "collateral/amd.h"
#include "util/json.h"
#include "util/text.h"

enum { FILE_MODE = 0644 }; /* nothing here is secret */

int kw_handover_write(const char *directory, const struct kw_collateral *collateral,
		      struct kw_error *err)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *json = kw_collateral_json(collateral);
	KW_CLEANUP(freep) char *text = kw_json_print(json);
	KW_CLEANUP(freep) char *path = NULL;
	uint8_t chip_id[KW_CHIP_ID_SIZE];
	char hex[2 * KW_CHIP_ID_SIZE + 1];

	if (!kw_amd_leaf_chip_id(&collateral->leaf, chip_id))
		return kw_fail(err, KW_E_COL_MASKED,
			       "the certificate names no chip, after which the file would be "
			       "called");
	kw_hex_encode(KW_BYTES(chip_id), hex);
	path = kw_format("%s/%s.json", directory, hex);
	const struct kw_output output = {
		.file = path,
		.mode = FILE_MODE,
		.allow_disk = true,
	};
	return kw_output_write(&output, kw_bytes_text(text), err);
}

char *kw_handover_path(const char *directory)
{
	return kw_format("%s/chip.json", directory);
}
