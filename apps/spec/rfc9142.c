/* What a peer's KEXINITs offer: RFC 9142, and what other texts say about names. */
#include "apps/spec/reach.h"
#include "apps/spec/tables.h"

#include <string.h>

static void own_cookie(struct peer *p)
{
    uint8_t cookies[20][COOKIE_LEN];
    bool twice = false;

    for (int i = 0; i < 20; i++) {
        peer_connect(p);
        reach(p, AT_KEXINIT);
        memcpy(cookies[i], p->x.theirs.cookie, COOKIE_LEN);
        for (int j = 0; j < i; j++)
            twice = twice || memcmp(cookies[i], cookies[j], COOKIE_LEN) == 0;
    }
    observe(p, twice ? "the same cookie twice" : "never violated");
}

static void common_names_of(struct peer *p)
{
    report(p, "kex %s", p->setting->facts.theirs.list[LIST_KEX]);
}

static void own_both_markers(struct peer *p)
{
    const char *kex = p->setting->facts.theirs.list[LIST_KEX];
    const char *const *names = strict_marker[p->setting->tested];

    report(p, "%s %s", list_contains(kex, names[0]) ? names[0] : "",
           list_contains(kex, names[1]) ? names[1] : "");
}

static void own_ext_info(struct peer *p)
{
    const char *name = ext_info_marker[p->setting->tested];

    report(p, "%s %soffered, EXT_INFO %ssent", name,
           list_contains(p->setting->facts.theirs.list[LIST_KEX], name) ? "" : "not ",
           p->setting->facts.ext_info ? "" : "not ");
}

/* clang-format off */
const struct spec_case spec_offers[] = {
    {"4253/7.1/own-cookie", BOTH, MUST, "RFC 4253 7.1", "4253/7.1/9",
     "the peer's cookies differ across 20 connections", "never violated",
     .run = own_cookie},
    {"4253/6.3/own-no-none", BOTH, SHOULD, "RFC 4253 6.3", "4253/6.3/3 4253/6.4/7",
     "the peer's ciphers and MACs do not include \"none\"", "never violated",
     .run = NULL, .watch = WATCH_NO_NONE},
    {"gcm/2/own-no-aead-mac", BOTH, MUST, "draft-miller-sshm-aes-gcm 2", "gcm/2/1",
     "the peer's MACs include no AEAD name", "never violated",
     .run = NULL, .watch = WATCH_NO_AEAD_MAC},
    {"8332/5.2/own-no-ssh-rsa", BOTH, SHOULD, "RFC 8332 5.2", "8332/5.2/1",
     "ssh-rsa (SHA-1) is not offered by default", "never violated",
     .run = NULL, .watch = WATCH_NO_SSH_RSA},
    {"9142/3/own-offer", BOTH, SHOULD, "RFC 9142 3.1.1", "9142/3.1.1/1 9142/3.1.2/1 9142/3.2.2/1 9142/3.2.2/2",
     "curve25519, the NIST curves, group14-sha256 and group16-sha512 are offered", "report",
     .run = common_names_of},
    {"9142/3/own-no-old", BOTH, SHOULD, "RFC 9142 3.4", "9142/3.4/1 9142/3.2.1/1 9142/3.3/1 9142/3.2.1/2 8758/2/1",
     "group1, gex-sha1, rsa1024 and arcfour are not offered", "never violated",
     .run = NULL, .watch = WATCH_NO_OLD_KEX},
    {"mlkem/2.3/own-offer", BOTH, SHOULD, "draft-ietf-sshm-mlkem-hybrid-kex 2.3", "mlkem/2.3/1",
     "mlkem768x25519-sha256 is offered", "report",
     .run = common_names_of},
    {"strict/3.1/own-both-names", BOTH, SHOULD, "draft-ietf-sshm-strict-kex 3.1", "strict/3.1/3",
     "the peer offers both names of the strict kex marker", "report",
     .run = own_both_markers},
    {"9142/3.5/own-ext-info", BOTH, SHOULD, "RFC 9142 3.5", "9142/3.5/1",
     "ext-info is offered", "report",
     .run = own_ext_info},
    {"8308/2.1/own-marker-first-only", BOTH, MUST, "RFC 8308 2.1", "8308/2.1/3",
     "the peer's later KEXINITs do not contain ext-info", "never violated",
     .run = NULL, .watch = WATCH_EXT_MARKER_FIRST},
    {"8308/2.2/own-role-marker", BOTH, MUST, "RFC 8308 2.2", "8308/2.2/2",
     "the peer never offers the marker of the other role", "never violated",
     .run = NULL, .watch = WATCH_ROLE_MARKER},
    {"cc20/5/own-strict", BOTH, MUST, "draft-ietf-sshm-chacha20-poly1305 5", "cc20/5/2",
     "a peer that offers chacha20-poly1305@openssh.com also offers strict kex", "never violated",
     .run = NULL, .watch = WATCH_CHACHA_STRICT},
    {0},
};
/* clang-format on */
