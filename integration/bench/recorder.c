/* Stands between a unit and its charm, and between a charm and its hook tools, and writes down what each cost.
 *
 * As `dispatch` it runs REAL with TOOLS first on PATH; under a hook tool's name it runs the next one of that name on
 * PATH. One line for each run goes to RECORDS, times in microseconds:
 *
 *     KIND NAME ARGUMENT wall CPU KILOBYTES
 *
 * KIND is `hook` or `tool`, ARGUMENT the hook's path or the tool's last argument. CPU and the largest resident memory
 * include the processes that it started.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static long long microseconds(struct timeval t) {
    return t.tv_sec * 1000000LL + t.tv_usec;
}

/* Becomes the next program of that name on PATH. */
static void become_next(const char *name, char **argv) {
    static char path[4096];
    const char *rest = getenv("PATH");
    while (rest && *rest) {
        size_t length = strcspn(rest, ":");
        if (length != strlen(TOOLS) || strncmp(rest, TOOLS, length) != 0) {
            snprintf(path, sizeof path, "%.*s/%s", (int)length, rest, name);
            execv(path, argv);
        }
        rest += length + (rest[length] == ':');
    }
}

int main(int argc, char **argv) {
    const char *slash = strrchr(argv[0], '/');
    const char *name = slash ? slash + 1 : argv[0];
    int hook = strcmp(name, "dispatch") == 0;
    const char *argument = hook ? getenv("JUJU_DISPATCH_PATH") : argc > 1 ? argv[argc - 1] : "-";
    if (!argument || !*argument || strpbrk(argument, " \n"))
        argument = "-";

    long long start = now();
    pid_t child = fork();
    if (child == 0) {
        if (hook) {
            static char path[8192];
            snprintf(path, sizeof path, "%s:%s", TOOLS, getenv("PATH") ? getenv("PATH") : "");
            setenv("PATH", path, 1);
            execv(REAL, argv);
        } else {
            become_next(name, argv);
        }
        perror(name);
        _exit(127);
    }
    int status = 127 << 8;
    struct rusage usage = {0};
    if (child > 0)
        wait4(child, &status, 0, &usage);

    char line[1024];
    int length = snprintf(line, sizeof line, "%s %s %s %lld %lld %ld\n", hook ? "hook" : "tool", name, argument,
                          now() - start, microseconds(usage.ru_utime) + microseconds(usage.ru_stime), usage.ru_maxrss);
    int records = open(RECORDS, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (records >= 0 && length > 0 && length < (int)sizeof line && write(records, line, length) < 0)
        perror(RECORDS);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
