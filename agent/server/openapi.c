/* SPDX-License-Identifier: Apache-2.0 */
/* GET /openapi.json: the description of this interface, as it lies beside this file. */
#include "server/server.h"

extern const char kw_openapi_text[]; /* ends with a NUL */

__asm__(".section .rodata, \"a\", @progbits\n"
	".global kw_openapi_text\n"
	".hidden kw_openapi_text\n"
	".type kw_openapi_text, @object\n"
	"kw_openapi_text:\n"
	".incbin \"" KW_OPENAPI_JSON "\"\n"
	".byte 0\n"
	".size kw_openapi_text, . - kw_openapi_text\n"
	".previous\n");

enum MHD_Result kw_route_openapi(struct kw_request *request)
{
	return kw_answer_text(request, MHD_HTTP_OK, "application/openapi+json;version=3.1",
			      kw_openapi_text);
}
