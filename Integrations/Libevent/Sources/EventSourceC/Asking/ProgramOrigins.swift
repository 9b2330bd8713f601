import CEventSource

/// The function of a C program that decides about origins.
// Sendable, because the program's functions may be called on any thread, as the header demands of them.
struct ProgramOrigins: @unchecked Sendable {
  private let functions: es_origins
  private let context: ProgramContext

  /// - Parameter origins: Their function has been found to be there.
  init(_ origins: es_origins) {
    functions = origins
    context = ProgramContext(origins.context, release: origins.release)
  }

  func allow(_ origin: String) -> Bool { origin.withCString { functions.allows(context.pointer, $0) } != 0 }
}
