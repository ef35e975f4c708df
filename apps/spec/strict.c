/* draft-ietf-sshm-strict-kex. */
#include "apps/spec/reach.h"
#include "apps/spec/tables.h"

#include <string.h>

/* ---- section 3.1: the markers ---- */

static void both_markers(struct peer *p)
{
    need_strict(p);
    reach(p, AT_LOGIN);
    go_on(p);
}

static void one_marker(struct peer *p)
{
    need_strict(p);
    reach(p, AT_KEXINIT);
    without_strict(p);
    send_kexinit(p);
    go_on(p);
}

/* Strict kex is in force if and only if the peer offers the same kind of name. */
static void one_kind(struct peer *p)
{
    bool expected;

    for (int kind = 0; kind < 2; kind++) {
        peer_connect(p);
        reach(p, AT_KEXINIT);
        list_remove(p->x.ours.list[LIST_KEX], strict_marker[p->role][1 - kind]);
        expected =
            list_contains(p->x.theirs.list[LIST_KEX], strict_marker[p->setting->tested][kind]);
        send_kexinit(p);
        go_on(p); /* decrypts only if the peer's sequence number is as ours */
        observe(p, p->strict == expected ? "strict if and only if the kinds match" : "strict");
    }
}

/* The sequence numbers show that strict kex is not in force: both ends go on. */
static void observe_not_strict(struct peer *p)
{
    go_on(p);
    if (p->skip == NULL && current_part(p)->ending == ENDING_GO_ON)
        observe(p, p->strict ? "strict" : "not strict");
}

static void wrong_role(struct peer *p)
{
    need_strict(p);
    reach(p, AT_KEXINIT);
    without_strict(p);
    for (int i = 0; i < 2; i++)
        list_after(p->x.ours.list[LIST_KEX], strict_marker[p->setting->tested][i]);
    send_kexinit(p);
    observe_not_strict(p);
}

/* A cipher under which each packet depends on its sequence number, so that it shows whether both
 * ends begin again with 0. */
static void only_numbered_cipher(struct peer *p)
{
    static const char *const names[] = {"chacha20-poly1305@openssh.com", "aes128-ctr",
                                        "aes256-ctr"};
    size_t i = 0;

    while (i < 2 && !list_contains(p->setting->facts.theirs.list[LIST_CIPHER_TO_SERVER], names[i]))
        i++;
    only_cipher(p, names[i]);
}

static void marker_first(struct peer *p)
{
    need_strict(p);
    reach(p, AT_KEXINIT);
    only_numbered_cipher(p);
    list_first(p->x.ours.list[LIST_KEX], strict_marker[p->role][0]);
    send_kexinit(p);
    go_on(p);
}

static void marker_only(struct peer *p)
{
    reach(p, AT_KEXINIT);
    list_set(p->x.ours.list[LIST_KEX], "kex-strict-c-v00@openssh.com,kex-strict-c,"
                                       "kex-strict-s-v00@openssh.com,kex-strict-s");
    send_kexinit(p);
    go_on(p);
}

static void marker_in_rekey(struct peer *p)
{
    need_strict(p);
    reach(p, AT_KEXINIT);
    without_strict(p);
    reach(p, AT_LOGIN);
    list_after(p->x.ours.list[LIST_KEX], strict_marker[p->role][0]);
    rekey(p);
    observe_not_strict(p);
}

/* ---- section 3.2: nothing else in the first exchange ---- */

/* The row's message, at the point that its number says; then on. */
static void send_row(struct peer *p)
{
    if (p->row->text != NULL && strcmp(p->row->text, "debug") == 0)
        transmit(p, "bbtt", SSH_MSG_DEBUG, 0, "nacre-spec", "");
    else if (p->row->text != NULL && strcmp(p->row->text, "unimplemented") == 0)
        transmit(p, "bu", SSH_MSG_UNIMPLEMENTED, 0);
    else if (p->row->text != NULL && strcmp(p->row->text, "unknown") == 0)
        transmit(p, "bt", 200, "nacre-spec");
    else
        transmit(p, "bt", SSH_MSG_IGNORE, "nacre-spec");
}

static void extra(struct peer *p)
{
    need_strict(p);
    reach(p, (enum reached)p->row->number);
    send_row(p);
    go_on(p);
}

static void kexinit_twice(struct peer *p)
{
    struct bytes payload;

    need_strict(p);
    reach(p, AT_KEXINIT);
    payload = kexinit_payload(p);
    send_kexinit_payload(p, payload);
    send_payload(p, payload);
    go_on(p);
}

