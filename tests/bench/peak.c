/* Runs argv[1...] and prints its exit status and peak memory in KiB. In C, and
   small, since the kernel counts the memory of whoever starts a program. */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct rusage usage;
    int status;
    pid_t child = fork();

    if (argc < 2 || child < 0)
        return 2;
    if (child == 0) {
        execv(argv[1], argv + 1);
        _exit(127);
    }
    if (wait4(child, &status, 0, &usage) < 0)
        return 2;
    printf("%d %ld\n", status, usage.ru_maxrss);
    return 0;
}
