import CEventSource

/// A C program's function that decides about origins.
// Sendable, because the header requires that the program's functions can be called on any thread.
struct ProgramOrigins: @unchecked Sendable {
  private let functions: es_origins
  private let context: ProgramContext

  /// - Parameter origins: The program's struct. Its function must not be NULL.
  init(_ origins: es_origins) {
    functions = origins
    context = ProgramContext(origins.context, release: origins.release)
  }

  func allow(_ origin: String) -> Bool { origin.withCString { functions.allows(context.pointer, $0) } != 0 }
}
