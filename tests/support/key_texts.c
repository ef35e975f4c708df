#include "tests/support/key_texts.h"

#include "crypto/base64.h"
#include "tests/support/suite.h"

const char openssh_ed25519[] =
    "-----BEGIN OPENSSH PRIVATE KEY-----\n"
    "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW\n"
    "QyNTUxOQAAACBUaR5SF/amnFkbYhXYvuAziCyyprfzgSW7WMcth9O4TQAAAIjVtEiZ1bRI\n"
    "mQAAAAtzc2gtZWQyNTUxOQAAACBUaR5SF/amnFkbYhXYvuAziCyyprfzgSW7WMcth9O4TQ\n"
    "AAAECnLGMidD3W+yBuvLVgSCek/SHzSfUdowClVxA2h7j+cFRpHlIX9qacWRtiFdi+4DOI\n"
    "LLKmt/OBJbtYxy2H07hNAAAABHRlc3QB\n"
    "-----END OPENSSH PRIVATE KEY-----\n";

const char openssh_ed25519_public[] =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFRpHlIX9qacWRtiFdi+4DOILLKmt/OBJbtYxy2H07hN test\n";

const char openssh_encrypted[] =
    "-----BEGIN OPENSSH PRIVATE KEY-----\n"
    "b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABDK8vGjE5\n"
    "wuv4c1Rrtm3I6SAAAAAQAAAAEAAAAzAAAAC3NzaC1lZDI1NTE5AAAAIHYyHU/L577ZvmLP\n"
    "6kxJ2FGpzRnjxREFRpUVou0HDjyUAAAAkPvTUq0MgjXi60Qnck6WGe3VhQNJp5JwYIHuwL\n"
    "yi8y+etKuIpgcAEe/B6ST5szh9pfN61U3wzOQCsvCSPkBKxVfgfPV8cdKS4lFx0Df20dh0\n"
    "37cW0U/0JHNXaUum3yvdluPU/JgNAE5t3VCNXFOUvUtJJGrhT46nGPZ2G0NJxMrH7ZB6XM\n"
    "9ZwYdyVBJzegp8Iw==\n"
    "-----END OPENSSH PRIVATE KEY-----\n";

const char openssh_encrypted_gcm[] =
    "-----BEGIN OPENSSH PRIVATE KEY-----\n"
    "b3BlbnNzaC1rZXktdjEAAAAAFmFlczI1Ni1nY21Ab3BlbnNzaC5jb20AAAAGYmNyeXB0AA\n"
    "AAGAAAABAKcgzr3J4FIPH0K0OnDA78AAAAAQAAAAEAAAAzAAAAC3NzaC1lZDI1NTE5AAAA\n"
    "IBgXAU2INJtBZRkEIBtiX73tTB2e+iKZwqxRYYGf5HMwAAAAkI3c4nwGue1RqF7we2349y\n"
    "GlRES9Wgs9X92Vz/NY9iTfEFbSrMeanckRWE2wj9gp0A0hqL2iUVU/M/wC7ZvnwvsLXoyd\n"
    "/Yz1q/zWFO+YEvstS26N6XvcQQ2rLVf2XgN3yao6JGXi25pCljuSjGMDxNSG/j3Tf0besL\n"
    "HWRrl1eQeEdvizFplA2QkjWkIlzgTY2OQfHU2Ipij3U6ZEmE3ravE=\n"
    "-----END OPENSSH PRIVATE KEY-----\n";

const char openssh_nistp256[] =
    "-----BEGIN OPENSSH PRIVATE KEY-----\n"
    "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAaAAAABNlY2RzYS\n"
    "1zaGEyLW5pc3RwMjU2AAAACG5pc3RwMjU2AAAAQQTVPI4itRAeULfJve0tk5dsnp+cY2da\n"
    "UW1slpCAOzqPHOrFm0BvGlbKljNd7MxZmv3HK4VeRFWRSgR9NVacrsp1AAAAoNYmE/XWJh\n"
    "P1AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBNU8jiK1EB5Qt8m9\n"
    "7S2Tl2yen5xjZ1pRbWyWkIA7Oo8c6sWbQG8aVsqWM13szFma/ccrhV5EVZFKBH01Vpyuyn\n"
    "UAAAAga4meOSTeDSac/0lPrOWmrZavJuheD4k+UkWTf4ifcS0AAAAEdGVzdAECAwQ=\n"
    "-----END OPENSSH PRIVATE KEY-----\n";

const char openssh_nistp256_public[] =
    "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBNU8"
    "jiK1EB5Qt8m97S2Tl2yen5xjZ1pRbWyWkIA7Oo8c6sWbQG8aVsqWM13szFma/ccrhV5EVZFKBH01"
    "VpyuynU= test\n";

