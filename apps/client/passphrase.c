#include "apps/client/passphrase.h"

#include "apps/client/caught.h"
#include "apps/terminal/askpass.h"
#include "apps/terminal/prompt.h"

bool passphrase_ask(const char *question, char *answer, size_t size)
{
    bool too_long = false;

    if (caught_end() != 0)
        return false;
    if (askpass_is_wanted())
        return askpass_ask(question, answer, size);
    return prompt_ask(question, false, answer, size, &too_long) && !too_long;
}
