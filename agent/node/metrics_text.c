/* SPDX-License-Identifier: Apache-2.0 */
/* Values to text, no I/O. Metrics of a file that was never written, or of a part that is off, are
 * left out: an age of zero would say that it is fresh. */
#include "node/metrics.h"

#include "util/memory.h"

#include <inttypes.h>
#include <stdio.h>

enum { MS_PER_S = 1000 };

/* A text that grows; owned by who asked for it. */
struct page {
	char *text;
	size_t len;
	FILE *to;
};

static void page_open(struct page *page)
{
	*page = (struct page){ 0 };
	page->to = open_memstream(&page->text, &page->len);
	if (!page->to)
		kw_out_of_memory();
}

static char *page_close(struct page *page)
{
	if (fclose(page->to) != 0)
		kw_out_of_memory();
	return page->text;
}

static void begin(const struct page *page, const char *name, const char *type, const char *help)
{
	fprintf(page->to, "# HELP keyward_node_%s %s\n# TYPE keyward_node_%s %s\n", name, help,
		name, type);
}

static void add(const struct page *page, const char *name, const char *labels, uint64_t value)
{
	fprintf(page->to, "keyward_node_%s%s %" PRIu64 "\n", name, labels, value);
}

static void add_one(const struct page *page, const char *name, const char *type, const char *help,
		    uint64_t value)
{
	begin(page, name, type, help);
	add(page, name, "", value);
}

static void add_parts(const struct page *page, const struct kw_part *parts)
{
	add_one(page, "ready", "gauge", "Every part is well.", kw_node_is_ready(parts));
	begin(page, "part_ok", "gauge", "One part is well; parts that are off are left out.");
	for (enum kw_part_name i = 0; i < KW_N_PARTS; i++)
		if (parts[i].state != KW_PART_OFF)
			fprintf(page->to, "keyward_node_part_ok{part=\"%s\"} %d\n",
				kw_part_name_text(i), parts[i].state == KW_PART_OK);
}

static void add_plugin(const struct page *page, const struct kw_node_view *view)
{
	const struct kw_kubelet_state state = kw_kubelet_state(view->kubelet);

	add_one(page, "devices_healthy", "gauge", "Devices that the kubelet may hand out.",
		view->plugin->is_healthy ? (uint64_t)view->plugin->config->node.count : 0);
	add_one(page, "devices_handed_out_total", "counter", "Devices handed out to containers.",
		view->plugin->n_allocated);
	begin(page, "registrations_total", "counter", "Attempts to register with the kubelet.");
	add(page, "registrations_total", "{outcome=\"ok\"}", state.n_registered);
	add(page, "registrations_total", "{outcome=\"failed\"}", state.n_failed);
}

static void add_age(const struct page *page, const struct kw_node_view *view, const char *labels,
		    int64_t since_ms)
{
	if (since_ms != 0)
		add(page, "file_age_seconds", labels,
		    (uint64_t)(kw_boot_ms(view->clock) - since_ms) / MS_PER_S);
}

static void add_files(const struct page *page, const struct kw_node_view *view)
{
	const struct kw_published *p = view->published;

	begin(page, "file_age_seconds", "gauge", "Since the content was last read and checked.");
	add_age(page, view, "{file=\"eventlog\"}", p->log_read_ms);
	add_age(page, view, "{file=\"collateral\"}", p->collateral_fetched_ms);
	add_one(page, "thim_calls_total", "counter", "Calls to THIM.", p->thim.calls);
	add_one(page, "thim_attempts_total", "counter", "Requests sent to THIM, retries included.",
		p->thim.attempts);
	begin(page, "configmap_patches_total", "counter", "Changes of the ConfigMap.");
	add(page, "configmap_patches_total", "{outcome=\"ok\"}", p->n_patches);
	add(page, "configmap_patches_total", "{outcome=\"failed\"}", p->n_patches_failed);
}

static void add_pcrs(const struct page *page, const struct kw_published *p)
{
	add_one(page, "event_log_replays", "gauge", "The event log replays to PCR 0 to 7.",
		p->log_replays);
	begin(page, "pcr_differs_from_log", "gauge", "The register is not what the log says.");
	for (unsigned i = 0; i < KW_NODE_PCRS; i++)
		fprintf(page->to, "keyward_node_pcr_differs_from_log{pcr=\"%u\"} %u\n", i,
			p->pcrs_that_differ >> i & 1);
	begin(page, "pcr_changes_total", "counter", "Changes seen since the start of the helper.");
	for (unsigned i = 0; i < KW_NODE_PCRS; i++)
		fprintf(page->to, "keyward_node_pcr_changes_total{pcr=\"%u\"} %" PRIu64 "\n", i,
			p->pcr_changes[i]);
}

char *kw_node_metrics_text(const struct kw_node_view *view)
{
	struct page page;

	page_open(&page);
	begin(&page, "info", "gauge", "The running version.");
	add(&page, "info", "{version=\"" KW_VERSION "\"}", 1);
	add_parts(&page, view->parts);
	add_plugin(&page, view);
	add_files(&page, view);
	add_pcrs(&page, view->published);
	return page_close(&page);
}

bool kw_node_is_ready(const struct kw_part parts[KW_N_PARTS])
{
	for (size_t i = 0; i < KW_N_PARTS; i++)
		if (parts[i].state != KW_PART_OK && parts[i].state != KW_PART_OFF)
			return false;
	return true;
}

char *kw_node_ready_text(const struct kw_part parts[KW_N_PARTS])
{
	static const char *const states[] = {
		[KW_PART_PENDING] = "pending",
		[KW_PART_OK] = "ok",
		[KW_PART_FAILED] = "failed, ",
		[KW_PART_OFF] = "off",
	};
	struct page page;

	page_open(&page);
	for (enum kw_part_name i = 0; i < KW_N_PARTS; i++)
		fprintf(page.to, "%s: %s%s\n", kw_part_name_text(i), states[parts[i].state],
			parts[i].state == KW_PART_FAILED ? parts[i].err.def->id : "");
	return page_close(&page);
}
