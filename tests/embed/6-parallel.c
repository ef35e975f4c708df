/* N commands at once over one connection. 6-parallel HOST:PORT USER N COMMAND ("%d" in it: which)
 */
#include <nacre/agent.h>
#include <nacre/client.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct job {
    char command[256];
    int status;
    size_t bytes;
} * jobs;
static int total, left, good;

static enum nacre_answer begin(struct nacre_channel *ch)
{
    nacre_channel_exec(ch, ((struct job *)nacre_channel_app_data(ch))->command);
    nacre_channel_eof(ch);
    return NACRE_GRANT;
}
static size_t data(struct nacre_channel *ch, const uint8_t *bytes, size_t len)
{
    (void)bytes;
    ((struct job *)nacre_channel_app_data(ch))->bytes += len;
    return len;
}
static enum nacre_answer request(struct nacre_channel *ch, const struct nacre_request *r)
{
    if (r->kind == NACRE_REQUEST_EXIT_STATUS)
        ((struct job *)nacre_channel_app_data(ch))->status = (int)r->exit_status;
    return NACRE_GRANT;
}
static void closed(struct nacre_channel *ch, const struct nacre_end *why)
{
    const struct job *j = nacre_channel_app_data(ch);

    good += j->status == 0;
    if (j->status < 0)
        fprintf(stderr, "%s: %s: %s\n", j->command, nacre_cause_text(why->cause), why->text);
    if (--left == 0)
        nacre_client_close(nacre_channel_context(ch), "done");
}
static void ready(struct nacre_client *client)
{
    static const struct nacre_channel_app app = {.open = begin, .data = data, .request = request, .closed = closed};

    for (int i = 0; i < total; i++)
        left += nacre_session_open_channel(nacre_client_session(client), "session", &app, &jobs[i], NULL, 0) != NULL;
    if (left == 0)
        nacre_client_close(client, "nothing to do");
}
static void ask(struct nacre_client *client, const struct nacre_ask *q)
{
    const char *answers[NACRE_CLIENT_PROMPTS_MAX];

    for (size_t i = 0; i < q->count; i++) /* getpass blocks the loop, which has only this to do */
        answers[i] = getpass(q->prompts[i].text);
    nacre_session_respond(nacre_client_session(client), answers, q->count);
}
static void ended(struct nacre_client *client, const struct nacre_end *why)
{
    (void)client;
    if (why->cause != NACRE_WE_CLOSED)
        fprintf(stderr, "%s: %s\n", nacre_cause_text(why->cause), why->text);
}
int main(int argc, char **argv)
{
    struct nacre_agent *agent = nacre_agent_open(NULL, NULL, 0);
    struct nacre_client_config config = {
        .version = NACRE_VERSION_NUMBER, .known_hosts = &(struct nacre_known_hosts){.version = NACRE_VERSION_NUMBER, .file = "known_hosts"}, .ask = ask, .ready = ready, .ended = ended, .channels_max = 1000};
    struct nacre_clients *clients = NULL;
    char errbuf[300] = "usage: 6-parallel HOST:PORT USER N COMMAND";
    size_t bytes = 0;

    total = argc == 5 ? atoi(argv[3]) : 0, jobs = calloc((size_t)total + 1, sizeof *jobs);
    for (int i = 0; i < total; i++)
        snprintf(jobs[i].command, sizeof jobs[i].command, argv[4], i), jobs[i].status = -1;
    config.user = argv[2], config.keys = agent != NULL ? nacre_agent_keys(agent, &config.key_count) : NULL;
    if (argc != 5 || !(clients = nacre_clients_new(&config, errbuf, sizeof errbuf)) ||
        !nacre_client_connect(clients, argv[1], NULL, errbuf, sizeof errbuf))
        return fprintf(stderr, "%s\n", errbuf), 1;
    nacre_clients_run(clients);
    for (int i = 0; i < total; i++)
        bytes += jobs[i].bytes;
    printf("%d of %d ended with 0; %zu bytes\n", good, total, bytes);
    nacre_clients_free(clients), nacre_agent_free(agent), free(jobs);
    return good != total;
}
