/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the factory and the firmware do to a TPM before the guest runs: keys at their handles, the
 * platform's NV indices, the measured boot; then the platform hierarchy is closed.
 */
#pragma once

/* swtpm runs, the machine and the PKI are open. Fills in the machine's AK and EK and writes the
 * event log to `log_path`. */
void lab_provision(const char *log_path);
