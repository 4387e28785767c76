/*
 * Makes one file-system call of a process fail, or kills the process at it. Preloaded (LD_PRELOAD), it stands between everything in the
 * process and libc: Node's threads, worker threads, SQLite, and programs that the process starts. What it does is said in a file that all
 * of them map (RESTANTE_FAULT_FILE), so that a test can change it while the process runs.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { COUNT = 0, FULL_DISK = 1, IO_ERROR = 2, NO_ACCESS = 3, SHORT_WRITE = 4, KILL = 5 };
enum class { WRITES = 1, READS = 2 };

struct control {
  uint32_t enabled;
  uint32_t kind;
  uint32_t classes;
  /* Whether all calls after the chosen one fail too: a full disk stays full. */
  uint32_t lasting;
  uint64_t at;
  _Atomic uint64_t count;
  _Atomic uint64_t hits;
  char prefix[512];
  /* Name of the call that was hit first. */
  char call[32];
};

static struct control *control;

__attribute__((constructor)) static void map_control(void) {
  const char *path = getenv("RESTANTE_FAULT_FILE");
  if (path == NULL) return;
  int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR, 0);
  if (fd < 0) return;
  void *mapped = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  syscall(SYS_close, fd);
  if (mapped != MAP_FAILED) control = mapped;
}

static int below_prefix(const char *path) {
  size_t length = strlen(control->prefix);
  return length > 0 && strncmp(path, control->prefix, length) == 0;
}

/* What is to happen with this call: COUNT for nothing. */
static enum kind decide(const char *call, enum class class) {
  if ((control->classes & class) == 0) return COUNT;
  uint64_t number = ++control->count;
  if (control->kind == COUNT || number < control->at || (number > control->at && !control->lasting)) return COUNT;
  /* A full disk refuses no reading, and a short write is one of writes. */
  if (class == READS && (control->kind == FULL_DISK || control->kind == SHORT_WRITE)) return COUNT;
  if (control->hits++ == 0) strncpy(control->call, call, sizeof(control->call) - 1);
  if (control->kind == KILL) kill(getpid(), SIGKILL);
  return control->kind;
}

static int code_of(enum kind kind) {
  if (kind == IO_ERROR) return EIO;
  return kind == NO_ACCESS ? EACCES : ENOSPC;
}

static enum kind on_path(const char *call, const char *path, enum class class) {
  if (control == NULL || !control->enabled || path == NULL || !below_prefix(path)) return COUNT;
  return decide(call, class);
}

