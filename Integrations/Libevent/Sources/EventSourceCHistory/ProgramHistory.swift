import EventSourceC
package import EventSourceServer

/// The content of an `es_history`, of any kind.
package final class ProgramHistory: ProgramObject {
  package static let handleMark: UInt64 = 0x6573_2D68_6973_7479
  package static var handleName: StaticString { "es_history" }

  let repository: any EventRepository
  let close: @Sendable () async -> Void

  package init(_ repository: any EventRepository, close: @escaping @Sendable () async -> Void) {
    self.repository = repository
    self.close = close
  }
}
