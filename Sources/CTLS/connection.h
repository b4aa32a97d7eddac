#ifndef CUSTOMS_TLS_CONNECTION_H
#define CUSTOMS_TLS_CONNECTION_H

#include "tls.h"

#include <openssl/ssl.h>

struct tls_connection {
    SSL *ssl;
    int descriptor;
    size_t budget;        // bytes that the call at hand may still take from the kernel
    int exhausted;        // 1 if it has wanted more than that
    int failed;           // 1 after an error: then OpenSSL must not be called again but to free (SSL_get_error(3))
    unsigned char *ahead; // what OpenSSL has not asked for yet, from `begin` to `end`; NULL if there is nothing
    size_t begin, end;
};

#endif
