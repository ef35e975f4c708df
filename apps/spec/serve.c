/* The login, and the end of a program, as a server: serve.h. */
#include "apps/spec/serve.h"

#include "apps/spec/client.h"
#include "apps/spec/compression.h"

#include <stdio.h>

/* The next request, which may have come already. */
static bool want_request(struct peer *p, uint8_t number)
{
    if (p->postponed.len == 0 || p->postponed.at[0] != number)
        return want(p, number);
    p->got = p->postponed;
    p->postponed.len = 0;
    return true;
}

/* RFC 4253 section 10: byte SSH_MSG_SERVICE_REQUEST, string service name; and ACCEPT alike */
bool serve_service(struct peer *p)
{
    struct reader r;

    if (!want_request(p, SSH_MSG_SERVICE_REQUEST))
        return false;
    r = read_from(p->got);
    (void)read_u8(&r);
    watch_check(p, WATCH_SERVICE, bytes_are(read_string(&r), "ssh-userauth"), "another service");
    transmit(p, "bt", SSH_MSG_SERVICE_ACCEPT, "ssh-userauth");
    p->reached = AT_AUTH;
    return true;
}

/* RFC 4252 section 5.1: byte SSH_MSG_USERAUTH_FAILURE, name-list, boolean partial success */
void send_failure(struct peer *p, const char *methods, bool partial)
{
    transmit(p, "btb", SSH_MSG_USERAUTH_FAILURE, methods, partial);
}

/* RFC 4252 section 5.1: byte SSH_MSG_USERAUTH_SUCCESS */
void send_success(struct peer *p)
{
    if (p->serve.ext_before_success)
        transmit(p, "butt", SSH_MSG_EXT_INFO, 1, "server-sig-algs", p->serve.ext_info);
    transmit(p, "b", SSH_MSG_USERAUTH_SUCCESS);
    compression_logged_in(p);
    p->logged_in = true;
    p->reached = AT_LOGIN;
}

/* RFC 4252 section 7: the signature is over string session identifier, and the request up to the
 * public key. */
static bool is_signed(struct peer *p, struct bytes request, struct bytes algorithm,
                      struct bytes blob, struct bytes signature)
{
    const struct algorithm *a = algorithm_find(ALGORITHM_PUBLIC_KEY, algorithm);
    struct bytes session = {p->session_id, p->session_id_len};
    bool good =
        a != NULL && key_verify(a->method, blob, signature, message(p, "sr", session, request));

    watch_check(p, WATCH_PROOF, good, "the signature does not verify");
    return good;
}

static bool is_users_key(const struct peer *p, struct bytes blob)
{
    const struct client_setup *s = p->setting->client;

    return bytes_equal(blob, private_key_blob(p->setting->profile.key)) ||
           (s != NULL && bytes_equal(blob, private_key_blob(&s->user_rsa)));
}

/* RFC 4252 section 7: boolean, string algorithm, string blob, and string signature if TRUE. A query
 * is answered with byte SSH_MSG_USERAUTH_PK_OK, string algorithm, string blob. */
static bool serve_publickey(struct peer *p, struct reader *r)
{
    bool has_signature = read_bool(r);
    struct bytes algorithm = read_string(r), blob = read_string(r), request, signature;

    request = (struct bytes){p->got.at, (size_t)(r->at - p->got.at)};
    signature = has_signature ? read_string(r) : (struct bytes){NULL, 0};
    if (!read_done(r) || !is_users_key(p, blob))
        return false;
    if (has_signature)
        return is_signed(p, request, algorithm, blob, signature);
    transmit(p, "bss", SSH_MSG_USERAUTH_PK_OK, algorithm, blob);
    p->queried = true;
    p->queries++;
    return false;
}

static const char *password_of(const struct peer *p)
{
    return p->serve.password != NULL ? p->serve.password : p->setting->profile.password;
}

/* RFC 4252 section 8: boolean FALSE, string password */
static bool serve_password(struct peer *p, struct reader *r)
{
    bool change = read_bool(r);

    return !change && bytes_are(read_string(r), password_of(p)) && read_done(r);
}

/* RFC 4256 section 3.2: byte SSH_MSG_USERAUTH_INFO_REQUEST, string name, string instruction, string
 * language tag, int num-prompts, string prompt, boolean echo */
