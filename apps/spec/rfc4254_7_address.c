/* RFC 4254 section 7.1: the addresses that tcpip-forward is asked to listen on. */
#include "apps/spec/reach.h"
#include "apps/spec/tables.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

/* The forms of section 7.1. A server may listen on fewer addresses than it is asked to, as sshd
 * does without GatewayPorts; it must not listen on others, nor on none. */
struct form {
    const char *text;
    bool ipv4, ipv6;    /* on which loopback addresses it may be reached */
    bool both_optional; /* "all protocol families supported": one is enough */
    bool loopback;      /* on no other addresses */
};

static const struct form forms[] = {
    {"", true, true, true, false},           {"0.0.0.0", true, false, false, false},
    {"::", false, true, false, false},       {"localhost", true, true, true, true},
    {"127.0.0.1", true, false, false, true}, {"::1", false, true, false, true},
};

static bool connects(struct peer *p, const struct sockaddr *address, socklen_t len)
{
    struct conn c = {.fd = -1};
    bool good = conn_open(&c, address, len, step_deadline(p));

    conn_close(&c);
    return good;
}

static bool connects_ipv4(struct peer *p, struct in_addr to, uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = to};

    return connects(p, (const struct sockaddr *)&address, sizeof address);
}

static bool connects_ipv6(struct peer *p, uint16_t port)
{
    struct sockaddr_in6 address = {
        .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = in6addr_loopback};

    return connects(p, (const struct sockaddr *)&address, sizeof address);
}

/* Can a client reach the port by an IPv4 address of this machine that is not a loopback one? */
static bool is_reachable(struct peer *p, uint16_t port)
{
    struct ifaddrs *all = NULL;
    bool reachable = false;

    if (getifaddrs(&all) != 0)
        return false;
    for (const struct ifaddrs *a = all; a != NULL && !reachable; a = a->ifa_next) {
        struct sockaddr_in address;

        if (a->ifa_addr == NULL || a->ifa_addr->sa_family != AF_INET ||
            (a->ifa_flags & IFF_LOOPBACK))
            continue;
        memcpy(&address, a->ifa_addr, sizeof address);
        reachable = connects_ipv4(p, address.sin_addr, port);
    }
    freeifaddrs(all);
    return reachable;
}

static void judge(struct peer *p, const struct form *f, uint16_t port)
{
    bool ipv4 = connects_ipv4(p, (struct in_addr){htonl(INADDR_LOOPBACK)}, port);
    bool ipv6 = connects_ipv6(p, port);
    bool missing = f->both_optional ? !ipv4 && !ipv6 : (f->ipv4 && !ipv4) || (f->ipv6 && !ipv6);

    if (missing)
        observe(p, "it does not listen on \"%s\"", f->text);
    else if ((ipv4 && !f->ipv4) || (ipv6 && !f->ipv6))
        observe(p, "for \"%s\" it listens on the other family too", f->text);
    else if (f->loopback && is_reachable(p, port))
        observe(p, "for \"%s\" it listens on other addresses too", f->text);
    else
        observe(p, "as defined");
}

static bool is_loopback(const struct sockaddr_storage *address)
{
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;

    memcpy(&ipv4, address, sizeof ipv4);
    memcpy(&ipv6, address, sizeof ipv6);
    return address->ss_family == AF_INET ? ntohl(ipv4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET
                                         : IN6_IS_ADDR_LOOPBACK(&ipv6.sin6_addr);
}

/* string "tcpip-forward", boolean want reply, string address to bind, uint32 port number to bind.
 * The reply to port 0 has the port: byte SSH_MSG_REQUEST_SUCCESS, uint32 port */
static void address_form(struct peer *p, const struct form *f)
{
    struct reader r;

    transmit(p, "btbtu", SSH_MSG_GLOBAL_REQUEST, "tcpip-forward", 1, f->text, 0);
    if (!want_either(p, SSH_MSG_REQUEST_SUCCESS, SSH_MSG_REQUEST_FAILURE)) {
        observe_end(p);
        return;
    }
    r = read_from(p->got);
    if (read_u8(&r) == SSH_MSG_REQUEST_SUCCESS)
        judge(p, f, (uint16_t)read_u32(&r));
    else
        observe(p, "request-failure");
}

static void address_forms(struct peer *p)
{
    need(p, is_loopback(&p->setting->address), "the server is on another machine");
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        peer_connect(p);
        reach(p, AT_LOGIN);
        address_form(p, &forms[i]);
    }
}

/* clang-format off */
const struct spec_case spec_addresses[] = {
    {"4254/7.1/address-forms", SERVER, MUST, "RFC 4254 7.1", "4254/7.1/3",
     "\"\", 0.0.0.0, ::, localhost, 127.0.0.1 and ::1 each listen on the addresses they denote", "as defined | request-failure",
     .run = address_forms,
     .note = "a server may listen on fewer addresses than it is asked to; but without GatewayPorts, sshd takes \"localhost\" in place of 0.0.0.0 and ::"},
    {0},
};
/* clang-format on */
