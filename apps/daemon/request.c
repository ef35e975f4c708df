#include "apps/daemon/request.h"

bool request_starts_program(const struct nacre_request *request)
{
    return request->kind == NACRE_REQUEST_SHELL || request->kind == NACRE_REQUEST_EXEC ||
           request->kind == NACRE_REQUEST_SUBSYSTEM;
}

void request_refused(struct nacre_channel *ch, const struct nacre_request *request)
{
    if (request->want_reply || !request_starts_program(request))
        return;
    nacre_channel_exit_status(ch, NO_SUCH_COMMAND);
    nacre_channel_close(ch);
}
