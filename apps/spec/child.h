/* A program that nacre-spec starts: in a process group of its own, on pipes or on a terminal. What
 * it prints is kept. Nothing here waits without a deadline. */
#ifndef NACRE_APPS_SPEC_CHILD_H
#define NACRE_APPS_SPEC_CHILD_H

#include "apps/spec/conn.h"
#include "crypto/bytes.h"

#include <poll.h>
#include <sys/types.h>

enum { CHILD_STREAMS = 3, CHILD_ANSWERS = 4 };

/* Bytes that grow. */
struct child_text {
    uint8_t *at;
    size_t len, size;
};

/* Typed on the terminal when the program has printed `prompt` since the answer before. */
struct child_answer {
    const char *prompt, *answer;
};

struct child {
    pid_t pid;             /* 0: none was started */
    int fd[CHILD_STREAMS]; /* our ends of standard input, output and error; -1: closed */
    bool terminal;         /* all three are a terminal: output and error cannot be told apart */
    bool ended;
    int status;  /* of waitpid, once it has ended */
    bool killed; /* by child_end */

    struct child_text printed[CHILD_STREAMS]; /* [1] on standard output, [2] on standard error */
    struct child_text input;                  /* for its standard input */
    size_t input_sent;
    bool input_ends; /* after that comes the end of the file */
    bool echo;       /* what it prints on standard output becomes its input */

    struct child_answer answers[CHILD_ANSWERS];
    size_t answer_count, answered_at; /* bytes of output that the last answer was for */

    struct beside beside; /* for a connection that waits: conn.h */
};

/* How to start it. */
struct child_plan {
    char *const *words;       /* the program and its arguments; NULL ends them */
    char *const *environment; /* NULL ends it */
    const char *folder;       /* where it runs */
    bool terminal;
};

/* False: it could not be started. A program that does not exist ends with status 127. */
bool child_start(struct child *c, const struct child_plan *plan);

/* Add to its standard input; end that. */
void child_type(struct child *c, struct bytes bytes);
void child_end_input(struct child *c);

/* Wait until it has ended. False: not within the deadline. */
bool child_wait(struct child *c, uint64_t deadline);

/* Kill its process group, and release everything. */
void child_end(struct child *c);

/* What it printed: a view until it is served again. */
struct bytes child_output(const struct child *c);
struct bytes child_errors(const struct child *c);

#endif
