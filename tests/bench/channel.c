/* One of the channel's jobs: runs argv[3...] argv[1] times, one after the other,
   and looks after each run whether OUTPUT_FILE begins with argv[2]. Prints how often
   it did not, and the CPU time of all runs in microseconds. In C, since a shell
   takes more for starting a program than the program does. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static long micros(struct timeval time)
{
    return time.tv_sec * 1000000L + time.tv_usec;
}

static int begins(const char *path, const char *start)
{
    char line[64] = "";
    FILE *file = fopen(path, "r");

    if (!file)
        return 0;
    if (!fgets(line, sizeof line, file))
        line[0] = 0;
    fclose(file);
    return !strncmp(line, start, strlen(start));
}

int main(int argc, char **argv)
{
    const char *output = getenv("OUTPUT_FILE");
    struct rusage usage;
    long count, missed = 0, cpu = 0;
    int status;

    if (argc < 4 || !output)
        return 2;
    for (count = atol(argv[1]); count > 0; count--) {
        pid_t child = vfork();

        if (child == 0) {
            execv(argv[3], argv + 3);
            _exit(127);
        }
        if (child < 0 || wait4(child, &status, 0, &usage) < 0)
            return 2;
        cpu += micros(usage.ru_utime) + micros(usage.ru_stime);
        missed += status != 0 || !begins(output, argv[2]);
    }
    printf("%ld %ld\n", missed, cpu);
    return 0;
}
