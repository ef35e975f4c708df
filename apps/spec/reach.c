#include "apps/spec/reach.h"

#include "apps/spec/serve.h"

#include <stdio.h>

enum { MORE_FENCES = 4 /* after one that is not answered */ };

/* ---- the steps of a client ---- */

static void step_ident(struct peer *p)
{
    send_ident(p);
    if (!receive_ident(p) || !receive_kexinit(p))
        p->reached = AT_IDENT;
}

static void step_kexinit(struct peer *p)
{
    if (receive_ident(p) && receive_kexinit(p))
        send_kexinit(p);
}

static void step_share(struct peer *p)
{
    if (receive_ident(p) && receive_kexinit(p))
        send_share(p);
}

static void step_reply(struct peer *p)
{
    (void)receive_reply(p);
}

static void step_newkeys(struct peer *p)
{
    send_newkeys(p);
    if (!over(p) && receive_newkeys(p))
        p->reached = AT_SERVICE;
}

static void step_service(struct peer *p)
{
    send_service_request(p, "ssh-userauth");
    if (want(p, SSH_MSG_SERVICE_ACCEPT))
        p->reached = AT_AUTH;
}

static void step_auth(struct peer *p)
{
    (void)log_in(p);
}

/* ---- the steps of a server ---- */

static void serve_share_step(struct peer *p)
{
    (void)receive_share(p);
}

static void serve_newkeys_step(struct peer *p)
{
    send_newkeys(p);
    if (!p->first_done)
        send_ext_info(p);
    if (!over(p) && receive_newkeys(p))
        p->reached = AT_SERVICE;
}

static void serve_service_step(struct peer *p)
{
    (void)serve_service(p);
}

static void serve_auth_step(struct peer *p)
{
    (void)serve_login(p);
}

static void (*const server_steps[])(struct peer *p) = {
    [AT_IDENT] = step_ident,           [AT_KEXINIT] = step_kexinit,
    [AT_SHARE] = serve_share_step,     [AT_REPLY] = send_reply,
    [AT_NEWKEYS] = serve_newkeys_step, [AT_SERVICE] = serve_service_step,
    [AT_AUTH] = serve_auth_step,
};

static void (*const client_steps[])(struct peer *p) = {
    [AT_IDENT] = step_ident, [AT_KEXINIT] = step_kexinit, [AT_SHARE] = step_share,
    [AT_REPLY] = step_reply, [AT_NEWKEYS] = step_newkeys, [AT_SERVICE] = step_service,
    [AT_AUTH] = step_auth,
};

/* Complete an exchange that the peer began: its KEXINIT is p->got. */
static void join_rekey(struct peer *p)
{
    struct bytes theirs = p->got;
    bool conforming = p->conforming;

    p->conforming = true;
    begin_exchange(p);
    p->x.payload[p->setting->tested] = theirs;
    p->x.theirs_came = kexinit_read(&p->x.theirs, theirs);
    if (p->x.theirs_came) {
        send_kexinit(p);
        finish_exchange(p);
    }
    p->conforming = conforming;
}

/* ---- reaching ---- */

bool steps_until(struct peer *p, enum reached where)
{
    bool conforming = p->conforming;

    p->conforming = true;
    while (!over(p) && p->reached < where) {
        enum reached before = p->reached;

        (p->role == NACRE_CLIENT ? client_steps : server_steps)[before](p);
        if (p->reached == before)
            break;
    }
    p->conforming = conforming;
    return p->reached >= where;
}

struct kexinit *reach(struct peer *p, enum reached where)
{
    static const char *const names[] = {
        [AT_IDENT] = "the identification", [AT_KEXINIT] = "KEXINIT",
        [AT_SHARE] = "the key exchange",   [AT_REPLY] = "the server's share",
        [AT_NEWKEYS] = "NEWKEYS",          [AT_SERVICE] = "the service request",
        [AT_AUTH] = "the authentication",  [AT_LOGIN] = "the login",
    };

    p->peer_rekeys = join_rekey;
    p->channel_message = channel_take;
    if (p->conn.fd < 0)
        peer_connect(p);
    if (!steps_until(p, where) && p->skip == NULL)
        problem(p, "%s was not reached: %s", names[where],
                p->conn.ended ? "the connection ended" : "no answer");
    p->observing = false;
    return &p->x.ours;
}

/* A peer that knows no global requests says UNIMPLEMENTED, with a number that need not be right. It
 * is sent a channel of an unknown type, whose answer names the channel.
 * RFC 4254 section 4: byte SSH_MSG_GLOBAL_REQUEST, string request name, boolean want reply
 * RFC 4254 section 5.1: byte SSH_MSG_CHANNEL_OPEN, string channel type, uint32 sender channel,
 * uint32 initial window size, uint32 maximum packet size */
