/* The program's own file where nobody can write it. */
#ifndef TSSTACK_COMMON_UNWRITABLE_VIEW_H
#define TSSTACK_COMMON_UNWRITABLE_VIEW_H

/* Says to the program that follows, and to nobody after it, that it runs from such a view. */
#define TSS_UNWRITABLE_MARK "TSSTACK_BOX_UNWRITABLE"

/* Continues as the same program, seen through a read-only overlay; ENVIRONMENT has the mark. Returns where the host
 * makes no such overlay. Can be called before the C library has begun. */
void tss_exec_unwritable_view (char *const arguments[], char *const environment[]);

#endif
