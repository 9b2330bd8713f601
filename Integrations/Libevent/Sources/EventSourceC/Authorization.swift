public import CEventSource
import EventSourceServer
import Glibc

// The header's part "Authorization", which documents the functions.

/// The authorizer of a C program.
// Sendable, because the program's functions may be called on any thread, as the header demands of them.
struct ProgramAuthorizer: ChannelAuthorizer, @unchecked Sendable {
  /// What the program has answered.
  fileprivate struct Answer: Sendable {
    var authorization: ChannelAuthorization
    /// The streams of this identity are to end.
    var replaced: String?
  }

  fileprivate static let pending = PendingAnswers<Answer>()

  private let functions: es_authorizer
  private let context: ProgramContext
  /// Where a caller's other streams are ended; set when streams are mounted.
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
        let fields = request.fields.map { (name: $0.name, value: $0.value) }
        var lentRequest = es_request(
          size: MemoryLayout<es_request>.size, method: lent.pointer(request.method),
          target: lent.pointer(request.target),
          peer: request.peer.map { lent.pointer($0) }, fields: lent.fields(fields), field_count: fields.count,
          channels: lent.array(channels.map { lent.pointer($0.rawValue) }), channel_count: channels.count)
        functions.authorize(context.pointer, handle, &lentRequest)
      }
    } cancelled: { handle in
      functions.cancelled?(context.pointer, handle)
    }
    // From the request's own task, so that its own stream is not concerned.
    if let replaced = answer.replaced { hub?.revoke(identity: replaced) }
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
  _ authorization: OpaquePointer!, _ valid_for_ms: Int64, _ identity: UnsafePointer<CChar>!
) -> es_status {
  reporting {
    try ProgramAuthorizer.pending.answer(authorization, "authorization") {
      guard valid_for_ms > 0 || valid_for_ms == ES_NONE else {
        throw Failure(.invalidValue, "a grant cannot be valid for \(valid_for_ms) ms")
      }
      let identity = try Text.optional(identity, "identity")
      return .success(
        ProgramAuthorizer.Answer(
          authorization: .granted(
            ChannelGrant(validFor: valid_for_ms == ES_NONE ? nil : .milliseconds(valid_for_ms), identity: identity))))
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
      guard given.valid_for_ms >= 0 || given.valid_for_ms == ES_NONE else {
        throw Failure(.invalidValue, "a grant cannot be valid for \(given.valid_for_ms) ms")
      }
      guard given.replaces == 0 || given.replaces == 1 else {
        throw Failure(.invalidValue, "replaces in a grant cannot be \(given.replaces); allowed is 0 or 1")
      }
      let identity = try Text.optional(given.identity, "identity")
      guard given.replaces == 0 || identity != nil else {
        throw Failure(.invalidValue, "a grant that replaces needs an identity")
      }
      var granted = ChannelGrant(
        validFor: given.valid_for_ms > 0 ? .milliseconds(given.valid_for_ms) : nil, identity: identity)
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
public func es_authorization_refuse(
  _ authorization: OpaquePointer!, _ status: Int32, _ reason: UnsafePointer<CChar>!,
  _ fields: UnsafePointer<es_field>!, _ field_count: Int
) -> es_status {
  reporting {
    try ProgramAuthorizer.pending.answer(authorization, "authorization") {
      guard (400...599).contains(status) || status == 204 else {
        throw Failure(.invalidValue, "the status of a refusal cannot be \(status)")
      }
      return .success(
        ProgramAuthorizer.Answer(
          authorization: .refused(
            EventStreamRefusal(
              status: Int(status), fields: try Text.fields(fields, field_count),
              reason: try Text.optional(reason, "reason") ?? ""))))
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
