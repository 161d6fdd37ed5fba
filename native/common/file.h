/* Whole small files: reading, writing, replacing. All paths may be relative to a directory descriptor or AT_FDCWD. */
#ifndef TSSTACK_COMMON_FILE_H
#define TSSTACK_COMMON_FILE_H

#include <stddef.h>
#include <sys/types.h>

/* Reads a whole file, of whatever size, into a malloced, NUL-terminated buffer. Returns NULL with errno. */
char *tss_read_file_at (int directory, const char *path, size_t *size);

/* The same for what is open already. More than MAXIMUM bytes are EFBIG. */
char *tss_read_all (int fd, size_t maximum, size_t *size);

/* Reads at most SIZE - 1 bytes and adds a NUL. Returns the length, or -1 with errno. */
ssize_t tss_read_small_file_at (int directory, const char *path, char *buffer, size_t size);

/* Writes the text with a single write call, as the files of /proc and cgroups need. The file must exist. */
int tss_write_text_at (int directory, const char *path, const char *text);

/* Writes all bytes, however many calls that takes. */
int tss_write_all (int fd, const void *data, size_t size);

/* Replaces a file atomically: temporary file beside it, "PATH.new", then rename. */
int tss_replace_file_at (int directory, const char *path, const void *data, size_t size, mode_t mode);

/* The same in two steps. What fails leaves no temporary file. */
int tss_write_new_file_at (int directory, const char *path, const void *data, size_t size, mode_t mode);
int tss_use_new_file_at (int directory, const char *path);

/* Makes a directory with its missing parents; existing ones are fine. PATH has no ".." components. */
int tss_make_directories (const char *path, mode_t mode);

#endif
