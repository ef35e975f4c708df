/* nacre-trace: prints, converts and compares traces. */
#include "apps/trace/run.h"

int main(int argc, char **argv)
{
    return trace_run(argc, argv);
}
