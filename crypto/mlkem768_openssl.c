/* ML-KEM-768 by libcrypto, from OpenSSL 3.5 on. mlkem768.c is for older versions. */
#include <openssl/opensslv.h>

#include "crypto/mlkem768.h"

#if OPENSSL_VERSION_NUMBER >= 0x30500000L

#include <openssl/core_names.h>
#include <openssl/evp.h>

static OSSL_PARAM octets(const char *name, const uint8_t *at, size_t len)
{
    return OSSL_PARAM_construct_octet_string(name, (void *)at, len); /* it is only read */
}

/* A key from one of its encodings, checked as FIPS 203 section 7 requires; NULL when that fails. */
static EVP_PKEY *import_key(int selection, OSSL_PARAM encoding)
{
    OSSL_PARAM params[] = {encoding, OSSL_PARAM_construct_end()};
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "ML-KEM-768", NULL);
    EVP_PKEY *key = NULL;

    if (ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1)
        (void)EVP_PKEY_fromdata(ctx, &key, selection, params);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

bool mlkem768_keypair(uint8_t ek[MLKEM768_EK_LEN], uint8_t dk[MLKEM768_DK_LEN],
                      const uint8_t d[MLKEM768_SS_LEN], const uint8_t z[MLKEM768_SS_LEN],
                      struct mlkem768_scratch *scratch)
{
    uint8_t seed[2 * MLKEM768_SS_LEN];
    size_t ek_len = 0, dk_len = 0;
    EVP_PKEY *key;
    bool done;

    (void)scratch;
    memcpy(seed, d, MLKEM768_SS_LEN);
    memcpy(seed + MLKEM768_SS_LEN, z, MLKEM768_SS_LEN);
    key = import_key(EVP_PKEY_KEYPAIR, octets(OSSL_PKEY_PARAM_ML_KEM_SEED, seed, sizeof seed));
    done = key != NULL &&
           EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, ek, MLKEM768_EK_LEN,
                                           &ek_len) == 1 &&
           EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PRIV_KEY, dk, MLKEM768_DK_LEN,
                                           &dk_len) == 1 &&
           ek_len == MLKEM768_EK_LEN && dk_len == MLKEM768_DK_LEN;
    EVP_PKEY_free(key);
    wipe(seed, sizeof seed);
    return done;
}

bool mlkem768_encapsulate(uint8_t ct[MLKEM768_CT_LEN], uint8_t ss[MLKEM768_SS_LEN],
                          const uint8_t ek[MLKEM768_EK_LEN], const uint8_t m[MLKEM768_SS_LEN],
                          struct mlkem768_scratch *scratch)
{
    OSSL_PARAM params[] = {octets(OSSL_KEM_PARAM_IKME, m, MLKEM768_SS_LEN),
                           OSSL_PARAM_construct_end()};
    EVP_PKEY *key =
        import_key(EVP_PKEY_PUBLIC_KEY, octets(OSSL_PKEY_PARAM_PUB_KEY, ek, MLKEM768_EK_LEN));
    EVP_PKEY_CTX *ctx = key != NULL ? EVP_PKEY_CTX_new(key, NULL) : NULL;
    size_t ct_len = MLKEM768_CT_LEN, ss_len = MLKEM768_SS_LEN;
    bool done = ctx != NULL && EVP_PKEY_encapsulate_init(ctx, params) == 1 &&
                EVP_PKEY_encapsulate(ctx, ct, &ct_len, ss, &ss_len) == 1;

    (void)scratch;
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(key);
    if (!done) {
        wipe(ct, MLKEM768_CT_LEN);
        wipe(ss, MLKEM768_SS_LEN);
    }
    return done;
}

bool mlkem768_decapsulate(uint8_t ss[MLKEM768_SS_LEN], const uint8_t dk[MLKEM768_DK_LEN],
                          const uint8_t ct[MLKEM768_CT_LEN], struct mlkem768_scratch *scratch)
{
    EVP_PKEY *key =
        import_key(EVP_PKEY_KEYPAIR, octets(OSSL_PKEY_PARAM_PRIV_KEY, dk, MLKEM768_DK_LEN));
    EVP_PKEY_CTX *ctx = key != NULL ? EVP_PKEY_CTX_new(key, NULL) : NULL;
    size_t ss_len = MLKEM768_SS_LEN;
    bool done = ctx != NULL && EVP_PKEY_decapsulate_init(ctx, NULL) == 1 &&
                EVP_PKEY_decapsulate(ctx, ss, &ss_len, ct, MLKEM768_CT_LEN) == 1;

    (void)scratch;
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(key);
    return done;
}

#else

/* C does not allow an empty file. */
extern const int nacre_mlkem768_is_ours;

#endif
