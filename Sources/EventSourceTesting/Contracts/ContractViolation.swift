/// A check of a contract did not hold.
public struct ContractViolation: Error, Sendable, CustomStringConvertible {
  /// What was promised and what happened.
  public let description: String

  init(_ description: String) { self.description = description }
}

/// Throws a violation unless the condition holds.
func require(_ condition: Bool, _ promise: @autoclosure () -> String) throws {
  guard condition else { throw ContractViolation(promise()) }
}
