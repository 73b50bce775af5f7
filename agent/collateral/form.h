/* SPDX-License-Identifier: Apache-2.0 */
/* Inside collateral/: what kind of certificate it is, held against AMD's rules (key release 1.4).
 */
#pragma once

#include "collateral/x509.h"
#include "util/checks.h"

enum kw_amd_place { KW_AMD_ARK, KW_AMD_ASK, KW_AMD_LEAF };

/* Version, key, signature algorithm with its parameters, and common name. */
bool kw_amd_form_judge(const X509 *certificate, enum kw_amd_place place, const char *check,
		       const char *common_name, struct kw_checks *checks);
/* C=US, ST=CA, L=Santa Clara, O=Advanced Micro Devices, OU=Engineering, one CN; in any order. */
bool kw_amd_name_is(const X509_NAME *name);
