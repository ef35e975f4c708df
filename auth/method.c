#include "auth/method.h"

unsigned auth_method_index(const struct auth_method *const *methods, struct bytes name)
{
    unsigned i = 0;

    while (methods[i] != NULL && !bytes_are(name, methods[i]->name))
        i++;
    return i;
}

const char *auth_listed_name(const struct auth_method *method)
{
    return method->counts_as != NULL ? method->counts_as : method->name;
}