static void send_fence(struct peer *p)
{
    bool conforming = p->conforming;

    p->conforming = true;
    p->fences++;
    if (p->setting->facts.unimplements_fence)
        transmit(p, "btuuu", SSH_MSG_CHANNEL_OPEN, FENCE_NAME, FENCE_CHANNEL + p->fences, 0U,
                 32768U);
    else
        transmit(p, "btb", SSH_MSG_GLOBAL_REQUEST, FENCE_NAME, 1);
    p->conforming = conforming;
}

static bool want_fence_answer(struct peer *p)
{
    bool answered;

    p->fencing = true;
    answered = p->setting->facts.unimplements_fence
                   ? want(p, SSH_MSG_CHANNEL_OPEN_FAILURE)
                   : want_either(p, SSH_MSG_REQUEST_FAILURE, SSH_MSG_UNIMPLEMENTED);
    p->fencing = false;
    p->fence_unimplemented = answered && p->got.at[0] == SSH_MSG_UNIMPLEMENTED;
    return answered;
}

static bool wait_fence(struct peer *p, uint64_t us)
{
    uint64_t step = p->step;
    bool answered;

    p->step = us;
    answered = want_fence_answer(p);
    p->step = step;
    return answered;
}

/* Some peers leave a message in their buffer until another one arrives, perhaps again and again.
 * They do go on, but late. */
static bool want_fence(struct peer *p)
{
    bool answered = wait_fence(p, p->step / 2);
    uint32_t more = 0;

    for (; !answered && more < MORE_FENCES; more++) {
        if (over(p) || p->disconnected || p->garbled)
            return false;
        p->timed_out = false;
        send_fence(p);
        answered = wait_fence(p, p->step / 2 / MORE_FENCES);
    }
    p->replies_to_skip += answered && !p->setting->facts.unimplements_fence ? more : 0;
    current_part(p)->late = answered && more > 0;
    return answered;
}

void fence(struct peer *p)
{
    send_fence(p);
    if (want_fence(p)) {
        current_part(p)->ending = ENDING_GO_ON;
        answer_closes(p);
    } else {
        observe_end(p);
    }
}

void go_on(struct peer *p)
{
    p->peer_rekeys = join_rekey;
    p->channel_message = channel_take;
    p->observing = true;
    if (p->skip != NULL || p->problem[0] != 0)
        return;
    if (steps_until(p, AT_LOGIN)) {
        fence(p);
        return;
    }
    while (receive_any(p)) /* what it still sends, above all why it ends */
        continue;
    observe_end(p);
}

void start_rekey(struct peer *p)
{
    bool conforming = p->conforming;

    p->conforming = p->conforming || !p->observing;
    begin_exchange(p);
    send_kexinit(p);
    (void)receive_kexinit(p);
    p->conforming = conforming;
}

void rekey(struct peer *p)
{
    bool conforming = p->conforming;

    start_rekey(p);
    p->conforming = true;
    if (!p->x.theirs_came && p->timed_out) {
        p->observing = true;
        (void)falter(p, "KEXINIT without an answer");
    } else if (p->x.theirs_came) {
        finish_exchange(p);
    }
    p->conforming = conforming;
}

/* ---- needs ---- */

void need_request_failure(struct peer *p)
{
    need(p, !p->setting->facts.unimplements_fence,
         "global requests are answered with UNIMPLEMENTED");
}

void need_server(struct peer *p, const char *why)
{
    need(p, p->role == NACRE_CLIENT, "%s", why);
}

void need_strict(struct peer *p)
{
    need(p, p->setting->facts.strict, "no strict kex");
}

void need_name(struct peer *p, enum kexinit_list list, const char *name)
{
    need(p, list_contains(p->setting->facts.theirs.list[list], name), "no %s", name);
}

void without_strict(struct peer *p)
{
    for (int i = 0; i < 2; i++)
        list_remove(p->x.ours.list[LIST_KEX], strict_marker[p->role][i]);
}

/* Markers stay in the list of methods. */
void only(struct peer *p, enum kexinit_list list, const char *name)
{
    char markers[NAMES_MAX] = "", item[NAME_MAX_LEN];

    need_name(p, list, name);
    for (size_t i = 0; list == LIST_KEX && list_item(p->x.ours.list[list], i, item); i++)
        if (strncmp(item, "kex-strict", 10) == 0 || strncmp(item, "ext-info", 8) == 0)
            list_after(markers, item);
    list_set(p->x.ours.list[list], name);
    if (markers[0] != 0)
        list_after(p->x.ours.list[list], markers);
}

void only_cipher(struct peer *p, const char *cipher)
{
    only(p, LIST_CIPHER_TO_SERVER, cipher);
    only(p, LIST_CIPHER_TO_CLIENT, cipher);
}
