import Synchronization

/// Some of a hub's channels, and where the list goes on.
public struct ChannelPage: Sendable, Hashable {
  /// The channels, in the order in which they were opened.
  public let channels: [ChannelStatistics]
  /// What to ask the next page with; nil: this is the last one.
  public let next: ChannelCursor?
}

/// A place in the list of a hub's channels. It stays good whatever channels come and go, as long as the hub lives.
public struct ChannelCursor: RawRepresentable, Sendable, Hashable {
  /// A number, for a page's address.
  public let rawValue: UInt64

  /// Any number is a place; one that was made up begins somewhere.
  public init(rawValue: UInt64) { self.rawValue = rawValue }
}

extension EventHub {
  /// Lists some of the channels, in the order in which they were opened.
  ///
  /// Over all pages, every channel that exists from the first to the last one is listed once; one that is opened in
  /// between is listed, too. Any thread. The hub's lock is held for about as long as the page is large, and each
  /// channel's for a moment.
  ///
  /// - Parameters:
  ///   - cursor: Where to go on; nil: at the beginning.
  ///   - limit: The most channels to list, 1 to 1,000; other numbers count as the nearest of these.
  public func channelPage(after cursor: ChannelCursor? = nil, limit: Int = 100) -> ChannelPage {
    let limit = min(max(limit, 1), 1000)
    var found = channels.withLock { $0.page(after: cursor?.rawValue ?? 0, limit: limit + 1) }
    let hasMore = found.count > limit
    if hasMore { found.removeLast() }
    return ChannelPage(
      channels: found.map { statistics(of: $0) },
      next: hasMore ? found.last.map { ChannelCursor(rawValue: $0.incarnation) } : nil)
  }

  /// Calls a function with the statistics of every channel, page by page as ``channelPage(after:limit:)`` lists them.
  ///
  /// - Parameter body: Called on the calling thread outside of every lock; it may call the hub. An error that it throws
  ///   ends the listing.
  public func forEachChannel<E: Error>(_ body: (ChannelStatistics) throws(E) -> Void) throws(E) {
    var cursor: ChannelCursor?
    repeat {
      let page = channelPage(after: cursor)
      for channel in page.channels { try body(channel) }
      cursor = page.next
    } while cursor != nil
  }
}
