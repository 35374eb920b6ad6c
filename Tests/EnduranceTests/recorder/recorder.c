// Loaded before libc (LD_PRELOAD) into a real program: writes down every call that changes files below
// one folder, with its data, and lets a chosen call fail.
//
//   COFFER_RECORD_ROOT   the folder, without symbolic links
//   COFFER_RECORD_LOG    where the record goes; outside the folder
//   COFFER_RECORD_FAIL   "N ERRNO": call N fails; "N ERRNO +": so do all after it. A full disk (ENOSPC)
//                        refuses only what needs room. ERRNO -9: the program is killed before call N.
//   COFFER_RECORD_CLOCK  seconds that the clock is ahead of the real one, or behind it
//
// A record is a line, and the data of a write after it. Names are hexadecimal; files are inode numbers.
//   C folder name inode | D folder name inode | Y folder name inode target | T inode
//   W inode offset length, data | Z inode length | S inode | A
//   R folder name folder name | L inode folder name | U folder name
//   N what                      a call that changes nothing that a crash could lose
//   F what                      a call that was made to fail
// One lock is held around each call and its line, so that the lines stand in the order of the calls.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <signal.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char root[PATH_MAX];
static size_t root_length;
static int record = -1;
static long calls, failing = -1;
static int failure, for_good;
static long ahead;

__attribute__((constructor)) static void start(void) {
  const char *folder = getenv("COFFER_RECORD_ROOT"), *file = getenv("COFFER_RECORD_LOG");
  if (!folder || !file) return;
  const char *clock = getenv("COFFER_RECORD_CLOCK");
  if (clock) ahead = atol(clock);
  char mark = 0;
  const char *fail = getenv("COFFER_RECORD_FAIL");
  if (fail && sscanf(fail, "%ld %d %c", &failing, &failure, &mark) < 2) failing = -1;
  for_good = mark == '+';
  snprintf(root, sizeof root, "%s", folder);
  root_length = strlen(root);
  int low = syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  // Out of the way of a program that closes what it does not know.
  record = low < 0 ? -1 : fcntl(low, F_DUPFD_CLOEXEC, 900);
  if (low >= 0) close(low);
}

static void put(const void *bytes, size_t count) {
  const char *at = bytes;
  while (count > 0) {
    ssize_t done = syscall(SYS_write, record, at, count);
    if (done <= 0) _exit(99);
    at += done;
    count -= done;
  }
}

static void line(const char *format, ...) {
  int problem = errno;
  char text[4 * PATH_MAX];
  va_list list;
  va_start(list, format);
  int count = vsnprintf(text, sizeof text, format, list);
  va_end(list);
  put(text, count);
  errno = problem;
}

static int below(const char *path) {
  return record >= 0 && strncmp(path, root, root_length) == 0
    && (path[root_length] == '/' || path[root_length] == 0);
}

// Whether an open file lies below the root, and its inode.
static int is_ours(int fd, struct stat *facts) {
  char link[64], path[PATH_MAX];
  if (record < 0) return 0;
  int problem = errno, ours = 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t count = readlink(link, path, sizeof path - 1);
  if (count > 0) {
    path[count] = 0;
    ours = below(path) && fstat(fd, facts) == 0
      && (S_ISREG(facts->st_mode) || S_ISDIR(facts->st_mode));
  }
  errno = problem;
  return ours;
}

struct place {
  unsigned long folder;
  char name[2 * NAME_MAX + 1];
};

