/* A server on a thread, and clients that run `cat` there, send a line and read it back. */
#ifndef NACRE_TESTS_SUPPORT_CLIENT_STORY_H
#define NACRE_TESTS_SUPPORT_CLIENT_STORY_H

#include "apps/connect/client.h"
#include "apps/files/key_file.h"
#include "apps/server/server.h"
#include "tests/support/key_texts.h"
#include "tests/support/scratch.h"
#include "tests/support/suite.h"

#include <pthread.h>
#include <sys/socket.h>

struct served {
    struct nacre_server *server;
    struct nacre_key *key, *other;
    const struct nacre_key *keys[3]; /* both, NULL-terminated */
    pthread_t thread;
};

/* Start a server that sends back what it receives. */
void serve(struct served *s, const char *listen);

/* The same, with another host key beside the Ed25519 key, unless `other` is NULL. */
void serve_with(struct served *s, const char *listen, const char *other);
void end_server(struct served *s);

/* Start any server; `s` is zeroed. What the configuration lacks is as above. What it points to must
 * outlive the server. */
void serve_config(struct served *s, struct nacre_server_config config);

/* The same without running it. */
void make_server(struct served *s, struct nacre_server_config config);

/* Where the server listens. */
const char *address(const struct served *s);

struct story {
    unsigned ready, ended, closed, asked;
    size_t got;
    uint32_t exit_status;
    struct nacre_end why;
    char text[1024];
    enum nacre_host_verdict verdict;
    bool accept; /* accept any host key */
    bool stay;   /* open no channel */
};

enum nacre_answer on_host_key(struct nacre_client *client, const struct nacre_host_key *shown,
                              enum nacre_host_verdict verdict, const char *sentence);

struct nacre_client_config config_for(void);
struct nacre_clients *clients_with(const struct nacre_client_config *config);

void join(struct nacre_clients *clients, const char *where, struct story *s);

/* Run one client until it has ended. */
void live(const struct nacre_client_config *config, const char *where, struct story *s);

void assert_told(const struct story *s);

#endif
