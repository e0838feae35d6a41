/* Which executable this one stands for, and the CNI_PATH that it gets. */
#ifndef CNI_TAP_WRAP_FIND_H
#define CNI_TAP_WRAP_FIND_H

#include <stdbool.h>
#include <stddef.h>

/* The path this executable was started by, and its last part: a plugin's type, or "cni_wrap". */
const char *find_started_path(void);
const char *find_started_name(void);

/* A file in the folder of that path; false where its path is too long. */
bool find_beside(const char *name, char *path, size_t size);

/* The path of the first regular file of this name in CNI_PATH that is not this executable, joined as libcni's
   invoke.FindInPath does; folders of links to this executable are left out. Where CNI_PATH leads to none: in the folder
   above that of the link, or that of this executable. NULL where there is none. `delegates`: CNI_PATH is to begin with
   the folder of links beside the plugin. */
const char *find_plugin(const char *name, bool delegates);

/* Makes CNI_PATH what the plugin that was found is to see. */
void find_set_path(void);

#endif
