/* SPDX-License-Identifier: Apache-2.0 */
/* A call to the vault with the access token of the identity that a key's rule names. */
#include "service/internal.h"

int kw_with_bearer(struct kw_service *service, const struct kw_config_key *rule,
		   int (*call)(void *ctx, const struct kw_secret *bearer, struct kw_error *err),
		   void *ctx, struct kw_error *err)
{
	const struct kw_config_identity *identity =
		rule->identity != NULL ? rule->identity : &service->config->identity;
	const char *audience = kw_config_audience(service->config, identity, &rule->id.origin);

	if (audience == NULL)
		return kw_fail(err, KW_E_SYS_INTERNAL, "no audience is known for %s", rule->url);
	for (int again = 0; again <= 1; again++) {
		KW_CLEANUP(kw_secret_clear) struct kw_secret bearer = { 0 };

		*err = (struct kw_error){ 0 };
		if (kw_identity_token(service->identities, identity, audience, again == 1, &bearer,
				      err)
		    < 0)
			return kw_wrap(err, "token for %s", rule->url);
		if (call(ctx, &bearer, err) == 0)
			return 0;
		if (!kw_error_is(err, KW_E_REL_UNAUTHORIZED))
			return -1;
	}
	return -1;
}
