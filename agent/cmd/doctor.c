/* SPDX-License-Identifier: Apache-2.0 */
/* `keyward doctor`: look at this node and say what would fail, and what to do. It enters no
 * sandbox: refusals of its own making would look like the machine's. */
#include "service/doctor.h"
#include "cmd/colour.h"
#include "cmd/command.h"
#include "cmd/output.h"
#include "util/json.h"
#include "util/log.h"

#include <string.h>

enum { FORMAT_TEXT, FORMAT_JSON };
enum { ARENA_SIZE = 1 << 20, VERDICT_WIDTH = 14, ANSWERS_BY_MS = KW_PROBE_MAX_MS - 200 };
#define NO_CONFIG "apiVersion: keyward/v1\n"

struct args {
	const char *config;
	int format;
};
static const struct kw_flag flags[] = {
	KW_FLAG_CONFIG(struct args, config),
	{ KW_CHOICE, 'o', "format", "text|json", "how to print what was found",
	  offsetof(struct args, format), "text" },
	{ 0 },
};

/* A machine without a good configuration, or without the right to lock memory, is looked at all the
 * same: with the defaults, and memory that may be paged. */
static int prepare(const char *path, struct kw_config **ret, struct kw_error *ret_fault,
		   struct kw_error *err)
{
	if (kw_command_prepare(KW_ONE_SHOT, path, ret, ret_fault) == 0)
		return 0;
	kw_log_setup(KW_LOG_WARNING, KW_LOG_TEXT, STDERR_FILENO);
	if (!kw_error_is(ret_fault, KW_E_SEC_LOCK) || kw_config_load(path, ret, err) < 0) {
		*err = (struct kw_error){ 0 };
		if (kw_config_parse("built in", NO_CONFIG, strlen(NO_CONFIG), ret, err) < 0)
			return -1;
	}
	return kw_arena_open(ARENA_SIZE, KW_LOCK_BEST_EFFORT, err);
}

/* Printing. */

static enum kw_colour colour_of(enum kw_finding_verdict verdict)
{
	switch (verdict) {
	case KW_FINDING_OK:
		return KW_COLOUR_GOOD;
	case KW_FINDING_WARNING:
	case KW_FINDING_NOT_POSSIBLE:
		return KW_COLOUR_DOUBTFUL;
	case KW_FINDING_FAILED:
		break;
	}
	return KW_COLOUR_BAD;
}

static void print_finding(const struct kw_finding *row)
{
	const struct kw_error_def *def = kw_error_def(row->error);

	printf("  ");
	kw_colour_print(stdout, colour_of(row->verdict), VERDICT_WIDTH,
			kw_finding_verdict_text(row->verdict));
	printf("%s: %s\n", row->what, row->found);
	if (row->verdict != KW_FINDING_OK && row->remedy[0] != '\0')
		printf("  %*s%s: %s\n", VERDICT_WIDTH, "", def != NULL ? def->id : "remedy",
		       row->remedy);
}

static void print_probe(const struct kw_probe *probe)
{
	size_t passed = 0;

	printf("%s%s%s\n", probe->name, probe->subject[0] != '\0' ? " " : "", probe->subject);
	if (!probe->ended) {
		printf("  ");
		kw_colour_print(stdout, KW_COLOUR_BAD, VERDICT_WIDTH, "timed out");
		printf("no end within %d s\n  %*s%s: %s\n", KW_PROBE_MAX_MS / 1000, VERDICT_WIDTH,
		       "", kw_error_def(probe->late)->id, kw_error_def(probe->late)->remedy);
		return;
	}
	for (size_t i = 0; i < probe->n_rows; i++) {
		if (probe->rows[i].detail && probe->rows[i].verdict == KW_FINDING_OK)
			passed++;
		else
			print_finding(&probe->rows[i]);
	}
	if (passed > 0)
		printf("  %-*sfurther checks: %zu\n", VERDICT_WIDTH, "ok", passed);
}

