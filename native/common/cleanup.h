/* Scoped ownership of descriptors, memory and JSON values, and the retry of interrupted system calls. */
#ifndef TSSTACK_COMMON_CLEANUP_H
#define TSSTACK_COMMON_CLEANUP_H

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Repeats a system call that a signal interrupted. Never for close: Linux frees the descriptor even then. */
#define TSS_RETRY(expression)                                                                                          \
  (__extension__({                                                                                                     \
    __typeof__ (expression) tss_retry_result;                                                                          \
    do                                                                                                                 \
      tss_retry_result = (expression);                                                                                 \
    while (tss_retry_result == -1 && errno == EINTR);                                                                  \
    tss_retry_result;                                                                                                  \
  }))

#define TSS_LENGTH(array) (sizeof (array) / sizeof ((array)[0]))

/* Closes *FD when it is open, keeping errno, and marks it as closed. */
static inline void
tss_close (int *fd)
{
  int saved = errno;

  if (*fd >= 0)
    close (*fd);
  *fd = -1;
  errno = saved;
}

/* Takes a descriptor out of its scope's ownership. */
static inline int
tss_steal_fd (int *fd)
{
  int result = *fd;

  *fd = -1;
  return result;
}

static inline void
tss_free_pointer (void *pointer)
{
  free (*(void **)pointer);
}

static inline void
tss_decref_json (json_t **value)
{
  json_decref (*value);
}

static inline void
tss_close_file (FILE **file)
{
  if (*file)
    fclose (*file);
}

#define tss_autofd __attribute__ ((cleanup (tss_close)))
#define tss_autofree __attribute__ ((cleanup (tss_free_pointer)))
#define tss_autojson __attribute__ ((cleanup (tss_decref_json)))
#define tss_autofile __attribute__ ((cleanup (tss_close_file)))

/* Takes a pointer out of its scope's ownership. */
#define tss_steal_pointer(pointer)                                                                                     \
  (__extension__({                                                                                                     \
    __typeof__ (*(pointer)) tss_stolen = *(pointer);                                                                   \
    *(pointer) = NULL;                                                                                                 \
    tss_stolen;                                                                                                        \
  }))

#endif
