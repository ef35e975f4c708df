/* RFC 4253 sections 7 to 7.3: guesses, the order of messages, NEWKEYS. */
#include "apps/spec/reach.h"
#include "apps/spec/tables.h"

#include <stdio.h>

enum { SECOND_US = 1000000 };

/* ---- guesses: section 7 ---- */

/* The first name of a list that both ends have and that is not `other`. */
static const char *common_name(struct peer *p, enum kexinit_list list, const char *other)
{
    const char *theirs = p->x.theirs.list[list];
    char *name = peer_memory(p, NAME_MAX_LEN);

    for (size_t i = 0; list_item(p->x.ours.list[list], i, name); i++)
        if (list_contains(theirs, name) && strcmp(name, other) != 0 &&
            strncmp(name, "diffie-hellman", 14) != 0)
            return name;
    need(p, false, "no second name in common in list %d", (int)list);
    return name;
}

/* The peer's first name, which we must have too. */
static const char *their_first(struct peer *p, enum kexinit_list list)
{
    char *name = peer_memory(p, NAME_MAX_LEN);

    (void)list_item(p->x.theirs.list[list], 0, name);
    need(p, list_contains(p->x.ours.list[list], name), "its first name, %s, is not ours", name);
    return name;
}

/* Put the peer's first names first: a guess of ours is right. */
static void agree_on_first(struct peer *p)
{
    struct kexinit *k = &p->x.ours;

    list_first(k->list[LIST_KEX], their_first(p, LIST_KEX));
    list_first(k->list[LIST_HOST_KEY], their_first(p, LIST_HOST_KEY));
    k->follows = true;
}

static void guess_right(struct peer *p)
{
    reach(p, AT_KEXINIT);
    agree_on_first(p);
    send_kexinit(p);
    send_share(p);
    go_on(p);
}

/* Send KEXINIT with a guess that is wrong, the guess, and then the right message. */
static void guess_wrongly(struct peer *p, struct bytes guess)
{
    p->x.ours.follows = true;
    send_kexinit(p);
    transmit(p, "bs", SSH_MSG_KEX_ECDH_INIT, guess);
    send_share(p);
    go_on(p);
}

static void guess_wrong_method(struct peer *p)
{
    reach(p, AT_KEXINIT);
    list_before(p->x.ours.list[LIST_KEX], "unknown@nacre-spec");
    guess_wrongly(p, sample(p, 32));
}

static void guess_wrong_hostkey(struct peer *p)
{
    reach(p, AT_KEXINIT);
    agree_on_first(p);
    list_before(p->x.ours.list[LIST_HOST_KEY], "unknown@nacre-spec");
    send_kexinit(p);
    (void)negotiate(p);
    if (!over(p) && p->x.chosen.kex != NULL)
        send_payload(p, share_payload(p, p->x.chosen.kex)); /* the wrong guess, to be ignored */
    send_share(p); /* the signature over H shows which was used */
    go_on(p);
}

static void guess_wrong_but_same(struct peer *p)
{
    const char *name;

    reach(p, AT_KEXINIT);
    name = common_name(p, LIST_KEX, their_first(p, LIST_KEX));
    list_first(p->x.ours.list[LIST_KEX], name);
    p->x.ours.follows = true;
    send_kexinit(p);
    send_share_of(p, name); /* the method is negotiated, but it was not the server's first */
    send_share(p);
    go_on(p);
}

static void guess_wrong_size(struct peer *p)
{
    reach(p, AT_KEXINIT);
    list_before(p->x.ours.list[LIST_KEX], "unknown@nacre-spec");
    guess_wrongly(p, sample(p, 1190));
}

static void guess_not_sent(struct peer *p)
{
    reach(p, AT_KEXINIT);
    list_before(p->x.ours.list[LIST_KEX], "unknown@nacre-spec");
    p->x.ours.follows = true;
    send_kexinit(p);
    send_share(p);
    if (steps_until(p, AT_NEWKEYS))
        go_on(p);
    else
        wait_close(p, 1);
}

