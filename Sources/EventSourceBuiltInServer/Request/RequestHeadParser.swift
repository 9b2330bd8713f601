/// Parses the head of a request from chunks of any size, strictly by RFC 9112: lines end only in CR LF, field lines are
/// not folded, and bytes outside the grammar are rejected rather than repaired.
///
/// Pure: no I/O, no clock. The result depends only on the bytes, never on how they are split, because the parser
/// handles one byte at a time. It holds at most ``RequestLimits/headBytes`` bytes. Do not use it again after it threw
/// or returned a head.
struct RequestHeadParser {
  /// The place of the next byte. Each case lists its successors.
  private enum State {
    /// -> emptyLine, method
    case start
    /// After the CR of the single empty line that may precede a request (RFC 9112, 2.2). -> method
    case emptyLine
    /// -> target
    case method
    /// -> version
    case target
    /// -> requestLineEnd
    case version
    /// After the CR. -> fieldStart
    case requestLineEnd
    /// -> name, headEnd
    case fieldStart
    /// -> valueStart
    case name
    /// In the whitespace before a value. -> value, fieldEnd
    case valueStart
    /// -> fieldEnd
    case value
    /// After the CR. -> fieldStart
    case fieldEnd
    /// After the CR of the empty line. -> the end
    case headEnd
  }

  private static let methodBytes = 32

  private let limits: RequestLimits
  private var state = State.start
  private var bytesSeen = 0
  /// The bytes of the current element.
  private var element: [UInt8] = []
  private var method = ""
  private var target = ""
  private var minorVersion = 1
  private var fieldName = ""
  private var fields: [RequestHead.Field] = []

  init(limits: RequestLimits) { self.limits = limits }

  /// The approximate number of bytes that the parser holds.
  var retainedBytes: Int { bytesSeen }

  /// Parses bytes.
  ///
  /// - Returns: The number of bytes that belonged to the head, and the head if it is complete. All bytes belong to an
  ///   incomplete head.
  /// - Throws: The rejection. Do not parse anything after it.
  mutating func parse(_ bytes: Span<UInt8>) throws(RequestRejection) -> (consumed: Int, head: RequestHead?) {
    for index in bytes.indices {
      bytesSeen += 1
      if bytesSeen > limits.headBytes { throw tooLong }
      if try take(bytes[index]) {
        let head = try RequestHead(
          method: method,
          target: target,
          minorVersion: minorVersion,
          fields: fields,
          limits: limits
        )
        return (index + 1, head)
      }
    }
    return (bytes.count, nil)
  }

  private var tooLong: RequestRejection {
    state == .target
      ? RequestRejection(status: 414, "the request target is too long")
      : RequestRejection(status: 431, "the request line and the fields are larger than \(limits.headBytes) bytes")
  }

  /// Parses one byte. Returns `true` if it was the last of the head.
  private mutating func take(_ byte: UInt8) throws(RequestRejection) -> Bool {
    switch state {
    case .start where byte == .carriageReturn: state = .emptyLine
    case .start, .method: try takeMethod(byte)
    case .target: try takeTarget(byte)
    case .version: try takeVersion(byte)
    case .emptyLine: try takeLineFeed(byte, then: .method)
    case .requestLineEnd, .fieldEnd: try takeLineFeed(byte, then: .fieldStart)
    case .fieldStart where byte == .carriageReturn: state = .headEnd
    case .fieldStart where byte.isWhitespace: throw RequestRejection("a line begins with whitespace")
    case .fieldStart, .name: try takeName(byte)
    case .valueStart where byte.isWhitespace: break
    case .valueStart, .value: try takeValue(byte)
    case .headEnd:
      guard byte == .lineFeed else { throw RequestRejection("a CR is not followed by LF") }
      return true
    }
    return false
  }

  private mutating func takeLineFeed(_ byte: UInt8, then next: State) throws(RequestRejection) {
    guard byte == .lineFeed else { throw RequestRejection("a CR is not followed by LF") }
    state = next
  }

  private mutating func takeMethod(_ byte: UInt8) throws(RequestRejection) {
    state = .method
    if byte == .space, !element.isEmpty {
      method = takeElement()
      state = .target
      return
    }
    guard byte.isToken else { throw RequestRejection("the method is not a token") }
    guard element.count < Self.methodBytes else { throw RequestRejection(status: 501, "the method is too long") }
    element.append(byte)
  }

  private mutating func takeTarget(_ byte: UInt8) throws(RequestRejection) {
    if byte == .space, !element.isEmpty {
      target = takeElement()
      state = .version
      return
    }
    guard byte.isTarget else { throw RequestRejection("the request target contains an invalid character") }
    guard element.count < limits.targetBytes else { throw tooLong }
    element.append(byte)
  }

  /// `HTTP/` DIGIT `.` DIGIT and nothing else (RFC 9112, 2.3).
  private mutating func takeVersion(_ byte: UInt8) throws(RequestRejection) {
    let form: StaticString = "HTTP/0.0"
    if byte != .carriageReturn {
      let place = element.count
      guard place < form.utf8CodeUnitCount else { throw RequestRejection("the request line does not end in HTTP/1.1") }
      let expected = form.utf8Start[place]
      let isDigit = byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
      guard expected == UInt8(ascii: "0") ? isDigit : byte == expected else {
        throw RequestRejection("the request line does not end in HTTP/1.1")
      }
      element.append(byte)
      return
    }
    guard element.count == form.utf8CodeUnitCount else {
      throw RequestRejection("the request line does not end in HTTP/1.1")
    }
    guard element[5] == UInt8(ascii: "1") else {
      throw RequestRejection(status: 505, "only HTTP/1.1 and HTTP/1.0 are served")
    }
    minorVersion = Int(element[7] - UInt8(ascii: "0"))
    element.removeAll(keepingCapacity: true)
    state = .requestLineEnd
  }

  private mutating func takeName(_ byte: UInt8) throws(RequestRejection) {
    if state == .fieldStart, fields.count == limits.fieldCount {
      throw RequestRejection(status: 431, "more than \(limits.fieldCount) fields")
    }
    state = .name
    if byte == UInt8(ascii: ":"), !element.isEmpty {
      fieldName = takeElement()
      state = .valueStart
      return
    }
    guard byte.isToken else { throw RequestRejection("a field name is not a token followed by a colon") }
    element.append(byte)
  }

  private mutating func takeValue(_ byte: UInt8) throws(RequestRejection) {
    if byte == .carriageReturn {
      while element.last?.isWhitespace == true { element.removeLast() }
      fields.append(RequestHead.Field(name: fieldName, value: takeElement()))
      state = .fieldEnd
      return
    }
    guard byte.isFieldValue else { throw RequestRejection("a field value contains a control character") }
    state = .value
    element.append(byte)
  }

  /// Returns the element as text. Bytes that are not UTF-8, which can occur only in a field value, become U+FFFD.
  private mutating func takeElement() -> String {
    defer { element.removeAll(keepingCapacity: true) }
    return String(decoding: element, as: UTF8.self)
  }
}
