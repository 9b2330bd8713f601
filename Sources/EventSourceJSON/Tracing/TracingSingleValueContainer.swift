/// A plain value's container that notes where it fails.
struct TracingSingleValueContainer: SingleValueDecodingContainer {
  let base: any SingleValueDecodingContainer
  let trace: DecodingTrace

  var codingPath: [any CodingKey] { base.codingPath }

  func decodeNil() -> Bool { base.decodeNil() }

  func decode(_ type: Bool.Type) throws -> Bool {
    try trace.note(type, at: codingPath) { try base.decode(type) }
  }
  func decode(_ type: String.Type) throws -> String {
    try trace.note(type, at: codingPath) { try base.decode(type) }
  }
  func decode(_ type: Double.Type) throws -> Double {
    try trace.note(type, at: codingPath) { try base.decode(type) }
  }
  func decode(_ type: Float.Type) throws -> Float {
    try trace.note(type, at: codingPath) { try base.decode(type) }
  }
  func decode(_ type: Int.Type) throws -> Int {
    try trace.note(type, at: codingPath) { try base.decode(type) }
  }
  func decode(_ type: Int8.Type) throws -> Int8 {
    try trace.note(type, at: codingPath) { try base.decode(type) }
  }
  func decode(_ type: Int16.Type) throws -> Int16 {
    try trace.note(type, at: codingPath) { try base.decode(type) }
  }
  func decode(_ type: Int32.Type) throws -> Int32 {
    try trace.note(type, at: codingPath) { try base.decode(type) }
  }
  func decode(_ type: Int64.Type) throws -> Int64 {
    try trace.note(type, at: codingPath) { try base.decode(type) }
  }
  func decode(_ type: UInt.Type) throws -> UInt {
    try trace.note(type, at: codingPath) { try base.decode(type) }
  }
  func decode(_ type: UInt8.Type) throws -> UInt8 {
    try trace.note(type, at: codingPath) { try base.decode(type) }
  }
  func decode(_ type: UInt16.Type) throws -> UInt16 {
    try trace.note(type, at: codingPath) { try base.decode(type) }
  }
  func decode(_ type: UInt32.Type) throws -> UInt32 {
    try trace.note(type, at: codingPath) { try base.decode(type) }
  }
  func decode(_ type: UInt64.Type) throws -> UInt64 {
    try trace.note(type, at: codingPath) { try base.decode(type) }
  }

  func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
    try trace.decode(type) {
      try base.decode(type)
    } traced: {
      try base.decode($0)
    }
  }
}
