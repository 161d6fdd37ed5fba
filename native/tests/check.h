/* The least that a C test needs: each test program's main calls its tests and returns check_finish (). */
#ifndef TSSTACK_TESTS_CHECK_H
#define TSSTACK_TESTS_CHECK_H

#include <stdio.h>
#include <string.h>

static int check_passed, check_failed;

#define CHECK(condition)                                                                                               \
  do                                                                                                                   \
    {                                                                                                                  \
      if (condition)                                                                                                   \
        check_passed++;                                                                                                \
      else                                                                                                             \
        {                                                                                                              \
          check_failed++;                                                                                              \
          fprintf (stderr, "%s:%d: failed: %s\n", __FILE__, __LINE__, #condition);                                     \
        }                                                                                                              \
    }                                                                                                                  \
  while (0)

#define CHECK_STRING(actual, expected)                                                                                 \
  do                                                                                                                   \
    {                                                                                                                  \
      const char *check_actual = (actual), *check_expected = (expected);                                               \
      if (check_actual && strcmp (check_actual, check_expected) == 0)                                                  \
        check_passed++;                                                                                                \
      else                                                                                                             \
        {                                                                                                              \
          check_failed++;                                                                                              \
          fprintf (stderr, "%s:%d: failed: \"%s\" is not \"%s\"\n", __FILE__, __LINE__,                                \
                   check_actual ? check_actual : "(null)", check_expected);                                            \
        }                                                                                                              \
    }                                                                                                                  \
  while (0)

static inline int
check_finish (const char *name)
{
  printf ("%s: %d passed, %d failed\n", name, check_passed, check_failed);
  return check_failed > 0;
}

#endif
