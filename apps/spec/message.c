/* What messages mean. Sending is in message_send.c, receiving packets in message_receive.c. */
#include "apps/spec/message.h"

#include "apps/spec/names.h"
#include "transport/text.h"

#include <stdio.h>

/* Everything until the end, after a DISCONNECT or a close. */
static void drain(struct peer *p)
{
    while (receive(p))
        continue;
}

/* RFC 4253 section 11.4: byte SSH_MSG_UNIMPLEMENTED, uint32 packet sequence number of rejected
 * message */
uint32_t rejected_number(const struct peer *p)
{
    struct reader r = read_from(p->got);

    (void)read_u8(&r);
    return read_u32(&r);
}

/* A peer that knows no global requests at all. Only the baseline finds that out, from its first
 * fence: in a case, a fence that is answered in another way than before is not answered. */
static bool is_fence_unimplemented(const struct peer *p)
{
    return p->fencing && !p->setting->facts.known && !p->setting->facts.unimplements_fence;
}

/* OPEN_FAILURE for the channel of a fence. Side traffic if it is not the last fence's. RFC 4254
 * section 5.1: byte SSH_MSG_CHANNEL_OPEN_FAILURE, uint32 recipient channel ... */
static bool is_old_fence(const struct peer *p)
{
    struct reader r = read_from(p->got);
    uint32_t fence;

    (void)read_u8(&r);
    fence = read_u32(&r) - FENCE_CHANNEL;
    return fence >= 1 && fence <= p->fences && !(p->fencing && fence == p->fences);
}

/* The peer does not take our KEXINIT of a rekey, as sshd before the login: no answer will come. */
static bool is_rekey_refused(const struct peer *p)
{
    return p->first_done && p->x.ours_sent && !p->x.theirs_came &&
           rejected_number(p) == p->kexinit_number;
}

static void on_unimplemented(struct peer *p)
{
    uint32_t number = rejected_number(p);

    if (p->observing && number >= p->first_step && number <= p->last_step)
        observe(p, "unimpl(seq)");
    else if (p->observing && !(p->conforming && number > p->last_step))
        observe(p, "unimpl(%u, not %u)", (unsigned)number, (unsigned)p->last_step);
}

/* RFC 8308 section 2.3: byte SSH_MSG_EXT_INFO, uint32 nr-extensions, then string name and string
 * value of each */
static void on_ext_info(struct peer *p)
{
    struct reader r = read_from(p->got);
    uint32_t n;

    (void)read_u8(&r);
    n = read_u32(&r);
    for (uint32_t i = 0; i < n && !r.bad; i++) {
        struct bytes name = read_string(&r), value = read_string(&r);

        if (bytes_are(name, "server-sig-algs"))
            (void)text_from_wire(p->sig_algs, sizeof p->sig_algs, value);
        p->offers_hostbound =
            p->offers_hostbound || bytes_are(name, "publickey-hostbound@openssh.com");
        p->offers_ping = p->offers_ping || bytes_are(name, "ping@openssh.com");
    }
    p->ext_info = true;
}

/* RFC 4254 section 4: byte SSH_MSG_GLOBAL_REQUEST, string request name, boolean want reply. We know
 * none; hostkeys-00 is kept for the cases about it. */
static void on_global_request(struct peer *p)
{
    struct reader r = read_from(p->got);
    struct bytes name;

    (void)read_u8(&r);
    name = read_string(&r);
    if (bytes_are(name, "hostkeys-00@openssh.com") || bytes_are(name, "hostkeys-00")) {
        p->hostkeys_came++;
        p->hostkeys = p->got;
    }
    if (bytes_are(name, "hostkeys-prove-00@openssh.com"))
        p->prove = p->got;
    p->forwards += bytes_are(name, "tcpip-forward");
    if (read_bool(&r) && !p->quiet)
        transmit(p, "b",
                 bytes_are(name, "tcpip-forward") && p->serve.grants_forward
                     ? SSH_MSG_REQUEST_SUCCESS
                     : SSH_MSG_REQUEST_FAILURE);
}

/* Does a client send it by itself, at its own time? Then it is no reply to what we sent. */
static bool is_of_client(const struct peer *p, uint8_t number)
{
    return p->role == NACRE_SERVER &&
           (number == SSH_MSG_SERVICE_REQUEST || number == SSH_MSG_KEXINIT ||
            number == SSH_MSG_NEWKEYS || number == SSH_MSG_KEX_ECDH_INIT || number == 32 ||
            number == 34 || number == SSH_MSG_USERAUTH_REQUEST ||
            (number >= SSH_MSG_CHANNEL_OPEN && number <= SSH_MSG_CHANNEL_REQUEST &&
             number != SSH_MSG_CHANNEL_OPEN_CONFIRMATION &&
             number != SSH_MSG_CHANNEL_OPEN_FAILURE));
}

static void observe_reply(struct peer *p)
{
    char name[OUTCOME_MAX];

    p->late_requests += p->logged_in && p->got.at[0] == SSH_MSG_USERAUTH_REQUEST;
    if (is_of_client(p, p->got.at[0]))
        return;
    reply_name(p, name);
    observe(p, "%s", name);
}

/* A request that crosses our KEXINIT is answered after the exchange. */
static bool is_postponed(struct peer *p)
{
    if (p->role == NACRE_CLIENT || !p->first_done || !p->x.ours_sent || p->x.theirs_came)
        return false;
    p->postponed = p->got;
    return true;
}

