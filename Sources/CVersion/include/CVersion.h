#ifndef CUSTOMS_CVERSION_H
#define CUSTOMS_CVERSION_H

/// The commit that this was built from, as `git describe --always --dirty` names it: "" where the build did not know it.
///
/// It is C, because `make build` writes it into a header that only C can leave out where it is missing.
const char *customs_commit(void);

#endif
