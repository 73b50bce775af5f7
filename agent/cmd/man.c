/* SPDX-License-Identifier: Apache-2.0 */
/* The manual pages of section 1, from the command tables and the error catalogue. */
#include "cmd/pages.h"

#include "util/text.h"

static void print_value(FILE *to, const struct kw_flag *flag)
{
	if (*flag->value == '\0')
		return;
	fputs(" Ar ", to);
	kw_man_print_argument(to, flag->value);
}

static void print_synopsis(FILE *to, const char *name, const struct kw_flag *flags)
{
	fputs(".Nm keyward\n.Cm ", to);
	kw_man_print_argument(to, name);
	fputc('\n', to);
	for (const struct kw_flag *flag = flags; flag->kind; flag++) {
		bool positional = kw_flag_is_positional(flag);

		if (positional && flag->kind != KW_TRAILING)
			fprintf(to, ".Ar %s\n", flag->name);
		else if (positional)
			fprintf(to, ".Op Ar %s\n", flag->name);
		else if (flag->letter)
			fprintf(to, ".Op Fl %c", flag->letter);
		else
			fprintf(to, ".Op Fl -%s", flag->name);
		if (!positional) {
			print_value(to, flag);
			fputc('\n', to);
		}
	}
}

static void print_flag(FILE *to, const struct kw_flag *flag)
{
	fputs(".It ", to);
	if (kw_flag_is_positional(flag)) {
		fprintf(to, "Ar %s", flag->name);
	} else {
		if (flag->letter)
			fprintf(to, "Fl %c , ", flag->letter);
		fprintf(to, "Fl -%s", flag->name);
		print_value(to, flag);
	}
	fputc('\n', to);
	kw_man_print_text(to, flag->help);
	if (flag->kind == KW_POSITIONAL_CHOICE)
		fprintf(to, "(%s)\n", flag->value);
	if (flag->fallback) {
		fputs("(default: ", to);
		kw_man_print_argument(to, flag->fallback);
		fputs(")\n", to);
	}
}

static void print_flags(FILE *to, const struct kw_flag *flags)
{
	fputs(".Bl -tag -width Ds\n", to);
	for (const struct kw_flag *flag = flags; flag->kind; flag++)
		print_flag(to, flag);
	fputs(".It Fl h , Fl -help\nPrint the options and end.\n.El\n", to);
}

static void print_about(FILE *to, const struct kw_command *command)
{
	KW_CLEANUP(freep) char *summary = kw_format("%s.", command->summary);

	if (*summary >= 'a' && *summary <= 'z')
		*summary = (char)(*summary - 'a' + 'A');
	kw_man_print_text(to, command->about ? command->about : summary);
}

static void print_verb(FILE *to, const struct kw_command *command, const struct kw_command *verb)
{
	fprintf(to, ".Ss keyward %s %s\n", command->name, verb->name);
	print_about(to, verb);
	fputs(".Pp\nIts options are:\n", to);
	print_flags(to, verb->flags);
}

static void print_exit_status(FILE *to)
{
	fputs(".Sh EXIT STATUS\n0 on success; else the status of the error, as\n.Xr keyward 1\n"
	      "lists them.\nThe error's id is on standard error;\n"
	      ".Ic keyward help Ar ID\ntells what it means and what to do.\n",
	      to);
}

void kw_man_print_command(FILE *to, const struct kw_command *command)
{
	KW_CLEANUP(freep) char *page = kw_format("keyward-%s", command->name);

	kw_man_print_head(to, page, 1, command->summary);
	fputs(".Sh SYNOPSIS\n", to);
	if (!command->verbs)
		print_synopsis(to, command->name, command->flags);
	for (size_t i = 0; command->verbs && command->verbs[i]; i++) {
		KW_CLEANUP(freep)
		char *name = kw_format("%s %s", command->name, command->verbs[i]->name);

		print_synopsis(to, name, command->verbs[i]->flags);
	}
	fputs(".Sh DESCRIPTION\n", to);
	print_about(to, command);
	if (!command->verbs) {
		fputs(".Pp\nThe options are:\n", to);
		print_flags(to, command->flags);
	}
	for (size_t i = 0; command->verbs && command->verbs[i]; i++)
		print_verb(to, command, command->verbs[i]);
	print_exit_status(to);
	fputs(".Sh SEE ALSO\n.Xr keyward 1 ,\n.Xr keyward.yaml 5\n", to);
}

static const struct {
	int status;
	const char *meaning;
} exits[] = {
	{ 0, "success" },
	{ 1, "`attest` answers false; nothing else ends so" },
	{ 64, "the command line is not understood" },
	{ 65, "data or evidence is wrong" },
	{ 66, "a key or a file is not there" },
	{ 69, "the TPM, the network or an upstream service is not available" },
	{ 70, "an error inside keyward" },
	{ 73, "an output file cannot be created" },
	{ 74, "reading or writing failed" },
	{ 75, "a passing condition: try again" },
	{ 76, "something does not verify and is not trusted" },
	{ 77, "the attestation service, the vault or the TPM denies it" },
	{ 78, "the configuration is wrong" },
};

static void print_exits(FILE *to)
{
	fputs(".Sh EXIT STATUS\n.Bl -tag -width Ds\n", to);
	for (size_t i = 0; i < sizeof(exits) / sizeof(exits[0]); i++) {
		fprintf(to, ".It %d\n", exits[i].status);
		kw_man_print_text(to, exits[i].meaning);
	}
	fputs(".El\n", to);
}

void kw_man_print(FILE *to)
{
	kw_man_print_head(to, "keyward", 1, "attested keys for the containers of a pod");
	fputs(".Sh SYNOPSIS\n.Nm\n.Ar COMMAND\n.Op Ar OPTIONS\n.Nm\n.Fl -version\n"
	      ".Sh DESCRIPTION\n",
	      to);
	kw_man_print_text(to, "keyward gives the containers of a pod the keys that Azure Key Vault "
			      "holds for them, after the machine has proved what it is. Results go "
			      "to standard output, all else to standard error.\n\n"
			      "The commands are:");
	fputs(".Bl -tag -width Ds\n", to);
	for (size_t i = 0; kw_commands[i]; i++) {
		fprintf(to, ".It Xr keyward-%s 1\n", kw_commands[i]->name);
		kw_man_print_text(to, kw_commands[i]->summary);
	}
	fputs(".El\n.Sh ENVIRONMENT\n.Bl -tag -width Ds\n.It Ev KEYWARD_CONFIG\n"
	      "The configuration where\n.Fl c\nis not given.\n.It Ev NO_COLOR\n"
	      "If it is set, a terminal gets no colours either.\n.El\n"
	      ".Sh FILES\n.Bl -tag -width Ds\n.It Pa " KW_DEFAULT_CONFIG "\n"
	      "The configuration, see\n.Xr keyward.yaml 5 .\n.It Pa /dev/termination-log\n"
	      "Where it exists,\n.Ic init\nand\n.Ic serve\nleave there why they failed.\n.El\n",
	      to);
	print_exits(to);
	fputs(".Sh SEE ALSO\n.Xr keyward.yaml 5\n", to);
}
