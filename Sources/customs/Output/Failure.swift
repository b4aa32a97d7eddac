import HookTree
import Store

/// The exit codes of `sysexits.h`.
enum SystemExit: Int32 {
    case usage = 64
    case noInput = 66
    case unavailable = 69
    case software = 70
    /// A question needed more memory or time than it may take.
    case limit = 71
    case ioError = 74
    /// Records were lost, without an error of this program.
    case lost = 75
    case configuration = 78
}

/// An end of the program with a reason for the user.
struct Failure: Error {
    let code: SystemExit
    let description: String

    init(_ code: SystemExit, _ description: String) {
        self.code = code
        self.description = description
    }
}

extension HookTreeError {
    var exitCode: SystemExit {
        switch self {
        case .refused: .usage
        case .noSource: .noInput
        case .system: .unavailable
        }
    }
}

extension StoreError {
    var exitCode: SystemExit {
        switch self {
        case .unavailable, .busy, .schema: .unavailable
        case .badLocation: .usage
        case .unacceptable, .refused, .positionMoved, .setBack: .software
        }
    }
}
