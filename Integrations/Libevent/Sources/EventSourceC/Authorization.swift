public import CEventSource
import EventSourceServer
import Glibc

// Implements the part "Authorization" of the header, which documents the functions.

/// The authorizer of a C program.
// Sendable, because the header requires that the program's functions can be called on any thread.
struct ProgramAuthorizer: ChannelAuthorizer, @unchecked Sendable {
  /// The program's answer.
  fileprivate struct Answer: Sendable {
    var authorization: ChannelAuthorization
    /// The identity whose other streams must end.
    var replaced: String?
  }

  fileprivate static let pending = PendingAnswers<Answer>()

  private let functions: es_authorizer
  private let context: ProgramContext
  /// The hub where the caller's other streams end. Set when streams are mounted.
  var hub: EventHub?

  init(_ authorizer: es_authorizer) throws(Failure) {
    _ = try required(authorizer.authorize, "the authorizer's authorize")
    functions = authorizer
    context = ProgramContext(authorizer.context, release: authorizer.release)
  }

  func authorize(
    _ request: any EventStreamRequest, for channels: [ChannelName]
  ) async throws -> ChannelAuthorization {
    let answer = try await PendingAnswer(in: Self.pending).wait { handle in
      let lent = LentText()
      withExtendedLifetime(lent) {
        var lentRequest = lent.request(request)
        lentRequest.channels = lent.array(channels.map { lent.pointer($0.rawValue) })
        lentRequest.channel_count = channels.count
        functions.authorize(context.pointer, handle, &lentRequest)
      }
    } cancelled: { handle in
      functions.cancelled?(context.pointer, handle)
    }
    // Runs in the request's own task before its stream opens, so the new stream is not affected.
    if let replaced = answer.replaced { hub?.revokeStreams(of: replaced) }
    return answer.authorization
  }
}

/// See the header.
@c @implementation
public func es_request_field(
  _ request: UnsafePointer<es_request>!, _ name: UnsafePointer<CChar>!
) -> UnsafePointer<CChar>! {
  guard let request = request?.pointee, let name, let fields = request.fields else { return nil }
  return UnsafeBufferPointer(start: fields, count: max(0, request.field_count)).first {
    $0.name != nil && strcasecmp($0.name, name) == 0
  }?.value
}

/// See the header.
@c @implementation
public func es_authorization_grant(
  _ authorization: OpaquePointer!, _ expires_after_ms: Int64, _ identity: UnsafePointer<CChar>!
) -> es_status {
  reporting {
    try ProgramAuthorizer.pending.answer(authorization, "authorization") {
      guard expires_after_ms > 0 || expires_after_ms == ES_NONE else {
        throw Failure(.invalidValue, "a grant cannot be valid for \(expires_after_ms) ms")
      }
      let identity = try Text.optional(identity, "identity")
      return .success(
        ProgramAuthorizer.Answer(
          authorization: .granted(
            ChannelGrant(
              expiresAfter: expires_after_ms == ES_NONE ? nil : .milliseconds(expires_after_ms), identity: identity))))
    }
  }
}

/// See the header.
@c @implementation
public func es_authorization_answer(
  _ authorization: OpaquePointer!, _ grant: UnsafePointer<es_grant>!
) -> es_status {
  reporting {
    try ProgramAuthorizer.pending.answer(authorization, "authorization") {
      let given = try es_grant(reading: required(grant, "grant"))
      guard given.expires_after_ms >= 0 || given.expires_after_ms == ES_NONE else {
        throw Failure(.invalidValue, "a grant cannot be valid for \(given.expires_after_ms) ms")
      }
      guard given.replaces == 0 || given.replaces == 1 else {
        throw Failure(.invalidValue, "replaces in a grant cannot be \(given.replaces); expected 0 or 1")
      }
      let identity = try Text.optional(given.identity, "identity")
      guard given.replaces == 0 || identity != nil else {
        throw Failure(.invalidValue, "a grant with replaces set needs an identity")
      }
      var granted = ChannelGrant(
        expiresAfter: given.expires_after_ms > 0 ? .milliseconds(given.expires_after_ms) : nil, identity: identity)
      if let channels = given.channels {
        let names = try Text.channels(channels, given.channel_count)
        granted.channels = Set(names)
        if let aliases = given.aliases {
          for (name, alias) in zip(names, UnsafeBufferPointer(start: aliases, count: names.count)) where alias != nil {
            granted.aliases[name] = try Text.channel(alias)
          }
        }
      } else if given.channel_count != 0 {
        throw Failure(.nullArgument, "channels in the grant is NULL")
      }
      return .success(
        ProgramAuthorizer.Answer(authorization: .granted(granted), replaced: given.replaces == 1 ? identity : nil))
    }
  }
}

/// See the header.
@c @implementation
public func es_authorization_reject(
  _ authorization: OpaquePointer!, _ status: Int32, _ reason: UnsafePointer<CChar>!,
  _ fields: UnsafePointer<es_field>!, _ field_count: Int
) -> es_status {
  reporting {
    try ProgramAuthorizer.pending.answer(authorization, "authorization") {
      .success(
        ProgramAuthorizer.Answer(
          authorization: .rejected(try EventStreamRejection(status, reason, fields, field_count))))
    }
  }
}

/// See the header.
@c @implementation
public func es_authorization_fail(_ authorization: OpaquePointer!, _ reason: UnsafePointer<CChar>!) -> es_status {
  reporting {
    try ProgramAuthorizer.pending.answer(authorization, "authorization") {
      .failure(ProgramError(description: try Text.optional(reason, "reason") ?? "no reason was given"))
    }
  }
}

extension EventStreamRejection {
  /// Reads a rejection of the header.
  init(
    _ status: Int32, _ reason: UnsafePointer<CChar>?, _ fields: UnsafePointer<es_field>?, _ fieldCount: Int
  ) throws {
    guard (400...599).contains(status) || status == 204 else {
      throw Failure(.invalidValue, "the status of a rejection cannot be \(status)")
    }
    self.init(
      status: Int(status), fields: try Text.fields(fields, fieldCount),
      reason: try Text.optional(reason, "reason") ?? "")
  }
}
