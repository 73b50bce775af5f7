/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One RSA-2048 key, and what python3-cryptography made with it: an independent hand. Base64 but for
 * JWK and PEM; the message of the signatures is "attested", the plaintext of OAEP 00 01 .. 1f.
 */
#pragma once

#include "util/attributes.h"

static const char rsa_pkcs8[] KW_UNUSED =
	"MIIEvAIBADANBgkqhkiG9w0BAQEFAASCBKYwggSiAgEAAoIBAQCHaawTnAYQ/uYKbsr0mRwHeLPGEk1Q7jLJ"
	"1FKFpgpodbljL0Vfymqb5meSi+Xq495EJxXwOPjTqLRBVg8XrswOSsG38F7nLV3jU/0A8GflP40SxANNw+m7"
	"ZHERKKCKrGPxxaexjZc/Wv7GoLS/1fqwNHBAVz8uHlDZfKIxxj8JIFzFP5t3gIeA5uyqoX9nBQt7vzigD6Gw"
	"SNH6qx+DjKeqoDEscYyeMH8jFVmP0HSBeIu+PxkcwI0MNQwLwpVk0FL5mcSNYYSgkbzH8ptijl5i2DjGfKws"
	"o1Yr7UjfpMmsgs5Y27epQ1I/OjsKua8Lk6oqUofA7UlymL/S+Kjy7CvlAgMBAAECggEABX41Y0RAgL7+UO0G"
	"oZ52Yx0z2bSTW1WWTNamlFJUeMFRyGK6AzVAVtulVu4C4SDmOsiFHM4K1fcxfLcDfLf0Ah5pNk9zYhhWhyq4"
	"iCm4ZTXLQLgf1C8+04GzDnmh7Y4prbyRXWP7fy/vRtptCp0hArXV2d5QK0xChlgGclNy6ilNTvXmvfpoAPlP"
	"kcYvT2S9qQhOHHBPp2G/Xc1hTNMpXCZlXh0wFfs58OacwE2hrh7Olh5S6Yg/x9mx8U+WjAaAjk0DHJrIuWXJ"
	"DKRNghNuEvbut8mYO3ipdKWNJRF4myDpXaWbiNxj81J3U5q04cvIEq452m8x7nUMkh7/iA/DYQKBgQC7o3k/"
	"idYFs/pbIg6SevYHAAuKACBtvmfoVM+scUE4b0MlefFiPsKlpiUYSLjnZlxLND6KYaZRU8/1Kep0FgxN25Bv"
	"2SmjIfscn2YgoS0LCbuZC8R9Dty+2WSQpM78GsozQLhhdlKk4aBK0xMbV/NMRRzOHPrAjenxjlLLgB71dQKB"
	"gQC4vz61TTl1Y9YIBCTaL2l7PJV6176pT0tLbjkic/D+7Ao6+iOCtQFVKqY82zRw9qn6cY1KInWimhB3UitX"
	"tBAucmJdKqvJydeIkrpl0qvLlRpX65twKDvipLiZKcehgTRxDlGKcSdkEJLMVztzQAI3C0QFjbLZPJoZgZiP"
	"x+XesQKBgFBFCqWHzar652r9EsbPG1i7SDRtAXJxNfpJ7d2TRZdi4ZKyq/SfbJ14if3tfkxfmbQCUY7ZX1ED"
	"Tb9PgyDOHc1g1FVEzW8gJlCEUCg9SwuhykMaqZ/mL8DlNwQ5vOJUg5ORaE8pUwl+DBh2W4IjCc3i8wOpmgut"
	"qhrQC9NKp/PRAoGAXhBBhV4EW1ixqPMzMEPjmPOHyDwAv4O3+nfsbzZJBgJ4Uv75BZvTSeGlMmcJlFqCwRj/"
	"rzdMXbXDnH0hxE3Rz1Q98OHBBcTXEJpkfWN+RPFtsEYtpjVWCFeGBbXYBssaQFXh/nMOc0xc8d2YT13Pwubh"
	"g1JaNXE9pK7vVoWY7IECgYBcheEiS0IN6WwypaMRPbeqPyE+15awPogmmjMZcy8hIXOebOEJl76nmoysZFTT"
	"hxTd9pX8vQMFN9QiApIlsdHAOYnHyLLIzibA6M1IRhNQ/AiknvHKw+a7rk9iRS8tNdVfShpDncfUTu0x1GLx"
	"F8a0ZaQeuAUo1in1rXeHkmZtQw==";

