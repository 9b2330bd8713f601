import Foundation

/// Finds the place of a number that does not fit its type: Foundation says of one only that "the given data was not
/// valid JSON", and where it is not. The value is decoded once more, through containers that note where they fail.
///
/// `@unchecked Sendable`, because it lives only within one call, on the thread that decodes.
final class DecodingTrace: @unchecked Sendable {
  /// Where a container failed first, and to make what.
  private(set) var failure: (path: [any CodingKey], type: Any.Type)?

  static let key = CodingUserInfoKey(rawValue: "EventSourceJSON.DecodingTrace")!

  /// Decodes once more; nil if that does not fail at a plain value.
  static func failure<Value: Decodable>(
    of type: Value.Type, in data: Data, by decoder: JSONDecoder
  ) -> (path: [any CodingKey], type: Any.Type)? {
    let (trace, before) = (DecodingTrace(), decoder.userInfo)
    decoder.userInfo[key] = trace
    defer { decoder.userInfo = before }
    _ = try? decoder.decode(Traced<Value>.self, from: data)
    return trace.failure
  }

  /// Decodes a plain value, and notes if that fails.
  func note<Value>(_ type: Value.Type, at path: @autoclosure () -> [any CodingKey], _ body: () throws -> Value) throws
    -> Value
  {
    do {
      return try body()
    } catch {
      if failure == nil { failure = (path(), type) }
      throw error
    }
  }

  /// Decodes a value that decodes others. Those that the decoder knows itself are left to it.
  func decode<Value: Decodable>(
    _ type: Value.Type, plain: () throws -> Value, traced: (Traced<Value>.Type) throws -> Traced<Value>
  ) throws -> Value {
    switch type {
    case is Date.Type, is Data.Type, is URL.Type, is Decimal.Type: try plain()
    default: try traced(Traced<Value>.self).value
    }
  }
}

/// A value that is decoded through containers which note where they fail.
struct Traced<Value: Decodable>: Decodable {
  let value: Value

  init(from decoder: any Decoder) throws {
    guard let trace = decoder.userInfo[DecodingTrace.key] as? DecodingTrace else {
      value = try Value(from: decoder)
      return
    }
    value = try Value(from: TracingDecoder(base: decoder, trace: trace))
  }
}

/// A decoder whose containers note where they fail.
struct TracingDecoder: Decoder {
  let base: any Decoder
  let trace: DecodingTrace

  var codingPath: [any CodingKey] { base.codingPath }
  var userInfo: [CodingUserInfoKey: Any] { base.userInfo }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    KeyedDecodingContainer(TracingKeyedContainer(base: try base.container(keyedBy: type), trace: trace))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    TracingUnkeyedContainer(base: try base.unkeyedContainer(), trace: trace)
  }

  func singleValueContainer() throws -> any SingleValueDecodingContainer {
    TracingSingleValueContainer(base: try base.singleValueContainer(), trace: trace)
  }
}
