/* Opens log and lock, whose directories may be open to all users. */
#ifndef CNI_TAP_FILE_H
#define CNI_TAP_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "policy.h"

/* A file of ours is a regular one of this user's with one link, and no mount of a file system in user space. */
struct file {
  int fd;           /* -1: not open */
  int error;        /* errno where it could not be opened */
  enum unfit unfit; /* why it is none of ours; it is not open then */
  struct stat stat;
};

enum file_kind { FILE_LOG, FILE_LOCK };

/* Opens a file, which is created (0600) if there is none. Whatever was planted in its place is neither opened, waited
   for nor changed. */
struct file file_open(const char *path, enum file_kind kind);

/* Whether a name leads to this file. */
bool file_is_at(const char *path, const struct stat *file);

/* The path of a file beside another one that nobody else has: the path and a random ending. */
void file_name_beside(const char *path, char *beside, size_t size);

/* Bytes that such a path may have. */
enum { FILE_PATH_BYTES = PATH_BYTES_MOST + 1 + 32 };

#endif
