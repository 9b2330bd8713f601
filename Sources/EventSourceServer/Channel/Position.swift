internal import EventSourceFormat

/// A place in one life of a channel, after the event with this number. Numbers begin at 1, so 0 is before the first
/// event.
struct Position: Hashable {
  /// The life of a channel. Every life of every channel of a hub has its own incarnation, so a channel that is removed
  /// and opened again, or forgotten and created again, is distinguished from its earlier life.
  var incarnation: UInt64
  var number: UInt64
}

/// The format of positions as event IDs. `k3f9x2ab1-17` is the seventeenth event of the first channel.
///
/// This type creates every ID that a hub generates and parses every ID that a reader sends back. Eight random
/// characters identify the hub, even if ``EventHub/Configuration/idPrefix`` is configured, so an ID from before a
/// restart is never taken for one of this hub.
struct PositionForm: Sendable {
  /// The prefix of all generated IDs.
  let prefix: String

  private static let digits = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)

  init(configured: String?) {
    let random = (0..<8).map { _ in Self.digits.randomElement()! }
    prefix = (configured.map { $0 + "." } ?? "") + String(decoding: random, as: UTF8.self)
  }

  /// Returns the prefix of one incarnation's IDs, before the number.
  func prefix(of incarnation: UInt64) -> String {
    var digits: [UInt8] = []
    var rest = incarnation
    repeat {
      digits.append(Self.digits[Int(rest % 32)])
      rest /= 32
    } while rest > 0
    return prefix + String(decoding: digits.reversed(), as: UTF8.self) + "-"
  }

  func text(_ position: Position) -> String { "\(prefix(of: position.incarnation))\(position.number)" }

  /// Returns the position that an ID names, or `nil` if the ID is not exactly as ``text(_:)`` writes it.
  func position(in id: String) -> Position? {
    guard id.utf8.count > prefix.utf8.count else { return nil }
    return id.withBytes { bytes in
      guard bytes.starts(with: prefix.utf8) else { return nil }
      let rest = bytes[prefix.utf8.count...]
      guard let dash = rest.firstIndex(of: UInt8(ascii: "-")),
        let incarnation = Self.value(rest[..<dash], base: 32, digit: { Self.digits.firstIndex(of: $0) }),
        let number = Self.value(rest[(dash + 1)...], base: 10, digit: { $0 >= 48 && $0 <= 57 ? Int($0) - 48 : nil })
      else { return nil }
      return Position(incarnation: incarnation, number: number)
    }
  }

  /// Returns the value of digits without leading zeros.
  private static func value(
    _ digits: Slice<UnsafeBufferPointer<UInt8>>, base: UInt64, digit: (UInt8) -> Int?
  ) -> UInt64? {
    guard let first = digits.first, digits.count == 1 || first != UInt8(ascii: "0") else { return nil }
    var value: UInt64 = 0
    for byte in digits {
      guard let digit = digit(byte) else { return nil }
      let (product, isTooLarge) = value.multipliedReportingOverflow(by: base)
      let (sum, isTooLargeYet) = product.addingReportingOverflow(UInt64(digit))
      guard !isTooLarge, !isTooLargeYet else { return nil }
      value = sum
    }
    return value
  }
}
