/* What nacre-passwd does. */
#ifndef NACRE_APPS_PASSWD_PASSWD_H
#define NACRE_APPS_PASSWD_PASSWD_H

/* Read the command line and edit the file that it names. Returns the exit status. */
int passwd_run(int argc, char **argv);

#endif
