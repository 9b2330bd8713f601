import EventSourceServer
import Glibc

/// The content of an `es_run`. Sendable, because it never changes.
final class ProgramRun: ProgramObject, @unchecked Sendable {
  static let handleMark: UInt64 = 0x6573_2D72_756E_2D31
  static var handleName: StaticString { "es_run" }

  let run: Run
  /// The run's ID, freed with this object.
  let id: UnsafeMutablePointer<CChar>

  init(_ run: Run) {
    self.run = run
    // Running out of memory ends the program, as everywhere in Swift.
    id = strdup(run.id)!
  }

  deinit { free(id) }
}
