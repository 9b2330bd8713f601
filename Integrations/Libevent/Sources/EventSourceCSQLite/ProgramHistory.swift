import EventSourceC
import EventSourceSQLite

/// What an `es_history` is.
final class ProgramHistory: ProgramObject {
  static let handleMark: UInt64 = 0x6573_2D68_6973_7479
  static var handleName: StaticString { "es_history" }

  let repository: SQLiteEventRepository

  init(_ repository: SQLiteEventRepository) { self.repository = repository }
}
