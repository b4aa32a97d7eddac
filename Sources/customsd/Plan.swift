import Listen
import Logging
import Settings
import Store

/// The settings with all their texts understood, so that nothing wrong in them is found later than at the start.
struct Plan: Sendable {
    let settings: Settings
    let listen: [ListenAddress]
    /// The store, without secrets.
    let store: String
    let http: (host: String, port: Int)?
    let level: Logger.Level

    /// - Throws: `Failure` with 78.
    init(_ settings: Settings) throws {
        self.settings = settings
        do throws(ListenError) {
            var addresses: [ListenAddress] = []
            for text in settings.listen { addresses.append(try ListenAddress(text)) }
            listen = addresses
        } catch {
            throw Failure(78, error.description)
        }
        do throws(StoreError) {
            store = try StoreLocation(settings.store).description
        } catch {
            throw Failure(78, error.description)
        }
        guard let level = Logger.Level(rawValue: settings.log.level) else {
            throw Failure(78, "log level '\(settings.log.level)' is none of swift-log's")
        }
        self.level = level
        http = try settings.http.map(Plan.hostAndPort)
    }

    private static func hostAndPort(_ text: String) throws -> (String, Int) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            throw Failure(78, "http '\(text)': write HOST:PORT")
        }
        let host = text[..<colon].filter { $0 != "[" && $0 != "]" }
        return (host.isEmpty ? "127.0.0.1" : host, Int(port))
    }
}
