#include "CVersion.h"

// `make build` writes commit.h. A plain `swift build` works without it.
#if __has_include("commit.h")
#include "commit.h"
#else
#define CUSTOMS_COMMIT ""
#endif

const char *customs_commit(void) { return CUSTOMS_COMMIT; }
