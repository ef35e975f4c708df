#include "tests/support/scripted_session.h"

struct scripted s;
