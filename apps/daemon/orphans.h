/* Processes that nobody waits for. The program of a container is process 1 of its own, and becomes
 * the parent of each process whose parent has ended. If process 1 does not take their exit
 * statuses, they stay in the table of processes until it is full. */
#ifndef NACRE_APPS_DAEMON_ORPHANS_H
#define NACRE_APPS_DAEMON_ORPHANS_H

/* If this is process 1, continue in a child of it. Process 1 itself then does nothing but pass its
 * signals on to the child, take the exit statuses of all others, and end with the child's.
 * Otherwise nothing is done. Call this before there are other threads. */
void orphans_adopt(void);

#endif
