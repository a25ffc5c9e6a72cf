/*
 * The machine that a program believes to run on: its disk and its clock.
 *
 * Preloaded into a program under test. What the program does to the files under one folder, the
 * disk, is written to a journal before it is done, with all that is needed to undo it; `cut.rs`
 * undoes what no completed sync covers, as a power loss does. The test can also make writes and
 * syncs fail, and shift the clock.
 *
 * Environment: TEST_HOST_DISK, the folder (no symbolic links in its path);
 * TEST_HOST_SIDE, a folder outside of it and on the same file system, with
 *
 *   journal  records as `struct record` below, appended;
 *   switch   `struct switches` below, written by the test and looked at on every call;
 *   graves/  links to files that a rename or an unlink took out of the disk, by the serial number
 *            of its record. They also keep a file's number (inode) from being given again.
 *
 * How it holds:
 *
 * - A record is one write(2) to a file opened with O_APPEND, before the change that it is of. A
 *   program killed at any instant leaves at most a torn last record, of a change that was not
 *   made; and undoing a change that was not made does nothing.
 * - One lock is held over a record and its change, so a sync whose beginning is recorded after a
 *   change's record began after the change itself. A sync runs outside of the lock: Redis syncs
 *   on one thread and writes on another, and what is written meanwhile is not covered by it.
 * - A forked child (BGREWRITEAOF) inherits the journal and gets a free lock, and is killed with
 *   its parent: where the power fails, nobody goes on.
 *
 * What is not seen: memory maps (SQLite's -shm, which it rebuilds after a crash), and the bytes
 * that stdio writes, since libc does not call itself through these names. A sync's record has
 * the file's length, and the cut shortens a file to what it was then; so a file that is written
 * by stdio from its beginning on, as those of Redis are, is cut correctly. sync_file_range
 * promises nothing about durability, and is no sync here either.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum kind {
    CHANGED = 1,    /* bytes from `offset` on were the payload, and the file had `length` */
    SYNC_BEGUN = 2, /* of `file`, which has `length`; its number is `serial` */
    SYNC_DONE = 3,  /* the sync of that number */
    CREATED = 4,    /* payload: its path */
    RENAMED = 5,    /* payload: old path, NUL, new path; what stood there is in graves/<serial> */
    REMOVED = 6,    /* payload: its path; it is in graves/<serial> */
};

/* In this machine's byte order; `size` bytes of payload follow. */
struct record {
    uint64_t kind, serial, file, folder, offset, length, size;
};

struct switches {
    int64_t clock_ns;                           /* added to the time of day */
    int64_t write_errno, write_every;           /* each so manieth write fails; 0 for none */
    int64_t sync_errno, sync_every;
    volatile int64_t writes_seen, writes_failed; /* counted here, while writes are to fail */
    volatile int64_t syncs_seen, syncs_failed;
    volatile int64_t sync_held;                  /* whether syncs wait before they begin */
};

static char disk[PATH_MAX];
static char graves[PATH_MAX];
static int journal = -1;
static volatile struct switches *switches;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int (*libc_clock_gettime)(clockid_t, struct timespec *);

