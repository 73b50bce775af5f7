/* SPDX-License-Identifier: Apache-2.0 */
#include "server/tokens.h"

#include "util/base64.h"
#include "util/file.h"
#include "util/memory.h"

#include <unistd.h>

enum { TOKEN_BYTES = 32, TOKEN_MAX = 4096, TOKEN_MODE = 0440 };

struct kw_tokens {
	const struct kw_config *config;
	struct kw_secret *values; /* by index of config->server.tokens */
};

static int make(const char *path, const struct kw_random *random, struct kw_error *err)
{
	KW_CLEANUP(kw_secret_clear) struct kw_secret bytes = { 0 };
	KW_CLEANUP(kw_secret_clear) struct kw_secret text = { 0 };
	struct kw_file_target target = { .path = path, .mode = TOKEN_MODE, .gid = (gid_t)-1 };

	if (kw_secret_new(TOKEN_BYTES, &bytes, err) < 0)
		return -1;
	kw_random_fill(random, bytes.data, bytes.len);
	if (!kw_base64_encode_secret(KW_BASE64URL, kw_secret_bytes(&bytes), &text))
		return kw_fail(err, KW_E_SEC_FULL, "no room for a token");
	return kw_file_replace(&target, kw_secret_bytes(&text), err);
}

static int open_one(const char *path, const struct kw_random *random, struct kw_secret *ret,
		    struct kw_error *err)
{
	if (access(path, F_OK) < 0 && make(path, random, err) < 0)
		return -1;
	return kw_file_read_secret(path, TOKEN_MAX, KW_E_SYS_FILE, ret, err);
}

int kw_tokens_open(const struct kw_config *config, const struct kw_random *random,
		   struct kw_tokens **ret, struct kw_error *err)
{
	KW_CLEANUP(kw_tokens_freep) struct kw_tokens *tokens = kw_alloc(sizeof(*tokens));

	tokens->config = config;
	tokens->values = kw_alloc((config->server.n_tokens + 1) * sizeof(*tokens->values));
	for (size_t i = 0; i < config->server.n_tokens; i++) {
		const struct kw_config_token *token = &config->server.tokens[i];

		if (open_one(token->file, random, &tokens->values[i], err) < 0)
			return kw_wrap(err, "server.tokens '%s'", token->name);
		if (tokens->values[i].len < TOKEN_BYTES)
			return kw_fail(err, KW_E_CFG_VALUE,
				       "server.tokens '%s': %s holds %zu bytes, at least %d",
				       token->name, token->file, tokens->values[i].len,
				       TOKEN_BYTES);
	}
	*ret = KW_STEAL(tokens);
	return 0;
}

void kw_tokens_free(struct kw_tokens *tokens)
{
	if (tokens == NULL)
		return;
	for (size_t i = 0; i < tokens->config->server.n_tokens; i++)
		kw_secret_clear(&tokens->values[i]);
	free(tokens->values);
	free(tokens);
}

const char *kw_tokens_name(const struct kw_tokens *tokens, struct kw_bytes presented)
{
	const char *name = NULL;

	for (size_t i = 0; i < tokens->config->server.n_tokens; i++)
		if (kw_secret_equal(kw_secret_bytes(&tokens->values[i]), presented))
			name = tokens->config->server.tokens[i].name;
	return name;
}
