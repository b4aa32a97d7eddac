#ifndef CCRYPT_H
#define CCRYPT_H

#include <stddef.h>

/// Hashes a password as crypt(3) does, with the method and the salt of `setting`, and compares the result with
/// `setting` in a time that does not depend on where they differ.
///
/// Returns 1 if they are the same, 0 if not, and -1 if the method is not known here or there is no memory.
int customs_password_matches(const char *password, const char *setting);

#endif
