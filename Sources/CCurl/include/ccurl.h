#ifndef CUSTOMS_CCURL_H
#define CUSTOMS_CCURL_H

#include <stddef.h>

/* One HTTP request by libcurl, because Swift cannot call its variadic functions. */

struct ccurl_answer {
    long status;
    /* Owned by the caller: ccurl_free. Never NULL after a call that returned 0. */
    char *body;
    size_t length;
    /* The answer was longer than `limit`. */
    int is_cut;
    /* The reason of a failure, if the call did not return 0. */
    char error[256];
};

/*
 * Sends a request to `url` and waits for the whole answer, at most `seconds`.
 *
 * unix_socket: connect to this path, or NULL. headers: lines `Name: value`, ended by NULL. body: posted as JSON, or
 * NULL for GET. Returns 0, or libcurl's code. It follows no redirects and uses no proxies.
 */
int ccurl_request(const char *url, const char *unix_socket, const char *const *headers, const char *body, long seconds,
                  size_t limit, struct ccurl_answer *answer);

void ccurl_free(struct ccurl_answer *answer);

#endif
