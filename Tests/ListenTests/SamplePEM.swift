import Glibc
import TemporaryFolders
import Testing

/// Certificate and keys of the tests' own, and files with them, in a folder that goes with its owner.
final class SamplePEM {
    private let folder = TemporaryFolder("customs-pem")

    /// Writes a file.
    ///
    /// - Parameter mode: who may read and write it.
    /// - Returns: its path.
    func file(_ name: String, _ text: String, mode: mode_t = 0o600) throws -> String {
        let path = "\(folder.path)/\(name)"
        let file = try #require(fopen(path, "we"))
        defer { fclose(file) }
        try #require(fchmod(fileno(file), mode) == 0)
        try #require(fputs(text, file) >= 0)
        return path
    }

    /// Of localhost, signed by itself; valid for a hundred years.
    static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBljCCATugAwIBAgIUOoWEKtp4EK0csQne3w3jjQYj8iYwCgYIKoZIzj0EAwIw
        FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyOTA4NDYzN1oYDzIxMjYxMTA1
        MDg0NjM3WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
        PQMBBwNCAAQCAvFR7e1Mv+96G1WlRHRak2n+EE0akHdgWxgeU0XmMzm2KMPQQwGf
        OmF7mgp4FFH2aC9M4XrWbfiAaMLrWpJ3o2kwZzAdBgNVHQ4EFgQUh71w22tCsUlT
        szmvL7AEDQPWbhIwHwYDVR0jBBgwFoAUh71w22tCsUlTszmvL7AEDQPWbhIwDwYD
        VR0TAQH/BAUwAwEB/zAUBgNVHREEDTALgglsb2NhbGhvc3QwCgYIKoZIzj0EAwID
        SQAwRgIhAOM4M09mKlIkDUsmg13iJqMV/LOoTZLlbZBCAygcb+JdAiEAm455CrIm
        vN2ysds12O3rOF7INwssCZLgRNO15a4FrvE=
        -----END CERTIFICATE-----

        """

    /// Its key.
    static let key = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgcT80h6Xq21A4vefY
        BT9HAuVwlaOjQUMf/THh8wd3O8ChRANCAAQCAvFR7e1Mv+96G1WlRHRak2n+EE0a
        kHdgWxgeU0XmMzm2KMPQQwGfOmF7mgp4FFH2aC9M4XrWbfiAaMLrWpJ3
        -----END PRIVATE KEY-----

        """

    /// Another key.
    static let otherKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg+AvhdoVNfUKyBgdc
        dwEyxhuD9I/hjRxc+F4ObE0QdKOhRANCAASf5kPuxOSIZWiybiybE0GP2HmRAr/9
        dO5O9y5piYm3OveX6mUikP+5w+070F9A4dEYFavhJ8gFUXWUrcfaUbXD
        -----END PRIVATE KEY-----

        """

    /// The certificate's key with the password "secret" (PKCS#8).
    static let encryptedKey = """
        -----BEGIN ENCRYPTED PRIVATE KEY-----
        MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAgTzKrn8KWoIQICCAAw
        DAYIKoZIhvcNAgkFADAdBglghkgBZQMEAQIEEPnDobaKNPOaCRevbln36VwEgZAa
        3WF+1lYr7u3Nn3QeK9lNUNvIrj9h7VJl9PstlTk8FmlBslOs6TECQzdn0fhp+YdM
        Iw84bUNm2yjlvqV9zKPxJtLKotMOJNtp97PUsVGKzrbE0DCyGXTWpYAsvw95aZsV
        n7rax/19R8/bpTaWx8EScQsrTEc1kwHuoCps0H7A8dP5AjkF0UU+ovnkUzJHyVA=
        -----END ENCRYPTED PRIVATE KEY-----

        """

    /// The same in the older form (RFC 1421).
    static let encryptedOldKey = """
        -----BEGIN EC PRIVATE KEY-----
        Proc-Type: 4,ENCRYPTED
        DEK-Info: AES-128-CBC,79AB9CADBC90A8C4231C1515BB58E03B

        OgAhJ5J3mM0ndCvdm0n7qGC6EKg7jY5Fq49gdYobwYqNG+1GijcT7cJTh4CEMo16
        +YPDvMnjHsb181wFlLstqIqAqK472cYzfaKqCVaDZ+g3xbXIpg1oUoo1gvVhXBwJ
        9QABEM/vxOthZFXudYnduJX4pmif8JY8pKr7QdbmXXc=
        -----END EC PRIVATE KEY-----

        """
}
