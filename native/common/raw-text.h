/* Text for code that runs before the C library has begun: see raw-syscall.h. */
#ifndef TSSTACK_COMMON_RAW_TEXT_H
#define TSSTACK_COMMON_RAW_TEXT_H

#include "raw-syscall.h"

#include <stdbool.h>
#include <stddef.h>

TSS_BEFORE_LIBC static inline bool
tss_raw_begins_with (const char *text, const char *prefix)
{
  for (; *prefix; text++, prefix++)
    {
      TSS_KEEP_LOOP ();
      if (*text != *prefix)
        return false;
    }
  return true;
}

TSS_BEFORE_LIBC static inline bool
tss_raw_equals (const char *text, const char *other)
{
  for (; *text && *text == *other; text++, other++)
    TSS_KEEP_LOOP ();
  return *text == *other;
}

/* Copies TEXT with its end to AT, which has room up to END. Returns the place of the copy's end, or NULL when there is
 * too little, or AT is NULL. */
TSS_BEFORE_LIBC static inline char *
tss_raw_append (char *at, const char *end, const char *text)
{
  for (; at && at < end; at++, text++)
    {
      TSS_KEEP_LOOP ();
      *at = *text;
      if (!*text)
        return at;
    }
  return NULL;
}

#endif