static bool serve_interactive(struct peer *p)
{
    struct reader r;

    transmit(p, "btttutb", SSH_MSG_USERAUTH_INFO_REQUEST, "", "", "", 1, "Password: ", 0);
    if (!want(p, SSH_MSG_USERAUTH_INFO_RESPONSE))
        return false;
    r = read_from(p->got);
    (void)read_u8(&r);
    return read_u32(&r) == 1 && bytes_are(read_string(&r), password_of(p));
}

/* RFC 4256 section 3.1: string language tag, string submethods */
static void check_interactive(struct peer *p, struct reader r)
{
    struct bytes language = read_string(&r), submethods = read_string(&r);

    watch_check(p, WATCH_INTERACTIVE_FIELDS, language.len == 0 && submethods.len == 0,
                "%zu and %zu bytes", language.len, submethods.len);
}

/* Is it correct? */
static bool judge(struct peer *p, struct bytes method, struct reader *r)
{
    char name[64];

    (void)snprintf(name, sizeof name, "%.*s", (int)method.len, (const char *)method.at);
    list_remove(p->tried, name);
    list_after(p->tried, name);
    if (bytes_are(method, "none"))
        return p->serve.accept_none;
    if (!list_contains(p->serve.methods, name))
        return false;
    if (bytes_are(method, "publickey"))
        return serve_publickey(p, r);
    if (bytes_are(method, "password"))
        return serve_password(p, r);
    if (bytes_are(method, "keyboard-interactive"))
        check_interactive(p, *r);
    return bytes_are(method, "keyboard-interactive") && serve_interactive(p);
}

/* RFC 4252 section 5: byte SSH_MSG_USERAUTH_REQUEST, string user name, string service name, string
 * method name, and its fields */
bool serve_request(struct peer *p)
{
    struct reader r = read_from(p->got);
    struct bytes user, service, method;
    bool good;

    (void)read_u8(&r);
    user = read_string(&r);
    service = read_string(&r);
    method = read_string(&r);
    p->queried = false;
    good = judge(p, method, &r) && bytes_are(user, p->setting->profile.user) &&
           bytes_are(service, "ssh-connection");
    if (good && p->serve.failures > 0) {
        p->serve.failures--;
        good = false;
    }
    if (good && p->serve.then != NULL) {
        p->serve.methods = p->serve.then;
        p->serve.then = NULL;
        send_failure(p, p->serve.methods, true);
        return false;
    }
    if (good)
        send_success(p);
    else if (!p->queried && !over(p))
        send_failure(p, p->serve.methods, false);
    return good;
}

/* The fields of a request from its method name on. */
static struct reader after_service(const struct peer *p)
{
    struct reader r = read_from(p->got);

    (void)read_u8(&r);
    (void)read_string(&r);
    (void)read_string(&r);
    return r;
}

bool is_method(const struct peer *p, const char *method)
{
    struct reader r = after_service(p);

    return bytes_are(read_string(&r), method);
}

bool is_query(const struct peer *p)
{
    struct reader r = after_service(p);

    return bytes_are(read_string(&r), "publickey") && !read_bool(&r) && !r.bad;
}

bool is_signed_by(const struct peer *p, struct bytes blob)
{
    struct reader r = after_service(p);

    if (!bytes_are(read_string(&r), "publickey") || !read_bool(&r))
        return false;
    (void)read_string(&r);
    return bytes_equal(read_string(&r), blob);
}

bool serve_login(struct peer *p)
{
    while (want_request(p, SSH_MSG_USERAUTH_REQUEST))
        if (serve_request(p))
            return true;
    return false;
}

/* RFC 4254 section 6.10: byte SSH_MSG_CHANNEL_REQUEST, uint32 recipient channel, string
 * "exit-status", boolean FALSE, uint32 exit_status */
void send_exit(struct peer *p, struct spec_channel *ch, uint32_t status)
{
    send_channel_request(p, ch, "exit-status", 0, message(p, "u", status));
    if (!ch->sent_eof)
        send_eof(p, ch);
    send_close(p, ch);
}

void end_program(struct peer *p, struct spec_channel *ch, uint32_t status)
{
    send_exit(p, ch, status);
    (void)wait_channel_close(p, ch);
    client_wait(p);
}
