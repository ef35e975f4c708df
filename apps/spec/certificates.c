/* draft-ietf-sshm-cert: user certificates. They certify a key that logs nobody in by itself. */
#include "apps/spec/certificate.h"
#include "apps/spec/reach.h"
#include "apps/spec/tables.h"

enum { CUT = 20, LONG_AGO = 2 };

#define YEAR_2100 UINT64_C(4102444800)

static const char nobody[] = "nobody-of-nacre-spec", host[] = "127.0.0.1";

/* A flag: section 2.2, string key and string value, which is empty. */
static struct bytes flag(struct peer *p, const char *name)
{
    return message(p, "tt", name, "");
}

static void offer(struct peer *p, struct bytes blob)
{
    reach(p, AT_AUTH);
    send_certificate(p, blob);
    (void)answer(p);
}

/* A certificate in which the row's number says what is special. */
enum kind {
    CORRECT,
    FLIPPED,
    FOR_HOSTS,
    PRINCIPAL,
    CRITICAL,
    EXTENSION,
    RESERVED,
    CA_IS_CERTIFICATE,
    UNORDERED,
    ADDRESS
};

static struct certificate of_kind(struct peer *p, enum kind kind)
{
    struct certificate c = {0};

    if (kind == FLIPPED)
        c.flip = true;
    else if (kind == FOR_HOSTS)
        c.role = ROLE_HOST;
    else if (kind == PRINCIPAL)
        c.principal = nobody;
    else if (kind == CRITICAL)
        c.options = flag(p, "unknown@nacre-spec");
    else if (kind == EXTENSION)
        c.extensions = flag(p, "unknown@nacre-spec");
    else if (kind == RESERVED)
        c.reserved = bytes_of("to be ignored");
    else if (kind == UNORDERED)
        c.extensions = message(p, "rr", flag(p, "permit-pty"), flag(p, "permit-agent-forwarding"));
    else if (kind == ADDRESS) /* a network that nobody has: RFC 5737 */
        c.options = message(p, "ts", "source-address", message(p, "t", "192.0.2.0/24"));
    else if (kind == CA_IS_CERTIFICATE)
        c.signature_key =
            certificate_make(p, &(struct certificate){.key = p->setting->profile.user_ca});
    return c;
}

static void one(struct peer *p)
{
    struct certificate c;

    need_user_ca(p);
    reach(p, AT_AUTH);
    if (p->skip != NULL)
        return;
    c = of_kind(p, (enum kind)p->row->number);
    offer(p, certificate_make(p, &c));
}

/* Section 3.1: the time must be within the validity interval. */
static void validity(struct peer *p)
{
    const struct certificate both[] = {{.valid_after = 1, .valid_before = LONG_AGO},
                                       {.valid_after = YEAR_2100}};

    need_user_ca(p);
    for (int i = 0; i < 2; i++) {
        peer_connect(p);
        offer(p, certificate_make(p, &both[i]));
    }
}

static void truncated(struct peer *p)
{
    need_user_ca(p);
    for (int i = 0; i < 2; i++) {
        struct bytes blob = certificate_make(p, &(struct certificate){0});

        peer_connect(p);
        if (p->skip == NULL)
            offer(p, i == 0 ? (struct bytes){blob.at, blob.len - CUT}
                            : message(p, "rt", blob, "more"));
    }
}

/* Log in with a certificate without extensions. */
static void log_in_certified(struct peer *p)
{
    need_user_ca(p);
    reach(p, AT_AUTH);
    p->conforming = true;
    send_certificate(p, certificate_make(p, &(struct certificate){0}));
    p->logged_in = p->skip == NULL && want(p, SSH_MSG_USERAUTH_SUCCESS);
    p->conforming = false;
    if (p->logged_in)
        p->reached = AT_LOGIN;
    else if (p->skip == NULL)
        (void)falter(p, "a certificate without extensions is refused");
}

