/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/shared_key.h"

#include "evidence/tpm_key.h"
#include "evidence/tpm_quote.h"
#include "evidence/tpm_wire.h"

int kw_shared_key_decrypt(const struct kw_config *config, enum kw_rsa_scheme scheme,
			  enum kw_hash oaep, struct kw_bytes wrapped, struct kw_secret *ret,
			  struct kw_error *err)
{
	KW_CLEANUP(kw_secret_clear) struct kw_secret zeros = { 0 };
	KW_CLEANUP(kw_tpm_close) struct kw_tpm tpm = { 0 };
	KW_CLEANUP(kw_tpm_key_flush) struct kw_tpm_key key = { 0 };
	struct kw_pcr_values pcrs;

	if (kw_secret_new(KW_UNIQUE_SIZE, &zeros, err) < 0
	    || kw_tpm_open(config->evidence.tcti, config->retry.deadline_ms, &kw_clock_system, &tpm,
			   err)
		       < 0
	    || kw_tpm_pcr_read(&tpm, KW_GUEST_PCRS, &pcrs, err) < 0
	    || kw_tpm_key_create(&tpm, &zeros, &pcrs, &key, err) < 0)
		return -1;
	return kw_tpm_key_decrypt(&key, scheme, oaep, wrapped, ret, err);
}
