/* Finding and executing the user's program. */
#ifndef TSSTACK_BOX_PROGRAM_H
#define TSSTACK_BOX_PROGRAM_H

#include "spec.h"

/* Executes the program with the present environment, looked up in its PATH when the name has no slash. Returns only on
 * failure: TSS_ERROR_EXEC_NOT_FOUND or TSS_ERROR_EXEC_NOT_EXECUTABLE. */
int box_program_exec (const struct box_process *process, struct tss_error *error);

/* Finds out whether there is such a program, without executing it. Fails in the same ways, though not in all cases in
 * which executing will. */
int box_program_check (const struct box_process *process, struct tss_error *error);

#endif
