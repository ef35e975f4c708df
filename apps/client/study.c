#include "apps/client/study.h"

#include "apps/client/client.h"

#include <stdio.h>

static void describe(void *context, struct observed *connection)
{
    struct nacre_client *client = context;

    observed_set(connection, NACRE_CLIENT, nacre_client_local_address(client),
                 nacre_client_address(client));
}

static void warn(const char *event, const char *sentence)
{
    (void)event;
    client_say("%s", sentence);
}

bool client_study_begin(const struct client_options *o, const struct nacre_observer *own)
{
    const struct study_config config = {.program = client_command_line.name,
                                        .options = &o->study,
                                        .describe = describe,
                                        .own = own,
                                        .warn = warn};
    char text[CLIENT_SENTENCE_MAX];
    const struct errbuf p = errbuf_in(text, sizeof text);

    if (study_open(&config, &p)) {
        study_start();
        return true;
    }
    client_say("%s", text);
    return false;
}
