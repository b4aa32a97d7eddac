#define _GNU_SOURCE
#include "reason.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

void tls_take_reason(char why[TLS_REASON_BYTES]) {
    int system = errno;
    unsigned long error = ERR_peek_error();
    const char *reason = NULL;
    if (error && ERR_SYSTEM_ERROR(error)) {
        system = ERR_GET_REASON(error);
    } else if (error) {
        reason = ERR_reason_error_string(error);
        if (!reason) reason = "an error without a name";
    }
    if (reason) {
        snprintf(why, TLS_REASON_BYTES, "%s", reason);
    } else if (system) {
        // GNU's strerror_r may return a text of its own instead of writing one
        char text[TLS_REASON_BYTES];
        snprintf(why, TLS_REASON_BYTES, "%s", strerror_r(system, text, sizeof text));
    } else {
        snprintf(why, TLS_REASON_BYTES, "the connection was closed");
    }
    ERR_clear_error();
}
