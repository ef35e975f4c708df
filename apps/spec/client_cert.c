/* Cases about clients only: host certificates (draft-ietf-sshm-cert). */
#include "apps/spec/certificate.h"
#include "apps/spec/reach.h"
#include "apps/spec/tables.h"

enum { LONG_AGO = 1000000000 /* seconds since 1970 */ };

/* Up to our reply, with a certificate for our Ed25519 key as host key. */
static void serve_certificate(struct peer *p, const char *principal, uint64_t until)
{
    const struct nacre_key *key = &p->setting->client->host_keys[0];
    const char *type = certificate_type(p, key);
    struct certificate c = {
        .key = key, .role = ROLE_HOST, .principal = principal, .valid_before = until};

    peer_connect(p);
    reach(p, AT_KEXINIT);
    only(p, LIST_HOST_KEY, type);
    reach(p, AT_REPLY);
    if (!over(p))
        send_reply_of(p, &(struct reply){.host_key = certificate_make(p, &c),
                                         .key = key,
                                         .algorithm = &signature_ed25519});
    go_on(p);
}

static void host_cert(struct peer *p)
{
    p->known_ca = true;
    serve_certificate(p, p->setting->client->host, 0);
    serve_certificate(p, "another.example", 0);
}

static void host_expired(struct peer *p)
{
    p->known_ca = true;
    serve_certificate(p, p->setting->client->host, LONG_AGO);
}

/* The client knows our key, but not the CA. */
static void unverifiable(struct peer *p)
{
    serve_certificate(p, p->setting->client->host, 0);
}

/* clang-format off */
const struct spec_case spec_client_cert[] = {
    {"cert/3.3/host-cert", CLIENT, MUST, "draft-ietf-sshm-cert 3.3", "cert/3.3/1",
     "a host certificate for this host name, then for another", "go-on; close",
     .run = host_cert,
     .note = "Paramiko 2.12 offers the algorithm, but its known_hosts knows no CA. Ruby's net-ssh does not look at the names"},
    {"cert/3.3/unverifiable", CLIENT, MAY, "draft-ietf-sshm-cert 3.3", "cert/3.3/2",
     "a host certificate signed by an unknown CA, whose plain host key is known", "close | go-on",
     .run = unverifiable},
    {"cert/3.1/host-expired", CLIENT, MUST, "draft-ietf-sshm-cert 3.1", "cert/3.1/3",
     "an expired host certificate", "close | treated as a plain key",
     .run = host_expired,
     .note = "Ruby's net-ssh does not look at the time"},
    {0},
};
/* clang-format on */