static const char rsa_spki[] KW_UNUSED =
	"MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAh2msE5wGEP7mCm7K9JkcB3izxhJNUO4yydRShaYK"
	"aHW5Yy9FX8pqm+Znkovl6uPeRCcV8Dj406i0QVYPF67MDkrBt/Be5y1d41P9APBn5T+NEsQDTcPpu2RxESig"
	"iqxj8cWnsY2XP1r+xqC0v9X6sDRwQFc/Lh5Q2XyiMcY/CSBcxT+bd4CHgObsqqF/ZwULe784oA+hsEjR+qsf"
	"g4ynqqAxLHGMnjB/IxVZj9B0gXiLvj8ZHMCNDDUMC8KVZNBS+ZnEjWGEoJG8x/KbYo5eYtg4xnysLKNWK+1I"
	"36TJrILOWNu3qUNSPzo7CrmvC5OqKlKHwO1Jcpi/0vio8uwr5QIDAQAB";

static const char rsa_jwk[] KW_UNUSED =
	"{\"d\":\"BX41Y0RAgL7-UO0GoZ52Yx0z2bSTW1WWTNamlFJUeMFRyGK6AzVAVtulVu4C4SDmOsiFHM4K1fcxfL"
	"cDfLf0Ah5pNk9zYhhWhyq4iCm4ZTXLQLgf1C8-04GzDnmh7Y4prbyRXWP7fy_vRtptCp0hArXV2d5QK0xChl"
	"gGclNy6ilNTvXmvfpoAPlPkcYvT2S9qQhOHHBPp2G_Xc1hTNMpXCZlXh0wFfs58OacwE2hrh7Olh5S6Yg_x9"
	"mx8U-WjAaAjk0DHJrIuWXJDKRNghNuEvbut8mYO3ipdKWNJRF4myDpXaWbiNxj81J3U5q04cvIEq452m8x7n"
	"UMkh7_iA_DYQ\",\"dp\":\"UEUKpYfNqvrnav0Sxs8bWLtING0BcnE1-knt3ZNFl2LhkrKr9J9snXiJ_e1-TF-Z"
	"tAJRjtlfUQNNv0-DIM4dzWDUVUTNbyAmUIRQKD1LC6HKQxqpn-YvwOU3BDm84lSDk5FoTylTCX4MGHZbgiMJ"
	"zeLzA6maC62qGtAL00qn89E\",\"dq\":\"XhBBhV4EW1ixqPMzMEPjmPOHyDwAv4O3-nfsbzZJBgJ4Uv75BZvTS"
	"eGlMmcJlFqCwRj_rzdMXbXDnH0hxE3Rz1Q98OHBBcTXEJpkfWN-RPFtsEYtpjVWCFeGBbXYBssaQFXh_nMOc"
	"0xc8d2YT13Pwubhg1JaNXE9pK7vVoWY7IE\",\"e\":\"AQAB\",\"kty\":\"RSA\",\"n\":"
	"\"h2msE5wGEP7mCm7K9Jkc"
	"B3izxhJNUO4yydRShaYKaHW5Yy9FX8pqm-Znkovl6uPeRCcV8Dj406i0QVYPF67MDkrBt_Be5y1d41P9APBn"
	"5T-NEsQDTcPpu2RxESigiqxj8cWnsY2XP1r-xqC0v9X6sDRwQFc_Lh5Q2XyiMcY_CSBcxT-bd4CHgObsqqF_"
	"ZwULe784oA-hsEjR-qsfg4ynqqAxLHGMnjB_IxVZj9B0gXiLvj8ZHMCNDDUMC8KVZNBS-ZnEjWGEoJG8x_Kb"
	"Yo5eYtg4xnysLKNWK-1I36TJrILOWNu3qUNSPzo7CrmvC5OqKlKHwO1Jcpi_0vio8uwr5Q\",\"p\":\"u6N5P4n"
	"WBbP6WyIOknr2BwALigAgbb5n6FTPrHFBOG9DJXnxYj7CpaYlGEi452ZcSzQ-imGmUVPP9SnqdBYMTduQb9k"
	"poyH7HJ9mIKEtCwm7mQvEfQ7cvtlkkKTO_BrKM0C4YXZSpOGgStMTG1fzTEUczhz6wI3p8Y5Sy4Ae9XU\",\"q"
	"\":\"uL8-tU05dWPWCAQk2i9pezyVete-qU9LS245InPw_uwKOvojgrUBVSqmPNs0cPap-nGNSiJ1opoQd1IrV"
	"7QQLnJiXSqrycnXiJK6ZdKry5UaV-ubcCg74qS4mSnHoYE0cQ5RinEnZBCSzFc7c0ACNwtEBY2y2TyaGYGYj"
	"8fl3rE\",\"qi\":\"XIXhIktCDelsMqWjET23qj8hPteWsD6IJpozGXMvISFznmzhCZe-p5qMrGRU04cU3faV_L"
	"0DBTfUIgKSJbHRwDmJx8iyyM4mwOjNSEYTUPwIpJ7xysPmu65PYkUvLTXVX0oaQ53H1E7tMdRi8RfGtGWkHr"
	"gFKNYp9a13h5JmbUM\"}";

