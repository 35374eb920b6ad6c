// What Linux has and Swift's Glibc module does not show, for that module is built without
// _GNU_SOURCE. Declared by hand: libc's own headers, included here, would claim types such as
// timespec for this module. The numbers are the same on every architecture that Swift runs on.
#include <stddef.h>

extern int syncfs(int descriptor);
extern int renameat2(
    int from_directory, const char *from, int to_directory, const char *to, unsigned int flags);

extern long getdents64(int descriptor, void *entries, size_t size);

extern long flistxattr(int descriptor, char *list, size_t size);
extern long llistxattr(const char *path, char *list, size_t size);
extern long fgetxattr(int descriptor, const char *name, void *value, size_t size);
extern long lgetxattr(const char *path, const char *name, void *value, size_t size);
extern int fsetxattr(
    int descriptor, const char *name, const void *value, size_t size, int flags);
extern int lsetxattr(
    const char *path, const char *name, const void *value, size_t size, int flags);
extern int fremovexattr(int descriptor, const char *name);
extern int lremovexattr(const char *path, const char *name);

static const int linux_o_noatime = 01000000;
static const int linux_seek_data = 3;
static const int linux_seek_hole = 4;
static const unsigned int linux_rename_noreplace = 1;
