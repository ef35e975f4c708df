#include "apps/connect/end.h"

#include "apps/connect/signing.h"
#include "crypto/bytes.h"

#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool clients_free_if_unused(struct nacre_clients *all)
{
    if (!all->freeing || all->busy || all->count > 0)
        return false;
    nacre_offload_free(all->threads);
    nacre_mailbox_free(all->mailbox); /* makes the calls that wait */
    nacre_endpoint_free(all->endpoint);
    loop_clear(&all->loop);
    if (all->wakeup >= 0)
        (void)close(all->wakeup);
    free(all);
    return true;
}

/* Removes it from epoll before closing it, for the reason that pump.c gives. */
void client_drop_socket(struct nacre_client *client)
{
    if (client->fd < 0)
        return;
    loop_unwatch(&client->all->loop, client->fd, &client->connecting);
    (void)close(client->fd);
    client->fd = -1;
}

static void free_text(const char *text)
{
    if (text == NULL)
        return;
    wipe((char *)(uintptr_t)text, strlen(text));
    free((char *)(uintptr_t)text);
}

void client_release(struct nacre_client *client)
{
    if (client == NULL)
        return;
    if (client->found != NULL)
        freeaddrinfo(client->found);
    free_text(client->login.user);
    free_text(client->login.password);
    free(client->known_as);
    free(client->host_keys);
    free(client->question);
    free(client->sentence);
    free(client);
}

/* Perhaps the last one of clients that were freed. */
static void client_free(struct nacre_client *client)
{
    struct nacre_clients *all = client->all;

    if (client->next != NULL)
        client->next->link = client->link;
    *client->link = client->next;
    all->count--;
    (void)loop_set_timer(&all->loop, &client->connect_timer, UINT64_MAX);
    loop_forget(&all->loop, &client->failure);
    signing_end(client);
    client_drop_socket(client);
    client_release(client);
    (void)clients_free_if_unused(all);
}

void client_on_over(struct pump *pump)
{
    client_free(container_of(pump, struct nacre_client, pump));
}

void client_set_sentence(struct nacre_client *client, const char *sentence)
{
    free(client->sentence);
    client->sentence = strdup(sentence);
}

void client_report_end(struct nacre_client *client, const struct nacre_end *why)
{
    struct nacre_end end = *why;

    if (client->sentence != NULL)
        end.text = client->sentence;
    if (client->all->config.ended != NULL)
        client->all->config.ended(client, &end);
}

static void end_unconnected(struct nacre_client *client)
{
    client_report_end(client, &client->why);
    client_free(client);
}

void client_on_failure(struct task *task)
{
    end_unconnected(container_of(task, struct nacre_client, failure));
}

void client_give_up(struct nacre_client *client, enum nacre_cause cause, const char *text)
{
    if (client->why.cause != NACRE_OPEN)
        return;
    client->why = (struct nacre_end){.cause = cause, .text = text};
    (void)loop_set_timer(&client->all->loop, &client->connect_timer, UINT64_MAX);
    client_drop_socket(client);
    loop_later(&client->all->loop, &client->failure);
}

/* Callbacks made in here can neither free another client nor add one. */
void clients_end_all(struct nacre_clients *all)
{
    struct nacre_client *next;

    all->busy = true;
    for (struct nacre_client *client = all->first; client != NULL; client = next) {
        next = client->next;
        if (client->pump.loop != NULL) {
            pump_close(&client->pump);
        } else {
            client_give_up(client, NACRE_CONNECTION_LOST, "closed before it was connected");
            end_unconnected(client);
        }
    }
    all->busy = false;
}