// Where a path leads, if that is below the root: its folder's inode and its last name.
static int find(int at, const char *path, struct place *place) {
  if (record < 0 || !path) return 0;
  int problem = errno, found = 0;
  char above[PATH_MAX];
  snprintf(above, sizeof above, "%s", path);
  size_t length = strlen(above);
  while (length > 1 && above[length - 1] == '/') above[--length] = 0;
  char *slash = strrchr(above, '/');
  const char *name = slash ? slash + 1 : above;
  place->name[0] = 0;
  if (strlen(name) <= NAME_MAX)
    for (size_t i = 0; name[i]; i++) sprintf(place->name + 2 * i, "%02x", (unsigned char)name[i]);
  const char *folder = !slash ? "." : slash == above ? "/" : above;
  if (slash) *slash = 0;
  int fd = syscall(SYS_openat, at, folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
  struct stat facts;
  if (fd >= 0) {
    found = is_ours(fd, &facts);
    place->folder = facts.st_ino;
    syscall(SYS_close, fd);
  }
  errno = problem;
  return found;
}

enum kind { needs_room, other };

// Counts a call; whether it is to fail.
static int fails(const char *what, enum kind kind) {
  long number = calls++;
  if (failing < 0 || number < failing || (number > failing && !for_good)) return 0;
  if (number > failing && failure == ENOSPC && kind != needs_room) return 0;
  if (failure == -SIGKILL) kill(getpid(), SIGKILL);
  line("F %s\n", what);
  errno = failure;
  return 1;
}

#define REAL(name) \
  static typeof(&name) real; \
  if (!real) real = (typeof(&name))dlsym(RTLD_NEXT, #name);
#define BEGIN pthread_mutex_lock(&lock);
#define END pthread_mutex_unlock(&lock);

static int opened(int (*real)(int, const char *, int, ...), int at, const char *path, int flags,
                  mode_t mode) {
  struct place place;
  struct stat facts;
  int nameless = (flags & O_TMPFILE) == O_TMPFILE;
  int changes = flags & (O_CREAT | O_TRUNC) || nameless;
  if (!find(at, path, &place)) {
    // The root itself, or a folder given as the place of a nameless file, has its parent elsewhere.
    return real(at, path, flags, mode);
  }
  BEGIN
  int was_there = fstatat(at, path, &facts, AT_SYMLINK_NOFOLLOW) == 0;
  int result = -1;
  if (!fails(changes ? "open" : "open to read", changes ? needs_room : other)) {
    result = real(at, path, flags, mode);
    if (result >= 0 && fstat(result, &facts) == 0) {
      if (nameless) line("T %lu\n", facts.st_ino);
      else if (flags & O_CREAT && !was_there) line("C %lu %s %lu\n", place.folder, place.name, facts.st_ino);
      else if (flags & O_TRUNC) line("Z %lu 0\n", facts.st_ino);
      else line("N open\n");
    } else line("N open\n");
  }
  END
  return result;
}

#define MODE \
  mode_t mode = 0; \
  if (flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE) { \
    va_list list; \
    va_start(list, flags); \
    mode = va_arg(list, mode_t); \
    va_end(list); \
  }

int openat(int at, const char *path, int flags, ...) {
  MODE REAL(openat) return opened(real, at, path, flags, mode);
}
int openat64(int at, const char *path, int flags, ...) {
  MODE REAL(openat64) return opened(real, at, path, flags, mode);
}
int open(const char *path, int flags, ...) {
  MODE REAL(openat) return opened(real, AT_FDCWD, path, flags, mode);
}
int open64(const char *path, int flags, ...) {
  MODE REAL(openat) return opened(real, AT_FDCWD, path, flags, mode);
}

static void wrote(struct stat *facts, off_t offset, const void *bytes, ssize_t count) {
  if (count <= 0) { line("N write\n"); return; }
  int problem = errno;
  line("W %lu %ld %ld\n", facts->st_ino, (long)offset, (long)count);
  put(bytes, count);
  errno = problem;
}

ssize_t write(int fd, const void *bytes, size_t count) {
  REAL(write)
  struct stat facts;
  if (!is_ours(fd, &facts)) return real(fd, bytes, count);
  BEGIN
  ssize_t result = -1;
  if (!fails("write", needs_room)) {
    result = real(fd, bytes, count);
    wrote(&facts, lseek(fd, 0, SEEK_CUR) - (result > 0 ? result : 0), bytes, result);
  }
  END
  return result;
}

static ssize_t wrote_at(ssize_t (*real)(int, const void *, size_t, off_t), int fd,
                        const void *bytes, size_t count, off_t offset) {
  struct stat facts;
  if (!is_ours(fd, &facts)) return real(fd, bytes, count, offset);
  BEGIN
  ssize_t result = -1;
  if (!fails("pwrite", needs_room)) {
    result = real(fd, bytes, count, offset);
    wrote(&facts, offset, bytes, result);
  }
  END
  return result;
}
ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset) {
  REAL(pwrite) return wrote_at(real, fd, bytes, count, offset);
}
ssize_t pwrite64(int fd, const void *bytes, size_t count, off_t offset) {
  REAL(pwrite64) return wrote_at(real, fd, bytes, count, offset);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
  REAL(writev)
  struct stat facts;
  if (!is_ours(fd, &facts)) return real(fd, parts, count);
  // One part at a time: a caller must bear a short write.
  return count > 0 ? write(fd, parts[0].iov_base, parts[0].iov_len) : 0;
}

// Ways of writing that the recorder does not follow are refused, and callers fall back to write.
ssize_t copy_file_range(int in, off64_t *from, int out, off64_t *to, size_t count, unsigned flags) {
  REAL(copy_file_range)
  struct stat facts;
  if (!is_ours(out, &facts)) return real(in, from, out, to, count, flags);
  errno = EXDEV;
  return -1;
}
int fallocate(int fd, int mode, off_t offset, off_t count) {
  REAL(fallocate)
  struct stat facts;
  if (!is_ours(fd, &facts)) return real(fd, mode, offset, count);
  errno = EOPNOTSUPP;
  return -1;
}
int fallocate64(int fd, int mode, off64_t offset, off64_t count) {
  return fallocate(fd, mode, offset, count);
}

static ssize_t have_read(ssize_t (*real)(int, void *, size_t, off_t), int fd, void *bytes,
                         size_t count, off_t offset) {
  struct stat facts;
  if (!is_ours(fd, &facts)) return real(fd, bytes, count, offset);
  BEGIN
  ssize_t result = -1;
  if (!fails("pread", other)) {
    result = real(fd, bytes, count, offset);
    line("N pread\n");
  }
  END
  return result;
}
ssize_t pread(int fd, void *bytes, size_t count, off_t offset) {
  REAL(pread) return have_read(real, fd, bytes, count, offset);
}
ssize_t pread64(int fd, void *bytes, size_t count, off_t offset) {
  REAL(pread64) return have_read(real, fd, bytes, count, offset);
}
ssize_t read(int fd, void *bytes, size_t count) {
  REAL(read)
  struct stat facts;
  if (!is_ours(fd, &facts)) return real(fd, bytes, count);
  BEGIN
  ssize_t result = -1;
  if (!fails("read", other)) {
    result = real(fd, bytes, count);
    line("N read\n");
  }
  END
  return result;
}

#define ON_FILE(name, parameters, arguments, kind, said) \
  int name parameters { \
    REAL(name) \
    struct stat facts; \
    if (!is_ours(fd, &facts)) return real arguments; \
    BEGIN \
    int result = -1; \
    if (!fails(#name, kind)) { \
      result = real arguments; \
      if (result == 0) { said; } else line("N " #name "\n"); \
    } \
    END \
    return result; \
  }

ON_FILE(fsync, (int fd), (fd), other, line("S %lu\n", facts.st_ino))
ON_FILE(fdatasync, (int fd), (fd), other, line("S %lu\n", facts.st_ino))
ON_FILE(syncfs, (int fd), (fd), other, line("A\n"))
ON_FILE(ftruncate, (int fd, off_t length), (fd, length), needs_room,
        line("Z %lu %ld\n", facts.st_ino, (long)length))
ON_FILE(ftruncate64, (int fd, off64_t length), (fd, length), needs_room,
        line("Z %lu %ld\n", facts.st_ino, (long)length))
ON_FILE(fchmod, (int fd, mode_t mode), (fd, mode), other, line("N fchmod\n"))
ON_FILE(fchown, (int fd, uid_t user, gid_t group), (fd, user, group), other, line("N fchown\n"))
ON_FILE(futimens, (int fd, const struct timespec times[2]), (fd, times), other,
        line("N futimens\n"))

int linkat(int from, const char *old, int to, const char *new, int flags) {
  REAL(linkat)
  struct place place;
  struct stat facts;
  if (!find(to, new, &place)) return real(from, old, to, new, flags);
  BEGIN
  int result = -1;
  int follow = flags & AT_SYMLINK_FOLLOW ? 0 : AT_SYMLINK_NOFOLLOW;
  if (!fails("link", needs_room)) {
    int known = fstatat(from, old, &facts, follow) == 0;
    result = real(from, old, to, new, flags);
    if (result == 0 && known) line("L %lu %lu %s\n", facts.st_ino, place.folder, place.name);
    else line("N link\n");
  }
  END
  return result;
}
int link(const char *old, const char *new) { return linkat(AT_FDCWD, old, AT_FDCWD, new, 0); }

int renameat2(int from, const char *old, int to, const char *new, unsigned flags) {
  REAL(renameat2)
  struct place source, place;
  if (!find(to, new, &place) || !find(from, old, &source)) return real(from, old, to, new, flags);
  BEGIN
  int result = -1;
  if (!fails("rename", needs_room)) {
    result = real(from, old, to, new, flags);
    if (result == 0)
      line("R %lu %s %lu %s\n", source.folder, source.name, place.folder, place.name);
    else line("N rename\n");
  }
  END
  return result;
}
int renameat(int from, const char *old, int to, const char *new) {
  return renameat2(from, old, to, new, 0);
}
int rename(const char *old, const char *new) {
  return renameat2(AT_FDCWD, old, AT_FDCWD, new, 0);
}

int unlinkat(int at, const char *path, int flags) {
  REAL(unlinkat)
  struct place place;
  if (!find(at, path, &place)) return real(at, path, flags);
  BEGIN
  int result = -1;
  if (!fails("unlink", other)) {
    result = real(at, path, flags);
    if (result == 0) line("U %lu %s\n", place.folder, place.name);
    else line("N unlink\n");
  }
  END
  return result;
}
int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }
int rmdir(const char *path) { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }

int mkdirat(int at, const char *path, mode_t mode) {
  REAL(mkdirat)
  struct place place;
  struct stat facts;
  if (!find(at, path, &place)) return real(at, path, mode);
  BEGIN
  int result = -1;
  if (!fails("mkdir", needs_room)) {
    result = real(at, path, mode);
    if (result == 0 && fstatat(at, path, &facts, AT_SYMLINK_NOFOLLOW) == 0)
      line("D %lu %s %lu\n", place.folder, place.name, facts.st_ino);
    else line("N mkdir\n");
  }
  END
  return result;
}
int mkdir(const char *path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }

int symlinkat(const char *target, int at, const char *path) {
  REAL(symlinkat)
  struct place place;
  struct stat facts;
  if (!find(at, path, &place)) return real(target, at, path);
  BEGIN
  int result = -1;
  if (!fails("symlink", needs_room)) {
    result = real(target, at, path);
    if (result == 0 && fstatat(at, path, &facts, AT_SYMLINK_NOFOLLOW) == 0) {
      char hex[2 * PATH_MAX + 1];
      hex[0] = 0;
      for (size_t i = 0; target[i] && i < PATH_MAX; i++)
        sprintf(hex + 2 * i, "%02x", (unsigned char)target[i]);
      line("Y %lu %s %lu %s\n", place.folder, place.name, facts.st_ino, hex);
    } else line("N symlink\n");
  }
  END
  return result;
}

time_t time(time_t *result) {
  struct timespec now;
  syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
  if (result) *result = now.tv_sec + ahead;
  return now.tv_sec + ahead;
}
