#include <sodium.h>
#include <sys/prctl.h>

// prctl is variadic, and Swift imports no variadic functions.
static inline int coffer_refuse_dumps(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }
