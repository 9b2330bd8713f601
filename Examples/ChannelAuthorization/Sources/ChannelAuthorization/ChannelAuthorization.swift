import EventSourceBuiltInServer
import EventSourceServer
import Foundation
import JWTKit

/// The content of a token: the reader, the channels that the reader may read, and the expiry.
struct ReaderToken: JWTPayload {
  var sub: SubjectClaim
  var exp: ExpirationClaim
  var channels: [String]

  func verify(using algorithm: some JWTAlgorithm) throws { try exp.verifyNotExpired() }
}

/// Grants the channels in the request's signed token until the token expires.
struct TokenAuthorizer: ChannelAuthorizer {
  let keys: JWTKeyCollection

  func authorize(
    _ request: any EventStreamRequest, for channels: [ChannelName]
  ) async throws -> EventSourceServer.ChannelAuthorization {
    guard let field = request.fields.values(of: "Authorization").first, field.hasPrefix("Bearer "),
      let token = try? await keys.verify(String(field.dropFirst("Bearer ".count)), as: ReaderToken.self)
    else { return .rejected(.unauthorized()) }
    let readable = Set(channels.filter { token.channels.contains($0.rawValue) })
    guard !readable.isEmpty else { return .rejected(.forbidden) }
    let rest = token.exp.value.timeIntervalSinceNow
    return .granted(ChannelGrant(expiresAfter: .seconds(rest), identity: token.sub.value, channels: readable))
  }
}

@main struct Program {
  static func main() async throws {
    let keys = JWTKeyCollection()
    // A key for this run only. A real key comes from the application's secret store.
    await keys.add(hmac: HMACKey(from: (0..<32).map { _ in UInt8.random(in: 0...255) }), digestAlgorithm: .sha256)
    let hub = EventHub(channels: ["public", "staff"])
    let server = BuiltInServer()
    server.mount(EventStreamHandler(hub, authorizer: TokenAuthorizer(keys: keys)), at: "/events/{channel}")

    server.route("POST", at: "/publish/{channel}") { request in
      let id = try hub.publish(request.text, to: ChannelName(request.pathParameters["channel"] ?? ""))
      return .text("\(id)\n", status: 202)
    }
    // The application decides who gets a token. Here everyone gets one for "public", and Anna also gets "staff".
    server.route("POST", at: "/tokens/{name}") { request in
      let name = request.pathParameters["name"] ?? ""
      let channels = name == "anna" ? ["public", "staff"] : ["public"]
      let token = ReaderToken(
        sub: .init(value: name), exp: .init(value: Date(timeIntervalSinceNow: 60)), channels: channels)
      return .text(try await keys.sign(token))
    }
    server.route("DELETE", at: "/readers/{name}") { request in
      hub.revokeStreams(of: request.pathParameters["name"] ?? "")
      return .text("", status: 204)
    }
    try await server.run { address in
      print(
        """
        Listening on \(address.url)

          token=$(curl -s -d '' \(address.url)/tokens/anna)
          curl -N -H "Authorization: Bearer $token" \(address.url)/events/staff
          curl -d 'for staff only' \(address.url)/publish/staff
          curl -X DELETE \(address.url)/readers/anna
        """)
      fflush(nil)
    }
  }
}
