/* Keeps the program's own file out of reach of the containers it makes. */
#ifndef TSSTACK_COMMON_SEALED_EXEC_H
#define TSSTACK_COMMON_SEALED_EXEC_H

#include "error.h"

/* Continues as the same program, run from a sealed copy in memory; returns 0 at once when that is already so.
 *
 * A container can make the process that enters it execute /proc/self/exe and then write through that link over the
 * runtime's file on the host (CVE-2019-5736). A sealed memfd cannot be written by anybody. A process that starts others
 * by opening /proc/self/exe hands the same sealed copy on, so one copy serves a launcher and all its shims. */
int tss_reexec_sealed (char *const arguments[], struct tss_error *error);

#endif