static void disconnect(struct peer *p)
{
    need_strict(p);
    reach(p, AT_SHARE);
    transmit(p, "butt", SSH_MSG_DISCONNECT, SSH_DISCONNECT_BY_APPLICATION, "nacre-spec", "");
    wait_close(p, p->step);
}

static void wrong_guess(struct peer *p)
{
    need_strict(p);
    reach(p, AT_KEXINIT);
    list_before(p->x.ours.list[LIST_KEX], "unknown@nacre-spec");
    p->x.ours.follows = true;
    send_kexinit(p);
    transmit(p, "bs", SSH_MSG_KEX_ECDH_INIT, sample(p, 32));
    send_share(p);
    go_on(p);
}

static void ignore_in_rekey(struct peer *p)
{
    need_strict(p);
    reach(p, AT_LOGIN);
    start_rekey(p);
    transmit(p, "bt", SSH_MSG_IGNORE, "nacre-spec");
    finish_exchange(p);
    go_on(p);
}

/* ---- section 3.3: sequence numbers ---- */

static void recv_reset(struct peer *p)
{
    uint32_t number;

    need_strict(p);
    reach(p, AT_NEWKEYS);
    number = p->sending.number + 1;
    send_newkeys(p);
    p->sending.number = number; /* the fault: we continue counting */
    (void)receive_newkeys(p);
    p->reached = AT_SERVICE;
    go_on(p);
}

static void recv_reset_rekey(struct peer *p)
{
    uint32_t number;

    need_strict(p);
    reach(p, AT_LOGIN);
    start_rekey(p);
    (void)exchange_shares(p);
    number = p->sending.number + 1;
    send_newkeys(p);
    p->sending.number = number;
    (void)receive_newkeys(p);
    go_on(p);
}

/* Right after NEWKEYS the number starts again. */
static void unimplemented_number(struct peer *p)
{
    need_strict(p);
    reach(p, AT_LOGIN);
    transmit(p, "bt", 127, "nacre-spec");
    go_on(p);
}

/* CVE-2023-48795: a packet is inserted in plain text, one under keys is deleted. */
static void terrapin(struct peer *p)
{
    need_strict(p);
    reach(p, AT_NEWKEYS);
    transmit(p, "bt", SSH_MSG_IGNORE, "nacre-spec");
    send_newkeys(p);
    (void)receive_newkeys(p);
    if (!over(p))
        (void)sealed(p, message(p, "bt", SSH_MSG_IGNORE, "deleted on the way"));
    p->reached = AT_SERVICE;
    go_on(p);
}

