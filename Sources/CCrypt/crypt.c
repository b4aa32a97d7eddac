#include "CCrypt.h"

#include <crypt.h>
#include <stdlib.h>
#include <string.h>

int customs_password_matches(const char *password, const char *setting) {
    void *data = NULL;
    int size = 0;
    const char *hash = crypt_ra(password, setting, &data, &size);
    int result = -1;
    if (hash != NULL && hash[0] != '*') {
        const size_t length = strlen(setting);
        unsigned char difference = strlen(hash) != length;
        for (size_t place = 0; place < length && hash[place] != 0; place++) {
            difference |= (unsigned char)(hash[place] ^ setting[place]);
        }
        result = difference == 0;
    }
    if (data != NULL) {
        explicit_bzero(data, (size_t)size);
        free(data);
    }
    return result;
}
