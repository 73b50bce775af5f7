/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /v1/keys/NAME/{decrypt,sign,unwrap}: {"alg","value"} and, for AES-GCM, {"iv","aad","tag"},
 * in strict JSON and base64url; the answer is {"kid","value"}. The operation runs on a thread of
 * its own pool. Reading the body says what is wrong with it; what the key says about the value is
 * one refusal.
 */
#include "server/work.h"
#include "service/operation.h"
#include "util/base64.h"
#include "util/json.h"
#include "util/memory.h"

#include <string.h>

#define JSON_TYPE "application/json"

enum {
	VALUE_MAX = 64 * 1024, /* of each member, decoded */
	/* A plaintext takes as much as its ciphertext, and its text in the answer 4/3 of that,
	 * twice while it is put together. */
	ARENA_FACTOR = 3,
	ARENA_SHARE = 512 * 1024, /* of all operations together: the arena is for keys */
};

struct running {
	struct kw_work work;
	struct kw_server *server;
	struct kw_operation operation;
	struct kw_material *material;
	struct kw_secret value;
	size_t charge; /* of ARENA_SHARE */
};

static const char *action_of(enum kw_use use)
{
	switch (use) {
	case KW_USE_DECRYPT:
		return "decrypt";
	case KW_USE_SIGN:
		return "sign";
	case KW_USE_UNWRAP:
		return "unwrap";
	}
	return "";
}

static enum MHD_Result refuse(struct kw_request *request, enum kw_use use,
			      const struct kw_error *err)
{
	kw_access_refused(request, request->name, action_of(use), err);
	return kw_answer_problem(request, err);
}

/* Reading the body. */

static int take_member(const struct kw_json *body, const char *name, struct kw_blob *ret,
		       struct kw_error *err)
{
	if (kw_json_want_base64(body, name, KW_BASE64URL, KW_E_SRV_BODY, ret, err) < 0)
		return -1;
	if (ret->len > VALUE_MAX)
		return kw_fail(err, KW_E_SRV_TOO_LARGE, "'%s' is %zu bytes, at most %d", name,
			       ret->len, VALUE_MAX);
	return 0;
}

static int take_gcm_members(const struct kw_json *body, struct kw_operation *operation,
			    struct kw_error *err)
{
	if (take_member(body, "iv", &operation->iv, err) < 0
	    || take_member(body, "tag", &operation->tag, err) < 0)
		return -1;
	return kw_json_get(body, "aad") != NULL ? take_member(body, "aad", &operation->aad, err)
						: 0;
}

static int check_members(const struct kw_json *body, bool gcm, struct kw_error *err)
{
	static const char *const names[] = { "alg", "value", "kid", "iv", "aad", "tag" };
	size_t n = gcm ? 6 : 3;

	for (const struct kw_json *m = kw_json_first(body); m != NULL; m = kw_json_next(m)) {
		size_t i = 0;

		while (i < n && strcmp(names[i], kw_json_name(m)) != 0)
			i++;
		if (i == n)
			return kw_fail(err, KW_E_SRV_BODY, "a member is none of %s",
				       gcm ? "alg, value, kid, iv, aad, tag" : "alg, value, kid");
	}
	return 0;
}

static int read_body(struct kw_bytes text, struct kw_json **ret, struct kw_error *err)
{
	if (kw_json_parse(text, KW_JSON_STRICT, KW_E_SRV_BODY, ret, err) < 0)
		return -1;
	if (kw_json_type(*ret) != KW_JSON_OBJECT)
		return kw_fail(err, KW_E_SRV_BODY, "the body is not a JSON object");
	return 0;
}

static int read_operation(const struct kw_json *body, enum kw_use use, struct kw_operation *ret,
			  struct kw_error *err)
{
	const char *name = NULL;
	bool gcm = false;

	if (kw_json_want_string(body, "alg", KW_E_SRV_BODY, &name, err) < 0)
		return -1;
	ret->use = use;
	ret->alg = kw_algorithm_find(name, use);
	if (ret->alg == NULL)
		return kw_fail(err, KW_E_SRV_ALGORITHM, "alg is none that %ss", action_of(use));
	gcm = ret->alg->scheme == KW_SCHEME_AES_GCM;
	if (check_members(body, gcm, err) < 0 || take_member(body, "value", &ret->value, err) < 0)
		return -1;
	return gcm ? take_gcm_members(body, ret, err) : 0;
}

/* `kid` names a version, as an answer's kid or a JWE's header does. */
static int find_material(const struct kw_json *body, const struct kw_entry *entry,
			 struct kw_material **ret, struct kw_error *err)
{
	const char *kid = NULL;

	if (kw_json_get(body, "kid") != NULL
	    && kw_json_want_string(body, "kid", KW_E_SRV_BODY, &kid, err) < 0)
		return -1;
	return kw_access_version(entry, kid, ret, err);
}

