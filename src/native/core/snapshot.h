/* The snapshot: what every call starts from (runtime, context, the script's top level), made once by the build and part
   of the executable. The executable is not position-independent, so its addresses hold. */
#ifndef CNI_TAP_SNAPSHOT_H
#define CNI_TAP_SNAPSHOT_H

/* For what has a part in that state: the variables of arena and engine, and nothing of musl's. */
#define IN_SNAPSHOT __attribute__((section("snapshot")))

/* Prepares an executable that has no snapshot yet, makes one call as its environment and standard input say, so that
   what QuickJS makes at first use is there, and writes the section to standard output. The exit code of the process. */
int snapshot_write(void);

#endif