static const char rsa_thumbprint[] KW_UNUSED = "bUnxmoIq_liXFluejADuTg_FT1ppAlPKyyuicYOD-VI";

static const char rsa_pem[] KW_UNUSED =
	"-----BEGIN PRIVATE KEY-----\nMIIEvAIBADANBgkqhkiG9w0BAQEFAASCBKYwggSiAgEAAoIBAQCHaawT"
	"nAYQ/uYK\nbsr0mRwHeLPGEk1Q7jLJ1FKFpgpodbljL0Vfymqb5meSi+Xq495EJxXwOPjTqLRB\nVg8XrswOSs"
	"G38F7nLV3jU/0A8GflP40SxANNw+m7ZHERKKCKrGPxxaexjZc/Wv7G\noLS/1fqwNHBAVz8uHlDZfKIxxj8JI"
	"FzFP5t3gIeA5uyqoX9nBQt7vzigD6GwSNH6\nqx+DjKeqoDEscYyeMH8jFVmP0HSBeIu+PxkcwI0MNQwLwpVk"
	"0FL5mcSNYYSgkbzH\n8ptijl5i2DjGfKwso1Yr7UjfpMmsgs5Y27epQ1I/OjsKua8Lk6oqUofA7UlymL/S\n+K"
	"jy7CvlAgMBAAECggEABX41Y0RAgL7+UO0GoZ52Yx0z2bSTW1WWTNamlFJUeMFR\nyGK6AzVAVtulVu4C4SDmO"
	"siFHM4K1fcxfLcDfLf0Ah5pNk9zYhhWhyq4iCm4ZTXL\nQLgf1C8+04GzDnmh7Y4prbyRXWP7fy/vRtptCp0h"
	"ArXV2d5QK0xChlgGclNy6ilN\nTvXmvfpoAPlPkcYvT2S9qQhOHHBPp2G/Xc1hTNMpXCZlXh0wFfs58OacwE2"
	"hrh7O\nlh5S6Yg/x9mx8U+WjAaAjk0DHJrIuWXJDKRNghNuEvbut8mYO3ipdKWNJRF4myDp\nXaWbiNxj81J3U"
	"5q04cvIEq452m8x7nUMkh7/iA/DYQKBgQC7o3k/idYFs/pbIg6S\nevYHAAuKACBtvmfoVM+scUE4b0MlefFi"
	"PsKlpiUYSLjnZlxLND6KYaZRU8/1Kep0\nFgxN25Bv2SmjIfscn2YgoS0LCbuZC8R9Dty+2WSQpM78GsozQLh"
	"hdlKk4aBK0xMb\nV/NMRRzOHPrAjenxjlLLgB71dQKBgQC4vz61TTl1Y9YIBCTaL2l7PJV6176pT0tL\nbjkic"
	"/D+7Ao6+iOCtQFVKqY82zRw9qn6cY1KInWimhB3UitXtBAucmJdKqvJydeI\nkrpl0qvLlRpX65twKDvipLiZ"
	"KcehgTRxDlGKcSdkEJLMVztzQAI3C0QFjbLZPJoZ\ngZiPx+XesQKBgFBFCqWHzar652r9EsbPG1i7SDRtAXJ"
	"xNfpJ7d2TRZdi4ZKyq/Sf\nbJ14if3tfkxfmbQCUY7ZX1EDTb9PgyDOHc1g1FVEzW8gJlCEUCg9SwuhykMaqZ"
	"/m\nL8DlNwQ5vOJUg5ORaE8pUwl+DBh2W4IjCc3i8wOpmgutqhrQC9NKp/PRAoGAXhBB\nhV4EW1ixqPMzMEPj"
	"mPOHyDwAv4O3+nfsbzZJBgJ4Uv75BZvTSeGlMmcJlFqCwRj/\nrzdMXbXDnH0hxE3Rz1Q98OHBBcTXEJpkfWN"
	"+RPFtsEYtpjVWCFeGBbXYBssaQFXh\n/nMOc0xc8d2YT13Pwubhg1JaNXE9pK7vVoWY7IECgYBcheEiS0IN6W"
	"wypaMRPbeq\nPyE+15awPogmmjMZcy8hIXOebOEJl76nmoysZFTThxTd9pX8vQMFN9QiApIlsdHA\nOYnHyLLI"
	"zibA6M1IRhNQ/AiknvHKw+a7rk9iRS8tNdVfShpDncfUTu0x1GLxF8a0\nZaQeuAUo1in1rXeHkmZtQw==\n--"
	"---END PRIVATE KEY-----\n";

