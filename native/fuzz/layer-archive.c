/* An archive that anybody may have made: as a layer it is unpacked or refused, and after a failure nothing is left; as
 * files for a directory it is put there as far as it goes. Nothing outside the directory changes. */
#include "../common/cleanup.h"
#include "../layer/insert.h"
#include "../layer/remove.h"
#include "../layer/unpack.h"
#include "fuzz.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <locale.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Places in a tar header (POSIX.1-1988, ustar). */
enum
{
  BLOCK = 512,
  SIZE_AT = 124,
  SIZE_LENGTH = 12,
  CHECKSUM_AT = 148,
  CHECKSUM_LENGTH = 8,
};

static const char canary[] = "untouched";
static char parent[PATH_MAX], target[PATH_MAX + 16], outside[PATH_MAX + 16];

static void
remove_parent (void)
{
  struct tss_error error = { 0 };

  layer_remove (AT_FDCWD, parent, &error);
}

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  FILE *file;

  (void)argc;
  (void)argv;
  setlocale (LC_CTYPE, "C.UTF-8");
  umask (0);
  fuzz_make_directory (parent);
  atexit (remove_parent);
  snprintf (target, sizeof target, "%s/layer", parent);
  snprintf (outside, sizeof outside, "%s/outside", parent);
  FUZZ_REQUIRE ((file = fopen (outside, "w")));
  fputs (canary, file);
  fclose (file);
  return 0;
}

/* The directory above holds what it held before, and nothing else. */
static void
require_untouched (size_t expected_names)
{
  DIR *stream = opendir (parent);
  char text[sizeof canary] = "";
  struct stat status;
  size_t names = 0;
  FILE *file = fopen (outside, "r");

  FUZZ_REQUIRE (stream && file && fread (text, 1, sizeof text, file) == sizeof canary - 1);
  FUZZ_REQUIRE (strcmp (text, canary) == 0);
  FUZZ_REQUIRE (fstat (fileno (file), &status) == 0 && status.st_nlink == 1 && (status.st_mode & 07777) == 0666);
  fclose (file);
  while (readdir (stream))
    names++;
  closedir (stream);
  FUZZ_REQUIRE (names == expected_names + 2); /* and the two dots */
}

static nlink_t
count_threads (void)
{
  struct stat status;

  FUZZ_REQUIRE (stat ("/proc/self/task", &status) == 0);
  return status.st_nlink;
}

/* Where an archive is given up nobody waits for the thread that reads it: the program ends then. Here it would read the
 * next input, and be taken for a leak. */
static void
await_reader (nlink_t threads)
{
  while (count_threads () > threads)
    sched_yield ();
}

/* Both ways: into a container, whose links are followed in it, and onto a host, where none is. */
static void
insert_into_directory (int input, bool follows_links)
{
  const struct layer_insert wanted = { .directory = "", .keep_owners = true, .follows_links = follows_links };
  struct tss_error error = { 0 };
  uint64_t entries = 0;
  int root;

  FUZZ_REQUIRE (lseek (input, 0, SEEK_SET) == 0 && mkdir (target, 0755) == 0);
  root = open (target, O_PATH | O_DIRECTORY | O_CLOEXEC);
  FUZZ_REQUIRE (root >= 0);
  if (layer_insert (root, &wanted, input, &entries, &error) < 0)
    FUZZ_REQUIRE (error.code != TSS_ERROR_NONE && error.message[0] != '\0');
  close (root);
  require_untouched (2);
  error = (struct tss_error){ 0 };
  FUZZ_REQUIRE (layer_remove (AT_FDCWD, target, &error) == 0);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  struct layer_unpack_result result = { 0 };
  struct tss_error error = { 0 };
  int input = memfd_create ("archive", MFD_CLOEXEC);
  static nlink_t threads; /* before there is a reader */
  int status;

  if (threads == 0)
    threads = count_threads ();
  FUZZ_REQUIRE (input >= 0 && write (input, data, size) == (ssize_t)size && lseek (input, 0, SEEK_SET) == 0);
  status = layer_unpack (input, target, &(struct layer_expectation){ 0 }, &result, &error);
  await_reader (threads);
  if (status < 0)
    FUZZ_REQUIRE (error.code != TSS_ERROR_NONE && error.message[0] != '\0');
  require_untouched (status < 0 ? 1 : 2);
  layer_path_list_free (&result.implicit);
  if (status == 0)
    FUZZ_REQUIRE (layer_remove (AT_FDCWD, target, &error) == 0);
  insert_into_directory (input, false);
  insert_into_directory (input, true);
  close (input);
  return 0;
}

/* Puts right the checksums of all headers: what is wrong there already is of little interest. */
static void
repair_checksums (uint8_t *data, size_t size)
{
  for (size_t at = 0; at + BLOCK <= size && data[at] != 0;)
    {
      uint8_t *header = data + at;
      char length[SIZE_LENGTH + 1] = "", sum_text[CHECKSUM_LENGTH];
      unsigned int sum = 0;
      unsigned long long content;

      memset (header + CHECKSUM_AT, ' ', CHECKSUM_LENGTH);
      for (size_t i = 0; i < BLOCK; i++)
        sum += header[i];
      snprintf (sum_text, sizeof sum_text, "%06o", sum);
      memcpy (header + CHECKSUM_AT, sum_text, CHECKSUM_LENGTH - 1);
      memcpy (length, header + SIZE_AT, SIZE_LENGTH);
      content = strtoull (length, NULL, 8);
      if (content > size)
        return;
      at += BLOCK + (size_t)(content + BLOCK - 1) / BLOCK * BLOCK;
    }
}

size_t
LLVMFuzzerCustomMutator (uint8_t *data, size_t size, size_t maximum, unsigned int seed)
{
  size = LLVMFuzzerMutate (data, size, maximum);
  if (seed % 8 != 0)
    repair_checksums (data, size);
  return size;
}
