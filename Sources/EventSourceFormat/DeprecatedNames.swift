// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

// The names of version 0.1. They will be removed in version 0.3. `Changes.md` lists them with the current names.

extension EventStreamEncoder {
  @available(*, deprecated, renamed: "encode(_:into:)")
  public static func append(_ event: ServerSentEvent, to bytes: inout [UInt8]) throws(EventStreamFormatError) {
    try encode(event, into: &bytes)
  }

  @available(*, deprecated, renamed: "encode(comment:into:)")
  public static func append(comment: String, to bytes: inout [UInt8]) throws(EventStreamFormatError) {
    try encode(comment: comment, into: &bytes)
  }

  @available(*, deprecated, renamed: "encode(reconnectionTime:into:)")
  public static func append(reconnectionTime: Duration, to bytes: inout [UInt8]) throws(EventStreamFormatError) {
    try encode(reconnectionTime: reconnectionTime, into: &bytes)
  }
}

extension MediaType {
  @available(*, deprecated, renamed: "init(contentTypeFields:)")
  public static func extracted(from fieldValues: [String]) -> MediaType? { MediaType(contentTypeFields: fieldValues) }
}
