/* Keeps the program's own file out of reach of the containers it makes, without a copy of it. */
#ifndef TSSTACK_COMMON_UNWRITABLE_EXEC_H
#define TSSTACK_COMMON_UNWRITABLE_EXEC_H

#include "error.h"

/* As tss_reexec_sealed, for a program that lives for milliseconds: continues as the same program, seen through a
 * read-only overlay, which spares copying 1.4 MB (0.8 ms). Where the host makes no such overlay, it is the copy. */
int tss_reexec_unwritable (char *const arguments[], struct tss_error *error);

#endif
