import Foundation
import Testing

/// Where a thread waits until a test lets it go on, as it would for a disk that does not return. Any thread.
final class Gate: @unchecked Sendable {
  // Sendable, because everything is reached under the condition's lock only.
  private let condition = NSCondition()
  private var isOpen = true
  private var waiting = 0
  private var passed = 0

  /// The next that comes waits.
  func close() { condition.withLock { isOpen = false } }

  /// Lets everybody go on.
  func open() {
    condition.withLock {
      isOpen = true
      condition.broadcast()
    }
  }

  /// Goes through, as soon as it is open.
  func pass() {
    condition.withLock {
      waiting += 1
      while !isOpen { condition.wait() }
      waiting -= 1
      passed += 1
    }
  }

  private var isPassed: Bool { condition.withLock { passed > 0 } }

  /// Waits until somebody has gone through.
  func passage() async throws { try await eventually { isPassed } }

  private var isWaitedAt: Bool { condition.withLock { !isOpen && waiting > 0 } }

  /// Waits until somebody waits at the closed gate.
  func arrival() async throws { try await eventually { isWaitedAt } }
}