/* clang-format off */
const struct spec_case spec_strict[] = {
    {"strict/3.1/both-markers", BOTH, MUST, "draft-ietf-sshm-strict-kex 3.1", "strict/3.1/1",
     "both sides offer the marker: sequence numbers restart at 0 after NEWKEYS", "go-on",
     .run = both_markers},
    {"strict/3.1/one-marker", BOTH, MUST, "draft-ietf-sshm-strict-kex 3.1", "strict/3.1/1 strict/3.3/4",
     "only the peer offers the marker: sequence numbers continue", "go-on",
     .run = one_marker},
    {"strict/3.1/one-kind-of-name", BOTH, MUST, "draft-ietf-sshm-strict-kex 3.1", "strict/3.1/2",
     "we offer only one of the two names: strict kex only if the peer offers the same kind", "go-on, strict if and only if the kinds match",
     .run = one_kind},
    {"strict/3.1/wrong-role", BOTH, MUST, "draft-ietf-sshm-strict-kex 3.1", "strict/3.1/5",
     "we offer the marker of the other role", "go-on, not strict",
     .run = wrong_role},
    {"strict/3.1/marker-first", BOTH, MAY, "draft-ietf-sshm-strict-kex 3.1", "strict/3.1/7 strict/3.1/6",
     "the marker comes first in the list", "go-on",
     .run = marker_first,
     .note = "Paramiko 3.5 takes only the last name that begins with kex-strict for the marker. If a peer offers the old name before the new one, it believes that it agreed on no strict kex, although both offered the old name, and the next packet has the wrong number. In all other cases the old name comes last."},
    {"strict/3.1/marker-only-common", BOTH, MUST, "draft-ietf-sshm-strict-kex 3.1", "strict/3.1/6",
     "a marker is the only name in common", "close",
     .run = marker_only},
    {"strict/3.1/marker-in-rekey", BOTH, MUST, "draft-ietf-sshm-strict-kex 3.1", "strict/3.1/4",
     "the marker first appears in the KEXINIT of a rekey: no effect", "go-on, not strict",
     .run = marker_in_rekey},
    {"strict/3.2/ignore-before-kexinit", BOTH, MUST, "draft-ietf-sshm-strict-kex 3.2", "strict/3.2/2",
     "IGNORE before KEXINIT", "close",
     .run = extra, .number = AT_KEXINIT},
    {"strict/3.2/debug-before-kexinit", BOTH, MUST, "draft-ietf-sshm-strict-kex 3.2", "strict/3.2/2",
     "DEBUG before KEXINIT", "close",
     .run = extra, .number = AT_KEXINIT, .text = "debug"},
    {"strict/3.2/ignore-in-kex", BOTH, MUST, "draft-ietf-sshm-strict-kex 3.2", "strict/3.2/1",
     "IGNORE between KEXINIT and NEWKEYS", "close",
     .run = extra, .number = AT_SHARE},
    {"strict/3.2/debug-in-kex", BOTH, MUST, "draft-ietf-sshm-strict-kex 3.2", "strict/3.2/1",
     "DEBUG between KEXINIT and NEWKEYS", "close",
     .run = extra, .number = AT_SHARE, .text = "debug"},
    {"strict/3.2/unimplemented-in-kex", BOTH, MUST, "draft-ietf-sshm-strict-kex 3.2", "strict/3.2/1",
     "UNIMPLEMENTED between KEXINIT and NEWKEYS", "close",
     .run = extra, .number = AT_SHARE, .text = "unimplemented"},
    {"strict/3.2/unknown-in-kex", BOTH, MUST, "draft-ietf-sshm-strict-kex 3.2", "strict/3.2/1",
     "message 200 between KEXINIT and NEWKEYS", "close",
     .run = extra, .number = AT_SHARE, .text = "unknown"},
    {"strict/3.2/ignore-before-newkeys", BOTH, MUST, "draft-ietf-sshm-strict-kex 3.2", "strict/3.2/1",
     "IGNORE immediately before NEWKEYS", "close",
     .run = extra, .number = AT_NEWKEYS},
    {"strict/3.2/kexinit-twice", BOTH, MUST, "draft-ietf-sshm-strict-kex 3.2", "strict/3.2/3",
     "two KEXINITs", "close",
     .run = kexinit_twice},
    {"strict/3.2/disconnect-in-kex", BOTH, MAY, "draft-ietf-sshm-strict-kex 3.2", "strict/3.2/5",
     "DISCONNECT during the key exchange is honoured", "clean end",
     .run = disconnect},
    {"strict/3.2/wrong-guess", SERVER, MUST, "draft-ietf-sshm-strict-kex 3.2", "strict/3.2/6",
     "a wrong guess is permitted and ignored", "go-on",
     .run = wrong_guess},
    {"strict/3.2/ignore-in-rekey", BOTH, MAY, "draft-ietf-sshm-strict-kex 3.2", "strict/3.2/7",
     "IGNORE between KEXINIT and NEWKEYS during a rekey", "go-on | close",
     .run = ignore_in_rekey},
    {"strict/3.3/recv-reset", BOTH, MUST, "draft-ietf-sshm-strict-kex 3.3", "strict/3.3/2",
     "the peer expects sequence number 0 after our NEWKEYS, but we continue counting", "close",
     .run = recv_reset},
    {"strict/3.3/recv-reset-rekey", BOTH, MUST, "draft-ietf-sshm-strict-kex 3.3", "strict/3.3/2",
     "during a rekey too, the peer expects sequence number 0 after our NEWKEYS, but we "
     "continue counting", "close",
     .run = recv_reset_rekey},
    {"strict/3.3/unimplemented-number", BOTH, MUST, "draft-ietf-sshm-strict-kex 3.3", "strict/3.3/3",
     "UNIMPLEMENTED gives the sequence number counted from NEWKEYS", "unimpl(seq), go-on",
     .run = unimplemented_number},
    {"strict/3.3/terrapin", BOTH, MUST, "draft-ietf-sshm-strict-kex 3.2", "strict/3.2/1 strict/3.3/2",
     "an IGNORE before NEWKEYS, and the first encrypted packet deleted", "close",
     .run = terrapin},
    {0},
};
/* clang-format on */
