/* The none method. RFC 4252 section 5.2. */
#include "tests/support/auth_script.h"

/* [4252/4/1, 4/2] */
START_TEST(none_is_refused_and_never_listed)
{
    start_server();
    send_none();
    scripted_expect(&s, "auth-failure " METHODS ";");
    scripted_told(&s, ""); /* it requests the list; not an attempt */
    scripted_clear(&s);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, none_is_refused_and_never_listed);
}
