import Foundation

/// Finds the place of a number that does not fit its type. For such a number, Foundation reports only that "the given
/// data was not valid JSON", without a place. The value is decoded again, through containers that record where they
/// fail.
///
/// `@unchecked Sendable`, because it is used only within one call, on the decoding thread.
final class DecodingTrace: @unchecked Sendable {
  /// The place of the first failure, and the type that was decoded there.
  private(set) var failure: (path: [any CodingKey], type: Any.Type)?

  static let key = CodingUserInfoKey(rawValue: "EventSourceJSON.DecodingTrace")!

  /// Decodes again. Returns nil if that does not fail at a plain value.
  static func failure<Value: Decodable>(
    of type: Value.Type, in data: Data, by decoder: JSONDecoder
  ) -> (path: [any CodingKey], type: Any.Type)? {
    let (trace, before) = (DecodingTrace(), decoder.userInfo)
    decoder.userInfo[key] = trace
    defer { decoder.userInfo = before }
    _ = try? decoder.decode(Traced<Value>.self, from: data)
    return trace.failure
  }

  /// Decodes a plain value and records a failure.
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

  /// Decodes a value that contains others. Types that the decoder handles itself are left to it.
  func decode<Value: Decodable>(
    _ type: Value.Type, plain: () throws -> Value, traced: (Traced<Value>.Type) throws -> Traced<Value>
  ) throws -> Value {
    switch type {
    case is Date.Type, is Data.Type, is URL.Type, is Decimal.Type: try plain()
    default: try traced(Traced<Value>.self).value
    }
  }
}

/// A value that is decoded through containers that record where they fail.
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

/// A decoder whose containers record where they fail.
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
