/* The least that a scan can cost: passes the descriptor of INPUT_FILE to the
   clamd at argv[1] and reads the answer. Exit 0 when the answer ends in OK. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    char control[CMSG_SPACE(sizeof(int))] = { 0 };
    char byte = 0, reply[1024];
    struct iovec data = { &byte, 1 };
    struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    ssize_t n, length = 0;
    int input, clamd;

    if (argc != 2 || !getenv("INPUT_FILE"))
        return 2;
    input = open(getenv("INPUT_FILE"), O_RDONLY);
    clamd = socket(AF_UNIX, SOCK_STREAM, 0);
    strncpy(address.sun_path, argv[1], sizeof address.sun_path - 1);
    if (input < 0 || connect(clamd, (struct sockaddr *)&address, sizeof address) < 0)
        return 2;
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &input, sizeof input);
    if (write(clamd, "zFILDES", 8) != 8 || sendmsg(clamd, &message, 0) != 1)
        return 2;
    while ((n = read(clamd, reply + length, sizeof reply - length)) > 0)
        length += n;
    return length >= 4 && !memcmp(reply + length - 4, " OK", 4) ? 0 : 1;
}