static enum kind on_file(const char *call, int fd, enum class class) {
  if (control == NULL || !control->enabled || fd < 3) return COUNT;
  char link[64], path[4096];
  char *digit = link + sizeof(link) - 1;
  *digit = 0;
  for (int rest = fd; rest > 0; rest /= 10) *--digit = (char)('0' + rest % 10);
  char name[96] = "/proc/self/fd/";
  strcat(name, digit);
  long length = syscall(SYS_readlinkat, AT_FDCWD, name, path, sizeof(path) - 1);
  if (length <= 0) return COUNT;
  path[length] = 0;
  return below_prefix(path) ? decide(call, class) : COUNT;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define FAIL(kind) \
  do { \
    errno = code_of(kind); \
    return -1; \
  } while (0)
#define GUARD_PATH(name, path, class) \
  do { \
    enum kind kind = on_path(#name, path, class); \
    if (kind != COUNT) FAIL(kind); \
  } while (0)
#define GUARD_FILE(name, fd, class) \
  do { \
    enum kind kind = on_file(#name, fd, class); \
    if (kind != COUNT) FAIL(kind); \
  } while (0)

#define OPENING(flags) ((flags) & (O_CREAT | O_WRONLY | O_RDWR | O_TRUNC) ? WRITES : READS)
#define MODE(flags) \
  mode_t mode = 0; \
  if ((flags) & (O_CREAT | O_TMPFILE)) { \
    va_list rest; \
    va_start(rest, flags); \
    mode = va_arg(rest, mode_t); \
    va_end(rest); \
  }

int open(const char *path, int flags, ...) {
  MODE(flags)
  GUARD_PATH(open, path, OPENING(flags));
  return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}
int open64(const char *path, int flags, ...) {
  MODE(flags)
  GUARD_PATH(open, path, OPENING(flags));
  return (int)syscall(SYS_openat, AT_FDCWD, path, flags | O_LARGEFILE, mode);
}
int openat(int directory, const char *path, int flags, ...) {
  MODE(flags)
  GUARD_PATH(openat, path, OPENING(flags));
  return (int)syscall(SYS_openat, directory, path, flags, mode);
}
int mkdir(const char *path, mode_t mode) {
  GUARD_PATH(mkdir, path, WRITES);
  return REAL(mkdir)(path, mode);
}
int rmdir(const char *path) {
  GUARD_PATH(rmdir, path, WRITES);
  return REAL(rmdir)(path);
}
int unlink(const char *path) {
  GUARD_PATH(unlink, path, WRITES);
  return REAL(unlink)(path);
}
int unlinkat(int directory, const char *path, int flags) {
  GUARD_PATH(unlinkat, path, WRITES);
  return REAL(unlinkat)(directory, path, flags);
}
int rename(const char *from, const char *to) {
  GUARD_PATH(rename, to, WRITES);
  return REAL(rename)(from, to);
}
int link(const char *from, const char *to) {
  GUARD_PATH(link, to, WRITES);
  return REAL(link)(from, to);
}
int chmod(const char *path, mode_t mode) {
  GUARD_PATH(chmod, path, WRITES);
  return REAL(chmod)(path, mode);
}
int fchmod(int fd, mode_t mode) {
  GUARD_FILE(fchmod, fd, WRITES);
  return REAL(fchmod)(fd, mode);
}
int fsync(int fd) {
  GUARD_FILE(fsync, fd, WRITES);
  return REAL(fsync)(fd);
}
int fdatasync(int fd) {
  GUARD_FILE(fdatasync, fd, WRITES);
  return REAL(fdatasync)(fd);
}
int syncfs(int fd) {
  GUARD_FILE(syncfs, fd, WRITES);
  return REAL(syncfs)(fd);
}
int ftruncate(int fd, off_t length) {
  GUARD_FILE(ftruncate, fd, WRITES);
  return REAL(ftruncate)(fd, length);
}
int ftruncate64(int fd, off64_t length) {
  GUARD_FILE(ftruncate, fd, WRITES);
  return REAL(ftruncate64)(fd, length);
}

/* A short write writes half of it; the next one to the file finds the disk full. */
#define WRITING(name, fd, count, whole, half) \
  enum kind kind = on_file(#name, fd, WRITES); \
  if (kind == SHORT_WRITE && (count) > 1) { \
    control->kind = FULL_DISK; \
    control->lasting = 1; \
    return half; \
  } \
  if (kind != COUNT) FAIL(kind); \
  return whole;

ssize_t write(int fd, const void *bytes, size_t count) {
  WRITING(write, fd, count, syscall(SYS_write, fd, bytes, count), syscall(SYS_write, fd, bytes, count / 2))
}
ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
  WRITING(pwrite, fd, count, syscall(SYS_pwrite64, fd, bytes, count, at), syscall(SYS_pwrite64, fd, bytes, count / 2, at))
}
ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
  WRITING(pwrite, fd, count, syscall(SYS_pwrite64, fd, bytes, count, at), syscall(SYS_pwrite64, fd, bytes, count / 2, at))
}
ssize_t writev(int fd, const struct iovec *parts, int count) {
  GUARD_FILE(writev, fd, WRITES);
  return syscall(SYS_writev, fd, parts, count);
}
ssize_t read(int fd, void *bytes, size_t count) {
  GUARD_FILE(read, fd, READS);
  return syscall(SYS_read, fd, bytes, count);
}
ssize_t pread(int fd, void *bytes, size_t count, off_t at) {
  GUARD_FILE(pread, fd, READS);
  return syscall(SYS_pread64, fd, bytes, count, at);
}
ssize_t pread64(int fd, void *bytes, size_t count, off64_t at) {
  GUARD_FILE(pread, fd, READS);
  return syscall(SYS_pread64, fd, bytes, count, at);
}