static void guess_markers_first(struct peer *p)
{
    reach(p, AT_KEXINIT);
    agree_on_first(p);
    list_first(p->x.ours.list[LIST_KEX], strict_marker[NACRE_CLIENT][0]);
    list_first(p->x.ours.list[LIST_KEX], ext_info_marker[NACRE_CLIENT]);
    send_kexinit(p);
    send_share(p);
    if (!receive_reply(p) && !over(p)) { /* it waits for another share */
        p->timed_out = false;
        observe(p, "the guess is ignored");
        send_share(p);
    }
    go_on(p);
}

static void guess_in_rekey(struct peer *p)
{
    reach(p, AT_LOGIN);
    begin_exchange(p);
    list_before(p->x.ours.list[LIST_KEX], "unknown@nacre-spec");
    p->x.ours.follows = true;
    send_kexinit(p);
    transmit(p, "bs", SSH_MSG_KEX_ECDH_INIT, sample(p, 32));
    if (receive_kexinit(p))
        finish_exchange(p);
    go_on(p);
}

static void no_follow(struct peer *p)
{
    reach(p, AT_KEXINIT);
    list_first(p->x.ours.list[LIST_KEX], common_name(p, LIST_KEX, their_first(p, LIST_KEX)));
    send_kexinit(p);
    go_on(p);
}

/* ---- what may not come in an exchange: section 7.1 ---- */

static void kexinit_twice(struct peer *p)
{
    struct bytes payload;

    reach(p, AT_KEXINIT);
    without_strict(p);
    payload = kexinit_payload(p);
    send_kexinit_payload(p, payload);
    send_payload(p, payload);
    go_on(p);
}

/* Our KEXINIT has been sent, without strict kex: the case's message comes next. */
static void in_exchange(struct peer *p)
{
    reach(p, AT_KEXINIT);
    without_strict(p);
    steps_until(p, AT_SHARE);
}

/* A message that is the row's number, and that has one string. */
static void text_in_kex(struct peer *p)
{
    in_exchange(p);
    transmit(p, "bt", (int)p->row->number, p->row->text);
    go_on(p);
}

static void auth_in_kex(struct peer *p)
{
    in_exchange(p);
    transmit(p, "bttt", SSH_MSG_USERAUTH_REQUEST, p->setting->profile.user, "ssh-connection",
             "none");
    go_on(p);
}

static void channel_in_kex(struct peer *p)
{
    in_exchange(p);
    transmit(p, "btuuu", SSH_MSG_CHANNEL_OPEN, "session", 0, 65536, 32768);
    go_on(p);
}

static void reply_from_client(struct peer *p)
{
    in_exchange(p);
    transmit(p, "bsss", SSH_MSG_KEX_ECDH_REPLY, sample(p, 51), sample(p, 32), sample(p, 83));
    go_on(p);
}

static void init_twice(struct peer *p)
{
    struct bytes payload;

    in_exchange(p);
    (void)negotiate(p);
    payload = share_payload(p, &kex_curve25519);
    send_payload(p, payload);
    send_payload(p, payload);
    p->reached = AT_REPLY;
    go_on(p);
}

static void debug_in_kex(struct peer *p)
{
    in_exchange(p);
    transmit(p, "bbtt", SSH_MSG_DEBUG, 0, "nacre-spec", "");
    go_on(p);
}

static void unimplemented_in_kex(struct peer *p)
{
    in_exchange(p);
    transmit(p, "bu", SSH_MSG_UNIMPLEMENTED, 0);
    go_on(p);
}

static void disconnect_in_kex(struct peer *p)
{
    reach(p, AT_SHARE);
    transmit(p, "butt", SSH_MSG_DISCONNECT, SSH_DISCONNECT_BY_APPLICATION, "nacre-spec", "");
    wait_close(p, p->step);
}

/* ---- NEWKEYS: section 7.3 ---- */

static void newkeys_first(struct peer *p)
{
    reach(p, AT_KEXINIT);
    without_strict(p);
    transmit(p, "b", SSH_MSG_NEWKEYS);
    go_on(p);
}

static void newkeys_again(struct peer *p)
{
    reach(p, AT_SERVICE);
    transmit(p, "b", SSH_MSG_NEWKEYS);
    go_on(p);
}

