/// The body of a request, from the command line.
enum RequestBody {
  /// The maximum size of a file.
  private static let maximumBytes = 64 << 20

  /// Returns the body, or `nil` if there is none.
  ///
  /// - Parameters:
  ///   - data: The text, or `@PATH` for a file without its line breaks, as in curl.
  ///   - dataFile: A file that is sent unchanged.
  static func bytes(data: String?, dataFile: String?) throws -> [UInt8]? {
    if let dataFile { return try InputFile(dataFile).contents(atMost: maximumBytes) }
    guard let data else { return nil }
    guard data.hasPrefix("@") else { return Array(data.utf8) }
    return try InputFile(String(data.dropFirst())).contents(atMost: maximumBytes).filter {
      $0 != UInt8(ascii: "\r") && $0 != UInt8(ascii: "\n")
    }
  }
}
