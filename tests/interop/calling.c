/* A small client that uses all of the library's client role, for tests with other servers.
 *
 *     calling -u USER -f KNOWN_HOSTS [options] HOST:PORT [COMMAND]
 *
 *     -i FILE  a key          -A  the agent's keys       -w TEXT  a password    -r TEXT  a response
 *     -t COLSxROWS  a terminal             -e NAME=VALUE       -s NAME  a subsystem
 *     -N  no session   -m  two more sessions   -C  cancels what -R requested
 *     -L and -R as in ssh: PORT:HOST:PORT, PATH:PATH
 *     on SIGUSR1: -z COLSxROWS  another size, -g NAME  a signal, -b  a break, -m  closes one of
 *     the two sessions and writes to the other */
#include "tests/interop/calling.h"

#include "apps/files/agent.h"
#include "apps/files/key_file.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct nacre_agent *agent;
static struct nacre_clients *clients;
static volatile sig_atomic_t poked;

/* ---- the login ---- */

static void on_ask(struct nacre_client *client, const struct nacre_ask *ask)
{
    static const char *const kinds[] = {[NACRE_ASK_PASSWORD] = "password",
                                        [NACRE_ASK_NEW_PASSWORD] = "new password",
                                        [NACRE_ASK_INTERACTIVE] = "interactive"};
    bool enough = options.response_count - options.next_response >= ask->count;

    say("asked for %s <%s> <%s>", kinds[ask->kind], ask->name, ask->instruction);
    for (size_t i = 0; i < ask->count; i++)
        say("prompt <%s> %s", ask->prompts[i].text, ask->prompts[i].echo ? "shown" : "hidden");
    nacre_session_respond(nacre_client_session(client),
                          enough ? options.responses + options.next_response : NULL,
                          enough ? ask->count : 0);
    options.next_response += enough ? ask->count : 0;
}

static void on_banner(struct nacre_client *client, const char *text)
{
    (void)client;
    say("banner <%s>", text);
}

static void on_ended(struct nacre_client *client, const struct nacre_end *why)
{
    (void)client;
    if (why->cause != NACRE_WE_CLOSED)
        say("ended: %s", why->text);
}

/* ---- options ---- */

static void add(const char **list, size_t *count)
{
    if (*count < LIST_MAX)
        list[(*count)++] = optarg;
}

static bool add_key(struct nacre_key *key)
{
    if (key != NULL && options.key_count < LIST_MAX)
        options.keys[options.key_count++] = key;
    return key != NULL;
}

static bool add_agent(char *errbuf, size_t size)
{
    const struct nacre_key *const *keys;
    size_t count;

    agent = nacre_agent_open(NULL, errbuf, size);
    if (agent == NULL)
        return false;
    keys = nacre_agent_keys(agent, &count);
    for (size_t i = 0; i < count && options.key_count < LIST_MAX; i++)
        options.keys[options.key_count++] = keys[i];
    return true;
}

static bool read_option(int letter, char *errbuf, size_t size)
{
    switch (letter) {
    case 'u':
        options.user = optarg;
        return true;
    case 'f':
        options.known_hosts = optarg;
        return true;
    case 'w':
        options.password = optarg;
        return true;
    case 's':
        options.subsystem = optarg;
        return true;
    case 'g':
        options.signal = optarg;
        return true;
    case 'i':
        return add_key(nacre_key_read(optarg, errbuf, size));
    case 'A':
        return add_agent(errbuf, size);
    case 'r':
        add(options.responses, &options.response_count);
        return true;
    case 'e':
        add(options.environment, &options.environment_count);
        return true;
    case 'L':
        add(options.local, &options.local_count);
        return true;
    case 'R':
        add(options.remote, &options.remote_count);
        return true;
    case 't':
        return sscanf(optarg, "%ux%u", &options.columns, &options.rows) == 2;
    case 'z':
        return sscanf(optarg, "%ux%u", &options.new_columns, &options.new_rows) == 2;
    case 'b':
        return options.sends_break = true;
    case 'C':
        return options.cancels = true;
    case 'm':
        return options.two_more = true;
    case 'N':
        return options.no_session = true;
    default:
        return false;
    }
}

/* ---- the loop ---- */

/* With a short timeout: SIGUSR1 may have arrived just before. */
static void run(void)
{
    while (nacre_clients_run_once(clients, 100) > 0) {
        if (poked == 0)
            continue;
        poked = 0;
        on_poke();
    }
}

static void poke(int number)
{
    (void)number;
    poked = 1;
}

static void stop(int number)
{
    (void)number;
    nacre_clients_stop(clients);
}

int main(int argc, char **argv)
{
    struct nacre_known_hosts hosts = {.version = NACRE_VERSION_NUMBER};
    struct nacre_client_config config = {.version = NACRE_VERSION_NUMBER,
                                         .known_hosts = &hosts,
                                         .ask = on_ask,
                                         .banner = on_banner,
                                         .ready = open_all,
                                         .ended = on_ended,
                                         .forwarding = &forwarding};
    char errbuf[512] = "usage: see the top of calling.c";
    bool good = true;

    for (int c; good && (c = getopt(argc, argv, "u:f:w:s:g:i:Ar:e:L:R:t:z:bCmN")) != -1;)
        good = read_option(c, errbuf, sizeof errbuf);
    hosts.file = options.known_hosts;
    config.user = options.user;
    config.password = options.password;
    config.keys = options.keys;
    config.key_count = options.key_count;
    if (options.response_count == 0)
        config.ask = NULL;
    options.command = argc > optind + 1 ? argv[optind + 1] : NULL;
    clients = good && argc > optind ? nacre_clients_new(&config, errbuf, sizeof errbuf) : NULL;
    if (clients == NULL ||
        nacre_client_connect(clients, argv[optind], NULL, errbuf, sizeof errbuf) == NULL) {
        say("%s", errbuf);
        return 2;
    }
    (void)signal(SIGTERM, stop);
    (void)signal(SIGUSR1, poke);
    run();
    nacre_clients_free(clients);
    for (size_t i = 0; agent == NULL && i < options.key_count; i++)
        nacre_key_free((struct nacre_key *)(uintptr_t)options.keys[i]);
    nacre_agent_free(agent);
    return status;
}