/* Request a connection to a port that listens. */
static void ask_for_connection(struct peer *p)
{
    struct conn listener;
    uint16_t port = 0;

    if (!conn_listen(&listener, &port))
        problem(p, "no port of 127.0.0.1 is free");
    (void)send_open(p, (struct opening){.type = "direct-tcpip",
                                        .rest = message(p, "tutu", host, (uint32_t)port, host, 1)});
    (void)answer(p);
    conn_close(&listener);
}

/* Section 2.3: what a certificate without the extension does not permit. */
static void no_permit(struct peer *p)
{
    struct spec_channel *ch;

    log_in_certified(p);
    if (over(p))
        return;
    ch = open_session(p);
    send_channel_request(p, ch, "pty-req", 1, message(p, "tuuuut", "xterm", 80, 24, 0, 0, ""));
    (void)answer(p);
    ask_for_connection(p);
}

/* clang-format off */
const struct spec_case spec_certificates[] = {
    {"cert/3.1/user-cert", SERVER, MUST, "draft-ietf-sshm-cert 3.1", "cert/3.1/1",
     "a user certificate signed by a trusted CA", "auth-success",
     .run = one, .number = CORRECT},
    {"cert/3.1/ca-signature", SERVER, MUST, "draft-ietf-sshm-cert 3.1", "cert/3.1/1",
     "one bit of the CA's signature is flipped", "auth-failure",
     .run = one, .number = FLIPPED},
    {"cert/3.1/role", SERVER, MUST, "draft-ietf-sshm-cert 3.1", "cert/3.1/2",
     "a host certificate used as a user certificate", "auth-failure",
     .run = one, .number = FOR_HOSTS},
    {"cert/3.1/expired", SERVER, MUST, "draft-ietf-sshm-cert 3.1", "cert/3.1/3",
     "a certificate that has expired, and one not yet valid", "auth-failure",
     .run = validity},
    {"cert/3.1/principal", SERVER, MUST, "draft-ietf-sshm-cert 3.1", "cert/3.1/4",
     "a certificate for another principal", "auth-failure",
     .run = one, .number = PRINCIPAL},
    {"cert/2.1.1/critical", SERVER, MUST, "draft-ietf-sshm-cert 2.1.1", "cert/2.1.1/1",
     "a certificate with an unknown critical option", "auth-failure",
     .run = one, .number = CRITICAL},
    {"cert/2.1.1/extension", SERVER, MUST, "draft-ietf-sshm-cert 2.1.1", "cert/2.1.1/2",
     "a certificate with an unknown extension", "auth-success",
     .run = one, .number = EXTENSION},
    {"cert/2.1.1/reserved", SERVER, MUST, "draft-ietf-sshm-cert 2.1.1", "cert/2.1.1/3",
     "a certificate whose reserved field is not empty", "auth-success",
     .run = one, .number = RESERVED},
    {"cert/2.1.1/ca-is-cert", SERVER, MUST, "draft-ietf-sshm-cert 2.1.1", "cert/2.1.1/4",
     "the CA key is itself a certificate", "auth-failure",
     .run = one, .number = CA_IS_CERTIFICATE},
    {"cert/2.1.1/truncated", SERVER, MUST, "draft-ietf-sshm-cert 2.1.1", "cert/2.1.1/5",
     "a truncated certificate, and one with trailing bytes", "auth-failure",
     .run = truncated},
    {"cert/2.2/order", SERVER, MUST, "draft-ietf-sshm-cert 2.2", "cert/2.2/1",
     "certificate options out of order", "auth-failure | auth-success as warn",
     .run = one, .number = UNORDERED},
    {"cert/2.4/source-address", SERVER, MUST, "draft-ietf-sshm-cert 2.4", "cert/2.4/1",
     "a source-address that names a different network", "auth-failure",
     .run = one, .number = ADDRESS},
    {"cert/2.3/no-permit", SERVER, MUST, "draft-ietf-sshm-cert 2.3", "cert/2.3/1",
     "without permit-pty and permit-port-forwarding, both are refused", "channel-failure, open-failure",
     .run = no_permit},
    {0},
};
/* clang-format on */