static void lock_for_fork(void) { pthread_mutex_lock(&lock); }
static void unlock_after_fork(void) { pthread_mutex_unlock(&lock); }
static void begin_child(void) {
    unlock_after_fork();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static void give_up(const char *why) {
    dprintf(STDERR_FILENO, "host.c: %s: %s\n", why, strerror(errno));
    abort();
}

__attribute__((constructor)) static void begin(void) {
    libc_clock_gettime = dlsym(RTLD_NEXT, "clock_gettime");
    const char *folder = getenv("TEST_HOST_DISK"), *side = getenv("TEST_HOST_SIDE");
    if (!folder || !side) return;
    char path[PATH_MAX];
    snprintf(disk, sizeof disk, "%s", folder);
    snprintf(graves, sizeof graves, "%s/graves", side);
    snprintf(path, sizeof path, "%s/journal", side);
    journal = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (journal < 0) give_up(path);
    snprintf(path, sizeof path, "%s/switch", side);
    int fd = syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
    if (fd < 0) give_up(path);
    void *map = mmap(NULL, sizeof *switches, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED) give_up(path);
    close(fd);
    switches = map;
    pthread_atfork(lock_for_fork, unlock_after_fork, begin_child);
}

/* ---- The journal ---- */

/* Appends a record. With the lock held. */
static void put(struct record *record, const void *payload) {
    struct iovec parts[2] = {{record, sizeof *record}, {(void *)payload, record->size}};
    ssize_t whole = sizeof *record + record->size;
    if (syscall(SYS_writev, journal, parts, record->size ? 2 : 1) != whole) give_up("journal");
}

/*
 * A number that no other record has: the journal grows with every record of this process, and
 * another process has another number or finds a longer journal. With the lock held.
 */
static uint64_t next_serial(void) {
    struct stat stat;
    if (fstat(journal, &stat)) give_up("journal");
    return (uint64_t)getpid() << 40 ^ (uint64_t)stat.st_size;
}

/* Whether `path` is the disk's folder or stands in it. */
static int is_on_disk(const char *path) {
    size_t length = strlen(disk);
    return !strncmp(path, disk, length) && (path[length] == '/' || !path[length]);
}

/* The path of what `fd` refers to; 0 when that has none. */
static int path_of(int fd, char path[PATH_MAX]) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    path[length < 0 ? 0 : length] = 0;
    return length >= 0;
}

/* Whether `fd` is on the disk, and of this type. Sockets and pipes cost one call. */
static int is_seen(int fd, mode_t type) {
    struct stat stat;
    char path[PATH_MAX];
    if (journal < 0) return 0;
    int before = errno;
    int is = !fstat(fd, &stat) && (stat.st_mode & S_IFMT) == type && path_of(fd, path) &&
             is_on_disk(path);
    errno = before;
    return is;
}

/* Records `size` bytes from `offset` on as they are before a change. With the lock held. */
static void put_change(int fd, uint64_t offset, uint64_t size) {
    struct stat stat;
    if (fstat(fd, &stat)) give_up("fstat");
    uint64_t length = stat.st_size, end = offset + size < length ? offset + size : length;
    struct record record = {CHANGED, 0, stat.st_ino, 0, offset, length, 0};
    char *old = NULL;
    if (end > offset) {
        /* It may be open for writing alone. */
        char link[64];
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        int reader = syscall(SYS_openat, AT_FDCWD, link, O_RDONLY | O_CLOEXEC);
        record.size = end - offset;
        old = malloc(record.size);
        if (reader < 0 || !old) give_up("old bytes");
        if (pread(reader, old, record.size, offset) != (ssize_t)record.size) give_up("old bytes");
        close(reader);
    }
    put(&record, old);
    free(old);
}

/* ---- Failures ---- */

static int fails(volatile int64_t *seen, volatile int64_t *failed, int64_t every, int64_t error) {
    if (every <= 0 || __sync_add_and_fetch(seen, 1) % every) return 0;
    __sync_add_and_fetch(failed, 1);
    errno = error;
    return 1;
}

static int write_fails(void) {
    return fails(&switches->writes_seen, &switches->writes_failed, switches->write_every,
                 switches->write_errno);
}

static int sync_fails(void) {
    return fails(&switches->syncs_seen, &switches->syncs_failed, switches->sync_every,
                 switches->sync_errno);
}

static void wait_while_held(void) {
    while (switches->sync_held) usleep(1000);
}

/* ---- Changes of a file's bytes ---- */

/* Does `call`, of `size` bytes at `offset` of `fd`, with its record before it. */
#define RECORDED(fd, offset, size, call)             \
    do {                                             \
        if (!is_seen(fd, S_IFREG)) return call;      \
        if (write_fails()) return -1;                \
        pthread_mutex_lock(&lock);                   \
        put_change(fd, offset, size);                \
        __typeof__(call) done_ = call;               \
        int error_ = errno;                          \
        pthread_mutex_unlock(&lock);                 \
        errno = error_;                              \
        return done_;                                \
    } while (0)

