#include "find.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 4096, VARIABLE_BYTES = 128 * 1024 /* the kernel's limit */ };

static const char variable[] = "CNI_PATH=";
static const char folder_of_links[] = "cni-tap";

static char found[PATH_BYTES];
/* The variable: the folders that stay, with room before them for its name and the folder of links. */
enum { BEFORE_FOLDERS = sizeof variable + PATH_BYTES };
static char path_for_plugin[BEFORE_FOLDERS + VARIABLE_BYTES + PATH_BYTES];
static char *folders, *folders_end;
static bool path_changes;

const char *find_started_path(void) {
  const char *path = (const char *)getauxval(AT_EXECFN);
  return path ? path : "";
}

const char *find_started_name(void) {
  const char *path = find_started_path(), *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

static size_t folder_bytes(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? (size_t)(slash - path) + (slash == path) : 0;
}

/* Takes the last part of a path away; false where there is none, or only ".." that lead out of a relative one. */
static bool drop_part(const char *path, size_t *length, bool rooted) {
  size_t last = *length;
  while (last > rooted && path[last - 1] != '/') last--;
  if (*length <= rooted || (*length - last == 2 && memcmp(path + last, "..", 2) == 0)) return rooted;
  *length = last > rooted ? last - 1 : last;
  return true;
}

/* Appends the parts of a path, without what stands for nothing (as Go's filepath.Clean). False where it is too long. */
static bool add_parts(char *path, size_t *length, const char *text, size_t bytes, bool rooted) {
  for (const char *part = text, *end = text + bytes, *next; part < end; part = next + 1) {
    next = memchr(part, '/', (size_t)(end - part));
    if (!next) next = end;
    size_t size = (size_t)(next - part);
    if (size == 0 || (size == 1 && *part == '.')) continue;
    if (size == 2 && memcmp(part, "..", 2) == 0 && drop_part(path, length, rooted)) continue;
    const bool slash = *length > rooted;
    if (*length + slash + size >= PATH_BYTES) return false;
    if (slash) path[(*length)++] = '/';
    memcpy(path + *length, part, size);
    *length += size;
  }
  return true;
}

/* Joins a folder and a name as Go's filepath.Join. False where that is too long for a path. */
static bool join(char *path, const char *folder, size_t bytes, const char *name) {
  const bool rooted = bytes > 0 ? *folder == '/' : *name == '/';
  size_t length = 0;
  if (rooted) path[length++] = '/';
  if (!add_parts(path, &length, folder, bytes, rooted) || !add_parts(path, &length, name, strlen(name), rooted)) return false;
  path[length] = '\0';
  return true;
}

bool find_beside(const char *name, char *path, size_t size) {
  const char *started = find_started_path();
  return size >= PATH_BYTES && join(path, started, folder_bytes(started), name);
}

/* A second time where the first one failed for another reason than that there is nothing. */
static bool look_at(const char *path, struct stat *file) {
  return stat(path, file) == 0 || (errno != ENOENT && errno != ENOTDIR && stat(path, file) == 0);
}

static bool is_self(const struct stat *file) {
  static struct stat self;
  static bool known = false;
  if (!known) known = look_at("/proc/self/exe", &self) || look_at(find_started_path(), &self);
  return known && file->st_dev == self.st_dev && file->st_ino == self.st_ino;
}

/* The name in one folder; also whether that is a folder of links. */
static bool look(const char *folder, size_t bytes, const char *name, bool *links) {
  char path[PATH_BYTES];
  struct stat file;
  while (bytes > 1 && folder[bytes - 1] == '/') bytes--;
  const size_t last = sizeof folder_of_links - 1;
  *links = bytes >= last && memcmp(folder + bytes - last, folder_of_links, last) == 0 &&
           (bytes == last || folder[bytes - last - 1] == '/');
  if (*links || !join(path, folder, bytes, name) || !look_at(path, &file)) return false;
  *links = is_self(&file);
  if (*links || !S_ISREG(file.st_mode)) return false;
  if (!*found) strcpy(found, path);
  return true;
}

static bool same_folder(const char *folder, size_t bytes, const struct stat *other) {
  char path[PATH_BYTES];
  struct stat stat_of_folder;
  if (bytes >= sizeof path) return false;
  memcpy(path, folder, bytes);
  path[bytes] = '\0';
  return stat(bytes ? path : ".", &stat_of_folder) == 0 && stat_of_folder.st_dev == other->st_dev &&
         stat_of_folder.st_ino == other->st_ino;
}

/* The next folder of a list; NULL at its end. An empty list has none. */
static const char *next_folder(const char **list, size_t *bytes) {
  const char *folder = *list;
  if (!folder) return NULL;
  const char *colon = strchrnul(folder, ':');
  *bytes = (size_t)(colon - folder);
  *list = *colon ? colon + 1 : NULL;
  return folder;
}

/* Where CNI_PATH leads to nothing: it is not there, or has folders of links alone. */
static void look_elsewhere(const char *name) {
  char path[PATH_BYTES];
  const char *started = find_started_path();
  bool links, by_name = strcmp(find_started_name(), "cni_wrap") != 0;
  if (!by_name)
    look(started, folder_bytes(started), name, &links);
  else if (find_beside("..", path, sizeof path))
    look(path, strlen(path), name, &links);
  ssize_t bytes = *found ? -1 : readlink("/proc/self/exe", path, sizeof path - 1);
  if (bytes > 0) {
    path[bytes] = '\0';
    look(path, folder_bytes(path), name, &links);
  }
}

/* Whether one of the folders that the plugin sees leads to the one it is in. */
static bool leads_there(const char *name) {
  char folder[PATH_BYTES];
  struct stat plugin_folder;
  memcpy(folder, found, sizeof found);
  folder[folder_bytes(found)] = '\0';
  if (stat(*folder ? folder : ".", &plugin_folder) != 0) return false;
  bool links;
  size_t bytes;
  const char *list = getenv("CNI_PATH");
  if (list && !*list) list = NULL;
  for (const char *entry; (entry = next_folder(&list, &bytes));)
    if ((look(entry, bytes, name, &links), !links) && same_folder(entry, bytes, &plugin_folder)) return true;
  return false;
}

static void add_folder(const char *folder, size_t bytes) {
  if (folders_end > folders) *folders_end++ = ':';
  memcpy(folders_end, folder, bytes);
  folders_end += bytes;
}

const char *find_plugin(const char *name, bool delegates) {
  const char *given = getenv("CNI_PATH"), *list = given && *given ? given : NULL;
  size_t bytes;
  bool links;
  *found = '\0';
  path_changes = false;
  folders = folders_end = path_for_plugin + BEFORE_FOLDERS;
  if (given && strlen(given) > VARIABLE_BYTES) return NULL;
  for (const char *folder; (folder = next_folder(&list, &bytes));) {
    look(folder, bytes, name, &links);
    if (links) path_changes = true;
    else add_folder(folder, bytes);
  }
  const bool elsewhere = !*found;
  if (elsewhere) look_elsewhere(name);
  if (!*found) return NULL;
  if ((given || delegates) && elsewhere && !leads_there(name)) {
    add_folder(found, folder_bytes(found));
    path_changes = true;
  }
  *folders_end = '\0';
  char beside[PATH_BYTES];
  if (delegates && join(beside, found, folder_bytes(found), folder_of_links)) {
    if (folders_end > folders) *--folders = ':';
    folders -= strlen(beside);
    memcpy(folders, beside, strlen(beside));
    path_changes = true;
  }
  folders -= sizeof variable - 1;
  memcpy(folders, variable, sizeof variable - 1);
  if (folders_end - folders >= VARIABLE_BYTES) path_changes = false; /* no program could be started with it */
  return found;
}

void find_set_path(void) {
  extern char **environ;
  if (!path_changes) return;
  for (char **entry = environ; *entry; entry++)
    if (strncmp(*entry, variable, sizeof variable - 1) == 0) {
      *entry = folders;
      return;
    }
  putenv(folders);
}
