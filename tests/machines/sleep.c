/* A machine that slept, as far as programs can tell: preloaded into each, it moves the clocks that go on in a sleep.
 *
 * Wall time and the time since boot are ahead by the nanoseconds in OFFSET_FILE, which a test changes while they run;
 * CLOCK_MONOTONIC, and all that waits by it, stands as it does in a machine that sleeps.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>

static const volatile int64_t *slept_ns;

__attribute__((constructor)) static void begin(void) {
    int file = open(OFFSET_FILE, O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    void *seen = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, file, 0);
    close(file);
    if (seen != MAP_FAILED) slept_ns = seen;
}

static void move(struct timespec *at) {
    if (slept_ns == NULL) return;
    int64_t ns = at->tv_nsec + *slept_ns % 1000000000;
    at->tv_sec += *slept_ns / 1000000000 + ns / 1000000000;
    at->tv_nsec = ns % 1000000000;
}

int clock_gettime(clockid_t clock, struct timespec *at) {
    int done = syscall(SYS_clock_gettime, clock, at);
    if (done == 0)
        switch (clock) {
        case CLOCK_REALTIME: case CLOCK_REALTIME_COARSE: case CLOCK_TAI: case CLOCK_REALTIME_ALARM:
        case CLOCK_BOOTTIME: case CLOCK_BOOTTIME_ALARM: move(at);
        }
    return done;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone) {
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    at->tv_sec = now.tv_sec;
    at->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *at) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (at != NULL) *at = now.tv_sec;
    return now.tv_sec;
}

/* Files that are touched now: the kernel knows of no sleep. */
static int touch(int folder, const char *path, const struct timespec *times, int flags) {
    struct timespec now[2];
    if (times == NULL) {
        clock_gettime(CLOCK_REALTIME, &now[0]);
        now[1] = now[0];
        times = now;
    }
    return syscall(SYS_utimensat, folder, path, times, flags);
}

int utimensat(int folder, const char *path, const struct timespec times[2], int flags) {
    return touch(folder, path, times, flags);
}

int futimens(int file, const struct timespec times[2]) { return touch(file, NULL, times, 0); }

int utimes(const char *path, const struct timeval times[2]) {
    if (times == NULL) return touch(AT_FDCWD, path, NULL, 0);
    struct timespec given[2] = {{times[0].tv_sec, times[0].tv_usec * 1000}, {times[1].tv_sec, times[1].tv_usec * 1000}};
    return touch(AT_FDCWD, path, given, 0);
}

int utime(const char *path, const struct utimbuf *times) {
    if (times == NULL) return touch(AT_FDCWD, path, NULL, 0);
    struct timespec given[2] = {{times->actime, 0}, {times->modtime, 0}};
    return touch(AT_FDCWD, path, given, 0);
}
