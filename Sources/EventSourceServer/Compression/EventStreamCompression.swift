/// How an endpoint compresses its streams.
public struct EventStreamCompression: Sendable {
  /// Which streams share a compressor.
  public enum Sharing: Sendable, Hashable {
    /// Each channel's events are compressed once in each lane, and the result is sent to all readers. What only one
    /// reader is sent, for example a replay, is not compressed. Streams of several channels, streams whose events are
    /// coalesced, and JSON lines are not compressed.
    case perChannel
    /// Every stream has a compressor of its own: the best ratio, and everything is compressed, but each event is
    /// compressed for each reader, and each reader needs ``EventStreamCompressor/bytesPerDeflater``.
    case perStream
  }

  /// Makes the compressors. If several endpoints serve a channel, the first one whose reader comes decides.
  public var compressor: any EventStreamCompressor
  /// Which streams share a compressor.
  public var sharing: Sharing

  /// Creates a description of compression.
  public init(_ compressor: any EventStreamCompressor, sharing: Sharing = .perChannel) {
    self.compressor = compressor
    self.sharing = sharing
  }
}