/* Where a write without an offset of its own is going to be. */
static uint64_t position(int fd) {
    struct stat stat;
    int is_append = fcntl(fd, F_GETFL) & O_APPEND;
    if (is_append && !fstat(fd, &stat)) return stat.st_size;
    return lseek(fd, 0, SEEK_CUR);
}

static uint64_t total(const struct iovec *parts, int count) {
    uint64_t sum = 0;
    for (int i = 0; i < count; i++) sum += parts[i].iov_len;
    return sum;
}

ssize_t write(int fd, const void *bytes, size_t size) {
    RECORDED(fd, position(fd), size, syscall(SYS_write, fd, bytes, size));
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    RECORDED(fd, position(fd), total(parts, count), syscall(SYS_writev, fd, parts, count));
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t offset) {
    RECORDED(fd, offset, size, syscall(SYS_pwrite64, fd, bytes, size, offset));
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset) {
    return pwrite64(fd, bytes, size, offset);
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t offset) {
    RECORDED(fd, offset, total(parts, count),
             syscall(SYS_pwritev, fd, parts, count, offset, (long)0));
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset) {
    return pwritev64(fd, parts, count, offset);
}

int ftruncate64(int fd, off64_t length) {
    RECORDED(fd, length, INT64_MAX - length, syscall(SYS_ftruncate, fd, length));
}

int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }

/* By name, as Redis cuts off a torn end when it starts. */
int truncate64(const char *name, off64_t length) {
    if (journal < 0) return syscall(SYS_truncate, name, length);
    int fd = syscall(SYS_openat, AT_FDCWD, name, O_WRONLY | O_CLOEXEC);
    if (fd < 0) return -1;
    int done = ftruncate64(fd, length), error = errno;
    close(fd);
    errno = error;
    return done;
}

int truncate(const char *name, off_t length) { return truncate64(name, length); }

/* What it does to bytes that are there depends on the mode. */
int fallocate64(int fd, int mode, off64_t offset, off64_t size) {
    RECORDED(fd, offset, INT64_MAX - offset, syscall(SYS_fallocate, fd, mode, offset, size));
}

int fallocate(int fd, int mode, off_t offset, off_t size) {
    return fallocate64(fd, mode, offset, size);
}

int posix_fallocate64(int fd, off64_t offset, off64_t size) {
    int before = errno, error = fallocate64(fd, 0, offset, size) ? errno : 0;
    errno = before;
    return error;
}

int posix_fallocate(int fd, off_t offset, off_t size) {
    return posix_fallocate64(fd, offset, size);
}

/* ---- Syncs, of files and of folders ---- */

static int sync_by(long number, int fd) {
    if (!is_seen(fd, S_IFREG) && !is_seen(fd, S_IFDIR)) return syscall(number, fd);
    wait_while_held();
    if (sync_fails()) return -1;

    struct stat stat;
    pthread_mutex_lock(&lock);
    if (fstat(fd, &stat)) give_up("fstat");
    struct record record = {SYNC_BEGUN, next_serial(), stat.st_ino, 0, 0, stat.st_size, 0};
    put(&record, NULL);
    pthread_mutex_unlock(&lock);

    if (syscall(number, fd)) return -1;

    pthread_mutex_lock(&lock);
    record.kind = SYNC_DONE;
    put(&record, NULL);
    pthread_mutex_unlock(&lock);
    return 0;
}

int fsync(int fd) { return sync_by(SYS_fsync, fd); }
int fdatasync(int fd) { return sync_by(SYS_fdatasync, fd); }

/* ---- Names ---- */

