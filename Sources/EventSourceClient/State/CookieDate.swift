internal import Foundation

/// Parses the dates of cookies, which come in many forms (RFC 6265, 5.1.1).
enum CookieDate {
  /// Returns the date in a text, or `nil` if the time, day, month or year is missing.
  static func parse(_ text: String) -> Date? {
    var (time, day, month, year): (String?, String?, String?, Int?)
    let isDelimiter = { (character: Character) in !(character.isLetter || character.isNumber || character == ":") }
    for word in text.split(whereSeparator: isDelimiter).map(String.init) {
      if time == nil, word.contains(":") {
        time = word
      } else if day == nil, word.utf8.count <= 2, Int(word) != nil {
        day = word
      } else if month == nil, let found = HTTPDate.month(word) {
        month = found
      } else if year == nil, (2...4).contains(word.utf8.count), let number = Int(word), number >= 0 {
        year = word.utf8.count == 2 ? number + (number < 70 ? 2000 : 1900) : number
      }
    }
    guard let time, let day, let month, let year, year >= 1601 else { return nil }
    return HTTPDate.date(day: day, month: month, year: year, time: time)
  }
}
