import Glibc
import Listen
import Sockets
import Testing

@Suite struct TLSServerTests {
    private let pem: SamplePEM
    private let certificate: String
    private let key: String

    init() throws {
        pem = SamplePEM()
        certificate = try pem.file("certificate.pem", SamplePEM.certificate)
        key = try pem.file("key.pem", SamplePEM.key)
    }

    /// What is wrong with the files; nil if nothing is.
    private func fault(
        certificate: String? = nil, key: String? = nil, authorities: String? = nil,
        clients: TLSServer.ClientCertificates = .none
    ) -> String? {
        do throws(ListenError) {
            _ = try TLSServer(
                certificate: certificate ?? self.certificate, key: key ?? self.key, clientAuthorities: authorities,
                clientCertificates: clients)
            return nil
        } catch {
            if case .badCertificate(let why) = error { return why }
            return "\(error)"
        }
    }

    @Test("a certificate and its key are taken, with and without authorities for clients") func good() {
        #expect(fault() == nil)
        #expect(fault(authorities: certificate, clients: .optional) == nil)
        #expect(fault(authorities: certificate, clients: .required) == nil)
    }

    @Test("a file that cannot be read is named, with the system's reason") func unreadable() {
        let missing = "No such file or directory; name a file that the daemon's user can read"
        #expect(fault(certificate: "/nowhere/c.pem") == "certificate /nowhere/c.pem: \(missing)")
        #expect(fault(key: "/nowhere/k.pem") == "key /nowhere/k.pem: \(missing)")
        #expect(
            fault(authorities: "/nowhere/a.pem", clients: .required) == "client_ca /nowhere/a.pem: \(missing)")
    }

    @Test("a file without what is wanted is named, with what is wanted") func empty() throws {
        let noise = try pem.file("noise.pem", "noise\n")
        #expect(fault(certificate: noise) == "certificate \(noise): holds no certificate in PEM form (-----BEGIN ...)")
        #expect(fault(certificate: key)?.contains("holds no certificate") == true)
        #expect(fault(key: noise) == "key \(noise): holds no private key in PEM form (-----BEGIN ...)")
        #expect(fault(key: certificate)?.contains("holds no private key") == true)
        #expect(fault(authorities: noise, clients: .optional)?.contains("client_ca \(noise): holds no") == true)
    }

    @Test(
        "a key with a password is refused, and no password is asked for",
        arguments: [
            SamplePEM.encryptedKey, SamplePEM.encryptedOldKey,
        ]) func encrypted(_ text: String) throws
    {
        let encrypted = try pem.file("encrypted.pem", text)
        #expect(
            fault(key: encrypted)
                == "key \(encrypted): is encrypted, and no password is asked for; "
                + "decrypt it with openssl pkey -in \(encrypted) -out NEW")
    }

    @Test("a key of another certificate is refused") func foreign() throws {
        let other = try pem.file("other.pem", SamplePEM.otherKey)
        #expect(fault(key: other) == "key \(other): does not belong to the certificate \(certificate)")
    }

    @Test("a certificate that is damaged is refused") func damaged() throws {
        let damaged = try pem.file(
            "damaged.pem", SamplePEM.certificate.replacing("MIIBljCCATugAwIBAgIU", with: "MIIBljCCATugAwIBAgIV"))
        #expect(fault(certificate: damaged)?.hasPrefix("certificate \(damaged): ") == true)
        #expect(fault(authorities: damaged, clients: .required)?.hasPrefix("client_ca \(damaged): ") == true)
    }

    @Test("a key that others can read or change is refused, with the way out", arguments: [0o604, 0o602, 0o660, 0o601])
    func exposed(_ mode: Int) throws {
        let exposed = try pem.file("exposed.pem", SamplePEM.key, mode: mode_t(mode))
        #expect(
            fault(key: exposed)
                == "key \(exposed): others than its owner may read or change it; run chmod 600 \(exposed)")
    }

    @Test("the group may read a key of root's, and of no other owner") func group() throws {
        let shared = try pem.file("shared.pem", SamplePEM.key, mode: 0o640)
        #expect((fault(key: shared) == nil) == (getuid() == 0))
    }

    @Test("a list of revoked certificates that cannot be used is named") func revocations() throws {
        func fault(_ list: String) -> String? {
            do throws(ListenError) {
                _ = try TLSServer(
                    certificate: certificate, key: key, clientAuthorities: certificate, clientCertificates: .required,
                    revocations: list)
                return nil
            } catch {
                return error.description
            }
        }
        #expect(fault("/nowhere/r.pem")?.contains("crl /nowhere/r.pem: No such file") == true)
        #expect(
            fault(certificate)?
                .hasSuffix("crl \(certificate): holds no list of revoked certificates in PEM form (-----BEGIN ...)")
                == true)
    }

    @Test("names are permitted whatever their case; without a list all are") func permitted() throws {
        func server(_ permitted: [String]) throws -> TLSServer {
            try TLSServer(
                certificate: certificate, key: key, clientAuthorities: certificate, clientCertificates: .required,
                permitted: permitted)
        }
        let some = try server(["Relay.example.org"])
        #expect(some.permits(["other", "relay.EXAMPLE.org"]) && !some.permits(["example.org"]) && !some.permits([]))
        #expect(try server([]).permits([]))
    }

    @Test("client certificates are not checked against nothing") func noAuthorities() {
        #expect(fault(clients: .required)?.contains("client_ca") == true)
    }
}
