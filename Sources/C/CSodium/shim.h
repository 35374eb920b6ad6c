#include <malloc.h>
#include <sodium.h>
#include <sys/prctl.h>

// prctl is variadic, and Swift imports no variadic functions.
static inline int coffer_refuse_dumps(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }

// Swift's Glibc module leaves <malloc.h> out.
static inline void coffer_keep_freed_memory(void) {
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 128 << 20);
  mallopt(M_TOP_PAD, 1 << 20);
}
