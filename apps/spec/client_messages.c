/* Cases about clients only: EXT_INFO (RFC 8308), DISCONNECT and DEBUG (RFC 4253 section 11), and
 * host keys that are announced (draft-ietf-sshm-hostkey-update). */
#include "apps/spec/reach.h"
#include "apps/spec/tables.h"

#include <stdio.h>
#include <string.h>

enum { KNOWN_ROOM = 16384 };

/* ---- EXT_INFO: RFC 8308 ---- */

/* The row's number: 1 after NEWKEYS, 2 before SUCCESS, 3 at both points, 0 at neither. */
static void ext_info(struct peer *p)
{
    need_name(p, LIST_KEX, "ext-info-c");
    p->serve.ext_before_success = (p->row->number & 2) != 0;
    if (!(p->row->number & 1))
        p->serve.no_ext_info = true;
    reach(p, AT_NEWKEYS);
    go_on(p);
}

static void sig_algs_garbage(struct peer *p)
{
    static const char *const values[] = {"", ",,ssh-ed25519,,", "\x01\x02\xff\xfe,=,@@"};

    need_name(p, LIST_KEX, "ext-info-c");
    for (int i = 0; i < 3; i++) {
        peer_connect(p);
        p->serve.ext_info = values[i];
        reach(p, AT_NEWKEYS);
        go_on(p);
    }
}

static void sig_algs_without(struct peer *p)
{
    intend(p, INTENT_RSA);
    p->serve.no_ext_info = true;
    reach(p, AT_NEWKEYS); /* whoever has no other key may end now */
    go_on(p);
    report(p, "the RSA key %s", p->logged_in ? "logs in" : "does not log in");
}

/* PROTOCOL section 1.10: the server may send EXT_INFO after the first request, too. */
static void ext_info_in_auth(struct peer *p)
{
    reach(p, AT_AUTH);
    if (want(p, SSH_MSG_USERAUTH_REQUEST))
        transmit(p, "butt", SSH_MSG_EXT_INFO, 1, "server-sig-algs", "ssh-ed25519");
    (void)serve_request(p);
    go_on(p);
    report(p, "the client %s", p->logged_in ? "goes on" : "ends");
}

/* PROTOCOL section 3.1: the method that names the host key, if EXT_INFO offers it. */
static void hostbound(struct peer *p)
{
    p->serve.no_ext_info = true;
    reach(p, AT_SERVICE);
    transmit(p, "butttt", SSH_MSG_EXT_INFO, 2, "server-sig-algs", "ssh-ed25519",
             "publickey-hostbound@openssh.com", "0");
    go_on(p);
    report(p, "publickey-hostbound-v00@openssh.com is %sused",
           list_contains(p->tried, "publickey-hostbound-v00@openssh.com") ? "" : "not ");
}

/* ---- texts: RFC 4253 section 11 ---- */

static void disconnect_controls(struct peer *p)
{
    intend_shown(p);
    reach(p, AT_LOGIN);
    transmit(p, "butt", SSH_MSG_DISCONNECT, SSH_DISCONNECT_BY_APPLICATION,
             "a reason with " CONTROLS "a colour", "");
    wait_close(p, p->step);
    observe_controls(p);
}

static void debug_quiet(struct peer *p)
{
    reach(p, AT_LOGIN);
    transmit(p, "bbtt", SSH_MSG_DEBUG, 0, "not to be shown", "");
    go_on(p);
    client_wait(p);
    observe(p, client_shows(p, "not to be shown") ? "shown" : "nothing shown");
}

static void debug_controls(struct peer *p)
{
    intend_shown(p);
    reach(p, AT_LOGIN);
    transmit(p, "bbtt", SSH_MSG_DEBUG, 1, "a text with " CONTROLS "a colour", "");
    go_on(p);
    observe_controls(p);
}

/* ---- announced host keys ---- */

/* Section 2.1: byte SSH_MSG_GLOBAL_REQUEST, string "hostkeys-00@openssh.com", boolean FALSE, string
 * host key... Then the fence: a request for proofs has come by then. */
static void announce(struct peer *p, struct bytes keys)
{
    reach(p, AT_LOGIN);
    p->quiet = true;
    send_payload(p, message(p, "btbr", SSH_MSG_GLOBAL_REQUEST, "hostkeys-00@openssh.com", 0, keys));
    fence(p);
    p->quiet = false;
}

/* The key that the client knows, and a new one. */
static struct bytes both_keys(struct peer *p)
{
    return message(p, "ss", private_key_blob(&p->setting->client->host_keys[0]),
                   private_key_blob(&p->setting->client->other));
}

static void hostkeys_garbage(struct peer *p)
{
    announce(p, message(p, "tsss", "unknown@nacre-spec", sample(p, 51), (struct bytes){NULL, 0},
                        message(p, "ts", "unknown@nacre-spec", sample(p, 32))));
}

static void own_prove(struct peer *p)
{
    announce(p, both_keys(p));
    report(p, "hostkeys-prove-00 was %ssent", p->prove.len > 0 ? "" : "not ");
}

/* Both files of known hosts. */
static void read_known_hosts(const struct peer *p, char text[KNOWN_ROOM])
{
    static const char *const names[] = {"known_hosts", ".ssh/known_hosts"};
    char path[FOLDER_ROOM + 48];
    size_t len = 0;

    for (int i = 0; i < 2 && p->client != NULL; i++) {
        FILE *in;

        (void)snprintf(path, sizeof path, "%s/%s", p->client->folder, names[i]);
        in = fopen(path, "re");
        if (in != NULL) {
            len += fread(text + len, 1, KNOWN_ROOM - 1 - len, in);
            (void)fclose(in);
        }
    }
    text[len] = 0;
}