/* Use the new keys without NEWKEYS, and go on. */
static void switch_silently(struct peer *p)
{
    (void)use_new_keys(p, true);
    if (p->role == NACRE_SERVER) /* it waits for us before it sends more */
        transmit(p, "bt", SSH_MSG_IGNORE, "nacre-spec");
    if (receive_newkeys(p))
        p->reached = AT_SERVICE;
    go_on(p);
}

static void newkeys_payload(struct peer *p)
{
    reach(p, AT_NEWKEYS);
    transmit(p, "bb", SSH_MSG_NEWKEYS, 1);
    switch_silently(p);
}

static void newkeys_skipped(struct peer *p)
{
    reach(p, AT_NEWKEYS);
    switch_silently(p);
}

static void newkeys_old_keys(struct peer *p)
{
    reach(p, AT_NEWKEYS);
    transmit(p, "b", SSH_MSG_NEWKEYS);
    transmit(p, "bs", SSH_MSG_IGNORE, sample(p, 500));
    (void)receive_newkeys(p);
    wait_close(p, p->step);
}

static void newkeys_independent(struct peer *p)
{
    reach(p, AT_NEWKEYS);
    (void)receive_newkeys(p);
    (void)conn_wait(&p->conn, now_us() + SECOND_US); /* what it sends under its new keys */
    send_newkeys(p);
    p->reached = AT_SERVICE;
    go_on(p);
}

