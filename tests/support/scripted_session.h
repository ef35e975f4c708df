/* The one session of a test, shared by channel_script and auth_script. */
#ifndef NACRE_TESTS_SUPPORT_SCRIPTED_SESSION_H
#define NACRE_TESTS_SUPPORT_SCRIPTED_SESSION_H

#include "tests/support/scripted.h"

extern struct scripted s;

#endif
