/* nacre-passwd: adds, changes and deletes users of a password file. */
#include "apps/options/start.h"
#include "apps/passwd/passwd.h"

int main(int argc, char **argv)
{
    program_start();
    return passwd_run(argc, argv);
}
