/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One key per curve, each with a zero byte at the start of x, d or both, so that padding shows;
 * made by python3-cryptography, the odd encodings by the openssl command. Base64 but for JWK and
 * PEM; the message of the signatures is "attested" (SHA-256, 384, 512 and 256), r and s at full
 * width.
 */
#pragma once

#include "util/attributes.h"

static const char p256_pkcs8[] KW_UNUSED =
	"MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgAAAAAAAAABdi9l3dS/1GIBbFv07GvTFTPzj0"
	"AWxAToGhRANCAAQAH2Ug5h1AiHcGh+otcTppm9Acbj6NRRCOJu6pki7JjXzvISv03jqLq3SoqZ+ZycnmACMm"
	"v7A7Rx2N5Oza0SUs";

static const char p256_spki[] KW_UNUSED =
	"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEAB9lIOYdQIh3BofqLXE6aZvQHG4+jUUQjibuqZIuyY187yEr"
	"9N46i6t0qKmfmcnJ5gAjJr+wO0cdjeTs2tElLA==";

static const char p256_jwk[] KW_UNUSED =
	"{\"crv\":\"P-256\",\"d\":\"AAAAAAAAABdi9l3dS_1GIBbFv07GvTFTPzj0AWxAToE\",\"kty\":\"EC\","
	"\"x\":\"AB9"
	"lIOYdQIh3BofqLXE6aZvQHG4-jUUQjibuqZIuyY0\",\"y\":\"fO8hK_TeOourdKipn5nJyeYAIya_sDtHHY3k7"
	"NrRJSw\"}";

static const char p256_thumbprint[] KW_UNUSED = "X4agvXLRGGAOdMfe0w_gJx7kzksn6-VFZcEecNSaTXU";

static const char p256_sig[] KW_UNUSED =
	"KN61wpcLNM840E5pmJbILvJWl4fF5WG1+glBqM9QFV2jnq8G0CubiTM/Hf20fJwycxVf6CEMmFfByz+HFGoH"
	"ig==";

static const char p384_pkcs8[] KW_UNUSED =
	"MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAI76QJq6"
	"IWGbtRMz9lG5bdiNxvK6yA/O7POhZANiAAQAnoxY13sFHNRfIkIwfh1WZYDwkvNVezUPO+XG5DrLxefUFI34"
	"ZoZ+maN1X6/Q4icTapSklKLD7szLJDVneZeBR0aGubcLyD/N2Soh6RRXkjneALH5HovEXwBxb7Xt0VU=";

static const char p384_spki[] KW_UNUSED =
	"MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEAJ6MWNd7BRzUXyJCMH4dVmWA8JLzVXs1DzvlxuQ6y8Xn1BSN+GaG"
	"fpmjdV+v0OInE2qUpJSiw+7MyyQ1Z3mXgUdGhrm3C8g/zdkqIekUV5I53gCx+R6LxF8AcW+17dFV";

static const char p384_jwk[] KW_UNUSED =
	"{\"crv\":\"P-384\",\"d\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAACO-kCauiFhm7UTM_"
	"ZRuW3YjcbyusgPzuzz"
	"\",\"kty\":\"EC\",\"x\":\"AJ6MWNd7BRzUXyJCMH4dVmWA8JLzVXs1DzvlxuQ6y8Xn1BSN-GaGfpmjdV-"
	"v0OIn\","
	"\"y\":\"E2qUpJSiw-7MyyQ1Z3mXgUdGhrm3C8g_zdkqIekUV5I53gCx-R6LxF8AcW-17dFV\"}";

static const char p384_thumbprint[] KW_UNUSED = "hn2ysdkoJiodxefKJL8-1dyYAc8WnxtNkZEOrYKOiPk";

static const char p384_sig[] KW_UNUSED =
	"0TLO/KbV1B2OAqL74UmZ9+XYdr5AN7mNzuZ+/63NreU+ItZczb3c7z27CmYJ0eFM8JTOOqs6xXPnYMcCHfTe"
	"DQDrCCoQ96mEvIschaRElpmeKvqZFTdTwAedH5PyKhAj";

static const char p521_pkcs8[] KW_UNUSED =
	"MIHuAgEAMBAGByqGSM49AgEGBSuBBAAjBIHWMIHTAgEBBEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	"AAAAAAAAAAAAAAAAANmtgRQXrUyhYtH7zF2CsQ2LM9crlynm6CihgYkDgYYABAAA3zojfK8fDHGfhPoO0h2r"
	"DTA/Og5jJxmlWTpgoqZSWffbt0epdslAyp4WIl5trz/56fN/TEZ+U3DxfEGRlMdzEwDxcBzIL6fcNLmsu7XH"
	"Bbf6vCnTeTZvDWnG3RNGnivR/bhU/yGFeDMW5h/ZNH9Y+LvgT3mPBODD+F0VSh+RWrrmjg==";

static const char p521_spki[] KW_UNUSED =
	"MIGbMBAGByqGSM49AgEGBSuBBAAjA4GGAAQAAN86I3yvHwxxn4T6DtIdqw0wPzoOYycZpVk6YKKmUln327dH"
	"qXbJQMqeFiJeba8/+enzf0xGflNw8XxBkZTHcxMA8XAcyC+n3DS5rLu1xwW3+rwp03k2bw1pxt0TRp4r0f24"
	"VP8hhXgzFuYf2TR/WPi74E95jwTgw/hdFUofkVq65o4=";

