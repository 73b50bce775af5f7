/* SPDX-License-Identifier: Apache-2.0 */
#include "node/metrics.h"
#include "rows.h"
#include "util/cleanup.h"

static const struct row {
	const char *name;
	enum kw_part_state
		states[KW_N_PARTS]; /* device kubelet tpm eventlog collateral configmap */
	bool is_ready;
	const char *says;
} rows[] = {
	{ "given parts that wait, it is not ready", { 0 }, false, "device: pending\n" },
	{ "given all well, it is ready",
	  { KW_PART_OK, KW_PART_OK, KW_PART_OK, KW_PART_OK, KW_PART_OK, KW_PART_OK },
	  true,
	  "configmap: ok\n" },
	{ "given a part that is off, the others decide",
	  { KW_PART_OK, KW_PART_OK, KW_PART_OK, KW_PART_OK, KW_PART_OK, KW_PART_OFF },
	  true,
	  "configmap: off\n" },
	{ "given one that failed, it is named with its id",
	  { KW_PART_OK, KW_PART_FAILED, KW_PART_OK, KW_PART_OK, KW_PART_OK, KW_PART_OFF },
	  false,
	  "kubelet: failed, KW-SRV-030\n" },
};

static void tells(void **state)
{
	const struct row *row = *state;
	struct kw_part parts[KW_N_PARTS] = { 0 };
	KW_CLEANUP(freep) char *text = NULL;

	for (size_t i = 0; i < KW_N_PARTS; i++) {
		parts[i].state = row->states[i];
		kw_fail(&parts[i].err, KW_E_SRV_KUBELET, "a secret place");
	}
	text = kw_node_ready_text(parts);
	assert_int_equal(kw_node_is_ready(parts), row->is_ready);
	if (!strstr(text, row->says))
		fail_msg("no '%s' in:\n%s", row->says, text);
	assert_null(strstr(text, "secret"));
}
KW_TEST_ROWS(rows, tells)
