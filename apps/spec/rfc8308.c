/* RFC 8308: EXT_INFO. */
#include "apps/spec/reach.h"
#include "apps/spec/tables.h"

#include <stdio.h>

/* ---- the marker: section 2.1 and 2.2 ---- */

static void marker_first(char kex[NAMES_MAX], const char *marker)
{
    list_remove(kex, marker);
    list_before(kex, marker);
}

static void marker_second(char kex[NAMES_MAX], const char *marker)
{
    marker_first(kex, marker);
    list_first(kex, "curve25519-sha256");
}

static void marker_last(char kex[NAMES_MAX], const char *marker)
{
    list_remove(kex, marker);
    list_after(kex, marker);
}

static void marker_anywhere(struct peer *p)
{
    static void (*const places[])(char kex[NAMES_MAX],
                                  const char *marker) = {marker_first, marker_second, marker_last};

    for (int i = 0; i < 3; i++) {
        peer_connect(p);
        reach(p, AT_KEXINIT);
        places[i](p->x.ours.list[LIST_KEX], ext_info_marker[p->role]);
        send_kexinit(p);
        go_on(p);
    }
}

static void marker_only(struct peer *p)
{
    struct kexinit *k = reach(p, AT_KEXINIT);

    list_set(k->list[LIST_KEX], "ext-info-c,ext-info-s");
    send_kexinit(p);
    go_on(p);
}

static void both_markers(struct peer *p)
{
    struct kexinit *k = reach(p, AT_KEXINIT);

    list_after(k->list[LIST_KEX], ext_info_marker[p->setting->tested]);
    send_kexinit(p);
    go_on(p);
}

static void only_if_asked(struct peer *p)
{
    struct kexinit *k = reach(p, AT_KEXINIT);

    list_remove(k->list[LIST_KEX], ext_info_marker[p->role]);
    send_kexinit(p);
    go_on(p);
    observe(p, p->ext_info ? "EXT_INFO came" : "never violated");
}

/* ---- our EXT_INFO: sections 2.3 to 2.5 ---- */

/* RFC 8308 section 2.2: EXT_INFO is only sent to an end that offers its marker. */
static void reach_ext_info(struct peer *p, enum reached where)
{
    need_name(p, LIST_KEX, ext_info_marker[p->setting->tested]);
    p->serve.ext_info = NULL;
    reach(p, where);
}

/* byte SSH_MSG_EXT_INFO, uint32 nr-extensions, string name, string value */
static void send_one(struct peer *p, uint32_t count, const char *name, struct bytes value)
{
    transmit(p, "buts", SSH_MSG_EXT_INFO, count, name, value);
}

static void count_lies(struct peer *p)
{
    reach_ext_info(p, AT_SERVICE);
    send_one(p, p->row->number, "unknown@nacre-spec", bytes_of("0"));
    go_on(p);
}

/* What is sent at a wrong time has no effect, if the connection goes on. */
static void wrong_time(struct peer *p)
{
    reach_ext_info(p, (enum reached)p->row->number);
    send_one(p, 1, "no-flow-control", bytes_of("s"));
    go_on(p);
    if (current_part(p)->ending == ENDING_GO_ON)
        observe(p, "no effect");
}

static void before_newkeys(struct peer *p)
{
    reach_ext_info(p, AT_KEXINIT);
    without_strict(p);
    steps_until(p, AT_NEWKEYS);
    send_one(p, 1, "unknown@nacre-spec", bytes_of("0"));
    go_on(p);
}

static void in_rekey(struct peer *p)
{
    reach_ext_info(p, AT_LOGIN);
    rekey(p);
    send_one(p, 1, "unknown@nacre-spec", bytes_of("0"));
    go_on(p);
}

static void unknown_names(struct peer *p)
{
    struct bytes all = message(p, "bu", SSH_MSG_EXT_INFO, 20);

    for (int i = 0; i < 20; i++) {
        char name[64];

        (void)snprintf(name, sizeof name, "unknown-%d@nacre-spec", i);
        all = message(p, "rts", all, name, filled(p, 0, i == 10 ? 4096 : 200));
    }
    reach_ext_info(p, AT_SERVICE);
    send_payload(p, all);
    go_on(p);
}

static void order(struct peer *p)
{
    static const char *const names[2][3] = {
        {"a@nacre-spec", "b@nacre-spec", "ext-info-in-auth@openssh.com"},
        {"a@nacre-spec", "ext-info-in-auth@openssh.com", "b@nacre-spec"}};

    for (int i = 0; i < 2; i++) {
        peer_connect(p);
        reach_ext_info(p, AT_SERVICE);
        transmit(p, "butttttt", SSH_MSG_EXT_INFO, 3, names[i][0], "0", names[i][1], "0",
                 names[i][2], "0");
        go_on(p);
    }
}

static void size_32k(struct peer *p)
{
    reach_ext_info(p, AT_SERVICE);
    send_one(p, 1, "unknown@nacre-spec", sample(p, 32000));
    go_on(p);
}

static void duplicates(struct peer *p)
{
    reach_ext_info(p, AT_SERVICE);
    transmit(p, "butttt", SSH_MSG_EXT_INFO, 2, "server-sig-algs", "ssh-ed25519", "server-sig-algs",
             "rsa-sha2-256");
    go_on(p);
}

/* One extension with the row's text. */
static void one_extension(struct peer *p)
{
    reach_ext_info(p, AT_SERVICE);
    send_one(p, 1, p->row->text, p->row->bytes);
    go_on(p);
}

static void reported_extension(struct peer *p)
{
    one_extension(p);
    report(p, "%s: %s", p->row->text,
           current_part(p)->ending == ENDING_GO_ON ? "the connection goes on"
                                                   : "the connection ends");
}

