import Foundation
import Testing

/// A place where a thread waits until a test opens it, as it would wait for a disk that does not respond. Can be used
/// from any thread. Any thread.
final class Gate: @unchecked Sendable {
  // Sendable, because everything is accessed only under the condition's lock.
  private let condition = NSCondition()
  private var isOpen = true
  private var waiting = 0
  private var passed = 0

  /// Makes the next thread wait.
  func close() { condition.withLock { isOpen = false } }

  /// Lets all threads continue.
  func open() {
    condition.withLock {
      isOpen = true
      condition.broadcast()
    }
  }

  /// Returns when the gate is open.
  func pass() {
    condition.withLock {
      waiting += 1
      while !isOpen { condition.wait() }
      waiting -= 1
      passed += 1
    }
  }

  private var isPassed: Bool { condition.withLock { passed > 0 } }

  /// Waits until a thread has passed.
  func passage() async throws { try await eventually { isPassed } }

  private var isWaitedAt: Bool { condition.withLock { !isOpen && waiting > 0 } }

  /// Waits until a thread waits at the closed gate.
  func arrival() async throws { try await eventually { isWaitedAt } }
}