const char pkcs8_ed25519[] = "-----BEGIN PRIVATE KEY-----\n"
                             "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
                             "-----END PRIVATE KEY-----\n";

const char pkcs8_ed25519_v2[] = "-----BEGIN PRIVATE KEY-----\n"
                                "MHICAQEwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
                                "oB8wHQYKKoZIhvcNAQkJFDEPDA1DdXJkbGUgQ2hhaXJzgSEAGb9ECWmEzf6FQbrB\n"
                                "Z9w7lshQhqowtrbLDFw4rXAxZuE=\n"
                                "-----END PRIVATE KEY-----\n";

const char pkcs8_nistp256[] = "-----BEGIN PRIVATE KEY-----\n"
                              "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgTSNEZ7dvU7QRY3Rt\n"
                              "F/DETvxakH4DBU15iyJdsuwYRkmhRANCAAQqlrpjW87vxlsXMyGaNPcONRtkynUZ\n"
                              "7ccFCZ2rv4JpXoSbif2t9s74osRpVMMAGV7X92M9IR/N5XFprvFhO1V0\n"
                              "-----END PRIVATE KEY-----\n";

const char pkcs8_encrypted[] = "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
                               "MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAixX95dcfZ1VwICCAAw\n"
                               "DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEENVmGvGoutNTmwjMLmnqVBYEQGbB\n"
                               "ExkEYYwpyvkbLisJBVEjN0iLZ5hciZl2QXh11ahqk+/UOtNiweeZu7crzwqAd59o\n"
                               "DFSs2gnZB+Fg/Hd+9S4=\n"
                               "-----END ENCRYPTED PRIVATE KEY-----\n";

const char pkcs8_secp256k1[] = "-----BEGIN PRIVATE KEY-----\n"
                               "MIGEAgEAMBAGByqGSM49AgEGBSuBBAAKBG0wawIBAQQgAX76sMo6a1yUuYAePWRX\n"
                               "Q07Ljob7F8MeTDr3uv9h7UqhRANCAATy/xA7jz+qUBn+o4CJJ2l8YKIiUGb+QMRP\n"
                               "iIsDAOtbY5lgL0y9J2Mto02ze+MioDiPSjKYiwxkXAY5DdgHfwc/\n"
                               "-----END PRIVATE KEY-----\n";

const char pkcs8_ed448[] = "-----BEGIN PRIVATE KEY-----\n"
                           "MEcCAQAwBQYDK2VxBDsEOW75bHhxKh9KYQdNK5zsEWxb+ZvBTpdWBGRr9EMLYZxS\n"
                           "lOy6lTG/OCEdaOBe01bHQX2uux4Hza516A==\n"
                           "-----END PRIVATE KEY-----\n";

const char sec1_nistp384[] = "-----BEGIN EC PRIVATE KEY-----\n"
                             "MIGkAgEBBDDqTfhBsOI7pFKTnKRkCtt3jbIIU62oRe4A7iP5WSy5exz7K0kfab/g\n"
                             "2ydlqyGsHVCgBwYFK4EEACKhZANiAASiH0JsC9uj6oL3TS4WltrUwEKfHI+CgCXF\n"
                             "d+hP+CNcEs16cYHOJTIBQZR1KfvLIrj1a33Yn3oTtBEbYjKEL3pEUDKaAR3H+lsP\n"
                             "K2rJ7QYcarunnelRZodNoe6F75NjUWw=\n"
                             "-----END EC PRIVATE KEY-----\n";

const char sec1_nistp384_public[] =
    "ecdsa-sha2-nistp384 AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAABhBKIf"
    "QmwL26PqgvdNLhaW2tTAQp8cj4KAJcV36E/4I1wSzXpxgc4lMgFBlHUp+8siuPVrfdifehO0ERti"
    "MoQvekRQMpoBHcf6Ww8rasntBhxqu6ed6VFmh02h7oXvk2NRbA== test\n";

const char sec1_explicit[] = "-----BEGIN EC PRIVATE KEY-----\n"
                             "MIIBaAIBAQQgRMuKq/eTk4yW3wOnLhcpa+QyQCtGgt3UltwFAOHmxiKggfowgfcC\n"
                             "AQEwLAYHKoZIzj0BAQIhAP////8AAAABAAAAAAAAAAAAAAAA////////////////\n"
                             "MFsEIP////8AAAABAAAAAAAAAAAAAAAA///////////////8BCBaxjXYqjqT57Pr\n"
                             "vVV2mIa8ZR0GsMxTsPY7zjw+J9JgSwMVAMSdNgiG5wSTamZ44ROdJreBn36QBEEE\n"
                             "axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54W\n"
                             "K84zV2sxXs7LtkBoN79R9QIhAP////8AAAAA//////////+85vqtpxeehPO5ysL8\n"
                             "YyVRAgEBoUQDQgAERSKrtNKwMaDFtd4N+w+gaOuSgFl1O54zAspgb8/04P0Jq4z6\n"
                             "1RlnR5Uu18WeCvpxIQo5Jt9N4EAfXYu0Ige26A==\n"
                             "-----END EC PRIVATE KEY-----\n";