/* RFC 4253 section 10: byte SSH_MSG_SERVICE_ACCEPT, string service name. Paramiko asks for the
 * service again before each method. */
static bool is_service_again(struct peer *p)
{
    if (p->role == NACRE_CLIENT || p->quiet || p->logged_in || p->reached != AT_AUTH)
        return false;
    transmit(p, "bt", SSH_MSG_SERVICE_ACCEPT, "ssh-userauth");
    return true;
}

/* What may come at any time. False: it is something else. */
static bool is_side_traffic(struct peer *p)
{
    switch (p->got.at[0]) {
    case SSH_MSG_IGNORE:
    case SSH_MSG_DEBUG:
    case SSH_MSG_USERAUTH_BANNER:
        return true;
    case SSH_MSG_UNIMPLEMENTED:
        if (is_fence_unimplemented(p) || is_rekey_refused(p))
            return false;
        on_unimplemented(p);
        return true;
    case SSH_MSG_CHANNEL_OPEN_FAILURE:
        return is_old_fence(p) ||
               (p->channel_message != NULL && p->channel_message(p, SSH_MSG_CHANNEL_OPEN_FAILURE));
    case SSH_MSG_EXT_INFO:
        on_ext_info(p);
        return true;
    case SSH_MSG_SERVICE_REQUEST:
        return is_postponed(p) || is_service_again(p);
    case SSH_MSG_USERAUTH_REQUEST:
        return is_postponed(p);
    case SSH_MSG_GLOBAL_REQUEST:
        on_global_request(p);
        return true;
    case SSH_MSG_REQUEST_FAILURE:
        if (p->replies_to_skip == 0)
            return false;
        p->replies_to_skip--;
        return true;
    case SSH_MSG_KEXINIT:
        if (p->in_exchange || p->quiet || p->peer_rekeys == NULL || !p->first_done)
            return false;
        p->peer_rekeys(p);
        return true;
    default:
        return p->channel_message != NULL && p->channel_message(p, p->got.at[0]);
    }
}

uint8_t next(struct peer *p)
{
    while (receive(p)) {
        if (p->got.at[0] == SSH_MSG_DISCONNECT) {
            drain(p);
            p->conn.ended = true;
            return 0;
        }
        if (!is_side_traffic(p))
            return p->got.at[0];
    }
    return 0;
}

bool receive_any(struct peer *p)
{
    if (!receive(p))
        return false;
    if (p->got.at[0] == SSH_MSG_DISCONNECT) {
        drain(p);
        p->conn.ended = true;
        return false;
    }
    if (!is_side_traffic(p))
        observe_reply(p);
    return true;
}

void receive_times(struct peer *p, uint8_t number, unsigned times)
{
    while (times > 0 && receive(p))
        times -= p->got.at[0] == number;
}

bool want(struct peer *p, uint8_t number)
{
    return want_either(p, number, number);
}

bool want_either(struct peer *p, uint8_t one, uint8_t other)
{
    uint8_t came;

    while ((came = next(p)) != 0) {
        if (came == one || came == other)
            return true;
        observe_reply(p);
    }
    return false;
}

void reply_name(const struct peer *p, char out[OUTCOME_MAX])
{
    struct reader r = read_from(p->got);
    uint8_t number = read_u8(&r);

    switch (number) {
    case SSH_MSG_CHANNEL_OPEN_FAILURE:
        (void)read_u32(&r);
        (void)snprintf(out, OUTCOME_MAX, "open-failure(%u)", (unsigned)read_u32(&r));
        break;
    case SSH_MSG_USERAUTH_FAILURE:
        (void)read_string(&r);
        (void)snprintf(out, OUTCOME_MAX, "auth-failure%s",
                       read_bool(&r) ? " with partial success" : "");
        break;
    default:
        (void)snprintf(out, OUTCOME_MAX, "%s", message_outcome(number));
    }
}

uint8_t answer(struct peer *p)
{
    char name[OUTCOME_MAX];
    uint8_t number;

    p->observing = true;
    number = next(p);
    if (number == 0) {
        observe_end(p);
        return 0;
    }
    reply_name(p, name);
    observe(p, "%s", name);
    return number;
}

void observe_end(struct peer *p)
{
    bool ended = (p->conn.ended && !p->conn.stalled) || p->disconnected;

    current_part(p)->ending = ended ? ENDING_CLOSE : ENDING_TIMEOUT;
    if (ended)
        watch_check(p, WATCH_SAYS_WHY, p->disconnected, "no DISCONNECT");
}

void wait_close(struct peer *p, uint64_t us)
{
    uint64_t step = p->step, began = now_us();
    uint8_t number;

    p->observing = true;
    while (!over(p) && now_us() - began < us) {
        p->step = us - (now_us() - began);
        number = next(p);
        if (number == 0)
            break;
        if (number == SSH_MSG_KEXINIT && !p->x.theirs_came) { /* it need not wait for ours */
            p->x.theirs_came = true;
            continue;
        }
        observe_reply(p);
    }
    p->step = step;
    p->timed_out = false;
    current_part(p)->ending = p->conn.stalled ? ENDING_TIMEOUT
                              : p->conn.ended ? ENDING_CLOSE
                                              : ENDING_SILENT;
}
