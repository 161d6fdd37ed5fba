/* `start` without the C library, which takes longer to begin than all the rest of that command. */
#ifndef TSSTACK_BOX_COMMAND_EARLY_START_H
#define TSSTACK_BOX_COMMAND_EARLY_START_H

/* Where ARGUMENTS are those of an ordinary start, asks the container for it and, if that is all there is to do, ends
 * the process with success. For hooks, listeners and failures it returns, as for all other commands. Runs before the C
 * library has begun. */
void command_early_start (char *const arguments[]);

/* The conversation with the container that has been asked already; -1: none has. */
int command_early_connection (void);

#endif