const char pkcs1_rsa[] = "-----BEGIN RSA PRIVATE KEY-----\n"
                         "MIIEowIBAAKCAQEA3cHoxIp5XHLFMQA9tSqSchfQLoLxH16+6VTGlbfcJ9wEjus8\n"
                         "8HTgEXnFZvfIs4juHRMmiWp1m0s6TgVm0UbsWD1htLqoI9PXlV5Wloxx507w1iwp\n"
                         "n3HZK/vpCoFzNcoIR9jMnoORTLwEwf7zPEJLDtOfgazomnay1id+vu6USJFXzbxG\n"
                         "uT44Y6pw6x+ewvrjax5hKnZ0vEXb3Q5F95GVEMhPecAz1yczPg74ap/OpKOC92k9\n"
                         "xWBQZQkt/rBNLFOSZoZ6mK2SYIS1Ukw7m1RPyLT+0jXtm/LJ1MjFca+Zf3fBCi+0\n"
                         "Wr/NWy4wb31cCziWsBOEUjcA5S+GbdoPJy0hQwIDAQABAoIBAAzesZ8ieDukz4vx\n"
                         "+yLWByzG9AaXA95xtbu9905+HrFThBI1VdKQveZVvl6k98lvo34de+mSu6OZIJeh\n"
                         "mZ+AsbvHSDHgeVym8UaSdI0FNqEZhEGxy3Kc/WEfnB1HeQPAp21gCDQU56xf5xjJ\n"
                         "Lp2rLUb9gi7Y9aDtTaC/Jwx2tTVm2lamte/Oxxi+nVybbztTRFXkG3EQJ+FSadHZ\n"
                         "3WmVK7YnIBqY5+APvApFTM3TIFo5dH2pex5Ln9jU5ate9bFV/BRMHo/h6MGOlPi6\n"
                         "ev6j7BKIrtstsgHPmtA0UJZJOL+bB+J5Ml5U9iV5z747IQLKStbv8GJs4GBJ8d+g\n"
                         "E0Z0wzkCgYEA+LsNFThGsHS7kBiBe6LcGlL5Ji/mb1rZh2jgBWLlkTiBXeNDookN\n"
                         "8JGJxE+6MeSypZi1uJWHmG7yhm4ISrpMI1q3Clutye2DCoF7lFn/SbrGgJWqEjpe\n"
                         "TSR090aHBjFqlPs0Civ4cmNbfPpEb7Gg0leUMgvRrrGpaHh9lktNaekCgYEA5D0M\n"
                         "6WI6IxtXVKRkVPLKGmxqvEvt83Hku0e++h1MYu1SRH6O+k4omXcW+/aOXwoxXQrW\n"
                         "3vR/5e89jr6eLbQcrLangGRGPla3Dl/paDbwWkH513XjTyXWijrvs3mMuZ0mv8u9\n"
                         "C/ofdf7tPRjAfupIAAfySvKdiQt9Fkfh4VD8CksCgYBs7J1CGa77P2OUKucpWZzB\n"
                         "+mwZiQiE42g3oHnaYgDeo7wjfY708sgj/dgzHCcSCnEhi8qo1vLWkl+q9yyybPtC\n"
                         "0EswQg3NTDICu8l+ohrmEuEzFlewO9doOPrv/vbKg4GFVKzpd3AJx/EcvgySTVt8\n"
                         "QdYoRHzC4BKsKXf2BWwVYQKBgGcHaByySqwuW23KB8CRGMp0xnnZjMCoWShxarRd\n"
                         "JW5C0zA4MTKstYcRSz7SPdKJN19Y1UYv+MxDAva89YqME6WjjllW6p6ZZmkGwsZY\n"
                         "hoc34SByBvpjikU79Zh+9heT6ToLLnuJnUoWmeFKmxqvh3D8JVPP0W1b0kuMh1q+\n"
                         "xAehAoGBAMlphaP0L9mrUg931rdASYCu+zA+gcMhBfCiidRIjQKdNxVYFGWf7chH\n"
                         "AwLrLC7Vlz2oAtVH/uQDZWwAd0JdLhomfU6Mxl/I4pUgM4+4kVZN1XVAFutVhFTn\n"
                         "gqqe21pYvJnvEQydUNrY+dank0G+8Jhwe1asXsL/LLX8r7m0YTiX\n"
                         "-----END RSA PRIVATE KEY-----\n";

