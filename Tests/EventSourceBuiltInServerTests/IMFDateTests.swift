import Foundation
import Testing

@testable import EventSourceBuiltInServer

struct IMFDateTests {
  private func text(_ seconds: Int) -> String {
    String(decoding: IMFDate.bytes(secondsSince1970: seconds), as: UTF8.self)
  }

  @Test func theExampleOfTheStandard() { #expect(text(784_111_777) == "Sun, 06 Nov 1994 08:49:37 GMT") }

  @Test func everyDayOfACenturyAgreesWithFoundation() {
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.timeZone = TimeZone(secondsFromGMT: 0)
    formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
    for day in stride(from: 0, to: 36_525 + 20_000, by: 3) {
      let seconds = day * 86_400 + day * 7 % 86_400
      #expect(text(seconds) == formatter.string(from: Date(timeIntervalSince1970: Double(seconds))))
    }
  }
}