/* clang-format off */
const struct spec_case spec_order[] = {
    {"4253/7/guess-right", SERVER, MAY, "RFC 4253 7", "4253/7/1",
     "a correct guess is used", "go-on",
     .run = guess_right},
    {"4253/7/guess-wrong-method", SERVER, MUST, "RFC 4253 7", "4253/7/2",
     "the guessed method is wrong: the packet is ignored", "go-on",
     .run = guess_wrong_method},
    {"4253/7/guess-wrong-hostkey", SERVER, MUST, "RFC 4253 7", "4253/7/3",
     "the method is right, the first host key differs: still a wrong guess", "go-on",
     .run = guess_wrong_hostkey},
    {"4253/7/guess-wrong-but-same", SERVER, MUST, "RFC 4253 7", "4253/7/3",
     "a wrong guess even though the negotiated method is the guessed one", "go-on",
     .run = guess_wrong_but_same},
    {"4253/7/guess-wrong-size", SERVER, MUST, "RFC 4253 7", "4253/7/2",
     "the wrong guess carries a share of a different length", "go-on",
     .run = guess_wrong_size},
    {"4253/7/guess-not-sent", SERVER, PRACTICE, "RFC 4253 7", "4253/7/4",
     "first_kex_packet_follows is TRUE but no guess comes, only the right message later", "close | silent | go-on",
     .run = guess_not_sent},
    {"4253/7/guess-markers-first", SERVER, PRACTICE, "RFC 4253 7", "4253/7/3 8308/2.1/2",
     "the ext-info and strict kex markers come first: the guess is judged without them", "go-on",
     .run = guess_markers_first},
    {"4253/7/guess-in-rekey", SERVER, MUST, "RFC 4253 7", "4253/7/5",
     "a wrong guess during a rekey", "go-on",
     .run = guess_in_rekey},
    {"4253/7.1/no-follow-no-ignore", BOTH, MUST, "RFC 4253 7.1", "4253/7.1/10",
     "first_kex_packet_follows is FALSE: the first key exchange message is used", "go-on",
     .run = no_follow},
    {"4253/7.1/kexinit-twice", BOTH, MUST, "RFC 4253 7.1", "4253/7.1/19",
     "two KEXINITs without strict kex", "close | unimpl as warn",
     .run = kexinit_twice},
    {"4253/7.1/newkeys-first", BOTH, MUST, "RFC 4253 7.3", "4253/7.3/4",
     "NEWKEYS before any key exchange", "close | unimpl as warn",
     .run = newkeys_first},
    {"4253/7.3/newkeys-again", BOTH, MUST, "RFC 4253 7.3", "4253/7.3/4",
     "a second NEWKEYS after the first", "close | unimpl as warn",
     .run = newkeys_again},
    {"4253/7.3/newkeys-payload", BOTH, MUST, "RFC 4253 7.3", "4253/7.3/5",
     "NEWKEYS with an extra byte after the message number", "close | go-on as warn",
     .run = newkeys_payload},
    {"4253/7.3/newkeys-skipped", BOTH, MUST, "RFC 4253 7.3", "4253/7.3/2",
     "no NEWKEYS: the next message is sent under the new keys at once", "close",
     .run = newkeys_skipped},
    {"4253/7.3/newkeys-old-keys-after", BOTH, MUST, "RFC 4253 7.3", "4253/7.3/1",
     "a packet under the old keys after our NEWKEYS", "close",
     .run = newkeys_old_keys},
    {"4253/7.3/newkeys-independent", BOTH, MUST, "RFC 4253 7.3", "4253/7.3/3",
     "our NEWKEYS comes a second after the peer's; the peer continues under its new keys", "go-on",
     .run = newkeys_independent},
    {"4253/7.1/service-request-in-kex", SERVER, MUST, "RFC 4253 7.1", "4253/7.1/18",
     "SERVICE_REQUEST before NEWKEYS", "close | unimpl as warn",
     .run = text_in_kex, .number = SSH_MSG_SERVICE_REQUEST, .text = "ssh-userauth"},
    {"4253/7.1/auth-in-kex", SERVER, MUST, "RFC 4253 7.1", "4253/7.1/23 4252/6/1",
     "USERAUTH_REQUEST before NEWKEYS", "close",
     .run = auth_in_kex},
    {"4253/7.1/channel-in-kex", BOTH, MUST, "RFC 4253 7.1", "4253/7.1/23",
     "CHANNEL_OPEN before NEWKEYS", "close",
     .run = channel_in_kex},
    {"4253/7.1/reply-from-client", SERVER, MUST, "RFC 4253 7.1", "4253/7.1/23",
     "a key exchange reply (31) from a client", "close | unimpl as warn",
     .run = reply_from_client},
    {"4253/7.1/init-twice", SERVER, MUST, "RFC 4253 7.1", "4253/7.1/23",
     "the init message is sent twice", "close | unimpl as warn",
     .run = init_twice, .listed = "close",
     .note = "section 7.1 refers to section 11 for messages that are not recognized at that point: OpenSSH and Dropbear answer UNIMPLEMENTED and go on"},
    {"4253/7.1/ignore-in-kex", BOTH, MUST, "RFC 4253 7.1", "4253/7.1/22",
     "IGNORE between KEXINIT and the method's messages, without strict kex", "go-on",
     .run = text_in_kex, .number = SSH_MSG_IGNORE, .text = "nacre-spec"},
    {"4253/7.1/debug-in-kex", BOTH, MUST, "RFC 4253 7.1", "4253/7.1/22",
     "DEBUG between KEXINIT and the method's messages, without strict kex", "go-on",
     .run = debug_in_kex},
    {"4253/7.1/unimplemented-in-kex", BOTH, MUST, "RFC 4253 7.1", "4253/7.1/22 4253/11.4/3",
     "UNIMPLEMENTED between KEXINIT and the method's messages, without strict kex", "go-on",
     .run = unimplemented_in_kex},
    {"4253/7.1/disconnect-in-kex", BOTH, MUST, "RFC 4253 7.1", "4253/7.1/22",
     "DISCONNECT between KEXINIT and the method's messages", "clean end",
     .run = disconnect_in_kex},
    {"4253/7.1/own-order", BOTH, MUST, "RFC 4253 7.1", "4253/7.1/17 4253/7.1/18 4253/7.1/21",
     "between its KEXINIT and NEWKEYS the peer sends only permitted messages", "never violated",
     .run = NULL, .watch = WATCH_ORDER},
    {"strict/3.3/send-reset", BOTH, MUST, "draft-ietf-sshm-strict-kex 3.3", "strict/3.3/1",
     "the peer's first encrypted packet has sequence number 0", "never violated",
     .run = NULL, .watch = WATCH_SEND_RESET},
    {"strict/3.3/send-reset-rekey", BOTH, MUST, "draft-ietf-sshm-strict-kex 3.3", "strict/3.3/1",
     "the peer's first packet after a rekey has sequence number 0", "never violated",
     .run = NULL, .watch = WATCH_SEND_RESET_REKEY},
    {0},
};
/* clang-format on */
