/* Runs a fuzz target over files once, without libFuzzer: so that valgrind, which sees the use of memory that was never
 * written, can watch. */
#include "../common/cleanup.h"
#include "fuzz.h"

#include <string.h>

enum
{
  INPUT_MAX = 1024 * 1024,
};

__attribute__ ((weak)) int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  (void)argc;
  (void)argv;
  return 0;
}

/* Only mutators, of which there are none here, call it. */
size_t
LLVMFuzzerMutate (uint8_t *data, size_t size, size_t maximum)
{
  (void)data;
  (void)maximum;
  return size;
}

int
main (int argc, char **argv)
{
  LLVMFuzzerInitialize (&argc, &argv);
  for (int i = 1; i < argc; i++)
    {
      tss_autofree char *whole = malloc (INPUT_MAX);
      tss_autofree uint8_t *data = NULL;
      FILE *file = fopen (argv[i], "r");
      size_t size;

      FUZZ_REQUIRE (file && whole);
      size = fread (whole, 1, INPUT_MAX, file);
      fclose (file);
      data = malloc (size + 1);
      memcpy (data, whole, size);
      LLVMFuzzerTestOneInput (data, size);
    }
  printf ("%d inputs\n", argc - 1);
  return 0;
}