static const char rsa_public_pem[] KW_UNUSED =
	"-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAh2msE5wGEP7mC"
	"m7K9Jkc\nB3izxhJNUO4yydRShaYKaHW5Yy9FX8pqm+Znkovl6uPeRCcV8Dj406i0QVYPF67M\nDkrBt/Be5y1"
	"d41P9APBn5T+NEsQDTcPpu2RxESigiqxj8cWnsY2XP1r+xqC0v9X6\nsDRwQFc/Lh5Q2XyiMcY/CSBcxT+bd4"
	"CHgObsqqF/ZwULe784oA+hsEjR+qsfg4yn\nqqAxLHGMnjB/IxVZj9B0gXiLvj8ZHMCNDDUMC8KVZNBS+ZnEj"
	"WGEoJG8x/KbYo5e\nYtg4xnysLKNWK+1I36TJrILOWNu3qUNSPzo7CrmvC5OqKlKHwO1Jcpi/0vio8uwr\n5QI"
	"DAQAB\n-----END PUBLIC KEY-----\n";

static const char rsa_sig_pkcs1_sha256[] KW_UNUSED =
	"hxsrSVKLzmedL4LeYV7ib4CZcT/9QkTSeNxgDptwATJP8Q6RxP4HNpL0/yeF8z2wE6d/QbupiHBprboHutzV"
	"wG1jRQiUwMMoveJqKq85xUN64hFm4FwvCN4aQ5ACp9bnFqcEJxpSz19XeZxfu0BvmfuYkaTQFpof1E7cN6bm"
	"1mchtvx7ZjR/+sRnHELqCM860KEA+8/qGZe2ConXojlIZ0mCTdMO4tNbAtJ62P05aUOvbuHBkzMoRplewlm7"
	"jPrFbJIx4tVPD+RmjXCE3j8AsubJDZwP2czLT+vWG1h0ERRyVvxwvoUlDyjc5i+Zx9Q9V0zFlN4kiArxL0TM"
	"d5967g==";

