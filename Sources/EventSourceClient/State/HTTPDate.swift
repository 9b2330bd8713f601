internal import Foundation

/// Parses the three date formats of HTTP (RFC 9110, 5.6.7).
enum HTTPDate {
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  /// Returns the date in a text, or `nil` if the text has none of the three formats.
  ///
  /// - Parameter now: The current time. It decides the century of a two-digit year, which is at most 50 years in the
  ///   future.
  static func parse(_ text: String, now: Date) -> Date? {
    let words = text.split(separator: " ").map(String.init)
    // Sun, 06 Nov 1994 08:49:37 GMT
    if words.count == 6, words[0].hasSuffix(","), words[5] == "GMT" {
      return date(day: words[1], month: words[2], year: Int(words[3]), time: words[4])
    }
    // Sunday, 06-Nov-94 08:49:37 GMT
    if words.count == 4, words[0].hasSuffix(","), words[3] == "GMT" {
      let parts = words[1].split(separator: "-").map(String.init)
      guard parts.count == 3, parts[2].utf8.count == 2, let year = Int(parts[2]) else { return nil }
      let thisYear = calendar.component(.year, from: now)
      let full = thisYear / 100 * 100 + year
      return date(day: parts[0], month: parts[1], year: full > thisYear + 50 ? full - 100 : full, time: words[2])
    }
    // Sun Nov  6 08:49:37 1994
    if words.count == 5 { return date(day: words[2], month: words[1], year: Int(words[4]), time: words[3]) }
    return nil
  }

  private static var calendar: Calendar {
    var calendar = Calendar(identifier: .gregorian)
    calendar.timeZone = TimeZone(secondsFromGMT: 0) ?? calendar.timeZone
    return calendar
  }

  /// Returns the name of the month that a word begins with, ignoring case, or `nil` if there is none.
  static func month(_ word: String) -> String? {
    months.first { $0.caseInsensitiveCompare(String(word.prefix(3))) == .orderedSame }
  }

  static func date(day: String, month: String, year: Int?, time: String) -> Date? {
    let clock = time.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
    guard let month = months.firstIndex(of: month), let day = Int(day), (1...31).contains(day),
      let year, (0...9999).contains(year), clock.count == 3, let hour = clock[0], let minute = clock[1],
      let second = clock[2], (0...23).contains(hour), (0...59).contains(minute), (0...60).contains(second)
    else { return nil }
    return calendar.date(
      from: DateComponents(year: year, month: month + 1, day: day, hour: hour, minute: minute, second: second))
  }
}
