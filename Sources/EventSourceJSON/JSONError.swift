import Foundation

/// Why bytes are not the JSON that was expected. It names the place, and never repeats a value.
public struct JSONError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What is wrong.
  public enum Reason: Sendable, Hashable {
    /// The bytes are not JSON.
    case malformed
    /// A member that has to be there is missing, or is null.
    case missing
    /// A value of another type is expected: the name of a type in JSON's terms where it has one.
    case mismatch(expected: String)
    /// The value has the right type, and is not one of those that are allowed.
    case invalid(String)
  }

  /// Where: the names and indices from the outermost value to the one that is meant, such as `items[2].price`; empty
  /// for the outermost value itself. A name that is not a plain word is in quotes. At most some hundred characters.
  public let path: String
  /// What is wrong there.
  public let reason: Reason

  /// One line: `items[2].price: expected a number`.
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
      // What a type's own initializer throws.
      throw JSONError(path: "", reason: .invalid(oneLine("\(error)")))
    }
  }
}

extension JSONError {
  /// - Parameter trace: Where a plain value could not be made of what is there; nil: nowhere.
  fileprivate init(_ error: DecodingError, trace: @autoclosure () -> (path: [any CodingKey], type: Any.Type)?) {
    switch error {
    case .keyNotFound(let key, let context):
      self.init(path: Self.path(context.codingPath + [key]), reason: .missing)
    case .valueNotFound(_, let context):
      self.init(path: Self.path(context.codingPath), reason: .missing)
    case .typeMismatch(let type, let context):
      self.init(path: Self.path(context.codingPath), reason: .mismatch(expected: Self.name(of: type)))
    case .dataCorrupted(let context) where context.codingPath.isEmpty:
      // What is not JSON, or a number that does not fit.
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
      // The names may be the peer's.
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

  /// A type in JSON's terms; the standard library's and Foundation's numbers are numbers.
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

/// Text that may be a peer's, on one line and not long.
private func oneLine(_ text: String) -> String {
  let line = String(
    text.prefix(200).map { $0.unicodeScalars.contains { $0.properties.generalCategory == .control } ? " " : $0 })
  return text.count > 200 ? line + "…" : line
}