/* The absolute path of `name` in the folder `at`; 0 when it is not on the disk. */
static int absolute(int at, const char *name, char path[PATH_MAX]) {
    char parent[PATH_MAX] = ".", folder[PATH_MAX];
    if (journal < 0 || !name) return 0;
    const char *slash = strrchr(name, '/');
    if (slash) snprintf(parent, sizeof parent, "%.*s", (int)(slash - name) + 1, name);
    int fd = syscall(SYS_openat, at, parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return 0;
    int is = path_of(fd, folder) && is_on_disk(folder);
    close(fd);
    const char *last = slash ? slash + 1 : name;
    return is && snprintf(path, PATH_MAX, "%s/%s", folder, last) < PATH_MAX;
}

/* The number of the folder in which `path` stands. */
static uint64_t folder_of(const char *path) {
    struct stat stat;
    char folder[PATH_MAX];
    snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(path, '/') - path), path);
    return fstatat(AT_FDCWD, folder, &stat, 0) ? 0 : stat.st_ino;
}

/* Keeps what stands at `path` from vanishing, under the number of its record. */
static void bury(const char *path, uint64_t serial) {
    char grave[PATH_MAX + 32];
    snprintf(grave, sizeof grave, "%s/%llu", graves, (unsigned long long)serial);
    if (syscall(SYS_linkat, AT_FDCWD, path, AT_FDCWD, grave, 0) && errno != ENOENT) {
        give_up("a grave");
    }
}

/* Before a file is opened so that it is emptied: its bytes. Answers whether it was there. */
static int before_opening(const char *path, int flags) {
    struct stat stat;
    if (fstatat(AT_FDCWD, path, &stat, 0)) return 0;
    if ((flags & O_TRUNC) && S_ISREG(stat.st_mode) && stat.st_size) {
        int fd = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
        if (fd >= 0) {
            put_change(fd, 0, stat.st_size);
            close(fd);
        }
    }
    return 1;
}

static void after_creating(const char *path) {
    struct stat stat;
    if (fstatat(AT_FDCWD, path, &stat, AT_SYMLINK_NOFOLLOW)) return;
    struct record record = {CREATED, next_serial(), stat.st_ino, folder_of(path),
                            0,       0,             strlen(path)};
    put(&record, path);
}

static int open_by(int at, const char *name, int flags, mode_t mode) {
    char path[PATH_MAX];
    int before = errno;
    int is_change = (flags & (O_CREAT | O_TRUNC)) && absolute(at, name, path);
    errno = before;
    if (!is_change) return syscall(SYS_openat, at, name, flags, mode);
    pthread_mutex_lock(&lock);
    int was_there = before_opening(path, flags);
    int fd = -1, error;
    /* A full disk has no room for a new file. */
    if (was_there || !write_fails()) fd = syscall(SYS_openat, at, name, flags, mode);
    error = errno;
    if (fd >= 0 && !was_there) after_creating(path);
    pthread_mutex_unlock(&lock);
    errno = error;
    return fd;
}

#define MODE(flags, last)                                 \
    mode_t mode = 0;                                      \
    if ((flags) & O_CREAT || ((flags) & O_TMPFILE) == O_TMPFILE) { \
        va_list rest;                                     \
        va_start(rest, last);                             \
        mode = va_arg(rest, mode_t);                      \
        va_end(rest);                                     \
    }

int open64(const char *name, int flags, ...) {
    MODE(flags, flags)
    return open_by(AT_FDCWD, name, flags, mode);
}

int open(const char *name, int flags, ...) {
    MODE(flags, flags)
    return open_by(AT_FDCWD, name, flags, mode);
}

int openat64(int at, const char *name, int flags, ...) {
    MODE(flags, flags)
    return open_by(at, name, flags, mode);
}

int openat(int at, const char *name, int flags, ...) {
    MODE(flags, flags)
    return open_by(at, name, flags, mode);
}

