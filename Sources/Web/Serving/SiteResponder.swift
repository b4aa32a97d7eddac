import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Pages

/// What is known of a request besides itself: the connection's other end.
struct SiteContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// nil for a unix socket.
    let address: String?

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        address = source.channel.remoteAddress?.ipAddress
    }
}

/// Answers a request: who asks, for what, and with which headers.
struct SiteResponder: HTTPResponder {
    let site: Site
    let gate: Gate

    func respond(to request: Request, context: SiteContext) async throws -> Response {
        guard request.method == .get || request.method == .head else {
            return response(
                SiteBody("GET and HEAD are understood.\n", SiteBody.text, status: 405), to: request,
                [.allow: "GET, HEAD"])
        }
        let path = request.uri.path
        if path == "/healthz" {
            let body =
                site.isHealthy
                ? SiteBody("ok\n", SiteBody.text)
                : SiteBody("the store does not answer\n", SiteBody.text, status: 503)
            return response(body, to: request)
        }
        let claim = Gate.Claim(
            address: context.address, remoteUsers: request.headers[values: .remoteUser],
            authorization: request.headers[.authorization])
        switch await gate.answer(claim) {
        case .challenge:
            return response(
                SiteBody("A name and a password are wanted.\n", SiteBody.text, status: 401), to: request,
                [.wwwAuthenticate: "Basic realm=\"Customs\", charset=\"UTF-8\""])
        case .refused(let why): return response(SiteBody(why + "\n", SiteBody.text, status: 403), to: request)
        case .visitor(let visitor):
            if path == "/" { site.noteOverview() }
            return response(await body(path, request.uri.query, visitor), to: request)
        }
    }

    private func body(_ path: String, _ query: String?, _ visitor: Visitor) async -> SiteBody {
        do throws(AddressError) {
            let target = try Address.target(path: path, query: query, isPublic: visitor.role != .staff)
            return await site.body(of: target, for: visitor)
        } catch {
            return site.message(error, for: Permission(visitor: visitor))
        }
    }

    private func response(_ body: SiteBody, to request: Request, _ more: HTTPFields = [:]) -> Response {
        var headers = SiteResponder.headers
        for field in more { headers.append(field) }
        headers[.contentType] = body.contentType
        if body.contentType == PageFile.svg.contentType {
            // a picture that is a file of its own has its style in it
            headers[.contentSecurityPolicy] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
        }
        // what one visitor may see is not for another one
        headers[.cacheControl] =
            body.maximumAge > 0 ? "public, max-age=\(body.maximumAge), immutable" : "private, no-cache"
        headers[.vary] = "Accept-Encoding, Authorization"
        headers[.location] = body.location
        if body.status == 503 { headers[.retryAfter] = "5" }
        if body.status == 200 {
            headers[.eTag] = body.tag
            if request.headers[.ifNoneMatch].map({ SiteResponder.matches($0, body.tag) }) == true {
                return Response(status: .notModified, headers: headers)
            }
        }
        var bytes = body.plain
        if let compressed = body.compressed, SiteResponder.takesGzip(request.headers[.acceptEncoding]) {
            bytes = compressed
            headers[.contentEncoding] = "gzip"
        }
        headers[.contentLength] = String(bytes.readableBytes)
        return Response(
            status: HTTPResponse.Status(code: body.status), headers: headers,
            body: request.method == .head ? ResponseBody() : ResponseBody(byteBuffer: bytes))
    }

    /// Of all responses. The pages need no script, no frame and no other place.
    private static let headers: HTTPFields = [
        .contentSecurityPolicy: "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
            + "base-uri 'none'; frame-ancestors 'none'",
        .xContentTypeOptions: "nosniff", .referrerPolicy: "no-referrer",
        .crossOriginResourcePolicy: "same-origin", .server: "customs",
    ]

    /// `If-None-Match` (RFC 9110, section 13.1.2).
    private static func matches(_ header: String, _ tag: String) -> Bool {
        header.split(separator: ",").contains { part in
            let wanted = part.drop { $0 == " " }
            return wanted == "*" || wanted == tag || wanted == "W/" + tag
        }
    }

    /// Whether the client takes gzip (RFC 9110, section 12.5.3).
    private static func takesGzip(_ header: String?) -> Bool {
        (header ?? "").lowercased().split(separator: ",").contains { part in
            let words = part.filter { $0 != " " && $0 != "\t" }.split(separator: ";")
            guard words.first == "gzip" || words.first == "*" else { return false }
            return !words.dropFirst().contains {
                $0 == "q=0" || $0.hasPrefix("q=0.0") && $0.allSatisfy { "q=0.".contains($0) }
            }
        }
    }
}

extension HTTPField.Name {
    fileprivate static let remoteUser = field("X-Remote-User")
    fileprivate static let referrerPolicy = field("Referrer-Policy")
    fileprivate static let crossOriginResourcePolicy = field("Cross-Origin-Resource-Policy")

    /// The names here are valid ones.
    private static func field(_ name: String) -> HTTPField.Name { HTTPField.Name(name) ?? .server }
}
