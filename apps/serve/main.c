/* nacre-serve: any program over SSH, one process per session. */
#include "apps/serve/run.h"

int main(int argc, char **argv)
{
    return serve_run(argc, argv);
}
