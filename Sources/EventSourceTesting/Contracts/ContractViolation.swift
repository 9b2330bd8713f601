/// A promise of a contract is broken.
public struct ContractViolation: Error, Sendable, CustomStringConvertible {
  /// The promise and what happened instead.
  public let description: String

  init(_ description: String) { self.description = description }
}

/// Throws a violation unless the condition holds.
func require(_ condition: Bool, _ promise: @autoclosure () -> String) throws {
  guard condition else { throw ContractViolation(promise()) }
}
