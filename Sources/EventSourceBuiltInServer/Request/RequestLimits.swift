/// How much of a request is read before it is refused, in bytes unless it says otherwise.
struct RequestLimits: Sendable {
  /// The request line and the fields together, with their line ends; beyond: 431.
  var headBytes = 16 * 1024
  /// The request target; beyond: 414.
  var targetBytes = 8 * 1024
  /// The number of fields; beyond: 431.
  var fieldCount = 100
  /// The body once its framing is removed; beyond: 413.
  var bodyBytes = 1024 * 1024
  /// What chunked framing may cost apart from the data and the sizes: extensions and trailers of one body together;
  /// beyond: 400.
  var chunkOverheadBytes = 4096
}
