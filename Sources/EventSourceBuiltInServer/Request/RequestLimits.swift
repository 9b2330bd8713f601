/// The limits of a request. Sizes are in bytes.
struct RequestLimits: Sendable {
  /// The request line and the fields together, with their line ends. A larger head gets 431.
  var headBytes = 16 * 1024
  /// The request target. A longer one gets 414.
  var targetBytes = 8 * 1024
  /// The number of fields. More get 431.
  var fieldCount = 100
  /// The body without its framing. A larger one gets 413.
  var bodyBytes = 1024 * 1024
  /// The chunked framing of a body apart from data and sizes: extensions and trailers together. More gets 400.
  var chunkOverheadBytes = 4096
}
