extension EventStreamHandler.Configuration {
  /// Checks every value. A configuration that passes does not trap later.
  public func validate() throws(ConfigurationError) {
    try validateChannels()
    try validateNames()
    try validateTimes()
    try crossOrigin.validate()
    try validateFields()
    if case .reject(let status) = gapPolicy {
      try ConfigurationError.require((400...599).contains(status), "gapPolicy", "a status of 400 to 599", status)
    }
    let comment = openingComment ?? ""
    let isOneLine = comment.utf8.count <= 65_536 && !comment.utf8.contains { $0 == 0 || $0 == 10 || $0 == 13 }
    try ConfigurationError.require(
      isOneLine, "openingComment", "one line of at most 65536 bytes", "\(comment.utf8.count) bytes")
  }

  /// Checks every value, and that requests at a path can name a channel.
  ///
  /// - Parameter pattern: The path at which the handler will be mounted. A segment named `channel` names the channel to
  ///   read.
  public func validate(mountedAt pattern: PathPattern) throws(ConfigurationError) {
    try validate()
    try ConfigurationError.require(
      !channels.isEmpty || channelQueryItem != nil || pattern.parameterNames.contains("channel"), "channels",
      "at least one where neither the path has a segment {channel} nor channelQueryItem is set",
      "none at \"\(pattern)\"")
  }

  private func validateChannels() throws(ConfigurationError) {
    try ConfigurationError.require(
      (1...CompositeEventID.mostChannels).contains(maximumChannelsPerStream), "maximumChannelsPerStream",
      "1 to \(CompositeEventID.mostChannels)", maximumChannelsPerStream)
    try ConfigurationError.require(
      channels.count <= maximumChannelsPerStream, "channels", "at most maximumChannelsPerStream", channels.count)
    var seen: Set<ChannelName> = []
    for channel in channels {
      try ConfigurationError.require(
        seen.insert(channel).inserted, "channels", "every channel once", "\"\(channel)\" twice")
    }
    try ConfigurationError.require(
      maximumLastEventIDBytes > 0, "maximumLastEventIDBytes", "at least 1", maximumLastEventIDBytes)
  }

  private func validateNames() throws(ConfigurationError) {
    if let channelQueryItem { try Self.validateQueryName(channelQueryItem, "channelQueryItem") }
    for name in lastEventIDQueryItems {
      try Self.validateQueryName(name, "lastEventIDQueryItems")
      try ConfigurationError.require(
        name != channelQueryItem, "lastEventIDQueryItems", "other names than channelQueryItem", "\"\(name)\"")
    }
  }

  /// Names are compared with decoded names. A name that is percent-encoded or contains query syntax would never match.
  private static func validateQueryName(_ name: String, _ property: String) throws(ConfigurationError) {
    let isUsable = !name.isEmpty && name.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F && !"&=?#%+;".utf8.contains($0) }
    try ConfigurationError.require(
      isUsable, property, "a name without spaces, control characters and any of &=?#%+;", name.debugDescription)
  }

  private func validateTimes() throws(ConfigurationError) {
    for (name, value) in [
      ("heartbeatInterval", heartbeatInterval), ("maximumStreamDuration", maximumStreamDuration),
      ("stallTimeout", stallTimeout), ("coalescingWindow", coalescingWindow),
      ("reauthorizationInterval", reauthorizationInterval), ("missingChannel", longestWait),
    ] {
      try ConfigurationError.require(
        (value ?? .seconds(1)) >= .milliseconds(1), name, "at least a millisecond", value ?? .zero)
    }
    for (name, value) in [("reconnectionTime", reconnectionTime ?? .zero), ("retryAfter", retryAfter)] {
      try ConfigurationError.require((.zero ... .seconds(86_400)).contains(value), name, "zero to a day", value)
    }
    // NaN is in no range, so it is rejected here.
    try ConfigurationError.require(
      (0...1).contains(reconnectionJitter), "reconnectionJitter", "0 to 1", reconnectionJitter)
    try ConfigurationError.require(
      (0..<1).contains(streamDurationJitter), "streamDurationJitter", "0 to less than 1", streamDurationJitter)
  }

  private var longestWait: Duration? { if case .waits(let time) = missingChannel { time } else { nil } }

  private func validateFields() throws(ConfigurationError) {
    for field in fields {
      try ConfigurationError.require(
        !field.framesMessage, "fields", "none that frames the message", field.name)
      try ConfigurationError.require(
        field.isSendable, "fields",
        "a name of letters, digits and hyphens and a value without control characters", field.name.debugDescription)
      try ConfigurationError.require(
        !isSentByHandler(field.name.lowercased()), "fields", "none that the handler sends itself", field.name)
    }
  }

  private func isSentByHandler(_ name: String) -> Bool {
    FieldNames.ofEveryStream.contains(name) || compression != nil && name == "content-encoding"
      || crossOrigin.origins != .sameOriginOnly && FieldNames.crossOrigin.contains(name)
  }
}
