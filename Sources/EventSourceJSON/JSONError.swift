import Foundation

/// A reason why bytes are not the expected JSON. It names the place and never repeats a value.
public struct JSONError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The kind of a problem.
  public enum Reason: Sendable, Hashable {
    /// The bytes are not JSON.
    case malformed
    /// A required member is missing or null.
    case missing
    /// A value of another type is expected. Names the expected type in JSON's terms if there is one.
    case mismatch(expected: String)
    /// The value has the right type but is not allowed.
    case invalid(String)
  }

  /// The place of the problem: the names and indices from the outermost value, such as `items[2].price`. Empty for the
  /// outermost value itself. A name that is not a plain word is in quotes. Limited to some hundred characters.
  public let path: String
  /// The problem.
  public let reason: Reason

  /// A one-line description, such as `items[2].price: expected a number`.
  public var description: String {
    let place = path.isEmpty ? "" : path + ": "
    return switch reason {
    case .malformed: place + "not valid JSON"
    case .missing: place + "missing"
    case .mismatch(let expected): place + "expected " + expected
    case .invalid(let reason): place + reason
    }
  }

  static func decode<Value: Decodable>(
    _ type: Value.Type, from data: Data, by decoder: JSONDecoder
  ) throws(JSONError) -> Value {
    do {
      return try decoder.decode(type, from: data)
    } catch let error as DecodingError {
      throw JSONError(error, trace: DecodingTrace.failure(of: type, in: data, by: decoder))
    } catch {
      // Thrown by the initializer of a type.
      throw JSONError(path: "", reason: .invalid(oneLine("\(error)")))
    }
  }
}

extension JSONError {
  /// - Parameter trace: The place where decoding a plain value failed, or nil if there is none.
  fileprivate init(_ error: DecodingError, trace: @autoclosure () -> (path: [any CodingKey], type: Any.Type)?) {
    switch error {
    case .keyNotFound(let key, let context):
      self.init(path: Self.path(context.codingPath + [key]), reason: .missing)
    case .valueNotFound(_, let context):
      self.init(path: Self.path(context.codingPath), reason: .missing)
    case .typeMismatch(let type, let context):
      self.init(path: Self.path(context.codingPath), reason: .mismatch(expected: Self.name(of: type)))
    case .dataCorrupted(let context) where context.codingPath.isEmpty:
      // Malformed JSON, or a number that does not fit.
      if let (path, type) = trace() {
        self.init(path: Self.path(path), reason: .mismatch(expected: Self.name(of: type) + Self.range(of: type)))
      } else {
        self.init(path: "", reason: .malformed)
      }
    case .dataCorrupted(let context):
      self.init(path: Self.path(context.codingPath), reason: .invalid(oneLine(context.debugDescription)))
    @unknown default: self.init(path: "", reason: .malformed)
    }
  }

  private static func path(_ keys: [any CodingKey]) -> String {
    var path = ""
    for key in keys {
      if let index = key.intValue, key.stringValue.hasPrefix("Index ") {
        path += "[\(index)]"
      } else {
        path += (path.isEmpty ? "" : ".") + escaped(key.stringValue)
      }
      // The names may come from the peer.
      if path.count > 200 { return path.prefix(200) + "…" }
    }
    return path
  }

  private static func escaped(_ name: String) -> String {
    let isPlain = !name.isEmpty && name.unicodeScalars.allSatisfy { $0.properties.isIDContinue || $0 == "-" }
    return isPlain ? name : "\"" + oneLine(name) + "\""
  }

  private static func range(of type: Any.Type) -> String {
    guard let type = type as? any FixedWidthInteger.Type else { return "" }
    func range<Integer: FixedWidthInteger>(_ type: Integer.Type) -> String { " from \(type.min) to \(type.max)" }
    return range(type)
  }

  /// Returns the name of a type in JSON's terms. The numbers of the standard library and Foundation are numbers.
  private static func name(of type: Any.Type) -> String {
    switch type {
    case is String.Type: "a string"
    case is Bool.Type: "true or false"
    case is any BinaryInteger.Type: "an integer"
    case is any BinaryFloatingPoint.Type: "a number"
    case is Decimal.Type: "a number"
    case is [Any].Type: "an array"
    case is [String: Any].Type: "an object"
    default: "\(type)".hasPrefix("Array<") ? "an array" : "a value of another type"
    }
  }
}

/// Returns text that may come from a peer, shortened and on one line.
private func oneLine(_ text: String) -> String {
  let line = String(
    text.prefix(200).map { $0.unicodeScalars.contains { $0.properties.generalCategory == .control } ? " " : $0 })
  return text.count > 200 ? line + "…" : line
}
