#include "transport/algorithms.h"

#include "transport/cipher.h"
#include "transport/hostkey.h"
#include "transport/kex_method.h"

/* clang-format off */
/* RFC 4253 section 6.5 */
static const struct algorithm kex[] = {
    {"mlkem768x25519-sha256",                &kex_mlkem768x25519, false},
    {"sntrup761x25519-sha512",               &kex_sntrup761x25519, false},
    {"sntrup761x25519-sha512@openssh.com",   &kex_sntrup761x25519, false},
    {"curve25519-sha256",                    &kex_curve25519, false},
    {"curve25519-sha256@libssh.org",         &kex_curve25519, false},
    {"ecdh-sha2-nistp256",                   &kex_nistp256, false},
    {"ecdh-sha2-nistp384",                   &kex_nistp384, true},
    {"ecdh-sha2-nistp521",                   &kex_nistp521, false},
    {"diffie-hellman-group-exchange-sha256", &kex_gex_sha256, true},
    {"diffie-hellman-group16-sha512",        &kex_group16_sha512, true},
    {"diffie-hellman-group18-sha512",        &kex_group18_sha512, true},
    {"diffie-hellman-group14-sha256",        &kex_group14_sha256, true},
    {"diffie-hellman-group14-sha1",          &kex_group14_sha1, true},
    {NULL, NULL, false},
};

/* RFC 4253 section 6.6 */
static const struct algorithm host_key[] = {
    {"ssh-ed25519",                          &signature_ed25519, false},
    {"ecdsa-sha2-nistp256",                  &signature_nistp256, false},
    {"ecdsa-sha2-nistp384",                  &signature_nistp384, false},
    {"ecdsa-sha2-nistp521",                  &signature_nistp521, false},
    {"rsa-sha2-512",                         &signature_rsa_sha2_512, false},
    {"rsa-sha2-256",                         &signature_rsa_sha2_256, false},
    {"ssh-rsa",                              &signature_rsa_sha1, true},
    {NULL, NULL, false},
};

static const struct algorithm public_key[] = {
    {"ssh-ed25519",                          &signature_ed25519, false},
    {"sk-ssh-ed25519@openssh.com",           &signature_sk_ed25519, false},
    {"ecdsa-sha2-nistp256",                  &signature_nistp256, false},
    {"ecdsa-sha2-nistp384",                  &signature_nistp384, false},
    {"ecdsa-sha2-nistp521",                  &signature_nistp521, false},
    {"sk-ecdsa-sha2-nistp256@openssh.com",   &signature_sk_nistp256, false},
    {"rsa-sha2-512",                         &signature_rsa_sha2_512, false},
    {"rsa-sha2-256",                         &signature_rsa_sha2_256, false},
    {"ssh-rsa",                              &signature_rsa_sha1, true},
    {NULL, NULL, false},
};

/* RFC 4253 section 6.3 */
static const struct algorithm cipher[] = {
    {"chacha20-poly1305@openssh.com",        &cipher_chacha20_poly1305, false},
    {"aes256-gcm@openssh.com",               &cipher_aes256_gcm, false},
    {"aes128-gcm@openssh.com",               &cipher_aes128_gcm, false},
    {"aes256-ctr",                           &cipher_aes256_ctr, false},
    {"aes192-ctr",                           &cipher_aes192_ctr, false},
    {"aes128-ctr",                           &cipher_aes128_ctr, false},
    {NULL, NULL, false},
};

/* RFC 4253 section 6.4 */
static const struct algorithm mac[] = {
    {"hmac-sha2-256-etm@openssh.com",        &mac_hmac_sha2_256_etm, false},
    {"hmac-sha2-512-etm@openssh.com",        &mac_hmac_sha2_512_etm, false},
    {"hmac-sha2-256",                        &mac_hmac_sha2_256, false},
    {"hmac-sha2-512",                        &mac_hmac_sha2_512, false},
    {"hmac-sha1-etm@openssh.com",            &mac_hmac_sha1_etm, true},
    {"hmac-sha1",                            &mac_hmac_sha1, true},
    {NULL, NULL, false},
};
/* clang-format on */

#define FITS(table)                                                                                \
    _Static_assert(sizeof(table) / sizeof(table)[0] - 1 <= ALGORITHMS_MAX, "a bit for each row")