/* The row's number: 0 the proof is refused, 1 it is wrong. */
static void no_proof(struct peer *p)
{
    char before[KNOWN_ROOM] = "", after[KNOWN_ROOM] = "";
    struct bytes wrong = message(p, "ts", "ssh-ed25519", sample(p, 64));

    announce(p, both_keys(p));
    need(p, p->prove.len > 0 || over(p), "the client asks for no proofs");
    read_known_hosts(p, before);
    if (p->row->number == 0)
        transmit(p, "b", SSH_MSG_REQUEST_FAILURE);
    else
        transmit(p, "bss", SSH_MSG_REQUEST_SUCCESS, wrong, wrong);
    go_on(p);
    client_wait(p);
    read_known_hosts(p, after);
    observe(p, strcmp(before, after) == 0 ? "nothing recorded" : "recorded");
}

/* clang-format off */
const struct spec_case spec_client_messages[] = {
    {"8308/2.4/own-next-packet", CLIENT, MUST, "RFC 8308 2.4", "8308/2.4/1",
     "the client's EXT_INFO is the very next packet after its NEWKEYS", "never violated",
     .run = NULL, .watch = WATCH_EXT_NEXT},
    {"8308/2.4/after-newkeys", CLIENT, MAY, "RFC 8308 2.4", "8308/2.4/2 8308/2.4/3",
     "the server's EXT_INFO comes right after NEWKEYS", "go-on",
     .run = ext_info, .number = 1},
    {"8308/2.4/before-success", CLIENT, MAY, "RFC 8308 2.4", "8308/2.4/2 8308/2.4/3",
     "the server's EXT_INFO comes right before USERAUTH_SUCCESS", "go-on",
     .run = ext_info, .number = 2},
    {"8308/2.4/both-times", CLIENT, MUST, "RFC 8308 2.4", "8308/2.4/3",
     "the server sends EXT_INFO at both points", "go-on",
     .run = ext_info, .number = 3,
     .note = "ssh 9.2 accepts EXT_INFO from a server only right after NEWKEYS"},
    {"8308/2.4/neither", CLIENT, MUST, "RFC 8308 2.4", "8308/2.4/3",
     "the server sends no EXT_INFO although the client requested it", "go-on",
     .run = ext_info, .number = 0},
    {"8308/3.1/sig-algs-garbage", CLIENT, PRACTICE, "RFC 8308 3.1", "8308/3.1/6",
     "server-sig-algs is empty, contains empty names, or contains garbage", "go-on | close",
     .run = sig_algs_garbage},
    {"8308/3.1/sig-algs-without", CLIENT, MUST, "RFC 8308 3.1", "8308/3.1/4 8332/3.3/2",
     "without server-sig-algs, an RSA key is still offered", "report",
     .run = sig_algs_without},
    {"ossh/1.10/ext-info-in-auth", CLIENT, MAY, "PROTOCOL 1.10", "ossh/1.10/1 ossh/1.10/2",
     "EXT_INFO after the first USERAUTH_REQUEST changes server-sig-algs", "report",
     .run = ext_info_in_auth},
    {"ossh/3.1/own-hostbound", CLIENT, MAY, "PROTOCOL 3.1", "ossh/3.1/2",
     "the client uses the host-bound method when offered", "report",
     .run = hostbound},
    {"4253/11.1/disconnect-controls", CLIENT, SHOULD, "RFC 4253 11.1", "4253/11.1/5 4251/9.2/1",
     "escape sequences in the description", "no raw control bytes",
     .run = disconnect_controls},
    {"4253/11.3/debug-quiet", CLIENT, SHOULD, "RFC 4253 11.3", "4253/11.3/2",
     "DEBUG with always_display FALSE is not shown", "nothing shown",
     .run = debug_quiet},
    {"4253/11.3/debug-controls", CLIENT, SHOULD, "RFC 4251 9.2", "4251/9.2/1",
     "escape sequences in DEBUG", "no raw control bytes",
     .run = debug_controls},
    {"hkup/2.1/hostkeys-garbage", CLIENT, PRACTICE, "draft-ietf-sshm-hostkey-update 2.1", "hkup/2.1/4",
     "hostkeys-00 with unknown key types and garbage", "go-on",
     .run = hostkeys_garbage},
    {"hkup/2.1/own-prove", CLIENT, SHOULD, "draft-ietf-sshm-hostkey-update 2.1", "hkup/2.1/3",
     "new host keys cause a hostkeys-prove-00 request", "report",
     .run = own_prove},
    {"hkup/2.2/prove-wrong", CLIENT, MUST, "draft-ietf-sshm-hostkey-update 2.2", "hkup/2.2/3 hkup/5.2/1",
     "a wrong proof: nothing is recorded", "go-on, nothing recorded",
     .run = no_proof, .number = 1},
    {"hkup/2.2/prove-refused", CLIENT, MUST, "draft-ietf-sshm-hostkey-update 2.2", "hkup/2.2/4",
     "the proof is refused: nothing is recorded", "go-on, nothing recorded",
     .run = no_proof, .number = 0},
    {0},
};
/* clang-format on */
