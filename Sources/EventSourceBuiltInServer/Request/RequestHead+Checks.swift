// The fuzzer compiles these files without EventSourceServer, together with the file that they need from it.
#if canImport(EventSourceServer)
  import EventSourceServer
#endif

extension RequestHead {
  /// Validates a request whose lines are well-formed, and determines how its body is framed.
  ///
  /// - Parameter minorVersion: The `y` of `HTTP/1.y`. Anything above 1 is served as 1 (RFC 9110, 2.5).
  init(
    method: String,
    target: String,
    minorVersion: Int,
    fields: [Field],
    limits: RequestLimits
  ) throws(RequestRejection) {
    var framing = FramingFields()
    var kept: [Field] = []
    kept.reserveCapacity(fields.count)
    for field in fields where try !framing.take(field) { kept.append(field) }

    let (path, authority) = try RequestHead.originForm(of: target, method: method)
    if framing.hosts > 1 { throw RequestRejection("more than one Host field") }
    if framing.hosts == 0, minorVersion > 0 { throw RequestRejection("no Host field") }
    if let authority {
      for index in kept.indices where kept[index].name.isASCIICaseInsensitive("host") {
        kept[index].value = authority
      }
    }
    self.method = method
    self.target = path
    self.fields = kept
    self.framing = try framing.framing(minorVersion: minorVersion, limits: limits)
    takesChunks = minorVersion > 0
    keepsAlive = minorVersion > 0 && !framing.saysClose
    expectsContinue = try framing.expectsContinue() && minorVersion > 0 && self.framing.hasBody
  }

  /// Converts a target to origin-form: a path with an optional query, or `*` (RFC 9112, 3.2).
  private static func originForm(
    of target: String,
    method: String
  ) throws(RequestRejection) -> (target: String, authority: String?) {
    if target == "*" {
      guard method == "OPTIONS" else { throw RequestRejection("the target \"*\" is for OPTIONS only") }
      return (target, nil)
    }
    guard let (origin, authority) = RequestTarget.originForm(of: target) else {
      throw RequestRejection("the request target is neither a path nor an http URL")
    }
    return (origin, authority)
  }
}

/// The combined meaning of the fields that frame a message (RFC 9112, 6 and 9.3; RFC 9110, 10.1.1).
private struct FramingFields {
  var hosts = 0
  var saysClose = false
  private var lengths: [String] = []
  private var codings: [String] = []
  private var expectations: [String] = []

  /// Records a field. Returns `true` if the field is not passed to the application.
  mutating func take(_ field: RequestHead.Field) throws(RequestRejection) -> Bool {
    if field.name.isASCIICaseInsensitive("content-length") {
      lengths.append(field.value)
    } else if field.name.isASCIICaseInsensitive("transfer-encoding") {
      codings.append(field.value)
    } else if field.name.isASCIICaseInsensitive("connection") {
      let options = field.value.utf8.split { $0 == UInt8(ascii: ",") || $0.isWhitespace }
      saysClose = saysClose || options.contains { Substring($0).isASCIICaseInsensitive("close") }
    } else if field.name.isASCIICaseInsensitive("trailer") {
    } else {
      if field.name.isASCIICaseInsensitive("host") {
        hosts += 1
        guard field.value.utf8.allSatisfy(RequestTarget.isAuthorityByte) else {
          throw RequestRejection("the Host field is not a host")
        }
      } else if field.name.isASCIICaseInsensitive("expect") {
        expectations.append(field.value)
      }
      return false
    }
    return true
  }

  func framing(minorVersion: Int, limits: RequestLimits) throws(RequestRejection) -> RequestHead.Framing {
    if let coding = codings.first {
      if !lengths.isEmpty { throw RequestRejection("both Content-Length and Transfer-Encoding") }
      if minorVersion == 0 { throw RequestRejection("Transfer-Encoding in an HTTP/1.0 request") }
      if codings.count > 1 { throw RequestRejection("more than one Transfer-Encoding field") }
      guard coding.isASCIICaseInsensitive("chunked") else {
        throw RequestRejection(status: 501, "chunked is the only supported Transfer-Encoding")
      }
      return .chunked
    }
    guard let length = lengths.first else { return .length(0) }
    if lengths.count > 1 { throw RequestRejection("more than one Content-Length field") }
    guard !length.isEmpty, length.utf8.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }) else {
      throw RequestRejection("the Content-Length is not a number")
    }
    guard let count = Int(length), count <= limits.bodyBytes else {
      throw RequestRejection(status: 413, "the body is larger than \(limits.bodyBytes) bytes")
    }
    return .length(count)
  }

  func expectsContinue() throws(RequestRejection) -> Bool {
    guard let expectation = expectations.first else { return false }
    guard expectations.count == 1, expectation.isASCIICaseInsensitive("100-continue") else {
      throw RequestRejection(status: 417, "100-continue is the only supported expectation")
    }
    return true
  }
}