static const char rsa_sig_pkcs1_sha1[] KW_UNUSED =
	"WDYoaOCEKByz1fWcxmhF8oBeWqgaivdDL5C/KLvqqhD2m50Eaa/NBGEft2pOsL8Gq14unx9ShGIA+tV877d6"
	"Pmb5ufK197GBNblMXYI27sMvEKxmxXRTyMpglWuL67YMsH2Pa3cUcC4W+2nRV/XCyudiggmtUzfljacmKApN"
	"2okquzPsI8fis8t/OEr+o4fy3JAyBVtT0BXdMgv6d/etbVIKnGINmcfoxgdfUMt71Ndg58lXQcTXd8FwJPir"
	"+TCVsKYMHddD21bGpJ8EvogqXC7dhp8mlNGLLr4JKPlx9ENpOVj00RWuS7d7vQQppod4o9IHbPJnvvIwiPeB"
	"sCfQ4g==";

static const char rsa_sig_pss_sha384[] KW_UNUSED =
	"QIF5JkPsaLXPp8NtiqihlRZNUs3PkNgRu2B5GimKvwrAVpwPKnA+Mwavu45ATkzaBaKpZEFQWt6a6xN/Ols7"
	"Y+9OpwFpL1NqBK9LkN11io3hV3/XoRZSfMx0zGCD3PHUTABRWUyN7dKSjH0clTjZCEzH37dgPVdMBEtrtCvE"
	"zRHfXvN1gKhIu/S+Cn1v7cTjZntZQm92DPXTL4TfAMGGSMIv2lMxv/3H4m/gcfZL4Y2nJqZn0AYyJxMTtm27"
	"iqedzLfiVihiuyyAcSye8E+pnnXEl//RCKq+guVhIOB9WW7uLxsL1Nn6UvBfrMFdFtVBND7A5jfH1L6bTSeL"
	"09POvg==";

static const char rsa_sig_pss_other_mgf[] KW_UNUSED =
	"KMFNyCnpNDGV3BaI3iDfT3Dm6JHy0nmWWYD5j0LwPXu1v9cQltjTxtFryOavzTQnCfIpfMEqsGLWHaTBHR5I"
	"oNVSXV7CZXuZ6WwhZyYbpL6qM3syivIU8553RvC3HsJBWum6wouLP0MEiKxjpUVyF7zDlxXUQW8CvGVA33pB"
	"AW5te3LDIhWZxP6I7gzcj+VhIWga9t1Rpniw8fyLzVm97dYhPYq0X8K1/B3PT6mSzlpNGAHIsOONSkwEGt1B"
	"aQ77LuHXSRhrFw+k4cqvI+hIpJGrMYUOgRfaJBxLYNi4l1I3jreNwIjQpeneWoTt6GlQBiTHCkWMz+hLkLu2"
	"Eh3PaQ==";

static const char rsa_oaep_sha1[] KW_UNUSED =
	"AFUypQgShoHA2oE3D6G/ldbfi9Scj+K9TDu3gLk6AYEA2KvBEFoexZJpT4eov0zBnSMZiDVDsd5p0698DSse"
	"hrqHfSBX9j0JIPcE+CD71owTNv1VISLDVdRjjWez7w4uAH085aq5JjqQfkinrppsi5UkKf+Mtp0kkbuIWTln"
	"HpWbbpqzGr3Wf9DMA66jHBxHIUs2dLuBJoIb4FJAU4lTooh1obdrq+P0TKyNNQA7pP9JyUtJNj6FfmKttky1"
	"wVcFA4xVvsg0obPL/dpsVgIrtyFqZbyMkEhYznUqKIPkB4A2SCNfM0gydex7keqIsVTHGaTCFHAWouD9pEEW"
	"IJKHpg==";

