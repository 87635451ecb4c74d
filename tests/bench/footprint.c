/* Runs argv[2...] and prints what it costs in memory. With "faults" as argv[1]:
   its minor page faults. With "private": the most anonymous memory that it had,
   in KiB, which is what no other process shares with it; the pages of its file
   belong to all processes that run it.

   Memory can only shrink in a system call, so a look at the beginning of each
   one, and at the end, sees the peak. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static long anonymous(pid_t child)
{
    char path[64], line[256];
    long kib = 0;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)child);
    if (!(file = fopen(path, "r")))
        return 0;
    while (fgets(line, sizeof line, file))
        if (sscanf(line, "Anonymous: %ld", &kib) == 1)
            break;
    fclose(file);
    return kib;
}

static int faults(char **command)
{
    struct rusage usage;
    int status;
    pid_t child = vfork(); /* fork would add faults of this program */

    if (child == 0) {
        execv(command[0], command);
        _exit(127);
    }
    if (child < 0 || wait4(child, &status, 0, &usage) < 0 || status != 0)
        return 2;
    printf("%ld\n", usage.ru_minflt);
    return 0;
}

static int private(char **command)
{
    long most = 0, now;
    int status;
    pid_t child = fork();

    if (child == 0) {
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        execv(command[0], command);
        _exit(127);
    }
    if (child < 0 || waitpid(child, &status, 0) < 0 || !WIFSTOPPED(status))
        return 2;
    ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_EXITKILL);
    while (ptrace(PTRACE_SYSCALL, child, 0, 0) == 0 && waitpid(child, &status, 0) == child && WIFSTOPPED(status)) {
        now = anonymous(child);
        most = now > most ? now : most;
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return 2;
    printf("%ld\n", most);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 2 && !strcmp(argv[1], "faults"))
        return faults(argv + 2);
    if (argc > 2 && !strcmp(argv[1], "private"))
        return private(argv + 2);
    return 2;
}
