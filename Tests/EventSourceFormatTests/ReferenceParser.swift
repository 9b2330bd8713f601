#if canImport(EventSourceFormat)
  import EventSourceFormat
#endif

/// The standard's algorithm, step by step, over the whole input at once. Slow and as simple as possible, for
/// comparison.
///
/// Decode as UTF-8, split into lines, and process each line (WHATWG HTML 9.2.6).
struct ReferenceParser {
  private(set) var elements: [EventStreamParser.Element] = []
  private(set) var lastEventID: String

  init(_ bytes: [UInt8], lastEventID: String = "") {
    self.lastEventID = lastEventID
    var idBuffer = lastEventID
    var typeBuffer = ""
    var dataBuffer = ""
    for line in Self.lines(Self.decode(bytes)) {
      guard let first = line.first else {
        self.lastEventID = idBuffer
        if !dataBuffer.isEmpty {
          dataBuffer.unicodeScalars.removeLast()
          let type = typeBuffer.isEmpty ? "message" : typeBuffer
          elements.append(.event(ReceivedEvent(type: type, data: dataBuffer, lastEventID: idBuffer)))
        }
        dataBuffer = ""
        typeBuffer = ""
        continue
      }
      if first == ":" {
        elements.append(.comment(Self.text(line.dropFirst())))
        continue
      }
      let colon = line.firstIndex(of: ":")
      let field = Self.text(line[..<(colon ?? line.endIndex)])
      var value = colon.map { line[line.index(after: $0)...] } ?? []
      if value.first == " " { value = value.dropFirst() }
      switch field {
      case "event": typeBuffer = Self.text(value)
      case "data":
        dataBuffer.unicodeScalars.append(contentsOf: value)
        dataBuffer.unicodeScalars.append("\n")
      case "id":
        if !value.contains("\0") { idBuffer = Self.text(value) }
      case "retry":
        if !value.isEmpty, value.allSatisfy({ ("0"..."9").contains($0) }) {
          elements.append(.reconnectionTime(.milliseconds(Int64(Self.text(value)) ?? .max)))
        }
      default: break
      }
    }
  }

  /// Returns the lines that are complete.
  private static func lines(_ scalars: [Unicode.Scalar]) -> [ArraySlice<Unicode.Scalar>] {
    var lines: [ArraySlice<Unicode.Scalar>] = []
    var start = 0
    var index = 0
    while index < scalars.count {
      if scalars[index] == "\n" || scalars[index] == "\r" {
        lines.append(scalars[start..<index])
        if scalars[index] == "\r", index + 1 < scalars.count, scalars[index + 1] == "\n" { index += 1 }
        start = index + 1
      }
      index += 1
    }
    return lines
  }

  /// Decodes UTF-8 (WHATWG Encoding 4.1.1), and removes a byte order mark.
  private static func decode(_ bytes: [UInt8]) -> [Unicode.Scalar] {
    var scalars: [Unicode.Scalar] = []
    var index = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    while index < bytes.count {
      let byte = bytes[index]
      index += 1
      var needed: Int
      var value: UInt32
      var allowed: ClosedRange<UInt8> = 0x80...0xBF
      switch byte {
      case 0x00...0x7F: (needed, value) = (0, UInt32(byte))
      case 0xC2...0xDF: (needed, value) = (1, UInt32(byte & 0x1F))
      case 0xE0...0xEF:
        (needed, value) = (2, UInt32(byte & 0x0F))
        if byte == 0xE0 { allowed = 0xA0...0xBF }
        if byte == 0xED { allowed = 0x80...0x9F }
      case 0xF0...0xF4:
        (needed, value) = (3, UInt32(byte & 0x07))
        if byte == 0xF0 { allowed = 0x90...0xBF }
        if byte == 0xF4 { allowed = 0x80...0x8F }
      default:
        scalars.append("\u{FFFD}")
        continue
      }
      while needed > 0, index < bytes.count, allowed.contains(bytes[index]) {
        value = value << 6 | UInt32(bytes[index] & 0x3F)
        allowed = 0x80...0xBF
        needed -= 1
        index += 1
      }
      scalars.append(needed == 0 ? Unicode.Scalar(value)! : "\u{FFFD}")
    }
    return scalars
  }

  private static func text(_ scalars: some Sequence<Unicode.Scalar>) -> String {
    var text = String.UnicodeScalarView()
    text.append(contentsOf: scalars)
    return String(text)
  }
}

/// Returns elements as bytes, because string equality is canonical equivalence.
func bytes(of elements: [EventStreamParser.Element]) -> [[[UInt8]]] {
  elements.map { element in
    switch element {
    case .event(let event): [[1], Array(event.type.utf8), Array(event.data.utf8), Array(event.lastEventID.utf8)]
    case .comment(let text): [[2], Array(text.utf8)]
    case .reconnectionTime(let time): [[3], Array("\(time)".utf8)]
    }
  }
}
