#ifndef CDEFINITIONS_H
#define CDEFINITIONS_H

#include <stddef.h>

extern const unsigned char customs_definitions[];
extern const unsigned char customs_definitions_end[];

/// docs/questions.md as it was when the program was built: UTF-8, without a zero at its end.
static inline const unsigned char *customs_definitions_text(void) { return customs_definitions; }

/// Its length, bytes.
static inline size_t customs_definitions_size(void) {
    return (size_t)(customs_definitions_end - customs_definitions);
}

#endif
