import CEventSource
package import EventSourceC

/// Reads the number fields of the option structs of histories. Zero means the default.
package enum HistoryOption {
  /// A limit that was set. nil inside it means no limit.
  package struct Limit { package var value: Int? }

  /// Returns the limit for an option, or nil for the default.
  package static func limit(_ value: Int64, _ name: String) throws(Failure) -> Limit? {
    guard value != 0 else { return nil }
    guard value > 0 || value == ES_NONE else {
      throw Failure(.invalidValue, "\(name) cannot be \(value); expected 0 or more, or ES_NONE")
    }
    return Limit(value: value > 0 ? Int(value) : nil)
  }

  /// Returns the number for an option, or nil for the default.
  package static func number(_ value: Int64, _ name: String) throws(Failure) -> Int? {
    guard value >= 0 else { throw Failure(.invalidValue, "\(name) cannot be \(value); expected 0 or more") }
    return value == 0 ? nil : Int(value)
  }
}
