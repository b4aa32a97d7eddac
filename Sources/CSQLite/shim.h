#include <sqlite3.h>

/// Before the first connection: has memory allocated without counting it, under a lock that all threads share. Swift sees no
/// function of a varying number of arguments.
static inline int sqlite_leave_memory_uncounted(void) { return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); }
