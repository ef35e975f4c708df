#include "apps/spec/baseline.h"

#include "apps/spec/reach.h"
#include "apps/spec/serve.h"

#include <stdio.h>

enum { EXAMPLE = 64 /* bytes through the command that sends them back */ };

/* Does the profile's `cat` work? */
static bool try_exec(struct peer *p)
{
    struct spec_channel *ch;
    struct bytes bytes = sample(p, EXAMPLE);

    if (p->setting->profile.cat == NULL)
        return false;
    ch = open_session(p);
    if (!run(p, ch, p->setting->profile.cat) || !send_all(p, ch, bytes))
        return false;
    if (p->role == NACRE_CLIENT)
        send_eof(p, ch);
    (void)wait_received(p, ch, EXAMPLE);
    if (p->role == NACRE_SERVER)
        send_exit(p, ch, 0);
    (void)wait_channel_close(p, ch);
    return bytes_equal(ch->received, bytes);
}

/* The methods that a user without credentials is offered. */
static void learn_methods(struct peer *p, struct facts *f)
{
    struct reader r;

    (void)reach(p, AT_AUTH);
    send_method(p, p->setting->profile.user, "ssh-connection", "none");
    if (!want(p, SSH_MSG_USERAUTH_FAILURE))
        return;
    r = read_from(p->got);
    (void)read_u8(&r);
    (void)read_text(&r, f->methods, sizeof f->methods);
}

static void learn_names(const struct peer *p, struct facts *f)
{
    (void)snprintf(f->ident, sizeof f->ident, "%.*s", (int)sizeof f->ident - 1,
                   p->ident[p->setting->tested]);
    f->theirs = p->x.theirs;
    f->strict = p->strict;
    f->ext_info = p->ext_info;
    f->offers_ping = p->offers_ping;
    memcpy(f->sig_algs, p->sig_algs, sizeof f->sig_algs);
    memcpy(f->kex, p->x.chosen.name[LIST_KEX], sizeof f->kex);
    memcpy(f->hostkey, p->x.chosen.name[LIST_HOST_KEY], sizeof f->hostkey);
    memcpy(f->cipher, p->x.chosen.name[LIST_CIPHER_TO_SERVER], sizeof f->cipher);
}

/* The fence that the peer answers: reach.c. */
static void learn_fence(struct peer *p, struct facts *f)
{
    fence(p);
    f->unimplements_fence = p->fence_unimplemented;
    if (f->unimplements_fence)
        fence(p);
}

static void explain(const struct peer *p, char *error, size_t size)
{
    char text[OBSERVED_MAX];

    outcomes_text(text, p->parts, 1);
    if (p->conn.fd < 0 && p->reached == AT_IDENT && p->role == NACRE_SERVER)
        (void)snprintf(error, size, "%s: %s", p->setting->target, p->problem);
    else if (p->conn.fd < 0 && p->reached == AT_IDENT)
        (void)snprintf(error, size, "%s: the connection was refused: is the server running?",
                       p->setting->target);
    else
        (void)snprintf(error, size, "%s: the baseline does not pass: %s%s%s", p->setting->target,
                       p->problem[0] != 0 ? p->problem : text, p->parts[0].said[0] != 0 ? ": " : "",
                       p->parts[0].said);
}

bool baseline_learn(struct setting *setting, char *error, size_t size)
{
    struct peer *p = peer_new(NULL, setting);
    struct facts *f = &setting->facts;
    bool good;

    (void)reach(p, AT_LOGIN);
    f->login_us = now_us() - p->began;
    learn_fence(p, f);
    good = p->problem[0] == 0 && current_part(p)->ending == ENDING_GO_ON;
    if (!good)
        explain(p, error, size);
    else
        learn_names(p, f);
    f->exec = good && try_exec(p);
    f->longest_us = p->longest;
    if (good && p->role == NACRE_SERVER)
        (void)snprintf(f->methods, sizeof f->methods, "%.*s", (int)sizeof f->methods - 1, p->tried);
    peer_free(p);
    if (good && setting->tested == NACRE_SERVER) {
        p = peer_new(NULL, setting);
        learn_methods(p, f);
        peer_free(p);
    }
    f->known = true;
    return good;
}

bool baseline_alive(const struct setting *setting)
{
    struct peer *p = peer_new(NULL, setting);
    bool good;

    (void)reach(p, AT_LOGIN);
    fence(p);
    good = p->problem[0] == 0 && current_part(p)->ending == ENDING_GO_ON;
    peer_free(p);
    return good;
}