/* The work. */

static int run(struct kw_work *work, struct kw_error *err)
{
	struct running *r = (struct running *)work;

	return kw_operation_run(&r->operation, r->material, &r->value, err);
}

static void free_running(struct kw_work *work)
{
	struct running *r = (struct running *)work;

	r->server->operations_size -= r->charge;
	kw_operation_clear(&r->operation);
	kw_material_unref(r->material);
	kw_secret_clear(&r->value);
	free(r);
}

static bool start(struct kw_request *request, struct kw_operation *operation,
		  struct kw_material *material)
{
	struct kw_server *server = request->server;
	size_t charge = ARENA_FACTOR * operation->value.len;
	struct running *r = NULL;

	if (server->operations_size + charge > ARENA_SHARE)
		return false;
	r = kw_alloc(sizeof(*r));
	r->work = (struct kw_work){ .run = run, .free = free_running };
	r->server = server;
	r->operation = *operation;
	*operation = (struct kw_operation){ 0 };
	r->material = kw_material_ref(material);
	r->charge = charge;
	server->operations_size += charge;
	return kw_work_start(request, server->operators, &r->work);
}

/* Answering. */

/* {"kid":"...","value":"..."}: the first part is built and escaped as JSON, the second is base64url
 * and stays in the arena. */
static int write_answer(const struct kw_material *material, struct kw_secret *value,
			struct kw_secret *ret, struct kw_error *err)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *head = kw_json_new_object();
	KW_CLEANUP(freep) char *head_text = NULL;
	KW_CLEANUP(kw_secret_clear) struct kw_secret encoded = { 0 };

	if (!kw_base64_encode_secret(KW_BASE64URL, kw_secret_bytes(value), &encoded))
		return kw_fail(err, KW_E_SEC_FULL, "no room for a result of %zu bytes", value->len);
	kw_secret_clear(value);
	kw_json_add_string(head, "kid", material->kid);
	head_text = kw_json_print(head);
	struct kw_bytes parts[] = {
		{ (const uint8_t *)head_text, strlen(head_text) - strlen("}") },
		kw_bytes_text(",\"value\":\""),
		kw_secret_bytes(&encoded),
		kw_bytes_text("\"}"),
	};
	return kw_secret_join(parts, sizeof(parts) / sizeof(parts[0]), ret, err);
}

static enum MHD_Result answer(struct kw_request *request, enum kw_use use)
{
	struct running *r = (struct running *)request->work;
	KW_CLEANUP(kw_secret_clear) struct kw_secret text = { 0 };
	struct kw_error err = { 0 };

	if (kw_work_result(request, &err) < 0)
		return refuse(request, use, &err);
	if (kw_access_granted(request, request->name, r->material, action_of(use), &err) < 0
	    || write_answer(r->material, &r->value, &text, &err) < 0)
		return kw_answer_problem(request, &err);
	return kw_answer(request, MHD_HTTP_OK, kw_response_secret(&text, JSON_TYPE));
}

/* `export: false` is no obstacle: this is what it is for. */
static int begin(struct kw_request *request, enum kw_use use, struct kw_error *err)
{
	KW_CLEANUP(kw_operation_clear) struct kw_operation operation = { 0 };
	KW_CLEANUP(kw_json_freep) struct kw_json *body = NULL;
	struct kw_material *material = NULL;
	struct kw_access access = { 0 };

	if (kw_access(request, &access, err) < 0
	    || kw_access_rate(request, access.rule->name, err) < 0
	    || kw_access_material(access.entry, err) < 0
	    || read_body(kw_blob_bytes(&request->body), &body, err) < 0
	    || read_operation(body, use, &operation, err) < 0
	    || find_material(body, access.entry, &material, err) < 0)
		return -1;
	if (!start(request, &operation, material))
		return kw_fail(err, KW_E_SRV_BUSY, "too many operations are waiting");
	return 0;
}

static enum MHD_Result operate(struct kw_request *request, enum kw_use use)
{
	struct kw_error err = { 0 };

	if (kw_work_has_ended(request))
		return answer(request, use);
	if (request->work != NULL)
		(void)kw_fail(&err, KW_E_SYS_DEADLINE, "the operation took too long");
	else if (begin(request, use, &err) == 0)
		return MHD_YES;
	return refuse(request, use, &err);
}

enum MHD_Result kw_route_decrypt(struct kw_request *request)
{
	return operate(request, KW_USE_DECRYPT);
}

enum MHD_Result kw_route_sign(struct kw_request *request)
{
	return operate(request, KW_USE_SIGN);
}

enum MHD_Result kw_route_unwrap(struct kw_request *request)
{
	return operate(request, KW_USE_UNWRAP);
}
