/// A response read from a ``ClientSocket``: its head, and its body without the framing.
final class ClientStream {
  let socket: ClientSocket
  private(set) var status = 0
  private(set) var fields: [String: String] = [:]
  /// The field names in lower case, including duplicates.
  private(set) var fieldNames: [String] = []
  private(set) var body: [UInt8] = []
  /// Whether the response is complete: by its last chunk, its length, or the end of the connection.
  private(set) var isComplete = false
  private var raw: [UInt8] = []
  private var isChunked = false
  private var length: Int?
  private var hasBody = true

  /// Sends a request, by default one for a stream.
  init(
    port: Int, _ method: String = "GET", _ path: String = "/events/a", fields: [String] = [],
    version: String = "1.1",
    receiveBuffer: Int? = nil
  ) throws {
    socket = try ClientSocket(port: port, receiveBuffer: receiveBuffer)
    try ask(method, path, fields: fields, version: version)
  }

  /// Sends another request. The previous response must be complete.
  func ask(_ method: String, _ path: String, fields: [String] = [], version: String = "1.1") throws {
    hasBody = method != "HEAD"
    let lines = ["\(method) \(path) HTTP/\(version)", "Host: 127.0.0.1"] + fields
    try socket.send(lines.joined(separator: "\r\n") + "\r\n\r\n")
  }

  /// Whether no bytes follow the response.
  var hasNothingLeft: Bool { raw.isEmpty }

  /// Reads until the head is complete.
  func readHead() throws {
    while true {
      if let end = raw.firstRange(of: Array("\r\n\r\n".utf8)) {
        try parseHead(String(decoding: raw[..<end.lowerBound], as: UTF8.self))
        raw.removeSubrange(..<end.upperBound)
        return try unframe()
      }
      let bytes = try socket.receive()
      try require(!bytes.isEmpty, "the connection ended before a response's head")
      raw += bytes
    }
  }

  /// Reads until the body has at least `count` bytes, in steps of at most `most` bytes.
  func readBody(atLeast count: Int, atMostAtOnce most: @autoclosure () -> Int = 65536) throws {
    while body.count < count {
      try require(!isComplete, "the response ended after \(body.count) bytes; expected \(count)")
      try readMore(most())
    }
  }

  /// Reads until the response is complete.
  func readToEnd() throws {
    while !isComplete { try readMore(65536) }
  }

  private func readMore(_ most: Int) throws {
    let bytes = try socket.receive(most)
    if bytes.isEmpty {
      try require(!isChunked && length == nil, "the connection ended in the middle of a framed response")
      isComplete = true
    }
    raw += bytes
    try unframe()
  }

  private func parseHead(_ head: String) throws {
    fields = [:]
    fieldNames = []
    body = []
    let lines = head.split(separator: "\r\n")
    let parts = lines.first?.split(separator: " ") ?? []
    try require(parts.count >= 2 && parts[0].hasPrefix("HTTP/1."), "the status line is \(lines.first ?? "")")
    status = Int(parts[1]) ?? 0
    for line in lines.dropFirst() {
      let sides = line.split(separator: ":", maxSplits: 1)
      try require(sides.count == 2, "a field line is \(line)")
      fieldNames.append(sides[0].lowercased())
      fields[sides[0].lowercased()] = sides[1].drop { $0 == " " }.description
    }
    isChunked = fields["transfer-encoding"]?.lowercased() == "chunked"
    length = fields["content-length"].flatMap { Int($0) }
    isComplete = !hasBody || status == 204 || status == 304 || length == 0
  }

  private func unframe() throws {
    guard !isComplete else { return }
    if !isChunked {
      let count = min(raw.count, length.map { $0 - body.count } ?? .max)
      body += raw[..<count]
      raw.removeSubrange(..<count)
      if let length, body.count == length { isComplete = true }
      return
    }
    while let end = raw.firstRange(of: [13, 10]) {
      let line = String(decoding: raw[..<end.lowerBound], as: UTF8.self)
      guard let size = Int(line, radix: 16) else { throw ContractViolation("a chunk's size is \(line)") }
      guard raw.count >= end.upperBound + size + 2 else { return }
      let data = raw[end.upperBound..<(end.upperBound + size)]
      try require(Array(raw[data.endIndex..<(data.endIndex + 2)]) == [13, 10], "a chunk does not end with CR LF")
      body += data
      raw.removeSubrange(..<(data.endIndex + 2))
      if size == 0 {
        isComplete = true
        return
      }
    }
  }
}