const char pkcs1_rsa_public[] =
    "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQDdwejEinlccsUxAD21KpJyF9AugvEfXr7pVMaV"
    "t9wn3ASO6zzwdOARecVm98iziO4dEyaJanWbSzpOBWbRRuxYPWG0uqgj09eVXlaWjHHnTvDWLCmf"
    "cdkr++kKgXM1yghH2Myeg5FMvATB/vM8QksO05+BrOiadrLWJ36+7pRIkVfNvEa5PjhjqnDrH57C"
    "+uNrHmEqdnS8RdvdDkX3kZUQyE95wDPXJzM+Dvhqn86ko4L3aT3FYFBlCS3+sE0sU5JmhnqYrZJg"
    "hLVSTDubVE/ItP7SNe2b8snUyMVxr5l/d8EKL7Rav81bLjBvfVwLOJawE4RSNwDlL4Zt2g8nLSFD"
    " test\n";

const char pkcs1_rsa_1024[] = "-----BEGIN RSA PRIVATE KEY-----\n"
                              "MIICXQIBAAKBgQCrHdiEaZVUnpmxYM7PrEkULxXmtxEvl56BZPuJpd81tOq5XYSH\n"
                              "vUqq2gZNewkeWrxE/j7V3oIkBktyEfUkml6I9+QF8uWQt4GBzyZBAJzSerus9N5N\n"
                              "6dggotjtjSva/64Ab5Ergkd6sOBSJ2vJZ0QMEASbf9FiG94vqNhl34CvAQIDAQAB\n"
                              "AoGAbYdMGO1wTVq7a+NYXWuc11OQRD53vKvjJFXb/+5xYnIsMHxgoXYTfirSD/Qq\n"
                              "EQjpK4xF8iVbze1Ni3VdIZHB4gQuZQ0OwPPcFxYhoICFpuBGUMFXuMFmbq7tu175\n"
                              "ASkzE9iCUSCpuHUz18oQqApEt5qx6i7bCEDVc7llB4DvKMECQQDWTDCNm09HiNzZ\n"
                              "aoLUDrSYgbKRUbVzFHsg6wlR/9bjzfHbbiUbtz1TUH1jUs9OBBbrSjo2AzSU9Oj3\n"
                              "a/ShM6hZAkEAzGp6Lsa7NLVLvnHzrmA3XmoJSAqp2YEC3RgdKh/8pnPksU51s2vO\n"
                              "YIgwzoSmxHYLz/JnMOMPeOa/CckM+JFm6QJBALKUr2lyYbDFNvXfssKwtoLYokxD\n"
                              "gSgziyA1fYDd6N/SAZjQww/DtdE2JCefHK5w7gCJzNSx+yGern1xc1zaxZECQQCr\n"
                              "zxawuBHipDpscERbHL2M2lzAs0285SUuBTWGEWp90My3hfWBfyvvkKhM+8tbNsiI\n"
                              "1/mJal63xGFu7Q+84CD5AkAsJG8UYFTfNx2AWAib5Kz7iYvLzaYPnYwb41YboniJ\n"
                              "bnMqvD/XKe9+PKzmXIy2h51g+nfgMUjN1HzHgI2Tgm0A\n"
                              "-----END RSA PRIVATE KEY-----\n";

struct bytes key_binary(const char *text, uint8_t out[KEY_BINARY_MAX])
{
    char joined[2 * KEY_BINARY_MAX];
    size_t n = 0, len;

    for (const char *c = strchr(text, '\n'); *c != '-'; c++)
        if (*c != '\n')
            joined[n++] = *c;
    ck_assert(base64_decode(out, KEY_BINARY_MAX - 1, &len, (struct bytes){(uint8_t *)joined, n}));
    return (struct bytes){out, len};
}

void assert_only_this_key(enum key_result (*parse)(struct nacre_key *key, struct bytes data),
                          struct bytes data, size_t from, size_t to, size_t step)
{
    uint8_t copy[KEY_BINARY_MAX];
    struct nacre_key right = {0}, key = {0};

    memcpy(copy, data.at, data.len);
    copy[data.len] = 0;
    ck_assert_int_eq(parse(&right, data), KEY_GOOD);
    for (size_t bit = 0; bit < 8 * data.len; bit += step) {
        bool may_be_good = bit / 8 >= from && bit / 8 < to;

        copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (parse(&key, (struct bytes){copy, data.len}) == KEY_GOOD) {
            ck_assert_msg(may_be_good, "bit %zu", bit);
            assert_bytes(private_key_blob(&key), private_key_blob(&right));
        }
        copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
        private_key_clear(&key);
    }
    for (size_t len = 0; len <= data.len + 1; len++) {
        ck_assert_int_eq(parse(&key, (struct bytes){copy, len}) == KEY_GOOD, len == data.len);
        private_key_clear(&key);
    }
    private_key_clear(&right);
}