FITS(kex);
FITS(host_key);
FITS(public_key);
FITS(cipher);
FITS(mac);
#undef FITS

const struct algorithm *algorithms_of(enum algorithm_kind kind)
{
    static const struct algorithm *const all[ALGORITHM_KINDS] = {
        [ALGORITHM_KEX] = kex,
        [ALGORITHM_HOST_KEY] = host_key,
        [ALGORITHM_PUBLIC_KEY] = public_key,
        [ALGORITHM_CIPHER] = cipher,
        [ALGORITHM_MAC] = mac,
    };

    return all[kind];
}

const struct algorithm *algorithm_find(enum algorithm_kind kind, struct bytes name)
{
    for (const struct algorithm *a = algorithms_of(kind); a->name != NULL; a++)
        if (bytes_are(name, a->name))
            return a;
    return NULL;
}

void write_default_names(struct writer *w, enum algorithm_kind kind)
{
    bool first = true;

    for (const struct algorithm *a = algorithms_of(kind); a->name != NULL; a++)
        if (!a->off)
            write_name(w, &first, bytes_of(a->name));
}

/* Write one more name of a list. */
static void add_name(struct writer *w, struct bytes name)
{
    bool first = written(w) == 0;

    write_name(w, &first, name);
}

static bool has_name(struct bytes list, struct bytes wanted)
{
    struct bytes name;

    while (next_name(&list, &name))
        if (bytes_equal(name, wanted))
            return true;
    return false;
}

const struct algorithm *algorithm_choose(enum algorithm_kind kind, struct bytes client,
                                         struct bytes server)
{
    struct bytes name;

    while (next_name(&client, &name)) {
        const struct algorithm *a = algorithm_find(kind, name);

        if (a != NULL && has_name(server, name))
            return a;
    }
    return NULL;
}

/* "-*sha1*" and the like are patterns. */
static bool matches_any(struct bytes name, struct bytes patterns)
{
    struct bytes pattern;

    while (next_name(&patterns, &pattern))
        if (bytes_match(pattern, name, false))
            return true;
    return false;
}

/* Does every name or pattern of the list match an algorithm? */
static bool all_known(enum algorithm_kind kind, struct bytes list, struct bytes *unknown)
{
    while (next_name(&list, unknown)) {
        bool found = false;

        for (const struct algorithm *a = algorithms_of(kind); a->name != NULL; a++)
            found = found || bytes_match(*unknown, bytes_of(a->name), false);
        if (!found)
            return false;
    }
    return true;
}

/* Append the names that match the list, in the list's order, each once. */
static void add_wanted(enum algorithm_kind kind, struct bytes list, struct writer *out)
{
    struct bytes pattern;

    while (next_name(&list, &pattern))
        for (const struct algorithm *a = algorithms_of(kind); a->name != NULL; a++)
            if (bytes_match(pattern, bytes_of(a->name), false) &&
                !has_name(written_bytes(out), bytes_of(a->name)))
                add_name(out, bytes_of(a->name));
}

static void add_defaults_but(enum algorithm_kind kind, struct bytes but, struct writer *out)
{
    for (const struct algorithm *a = algorithms_of(kind); a->name != NULL; a++)
        if (!a->off && !matches_any(bytes_of(a->name), but) &&
            !has_name(written_bytes(out), bytes_of(a->name)))
            add_name(out, bytes_of(a->name));
}

bool algorithm_list_apply(enum algorithm_kind kind, struct bytes spec, struct writer *out,
                          struct bytes *unknown)
{
    const struct bytes nothing = {NULL, 0};
    char prefix = spec.len > 0 ? (char)spec.at[0] : 0;

    if (prefix == '+' || prefix == '-' || prefix == '^') {
        spec.at++;
        spec.len--;
    } else {
        prefix = 0;
    }
    *unknown = spec;
    if (spec.len == 0 || !all_known(kind, spec, unknown))
        return false;
    if (prefix == '+')
        add_defaults_but(kind, nothing, out);
    if (prefix != '-')
        add_wanted(kind, spec, out);
    if (prefix == '-')
        add_defaults_but(kind, spec, out);
    if (prefix == '^')
        add_defaults_but(kind, nothing, out);
    *unknown = nothing;
    return !out->bad && written(out) > 0;
}
