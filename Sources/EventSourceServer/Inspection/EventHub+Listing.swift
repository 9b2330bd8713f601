import Synchronization

/// A page of a hub's channels, and the cursor for the next page.
public struct ChannelPage: Sendable, Hashable {
  /// The channels, in the order in which they were opened.
  public let channels: [ChannelStatistics]
  /// The cursor with which to request the next page. `nil` means that this is the last one.
  public let next: ChannelCursor?
}

/// A position in the list of a hub's channels. It stays valid while channels come and go, for the hub's lifetime.
public struct ChannelCursor: RawRepresentable, Sendable, Hashable {
  /// The cursor as a number, for example for a page's URL.
  public let rawValue: UInt64

  /// Creates a cursor. Every number is valid; an arbitrary one begins at an arbitrary channel.
  public init(rawValue: UInt64) { self.rawValue = rawValue }
}

extension EventHub {
  /// Returns a page of the channels, in the order in which they were opened.
  ///
  /// A channel that exists from the first page to the last is listed exactly once over all pages. A channel that is
  /// opened in between is listed as well. Safe to call from any thread. The hub's lock is held for a time proportional
  /// to the page's size, and each channel's lock briefly.
  ///
  /// - Parameters:
  ///   - cursor: The cursor to continue after. `nil` begins with the first channel.
  ///   - limit: The maximum number of channels to return, clamped to 1 to 1,000.
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
  /// - Parameter body: Called on the calling thread without any lock held, so it may call the hub. If it throws, the
  ///   listing ends.
  public func forEachChannel<E: Error>(_ body: (ChannelStatistics) throws(E) -> Void) throws(E) {
    var cursor: ChannelCursor?
    repeat {
      let page = channelPage(after: cursor)
      for channel in page.channels { try body(channel) }
      cursor = page.next
    } while cursor != nil
  }
}