static void print_fault(const struct kw_error *fault)
{
	printf("configuration\n  ");
	if (fault->def == NULL) {
		kw_colour_print(stdout, KW_COLOUR_GOOD, VERDICT_WIDTH, "ok");
		printf("read\n");
		return;
	}
	kw_colour_print(stdout, KW_COLOUR_BAD, VERDICT_WIDTH, "failed");
	printf("%s\n  %*s%s: %s\n", fault->detail, VERDICT_WIDTH, "", fault->def->id,
	       fault->def->remedy);
}

static int print_json(const struct kw_doctor *doctor, const struct kw_error *fault,
		      struct kw_error *err)
{
	const struct kw_output output = { .is_text = true };
	KW_CLEANUP(kw_json_freep) struct kw_json *json = kw_doctor_json(doctor);
	KW_CLEANUP(freep) char *text = NULL;
	struct kw_json *configuration = kw_json_add_object(json, "configuration");

	kw_json_add_string(configuration, "verdict", fault->def == NULL ? "ok" : "failed");
	if (fault->def != NULL) {
		kw_json_add_string(configuration, "id", fault->def->id);
		kw_json_add_string(configuration, "found", fault->detail);
		kw_json_add_string(configuration, "remedy", fault->def->remedy);
	}
	text = kw_json_print(json);
	return kw_output_write(&output, kw_bytes_text(text), err);
}

static int print(const struct kw_doctor *doctor, const struct kw_error *fault, bool json,
		 struct kw_error *err)
{
	if (json)
		return print_json(doctor, fault, err);
	print_fault(fault);
	for (size_t i = 0; i < doctor->n_probes; i++)
		print_probe(doctor->probes[i]);
	return 0;
}

static int conclude(const struct kw_doctor *doctor, const struct kw_error *fault,
		    struct kw_error *err)
{
	if (fault->def == NULL)
		return kw_doctor_result(doctor, err);
	*err = *fault;
	return -1;
}

/* Threads that hang in a device cannot be ended and must not be waited for: the process ends. */
static void end_at_once(int result, const struct kw_error *err)
{
	if (result < 0)
		kw_command_report(err);
	(void)fflush(NULL);
	_exit(result < 0 ? err->def->exit_status : 0);
}

/* A file that the configuration names and nobody can read is one more finding: what needs no
 * service is looked at all the same. */
static struct kw_service *open_service(const struct kw_config *config, struct kw_error *fault)
{
	const struct kw_service_options options = {
		.config = config,
		.clock = &kw_clock_system,
		.random = &kw_random_system,
		.end_by_ms = kw_boot_ms(&kw_clock_system) + ANSWERS_BY_MS,
	};
	struct kw_service *service = NULL;
	struct kw_error err = { 0 };

	if (kw_service_open(&options, &service, &err) < 0 && fault->def == NULL)
		*fault = err;
	return service;
}

static int look(const struct kw_config *config, struct kw_error *fault, bool json,
		struct kw_error *err)
{
	KW_CLEANUP(kw_service_freep) struct kw_service *service = open_service(config, fault);
	KW_CLEANUP(kw_doctor_clear)
	struct kw_doctor doctor = { .config = config,
				    .service = service,
				    .clock = &kw_clock_system };
	bool abandoned = false;
	int result;

	if (kw_doctor_run(&doctor, &abandoned, err) < 0)
		return -1;
	result = print(&doctor, fault, json, err);
	if (result == 0)
		result = conclude(&doctor, fault, err);
	if (abandoned)
		end_at_once(result, err);
	return result;
}

static int run(int argc, char **argv, struct kw_error *err)
{
	KW_CLEANUP(kw_config_freep) struct kw_config *config = NULL;
	struct kw_error fault = { 0 };
	struct args args = { 0 };

	if (kw_flags_parse(flags, argc, argv, &args, err) < 0
	    || prepare(args.config, &config, &fault, err) < 0)
		return -1;
	return look(config, &fault, args.format == FORMAT_JSON, err);
}

const struct kw_command kw_cmd_doctor = {
	.name = "doctor",
	.summary = "look at this node and say what would fail, and what to do",
	.flags = flags,
	.run = run,
};