static const char rsa_oaep_sha256[] KW_UNUSED =
	"ADa+HdBFBIev7RoAwChLmSvj5XSQnK+pApjOsk+UH/7oCR7d0GwILR7BhnoOLhumH9NDvCNSmPItDzRtiNbz"
	"V76WYxMS0tZf4Q3Utbag+h6hAnMD1ofxUHa/Wh3NNu2lEFHwauJxIgNpGQ8F+EQ93ShWDVIzO3WaP8driw3+"
	"UyhPNvPucfwhNWA8E93ZMFyXj1dXlEHOq5/VXJ752Qt/zwU6E0+ZWTXZUoTsSkIIK+OnOLN8/pzjfUgVlbt+"
	"gn7z5a1It+TlsRy91If7bXA6/yLkY+djrR5jAmQbZUpPnWHPo31RIfaF8NMYShPPzoUmVR2GK69ZFva3+oI/"
	"Emijzw==";

static const char rsa_oaep_sha384[] KW_UNUSED =
	"EPl7tNDB3OWte7ttpqUB8pLaRS/dxIRQr31cxExQ1IwaiUgoF00WmFM5wtneATs+oCvDYCwr1MWTR2aunIgy"
	"5A/SoGyAFG310nGybPZ/gVkKIyyk8pFPZNRG5tGHEzxDph6C+asTq7R8LrpTXPTqi8SB05AOZGlbNlWZmTHd"
	"mUdy310eUZjIjvEUlecJ+Lhnrp0T7Bi3TP3muR4bJkYi6Eh0f1hBytj+xJ1z5lPzJJGJIVswamoD8r1kKTqI"
	"dEAP1GSTLwWzqK4PB3/aOtx0PNqZZ7USajJUnqkKzmul39rbYjLiz4fzSuZjW6SkS73X7KubQ65sTYsSrEjD"
	"0MtETg==";

static const char rsa_oaep_other_mgf[] KW_UNUSED =
	"AU6PEuxFtGo+GXNO7r97Ntwy/oDRGbQjzgQlMiUio9WRcUdSu7TH7GSLXlzvajbw1VHoO4XcDnv5TXM8eY+f"
	"CWM8WRIWvDL8pvrRyY1afOjCPOdNK1813xyOgftDp3OwTwmzbpMIe6GyKw0aiYXNqWH6IArqZIFkNcWk2Joi"
	"AT3vEvB+EzwxGg8xrDXkBhhA2PirTYOpK51gjz9+XHO5tKu3fFsanJIx6XK9AMVMBimOphyMuh0WNvZkZAVs"
	"YYJjcq+oXiND0RR9JAgAOnsgx16JbBDPFB8FIagfpvYg1sO5We3KEllxINTX2KYhcbss8on4Jgx1BBuw67vM"
	"Kox/0g==";

static const char rsa_oaep_label[] KW_UNUSED =
	"MNoxuFaSxBh3SJcgbIoyixaaK5aAlCnseZ4CfPaGxTPPG9FoS3d65gxPM9Hcn+CBjTsXAVTDgTYD4nz206At"
	"EiFDwyAVAWi4fy/JGbYIT/+psq3JSMiaTUpeb0Kq+DtFVALP1V3l/ZtujJGalbz4lTmKum+C9k+pPUBF5eH2"
	"IRTK/UyX3ODdrX8N2QCVdGn9RKeNn3iW9rkHeYG5DgqidwkFXfOnsoWGnHjT9uq9JsanXGopt5ocPwYOZQ5T"
	"jtO2wwiYLgtmYkS/ssTryHVABmW3G/yBT/ygI7jSqBubijEnLaGdZnaa45v32CrjScq2MnXN992whwzLcnaO"
	"i4spZg==";
