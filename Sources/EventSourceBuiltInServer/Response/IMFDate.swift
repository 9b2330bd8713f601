/// A moment in IMF-fixdate, the form of a Date field: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, 5.6.7).
enum IMFDate {
  private static let days: [StaticString] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
  private static let months: [StaticString] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  /// The 29 bytes for so many seconds since 1970-01-01T00:00:00Z, from that year to the year 9999.
  /// Any other moment is the nearest of these.
  static func bytes(secondsSince1970 seconds: Int) -> [UInt8] {
    let seconds = min(max(seconds, 0), 253_402_300_799)
    let day = seconds / 86_400
    let date = civilDate(daysSince1970: day)
    let second = seconds % 86_400
    var bytes: [UInt8] = []
    bytes.reserveCapacity(29)
    bytes.append(days[(day + 4) % 7])
    bytes.append(", ")
    bytes.append(date.day, digits: 2)
    bytes.append(" ")
    bytes.append(months[date.month - 1])
    bytes.append(" ")
    bytes.append(date.year, digits: 4)
    bytes.append(" ")
    bytes.append(second / 3600, digits: 2)
    bytes.append(":")
    bytes.append(second / 60 % 60, digits: 2)
    bytes.append(":")
    bytes.append(second % 60, digits: 2)
    bytes.append(" GMT")
    return bytes
  }

  /// The same moment in the form of access logs: `06/Nov/1994:08:49:37 +0000`.
  static func logTime(secondsSince1970 seconds: Int) -> String {
    let date = bytes(secondsSince1970: seconds)
    let parts = [date[5..<7], date[8..<11], date[12..<16]].map { String(decoding: $0, as: UTF8.self) }
    return parts.joined(separator: "/") + ":" + String(decoding: date[17..<25], as: UTF8.self) + " +0000"
  }

  /// The Gregorian date of a day, reckoned in years that begin in March, so that the leap day is the last of its year.
  private static func civilDate(daysSince1970 days: Int) -> (year: Int, month: Int, day: Int) {
    let sinceMarchOfYear0 = days + 719_468
    let era = sinceMarchOfYear0 / 146_097
    let dayOfEra = sinceMarchOfYear0 % 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    return (
      year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month: month,
      day: dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    )
  }
}

extension [UInt8] {
  /// Appends text that is known at compile time; nothing is allocated for it.
  mutating func append(_ text: StaticString) {
    append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  /// Appends a number that is not negative, with leading zeros up to so many digits.
  mutating func append(_ number: Int, digits: Int = 1) {
    var scale = 1
    var count = 1
    while count < digits || number / scale >= 10 {
      scale *= 10
      count += 1
    }
    while scale > 0 {
      append(UInt8(ascii: "0") + UInt8(number / scale % 10))
      scale /= 10
    }
  }
}
