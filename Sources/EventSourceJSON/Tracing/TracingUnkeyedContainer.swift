/// An array's container that notes where it fails.
struct TracingUnkeyedContainer: UnkeyedDecodingContainer {
  private struct Index: CodingKey {
    let intValue: Int?
    var stringValue: String { "Index \(intValue ?? 0)" }
    init(_ index: Int) { intValue = index }
    init?(intValue: Int) { self.init(intValue) }
    init?(stringValue: String) { nil }
  }

  var base: any UnkeyedDecodingContainer
  let trace: DecodingTrace

  var codingPath: [any CodingKey] { base.codingPath }
  var count: Int? { base.count }
  var isAtEnd: Bool { base.isAtEnd }
  var currentIndex: Int { base.currentIndex }
  private var here: [any CodingKey] { codingPath + [Index(currentIndex)] }

  mutating func decodeNil() throws -> Bool { try base.decodeNil() }

  mutating func decode(_ type: Bool.Type) throws -> Bool {
    try trace.note(type, at: here) { try base.decode(type) }
  }
  mutating func decode(_ type: String.Type) throws -> String {
    try trace.note(type, at: here) { try base.decode(type) }
  }
  mutating func decode(_ type: Double.Type) throws -> Double {
    try trace.note(type, at: here) { try base.decode(type) }
  }
  mutating func decode(_ type: Float.Type) throws -> Float {
    try trace.note(type, at: here) { try base.decode(type) }
  }
  mutating func decode(_ type: Int.Type) throws -> Int {
    try trace.note(type, at: here) { try base.decode(type) }
  }
  mutating func decode(_ type: Int8.Type) throws -> Int8 {
    try trace.note(type, at: here) { try base.decode(type) }
  }
  mutating func decode(_ type: Int16.Type) throws -> Int16 {
    try trace.note(type, at: here) { try base.decode(type) }
  }
  mutating func decode(_ type: Int32.Type) throws -> Int32 {
    try trace.note(type, at: here) { try base.decode(type) }
  }
  mutating func decode(_ type: Int64.Type) throws -> Int64 {
    try trace.note(type, at: here) { try base.decode(type) }
  }
  mutating func decode(_ type: UInt.Type) throws -> UInt {
    try trace.note(type, at: here) { try base.decode(type) }
  }
  mutating func decode(_ type: UInt8.Type) throws -> UInt8 {
    try trace.note(type, at: here) { try base.decode(type) }
  }
  mutating func decode(_ type: UInt16.Type) throws -> UInt16 {
    try trace.note(type, at: here) { try base.decode(type) }
  }
  mutating func decode(_ type: UInt32.Type) throws -> UInt32 {
    try trace.note(type, at: here) { try base.decode(type) }
  }
  mutating func decode(_ type: UInt64.Type) throws -> UInt64 {
    try trace.note(type, at: here) { try base.decode(type) }
  }

  mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
    try trace.decode(type) {
      try base.decode(type)
    } traced: {
      try base.decode($0)
    }
  }

  mutating func nestedContainer<NestedKey: CodingKey>(
    keyedBy type: NestedKey.Type
  ) throws -> KeyedDecodingContainer<NestedKey> {
    let nested = try base.nestedContainer(keyedBy: type)
    return KeyedDecodingContainer(TracingKeyedContainer<NestedKey>(base: nested, trace: trace))
  }

  mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
    TracingUnkeyedContainer(base: try base.nestedUnkeyedContainer(), trace: trace)
  }

  mutating func superDecoder() throws -> any Decoder {
    TracingDecoder(base: try base.superDecoder(), trace: trace)
  }
}
