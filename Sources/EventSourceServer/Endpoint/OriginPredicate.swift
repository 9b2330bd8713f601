/// A function that decides about origins. Two predicates are equal if one is a copy of the other.
public struct OriginPredicate: Sendable, Hashable {
  private final class Function: Sendable {
    let isAdmitted: @Sendable (String) -> Bool
    init(_ isAdmitted: @escaping @Sendable (String) -> Bool) { self.isAdmitted = isAdmitted }
  }

  private let function: Function

  init(_ isAdmitted: @escaping @Sendable (String) -> Bool) { function = Function(isAdmitted) }

  func isAdmitted(_ origin: String) -> Bool { function.isAdmitted(origin) }

  /// Returns whether both are copies of one predicate.
  public static func == (left: OriginPredicate, right: OriginPredicate) -> Bool { left.function === right.function }

  /// Hashes the predicate's identity.
  public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(function)) }
}