/* The algorithm that logs in is among those that the server named. */
static void own_sig_algs(struct peer *p)
{
    need_key(p);
    need(p, p->setting->facts.sig_algs[0] != 0, "no server-sig-algs");
    reach(p, AT_LOGIN);
    fence(p);
    if (p->skip == NULL)
        observe(p, list_contains(p->sig_algs, key_algorithm(p, p->setting->profile.key))
                       ? "never violated"
                       : "an algorithm that is not named was accepted");
}

/* clang-format off */
const struct spec_case spec_ext_info[] = {
    {"8308/2.1/marker-anywhere", BOTH, MAY, "RFC 8308 2.1", "8308/2.1/2",
     "ext-info first, in the middle, and last", "go-on",
     .run = marker_anywhere},
    {"8308/2.1/marker-only-common", BOTH, MUST, "RFC 8308 2.2", "8308/2.2/4",
     "ext-info is the only name in common", "close",
     .run = marker_only},
    {"8308/2.2/wrong-role-marker", BOTH, MAY, "RFC 8308 2.2", "8308/2.2/3",
     "we offer the marker of the other role as well", "go-on | close",
     .run = both_markers},
    {"8308/2.2/own-only-if-asked", BOTH, MUST, "RFC 8308 2.2", "8308/2.2/5",
     "the peer sends no EXT_INFO if we did not offer the marker", "never violated",
     .run = only_if_asked},
    {"8308/2.3/own-well-formed", BOTH, MUST, "RFC 8308 2.3", "8308/2.3/1",
     "the peer's EXT_INFO contains as many pairs as it declares", "never violated",
     .run = NULL, .watch = WATCH_EXT_FORM},
    {"8308/2.3/count-lies", BOTH, MUST, "RFC 8308 2.3", "8308/2.3/1",
     "nr-extensions is larger than the number of extensions that follow", "close",
     .run = count_lies, .number = 2},
    {"8308/2.3/count-ffffffff", BOTH, MUST, "RFC 8308 2.3", "8308/2.3/1",
     "nr-extensions is 0xffffffff", "close",
     .run = count_lies, .number = 0xffffffff},
    {"8308/2.4/after-service-request", SERVER, MUST, "RFC 8308 2.4", "8308/2.4/4",
     "a client sends EXT_INFO after SERVICE_REQUEST", "close | go-on, no effect",
     .run = wrong_time, .number = AT_AUTH},
    {"8308/2.4/after-login", BOTH, MUST, "RFC 8308 2.4", "8308/2.4/4",
     "EXT_INFO during the connection protocol", "close | go-on, no effect | unimpl(seq), go-on, no effect",
     .run = wrong_time, .number = AT_LOGIN,
     .listed = "close | go-on, no effect",
     .note = "ssh answers UNIMPLEMENTED, which has no effect either"},
    {"8308/2.4/before-newkeys", BOTH, MUST, "RFC 8308 2.4", "8308/2.4/4",
     "EXT_INFO before NEWKEYS, without strict kex", "close | unimpl as warn",
     .run = before_newkeys},
    {"8308/2.4/in-rekey", BOTH, MUST, "RFC 8308 2.4", "8308/2.4/4 8308/2.1/3",
     "EXT_INFO after a rekey", "close | go-on as warn | unimpl(seq), go-on as warn",
     .run = in_rekey,
     .listed = "close | go-on as warn",
     .note = "ssh answers UNIMPLEMENTED, which has no effect either"},
    {"8308/2.5/unknown-names", BOTH, MUST, "RFC 8308 2.5", "8308/2.5/1 8308/2.5/3",
     "twenty unknown extensions whose values contain NULs and 4 KiB of data", "go-on",
     .run = unknown_names},
    {"8308/2.5/order", BOTH, MUST, "RFC 8308 2.5", "8308/2.5/2",
     "the known extension comes last, then in the middle", "go-on",
     .run = order},
    {"8308/2.5/size-32k", BOTH, MUST, "RFC 8308 2.5", "8308/2.5/4",
     "EXT_INFO of 32 KiB", "go-on",
     .run = size_32k},
    {"8308/2.5/duplicates", BOTH, PRACTICE, "RFC 8308 2.5", "8308/2.5/5",
     "server-sig-algs appears twice", "go-on | close",
     .run = duplicates},
    {"8308/3.1/own-sig-algs", SERVER, MUST, "RFC 8308 3.1", "8308/3.1/1 8308/3.1/2 8332/3.3/1",
     "server-sig-algs names every key algorithm the server then accepts", "never violated",
     .run = own_sig_algs},
    {"8308/3.1/sig-algs-from-client", SERVER, MAY, "RFC 8308 3.1", "8308/3.1/5",
     "a client sends server-sig-algs", "go-on",
     .run = one_extension, .text = "server-sig-algs", .bytes = LITERAL("ssh-ed25519,rsa-sha2-256")},
    {"8308/3.2/delay-compression", BOTH, MAY, "RFC 8308 3.2", "8308/3.2/1",
     "delay-compression sent by both sides, and by one", "report",
     .run = reported_extension, .text = "delay-compression", .bytes = LITERAL("\0\0\0\4none\0\0\0\4none")},
    {"8308/3.3/no-flow-control", BOTH, MAY, "RFC 8308 3.3", "8308/3.3/1",
     "no-flow-control \"p\" sent by both sides", "report",
     .run = reported_extension, .text = "no-flow-control", .bytes = LITERAL("p")},
    {"8308/3.4/elevation-other", SERVER, SHOULD, "RFC 8308 3.4", "8308/3.4/1",
     "elevation with an undefined value", "go-on | close",
     .run = one_extension, .text = "elevation", .bytes = LITERAL("x")},
    {0},
};
/* clang-format on */
