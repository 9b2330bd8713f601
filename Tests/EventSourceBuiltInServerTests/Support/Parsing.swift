@testable import EventSourceBuiltInServer

/// Returns the outcome for a connection's bytes that arrive in these pieces: each request with its body, or the
/// rejection.
func transcript(_ pieces: [[UInt8]], limits: RequestLimits = RequestLimits()) -> [String] {
  var said: [String] = []
  var parser = RequestHeadParser(limits: limits)
  var head: RequestHead?
  var body: RequestBodyParser?
  do throws(RequestRejection) {
    for piece in pieces {
      var rest = piece
      while !rest.isEmpty {
        if body != nil {
          rest.removeFirst(try body!.parse(rest.span))
        } else {
          let (consumed, complete) = try parser.parse(rest.span)
          rest.removeFirst(consumed)
          head = complete
          body = complete.map { RequestBodyParser($0.framing, limits: limits) }
        }
        if let whole = body, whole.isComplete, let complete = head {
          said.append("\(complete) \(String(decoding: whole.bytes, as: UTF8.self))")
          parser = RequestHeadParser(limits: limits)
          body = nil
        }
      }
    }
  } catch {
    said.append("\(error.status) \(error.reason)")
  }
  return said
}

/// Returns the first request in the text, whose head must be complete.
func parsedHead(_ text: String, limits: RequestLimits = RequestLimits()) throws -> RequestHead? {
  var parser = RequestHeadParser(limits: limits)
  return try parser.parse(Array(text.utf8).span).head
}

/// Returns the status with which a request is rejected, or `nil` if it is accepted.
func rejection(_ text: some Collection<UInt8>, limits: RequestLimits = RequestLimits()) -> Int? {
  transcript([Array(text)], limits: limits).last.flatMap { Int($0.prefix(3)) }
}
