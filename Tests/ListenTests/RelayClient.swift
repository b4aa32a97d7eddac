import Glibc
import Listen
import Sockets
import Testing

/// A client over TLS with a certificate: the openssl command, which sends what it reads from a pipe.
final class RelayClient {
    private let pem = SamplePEM()
    private let process: pid_t
    private let input: Int32

    /// Begins a connection.
    ///
    /// - Parameter isCertified: whether it shows the certificate of `SamplePEM`.
    init(to address: ListenAddress, isCertified: Bool = true) throws {
        let (host, port) = try #require(address.streamEnd)
        var arguments = ["openssl", "s_client", "-quiet", "-connect", "\(host):\(port)"]
        if isCertified {
            arguments += ["-cert", try pem.file("relay.pem", SamplePEM.certificate)]
            arguments += ["-key", try pem.file("relay.key", SamplePEM.key)]
        }
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        // another client must not keep this one's input open
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var files = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&files)
        defer { posix_spawn_file_actions_destroy(&files) }
        posix_spawn_file_actions_adddup2(&files, ends[0], 0)
        for output: Int32 in [1, 2] { posix_spawn_file_actions_addopen(&files, output, "/dev/null", O_WRONLY, 0) }
        var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var process: pid_t = 0
        let code = posix_spawnp(&process, "openssl", &files, nil, &words, environ)
        close(ends[0])
        self.process = process
        input = ends[1]
        try #require(code == 0, "no openssl (Debian: apt-get install openssl)")
    }

    deinit {
        close(input)
        kill(process, SIGKILL)
        waitpid(process, nil, 0)
    }

    func send(_ text: String) -> Bool { write(input, text, text.utf8.count) == text.utf8.count }
}
