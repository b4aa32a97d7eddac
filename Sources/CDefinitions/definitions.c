#include "CDefinitions.h"

// The assembler copies the file: as an array of numbers it would take the compiler ten seconds.
__asm__(".pushsection .rodata\n"
        ".global customs_definitions, customs_definitions_end\n"
        "customs_definitions:\n"
        ".incbin \"questions.md\"\n"
        "customs_definitions_end:\n"
        ".popsection\n");
