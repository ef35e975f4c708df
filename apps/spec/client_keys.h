/* Keys of the server that nacre-spec plays, and an RSA key of its user: PKCS #8 in PEM. */
#ifndef NACRE_APPS_SPEC_CLIENT_KEYS_H
#define NACRE_APPS_SPEC_CLIENT_KEYS_H

extern const char client_key_nistp256[], client_key_nistp384[], client_key_nistp521[];
extern const char client_key_rsa[], client_key_rsa3[], client_user_rsa[];

/* The numbers of an RSA key of 1024 bits, without their NUL. */
enum {
    CLIENT_RSA1024_LEN = 128,
    CLIENT_RSA1024_D_LEN = 128,
    CLIENT_RSA1024_HALF = 64,
    CLIENT_RSA1024_IQMP_LEN = 64
};
extern const char client_rsa1024_n[], client_rsa1024_d[], client_rsa1024_p[], client_rsa1024_q[];
extern const char client_rsa1024_iqmp[];

#endif
