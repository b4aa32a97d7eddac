#include <sqlite3.h>

/// Turns off SQLite's memory statistics, which take a lock that all threads share. To be called before the first
/// connection. It is C because Swift cannot call a function with a variable number of arguments.
static inline int sqlite_leave_memory_uncounted(void) { return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); }
