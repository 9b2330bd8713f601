// For any bytes, split in any way, the request parsers give the same result and never trap.
//
// Compiled with only the files of Sources/EventSourceBuiltInServer/Request and the files of EventSourceServer that they
// need.

/// Returns the outcome for a connection's bytes that arrive in pieces: each request, or the rejection that ends the
/// connection.
private func transcript(_ bytes: UnsafeBufferPointer<UInt8>, nextPiece: () -> Int) -> String {
  let limits = RequestLimits(headBytes: 512, targetBytes: 64, fieldCount: 8, bodyBytes: 256, chunkOverheadBytes: 64)
  var said = ""
  var headParser = RequestHeadParser(limits: limits)
  var head: RequestHead?
  var body: RequestBodyParser?
  var start = 0
  do throws(RequestRejection) {
    while start < bytes.count {
      let end = min(bytes.count, start + max(1, nextPiece()))
      while start < end {
        let rest = Span(_unsafeElements: UnsafeBufferPointer(rebasing: bytes[start..<end]))
        if let current = body {
          var current = current
          start += try current.parse(rest)
          body = current
        } else {
          let (consumed, complete) = try headParser.parse(rest)
          start += consumed
          head = complete
          if let complete { body = RequestBodyParser(complete.framing, limits: limits) }
        }
        if let head, let complete = body, complete.isComplete {
          precondition(complete.bytes.count <= limits.bodyBytes)
          said += "\(head) \(complete.bytes)\n"
          headParser = RequestHeadParser(limits: limits)
          body = nil
        }
      }
    }
  } catch {
    said += "\(error.status) \(error.reason)"
  }
  return said
}

/// The entry point for libFuzzer.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzRequestHead(_ data: UnsafePointer<UInt8>, _ count: Int) -> Int32 {
  guard count > 1 else { return 0 }
  // The first byte determines the splits.
  let bytes = UnsafeBufferPointer(start: data + 1, count: count - 1)
  let whole = transcript(bytes) { bytes.count }
  var state = UInt32(data[0]) &* 2_654_435_761 | 1
  let cut = transcript(bytes) {
    state = state &* 1_664_525 &+ 1_013_904_223
    return Int(state >> 24) % (data[0] < 128 ? 4 : 64)
  }
  precondition(whole == cut, "cut pieces answered otherwise")
  return 0
}
