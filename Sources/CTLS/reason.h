#ifndef CUSTOMS_TLS_REASON_H
#define CUSTOMS_TLS_REASON_H

#include "tls.h"

// Writes the earliest error in OpenSSL's queue, or errno if the queue is empty, and empties the queue.
void tls_take_reason(char why[TLS_REASON_BYTES]);

#endif