static const char p521_jwk[] KW_UNUSED =
	"{\"crv\":\"P-521\",\"d\":"
	"\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAADZrYEUF61M"
	"oWLR-8xdgrENizPXK5cp5ugo\",\"kty\":\"EC\",\"x\":\"AADfOiN8rx8McZ-E-"
	"g7SHasNMD86DmMnGaVZOmCipl"
	"JZ99u3R6l2yUDKnhYiXm2vP_np839MRn5TcPF8QZGUx3MT\",\"y\":\"APFwHMgvp9w0uay7tccFt_q8KdN5Nm8"
	"NacbdE0aeK9H9uFT_IYV4MxbmH9k0f1j4u-BPeY8E4MP4XRVKH5FauuaO\"}";

static const char p521_thumbprint[] KW_UNUSED = "wIZZpujg_PZeFXUhQ7immP39vDqLu4Sm3ZLH1SwBbO4";

static const char p521_sig[] KW_UNUSED =
	"ATIdcCVSxBVoDxEqVmHeWSx+QExuAISmN0FHtL+1WAz0D1O0DdEjfPFn4YhlnNKV5ZEyeKiikNdzaEuUpbB9"
	"9qbgAeGIwYJy+56jgR2EiZdQXaeMHZxBh7/Q1r5q28WCIlGtW1xoDlDBZxwR7ZW7ylEd+AiCTYJ1qKrQuuVe"
	"rUiOuDDG";

static const char p256k_pkcs8[] KW_UNUSED =
	"MIGEAgEAMBAGByqGSM49AgEGBSuBBAAKBG0wawIBAQQgAAAAAAAAAK6yh7+SaBcKmxfaTK/1cRa9mClo3qBc"
	"oAuhRANCAAQA136Fq7UOc2AD2l3DXYGgMKvS/xh3lGL9+n+15h3fl7MO3mGAevvuH3ycyw1CsDrQ8D79ScQz"
	"XOeXlnYKEu3A";

static const char p256k_spki[] KW_UNUSED =
	"MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAEANd+hau1DnNgA9pdw12BoDCr0v8Yd5Ri/fp/teYd35ezDt5hgHr7"
	"7h98nMsNQrA60PA+/UnEM1znl5Z2ChLtwA==";

static const char p256k_jwk[] KW_UNUSED =
	"{\"crv\":\"P-256K\",\"d\":\"AAAAAAAAAK6yh7-SaBcKmxfaTK_1cRa9mClo3qBcoAs\",\"kty\":\"EC\","
	"\"x\":\"AN"
	"d-hau1DnNgA9pdw12BoDCr0v8Yd5Ri_fp_teYd35c\",\"y\":\"sw7eYYB6--4ffJzLDUKwOtDwPv1JxDNc55eW"
	"dgoS7cA\"}";

static const char p256k_thumbprint[] KW_UNUSED = "OOFMmJsspIS_U5PP0e0YkU37W0fYlfKzPoMO0sw-PNY";

static const char p256k_sig[] KW_UNUSED =
	"g4AN/N30LQD1I5BiKsWCFrOTmQkIytqsemsJ/+2W9KCCikYUOIwGbe2L+3MqMssVgTV8NkRVowTm3BJ6gtdN"
	"GQ==";

static const char p256_pem[] KW_UNUSED =
	"-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgAAAAAAAA"
	"ABdi9l3d\nS/1GIBbFv07GvTFTPzj0AWxAToGhRANCAAQAH2Ug5h1AiHcGh+otcTppm9Acbj6N\nRRCOJu6pki"
	"7JjXzvISv03jqLq3SoqZ+ZycnmACMmv7A7Rx2N5Oza0SUs\n-----END PRIVATE KEY-----\n";

static const char p256_no_public[] KW_UNUSED =
	"MEECAQAwEwYHKoZIzj0CAQYIKoZIzj0DAQcEJzAlAgEBBCAAAAAAAAAAF2L2Xd1L/UYgFsW/Tsa9MVM/OPQB"
	"bEBOgQ==";

static const char p256_explicit[] KW_UNUSED =
	"MIIBSzCCAQMGByqGSM49AgEwgfcCAQEwLAYHKoZIzj0BAQIhAP////8AAAABAAAAAAAAAAAAAAAA////////"
	"////////MFsEIP////8AAAABAAAAAAAAAAAAAAAA///////////////8BCBaxjXYqjqT57PrvVV2mIa8ZR0G"
	"sMxTsPY7zjw+J9JgSwMVAMSdNgiG5wSTamZ44ROdJreBn36QBEEEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg"
	"9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9QIhAP////8AAAAA//////////+85vqt"
	"pxeehPO5ysL8YyVRAgEBA0IABAAfZSDmHUCIdwaH6i1xOmmb0BxuPo1FEI4m7qmSLsmNfO8hK/TeOourdKip"
	"n5nJyeYAIya/sDtHHY3k7NrRJSw=";

static const char p256_compressed[] KW_UNUSED =
	"MDkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDIgACAB9lIOYdQIh3BofqLXE6aZvQHG4+jUUQjibuqZIuyY0=";

static const char ed25519_spki[] KW_UNUSED =
	"MCowBQYDK2VwAyEAWvtKEkmTE7gMeQb6/BeQ6xrIYkKUUiIL9HnUQ+Ba3+E=";

static const char ed25519_pkcs8[] KW_UNUSED =
	"MC4CAQAwBQYDK2VwBCIEILf0iVTtn5CjRoN8ZXKEL2e29qLvG0aMDPL5RkpUGvY8";
