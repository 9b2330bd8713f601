/// A response, as seen by a client.
struct TestResponse: Sendable {
  var status: Int
  var fields: [(name: String, value: String)]
  var body: [UInt8]

  var text: String { String(decoding: body, as: UTF8.self) }
  var closes: Bool { self["Connection"] == "close" }

  subscript(name: String) -> String? { fields.first { $0.name.lowercased() == name.lowercased() }?.value }

  /// Parses a complete response at the beginning of the bytes. Returns `nil` if there is none yet.
  ///
  /// - Parameter isWhole: Whether a body that is delimited only by the connection's end has ended.
  init?(_ received: [UInt8], toHead: Bool, isWhole: Bool, taken: inout Int) {
    let end = Array("\r\n\r\n".utf8)
    guard let headEnd = received.firstRange(of: end) else { return nil }
    let lines = String(decoding: received[..<headEnd.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
    status = Int(lines[0].split(separator: " ")[1])!
    fields = lines.dropFirst().map { line in
      let sides = line.split(separator: ":", maxSplits: 1)
      return (name: String(sides[0]), value: String(sides[1].drop { $0 == " " }))
    }
    body = []
    taken = headEnd.upperBound
    let hasBody = !toHead && status >= 200 && status != 204 && status != 304
    if hasBody, let length = fields.first(where: { $0.name == "Content-Length" }).flatMap({ Int($0.value) }) {
      guard received.count - taken >= length else { return nil }
      body = Array(received[taken..<taken + length])
      taken += length
    } else if hasBody {
      guard isWhole else { return nil }
      body = Array(received[taken...])
      taken = received.count
    }
  }
}

extension String {
  fileprivate func components(separatedBy separator: String) -> [String] {
    var parts: [String] = []
    var rest = self[...]
    while let range = rest.firstRange(of: separator) {
      parts.append(String(rest[..<range.lowerBound]))
      rest = rest[range.upperBound...]
    }
    return parts + [String(rest)]
  }
}

extension TestClient {
  /// Waits for one response and consumes it.
  func response(toHead: Bool = false, within seconds: Double = 10) async throws -> TestResponse {
    try await take(within: seconds) { received, end in
      var taken = 0
      let response = TestResponse(received, toHead: toHead, isWhole: end != nil, taken: &taken)
      if let response { return (taken, response) }
      if let end {
        throw Failure(description: "\(end) before a response: \(String(decoding: received, as: UTF8.self))")
      }
      return nil
    }
  }

  /// Sends a request and waits for its response.
  func exchange(_ request: String, toHead: Bool = false) async throws -> TestResponse {
    send(request)
    return try await response(toHead: toHead)
  }
}
