/* Our end as a server, for a client that is tested: the key exchange, the login and the channels,
 * from the RFCs once more. */
#ifndef NACRE_APPS_SPEC_SERVE_H
#define NACRE_APPS_SPEC_SERVE_H

#include "apps/spec/channel.h"
#include "apps/spec/client.h"
#include "apps/spec/exchange.h"

/* A key exchange reply; members that are not set are those of a correct one. */
struct reply {
    struct bytes host_key;                       /* the blob */
    struct bytes share;                          /* replaces ours, also in H */
    struct bytes signature;                      /* the whole blob */
    struct bytes rest;                           /* bytes after the last field */
    const struct signature_algorithm *algorithm; /* that signs; NULL: the negotiated one */
    const struct nacre_key *key;                 /* that signs */
    bool flip;                                   /* the last bit of the signature */
};

/* The client's share, and then our share and the secret. exchange_serve.c */
bool receive_share(struct peer *p);

/* Another share of ours and another secret for the same share of the client. */
bool serve_share(struct peer *p);

/* Our share and the signature of H. */
void send_reply(struct peer *p);
void send_reply_of(struct peer *p, const struct reply *f);
struct bytes reply_payload(struct peer *p, const struct reply *f);

/* A signature blob of these bytes, by the host key of the algorithm. */
struct bytes host_signature(struct peer *p, const struct reply *f, struct bytes text);

/* The group exchange: GEX_REQUEST to GEX_GROUP; our share, and the secret. exchange_gex.c */
bool gex_serve_group(struct peer *p);
bool gex_receive_request(struct peer *p);
void gex_send_group(struct peer *p, struct bytes prime, struct bytes generator);
bool gex_respond(struct peer *p, struct bytes share, uint8_t *secret, size_t *len);

/* EXT_INFO with server-sig-algs, if the client asked for it. */
void send_ext_info(struct peer *p);

/* The service, and requests until one is correct. serve.c */
bool serve_service(struct peer *p);
bool serve_login(struct peer *p);

/* One USERAUTH_REQUEST, in p->got. True: it was correct, and SUCCESS was sent. */
bool serve_request(struct peer *p);

/* Has the request in p->got this method? Is it a publickey query? Has it a signature by that key?
 */
bool is_method(const struct peer *p, const char *method);
bool is_query(const struct peer *p);
bool is_signed_by(const struct peer *p, struct bytes blob);

/* RFC 4252 sections 5.1: USERAUTH_FAILURE, USERAUTH_SUCCESS */
void send_failure(struct peer *p, const char *methods, bool partial);
void send_success(struct peer *p);

/* A CHANNEL_OPEN of the client's, in p->got. channel_serve.c */
void serve_open(struct peer *p);

/* Wait for a CHANNEL_OPEN of the client's that was not answered: p->opened[0]. */
bool wait_open(struct peer *p);

/* Wait for the client's session channel and confirm it as the opening says. */
struct spec_channel *accept_channel(struct peer *p, struct opening o);

/* Wait for its request for a program and grant it. "cat": its output becomes its input; "produce
 * N": it gets so many bytes as input; anything else: no input. */
bool serve_program(struct peer *p, struct spec_channel *ch, const char *command);

/* The program has ended: exit-status, EOF, CLOSE. */
void send_exit(struct peer *p, struct spec_channel *ch, uint32_t status);

/* ... and wait for the client's end: by then it has printed everything. */
void end_program(struct peer *p, struct spec_channel *ch, uint32_t status);

#endif
