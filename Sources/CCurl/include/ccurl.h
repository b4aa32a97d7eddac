#ifndef CUSTOMS_CCURL_H
#define CUSTOMS_CCURL_H

#include <stddef.h>

/* One HTTP request by libcurl, whose options are variadic and so out of Swift's reach. */

struct ccurl_answer {
    long status;
    /* Owned by the caller: ccurl_free. Never NULL after a call that returned 0. */
    char *body;
    size_t length;
    /* The answer was longer than `limit`. */
    int is_cut;
    /* Why there is none, if the call did not return 0. */
    char error[256];
};

/*
 * Asks `url` and waits for the whole answer, at most `seconds`.
 *
 * unix_socket: connect to this path, or NULL. headers: lines `Name: value`, ended by NULL. body: posted as JSON, or NULL
 * for GET. Returns 0, or libcurl's code. Redirects are not followed, proxies not used.
 */
int ccurl_request(const char *url, const char *unix_socket, const char *const *headers, const char *body, long seconds,
                  size_t limit, struct ccurl_answer *answer);

void ccurl_free(struct ccurl_answer *answer);

#endif
