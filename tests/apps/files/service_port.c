/* Names of ports in a file like /etc/services. */
#include "apps/files/service_port.h"
#include "tests/support/scratch.h"
#include "tests/support/suite.h"

static uint16_t port_of(const char *services, const char *name)
{
    return service_port(scratch_write("services", services, 0644), name);
}

START_TEST(a_name_or_an_alias_of_a_tcp_service_is_found)
{
    static const char services[] = "# a comment\n"
                                   "\n"
                                   "echo\t\t7/udp\n"
                                   "echo\t\t9/tcp\n"
                                   "http\t80/tcp  www web # WorldWideWeb HTTP\n"
                                   "last 65535/tcp";

    ck_assert_uint_eq(port_of(services, "http"), 80);
    ck_assert_uint_eq(port_of(services, "www"), 80);
    ck_assert_uint_eq(port_of(services, "web"), 80);
    ck_assert_uint_eq(port_of(services, "echo"), 9);
    ck_assert_uint_eq(port_of(services, "last"), 65535);
}
END_TEST

START_TEST(anything_else_is_not_found)
{
    static const char services[] = "name\n"
                                   "a 80\n"
                                   "b 80/\n"
                                   "c 80/tcpx\n"
                                   "d 0/tcp\n"
                                   "e 65536/tcp\n"
                                   "f x/tcp\n"
                                   "g 80/udp # h 80/tcp\n";
    static const char *const names[] = {"name", "a", "b", "c", "d",  "e",      "f",
                                        "g",    "h", "",  "#", "80", "80/tcp", "WWW"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        ck_assert_uint_eq(port_of(services, names[i]), 0);
    ck_assert_uint_eq(service_port(scratch_path("none"), "http"), 0);
}
END_TEST

START_TEST(the_systems_file_has_ssh)
{
    ck_assert_uint_eq(service_port(SERVICES_FILE, "ssh"), 22);
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, a_name_or_an_alias_of_a_tcp_service_is_found);
    add_test(suite, anything_else_is_not_found);
    add_test(suite, the_systems_file_has_ssh);
}
