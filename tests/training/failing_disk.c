/* Lets one call that changes files in a folder fail: the n-th write, flush, rename, and so on.

cc -shared -fPIC -o failing_disk.so failing_disk.c -ldl; then LD_PRELOAD=failing_disk.so */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static char folder[4096];
static int failing = -1;
static int calls = 0;
static int is_torn = 0;

void fail_at(int number, const char *of, int torn) {
    strncpy(folder, of, sizeof folder - 1);
    failing = number;
    calls = 0;
    is_torn = torn;
}

int calls_seen(void) { return calls; }

static int fails(const char *path) {
    if (folder[0] == 0 || strncmp(path, folder, strlen(folder)) != 0) return 0;
    return calls++ == failing;
}

static int fails_open(int file) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return fails(path);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int file, const void *bytes, size_t count) {
    if (fails_open(file)) {
        if (is_torn && count > 1) REAL(write)(file, bytes, count / 2);
        errno = ENOSPC;
        return -1;
    }
    return REAL(write)(file, bytes, count);
}


int ftruncate64(int file, off64_t length) {
    if (fails_open(file)) { errno = ENOSPC; return -1; }
    return REAL(ftruncate64)(file, length);
}

int fsync(int file) {
    if (fails_open(file)) { errno = EIO; return -1; }
    return REAL(fsync)(file);
}

int rename(const char *old, const char *new) {
    if (fails(old)) { errno = EIO; return -1; }
    return REAL(rename)(old, new);
}

int mkdir(const char *path, mode_t mode) {
    if (fails(path)) { errno = ENOSPC; return -1; }
    return REAL(mkdir)(path, mode);
}
