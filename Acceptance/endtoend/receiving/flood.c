/* Sends records as fast as the kernel takes them, 64 a call: flood udp PORT | unix PATH, COUNT, FIRST.

   Each is the text of standard input with the 32 digits of its own number in place of 32 `#`. It says
   how many the kernel has taken. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { BATCH = 64, LONGEST = 2048 };

static int connected(const char *kind, const char *where) {
    struct sockaddr_in internet = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(where))};
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    int is_unix = strcmp(kind, "unix") == 0;
    int descriptor = socket(is_unix ? AF_UNIX : AF_INET, SOCK_DGRAM, 0);
    internet.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    strncpy(local.sun_path, where, sizeof local.sun_path - 1);
    const struct sockaddr *address = is_unix ? (struct sockaddr *)&local : (struct sockaddr *)&internet;
    socklen_t size = is_unix ? sizeof local : sizeof internet;
    return descriptor >= 0 && connect(descriptor, address, size) == 0 ? descriptor : -1;
}

int main(int count, char **words) {
    static char texts[BATCH][LONGEST];
    struct iovec pieces[BATCH];
    struct mmsghdr messages[BATCH] = {0};
    char digits[33];
    if (count != 5) return 64;
    int descriptor = connected(words[1], words[2]);
    size_t length = fread(texts[0], 1, LONGEST, stdin);
    char *place = memmem(texts[0], length, "################################", 32);
    if (descriptor < 0 || !place) return 1;
    size_t number_at = (size_t)(place - texts[0]);
    for (int i = 0; i < BATCH; i++) {
        if (i > 0) memcpy(texts[i], texts[0], length);
        pieces[i] = (struct iovec){texts[i], length};
        messages[i].msg_hdr.msg_iov = &pieces[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    long total = atol(words[3]);
    unsigned long first = strtoul(words[4], NULL, 10);
    long sent = 0;
    while (sent < total) {
        int batch = total - sent < BATCH ? (int)(total - sent) : BATCH;
        for (int i = 0; i < batch; i++) {
            snprintf(digits, sizeof digits, "%032lx", first + (unsigned long)(sent + i));
            memcpy(texts[i] + number_at, digits, 32);
        }
        int taken = sendmmsg(descriptor, messages, (unsigned)batch, 0);
        if (taken < 0 && errno == EINTR) continue;
        if (taken < 0) break;
        sent += taken;
    }
    printf("%ld\n", sent);
    return sent == total ? 0 : 1;
}
