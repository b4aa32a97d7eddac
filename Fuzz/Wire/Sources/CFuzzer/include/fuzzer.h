#pragma once

#include <stddef.h>
#include <stdint.h>

/// The entry point of libFuzzer built without a `main` (compiler-rt, FuzzerInterface.h): calls `one_input` with one
/// input after the other, as the options in `argv` say.
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*one_input)(const uint8_t *data, size_t size));
