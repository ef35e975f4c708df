/* Channels: sessions, and forwarding in both directions. */
#include "tests/interop/granting.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what a key may ---- */

/* Is "HOST:PORT" or "PORT" on the list? * matches any; an empty list allows all. */
static bool is_listed(char *const *list, const char *host, uint32_t port)
{
    char exact[NACRE_HOST_MAX + 16], any[16];

    (void)snprintf(exact, sizeof exact, "%s:%u", host, port);
    (void)snprintf(any, sizeof any, "%u", port);
    for (char *const *at = list; at != NULL && *at != NULL; at++)
        if (strcmp(*at, exact) == 0 || strcmp(*at, any) == 0)
            return true;
    return list == NULL;
}

static bool may(const struct guest *guest, bool listens, const char *host, uint32_t port)
{
    const struct nacre_key_grant *grant = guest->grant;

    return !guest->used_key ||
           (grant->port_forwarding &&
            is_listed(listens ? grant->permit_listen : grant->permit_open, host, port));
}

/* ---- forwarding ---- */

static bool is_bob(struct nacre_peer *peer)
{
    return strcmp(nacre_session_user(nacre_peer_session(peer)), "bob") == 0;
}

static bool may_connect(void *context, const struct nacre_target *target)
{
    if (is_bob(context) || !may(nacre_peer_data(context), false, target->host, target->port))
        return false;
    note("direct", " host=%s port=%u from=%s", target->host, target->port,
         target->originator[0] != 0 ? target->originator : "-");
    return true;
}

static bool may_listen(void *context, const struct nacre_target *target)
{
    return !is_bob(context) && may(nacre_peer_data(context), true, target->host, target->port);
}

static bool begin(void *context)
{
    struct guest *guest = nacre_peer_data(context);

    guest->connections++;
    return true;
}

static void end(void *context)
{
    struct guest *guest = nacre_peer_data(context);

    guest->connections--;
}

static void on_event(void *context, enum nacre_forward_event event,
                     const struct nacre_target *target, const char *text)
{
    (void)context;
    if (event == NACRE_FORWARD_LISTENING)
        note("forwarding", " host=%s port=%u", target->host[0] != 0 ? target->host : "-",
             target->port);
    if (event == NACRE_FORWARD_FAILED)
        note("failed", " host=%s port=%u text=\"%s\"", target->host, target->port, text);
}

const struct nacre_forwarding forwarding = {.may_connect = may_connect,
                                            .may_listen = may_listen,
                                            .begin = begin,
                                            .end = end,
                                            .event = on_event};

/* ---- sessions: what comes goes back ---- */

/* "agent PATH": connections to PATH are forwarded to the client's agent. */
static bool serve_agent(struct nacre_channel *ch, const char *command)
{
    struct nacre_peer *peer = nacre_channel_context(ch);
    const struct guest *guest = nacre_peer_data(peer);

    return guest->grant != NULL && guest->grant->agent_forwarding &&
           nacre_forward_listen(nacre_peer_forwards(peer), command + strlen("agent "),
                                "auth-agent@openssh.com", NULL, NULL, 0) != NULL;
}

static enum nacre_answer on_request(struct nacre_channel *ch, const struct nacre_request *request)
{
    bool granted = request->kind == NACRE_REQUEST_SHELL || request->kind == NACRE_REQUEST_PTY ||
                   strcmp(request->type, "auth-agent-req@openssh.com") == 0;

    note("request", " type=%s", request->type);
    if (request->kind == NACRE_REQUEST_EXEC && strcmp(request->text, "news") == 0) {
        static const uint8_t can_do[] = {1};

        (void)nacre_channel_request(ch, "xon-xoff", false, can_do, sizeof can_do);
        (void)nacre_channel_request(ch, "eow@openssh.com", false, NULL, 0);
        (void)nacre_channel_request(ch, "nobody-knows@example.com", true, NULL, 0);
    }
    if (request->kind == NACRE_REQUEST_EXEC)
        granted = strncmp(request->text, "agent ", 6) != 0 || serve_agent(ch, request->text);
    if (request->kind == NACRE_REQUEST_EXEC && strncmp(request->text, "exit ", 5) == 0) {
        nacre_channel_exit_status(ch, (uint32_t)atoi(request->text + 5));
        nacre_channel_close(ch);
    }
    return granted ? NACRE_GRANT : NACRE_REFUSE;
}

static size_t on_data(struct nacre_channel *ch, const uint8_t *data, size_t len)
{
    return nacre_channel_write(ch, data, len);
}

static void on_eof(struct nacre_channel *ch)
{
    nacre_channel_exit_status(ch, 0);
    nacre_channel_close(ch);
}

const struct nacre_channel_app session_app = {
    .request = on_request, .data = on_data, .eof = on_eof};
