#ifndef CUSTOMS_CVERSION_H
#define CUSTOMS_CVERSION_H

/// The commit of this build, as `git describe --always --dirty` names it; "" if the build did not know it.
///
/// It is C, because `make build` writes the commit into a header, and only C can do without a missing header.
const char *customs_commit(void);

#endif
