import CFuzzer
import Glibc

var count = CommandLine.argc
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
exit(
    LLVMFuzzerRunDriver(&count, &arguments) { data, size in
        if let data { check(UnsafeRawBufferPointer(start: data, count: size)) }
        return 0
    })