int creat64(const char *name, mode_t mode) {
    return open_by(AT_FDCWD, name, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

int creat(const char *name, mode_t mode) { return creat64(name, mode); }

/* What fortified programs call instead, without a mode. */
int __open_2(const char *name, int flags) { return open_by(AT_FDCWD, name, flags, 0); }
int __open64_2(const char *name, int flags) { return open_by(AT_FDCWD, name, flags, 0); }

FILE *fopen64(const char *name, const char *how) {
    /* Libraries open files while they are loaded, some of them before this one is. */
    FILE *(*libc_fopen)(const char *, const char *) = dlsym(RTLD_NEXT, "fopen64");
    char path[PATH_MAX];
    int before = errno;
    int is_change = how[0] != 'r' && absolute(AT_FDCWD, name, path);
    errno = before;
    if (!is_change) return libc_fopen(name, how);
    pthread_mutex_lock(&lock);
    int was_there = before_opening(path, how[0] == 'w' ? O_TRUNC : 0);
    FILE *file = NULL;
    if (was_there || !write_fails()) file = libc_fopen(name, how);
    int error = errno;
    if (file && !was_there) after_creating(path);
    pthread_mutex_unlock(&lock);
    errno = error;
    return file;
}

FILE *fopen(const char *name, const char *how) { return fopen64(name, how); }

int renameat2(int from_at, const char *from, int to_at, const char *to, unsigned flags) {
    char paths[2 * PATH_MAX], new[PATH_MAX];
    int before = errno;
    int is_change = absolute(from_at, from, paths) && absolute(to_at, to, new);
    errno = before;
    if (!is_change) return syscall(SYS_renameat2, from_at, from, to_at, to, flags);
    pthread_mutex_lock(&lock);
    struct stat stat;
    if (!fstatat(AT_FDCWD, paths, &stat, AT_SYMLINK_NOFOLLOW)) {
        uint64_t old_length = strlen(paths);
        strcpy(paths + old_length + 1, new);
        struct record record = {RENAMED, next_serial(), stat.st_ino,
                                folder_of(new), 0, 0, old_length + 1 + strlen(new)};
        bury(new, record.serial);
        put(&record, paths);
    }
    int done = syscall(SYS_renameat2, from_at, from, to_at, to, flags), error = errno;
    pthread_mutex_unlock(&lock);
    errno = error;
    return done;
}

int renameat(int from_at, const char *from, int to_at, const char *to) {
    return renameat2(from_at, from, to_at, to, 0);
}

int rename(const char *from, const char *to) {
    return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int unlinkat(int at, const char *name, int flags) {
    char path[PATH_MAX];
    struct stat stat;
    int before = errno;
    int is_change = !(flags & AT_REMOVEDIR) && absolute(at, name, path) &&
                    !fstatat(AT_FDCWD, path, &stat, AT_SYMLINK_NOFOLLOW);
    errno = before;
    if (!is_change) return syscall(SYS_unlinkat, at, name, flags);
    pthread_mutex_lock(&lock);
    struct record record = {REMOVED, next_serial(), stat.st_ino, folder_of(path),
                            0,       0,             strlen(path)};
    bury(path, record.serial);
    put(&record, path);
    int done = syscall(SYS_unlinkat, at, name, flags), error = errno;
    pthread_mutex_unlock(&lock);
    errno = error;
    return done;
}

int unlink(const char *name) { return unlinkat(AT_FDCWD, name, 0); }

/* ---- The clock ---- */

int clock_gettime(clockid_t clock, struct timespec *time) {
    int failed = libc_clock_gettime ? libc_clock_gettime(clock, time)
                                    : (int)syscall(SYS_clock_gettime, clock, time);
    int is_time_of_day = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
    int64_t shift = switches ? switches->clock_ns : 0;
    if (failed || !is_time_of_day || !shift) return failed;
    const int64_t second = 1000000000;
    int64_t sum = time->tv_sec * second + time->tv_nsec + shift;
    time->tv_sec = sum / second;
    time->tv_nsec = sum % second;
    return 0;
}

int gettimeofday(struct timeval *time, void *zone) {
    struct timespec precise;
    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &precise)) return -1;
    time->tv_sec = precise.tv_sec;
    time->tv_usec = precise.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *into) {
    struct timespec precise;
    if (clock_gettime(CLOCK_REALTIME, &precise)) return -1;
    if (into) *into = precise.tv_sec;
    return precise.tv_sec;
}
