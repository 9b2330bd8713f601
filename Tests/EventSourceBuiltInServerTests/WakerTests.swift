import Glibc
import Testing

@testable import EventSourceBuiltInServer

struct WakerTests {
  /// Returns the number of calls that wrote to the eventfd since it was last read.
  private func written(_ waker: Waker) -> UInt64 {
    var count: UInt64 = 0
    return read(waker.number, &count, 8) == 8 ? count : 0
  }

  @Test func whoIsAwakeIsNotWrittenToButDoesNotSleepOverTheNews() throws {
    let waker = try Waker()
    waker.beginRound()
    for _ in 0..<10 { waker.wake() }
    #expect(written(waker) == 0)
    #expect(!waker.mayWait())
    waker.beginRound()
    #expect(waker.mayWait())
  }

  @Test func whoSleepsIsWrittenToOnce() throws {
    let waker = try Waker()
    waker.beginRound()
    #expect(waker.mayWait())
    for _ in 0..<10 { waker.wake() }
    #expect(written(waker) == 1)
    waker.beginRound()
    waker.wake()
    #expect(written(waker) == 0)
  }

  @Test func aClosedMailboxGivesTheMessageBack() throws {
    let mailbox = Mailbox(waker: try Waker())
    #expect(mailbox.post(.drain(over: .zero)))
    #expect(!mailbox.closeIfEmpty())
    var messages: [Mailbox.Message] = []
    mailbox.take(into: &messages)
    #expect(messages.count == 1)
    #expect(mailbox.closeIfEmpty())
    #expect(!mailbox.post(.drain(over: .zero)))
  }
}
