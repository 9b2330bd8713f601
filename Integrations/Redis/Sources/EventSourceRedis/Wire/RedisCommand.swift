/// An encoded command: an array of bulk strings (RESP2).
struct RedisCommand: Sendable {
  let bytes: [UInt8]

  /// Creates a command of words and further arguments.
  init(_ words: [String], _ rest: RedisArguments) {
    let words = RedisArguments(words)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(16 + words.bytes.count + rest.bytes.count)
    bytes.append(UInt8(ascii: "*"))
    bytes.append(decimal: words.count + rest.count)
    bytes += [UInt8(ascii: "\r"), UInt8(ascii: "\n")]
    bytes += words.bytes
    bytes += rest.bytes
    self.bytes = bytes
  }

  init(_ words: String...) { self.init(words, RedisArguments()) }
}

/// Arguments of a command, encoded.
struct RedisArguments: Sendable {
  private(set) var bytes: [UInt8] = []
  private(set) var count = 0

  init(_ words: [String] = []) { for word in words { append(word) } }

  mutating func append(_ word: String) { append(word.utf8) }

  mutating func append(_ argument: some Collection<UInt8>) {
    count += 1
    bytes.append(UInt8(ascii: "$"))
    bytes.append(decimal: argument.count)
    bytes += [UInt8(ascii: "\r"), UInt8(ascii: "\n")]
    bytes += argument
    bytes += [UInt8(ascii: "\r"), UInt8(ascii: "\n")]
  }
}

extension [UInt8] {
  /// Appends a number that is not negative, in decimal.
  mutating func append(decimal number: Int) {
    if number >= 10 { append(decimal: number / 10) }
    append(UInt8(ascii: "0") + UInt8(number % 10))
  }
}
