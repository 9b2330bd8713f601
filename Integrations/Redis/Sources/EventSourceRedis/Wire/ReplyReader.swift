internal import CHiredis

/// Parses replies with hiredis's reader. Limits on bytes and elements protect against a hostile server. Used by one
/// thread.
final class ReplyReader {
  enum Failure: Error, Equatable, CustomStringConvertible {
    /// The bytes are not RESP2, or nested too deeply.
    case malformed(String)
    /// A reply has more bytes or elements than allowed.
    case tooLarge

    var description: String {
      switch self {
      case .malformed(let reason): reason
      case .tooLarge: "a reply has more bytes or elements than allowed"
      }
    }
  }

  /// A reply under construction. Parents retain their children, and the reader retains the root.
  fileprivate final class Node {
    var reply: RedisReply?
    var type: Int32
    var children: [Node] = []

    init(type: Int32, reply: RedisReply? = nil) {
      self.type = type
      self.reply = reply
    }

    var value: RedisReply { reply ?? .array(children.map(\.value)) }
  }

  /// Counts the elements of the current reply. The callbacks receive it as the reader's private data.
  fileprivate final class Count {
    var elements = 0
    let maximumElements: Int

    init(maximumElements: Int) { self.maximumElements = maximumElements }
  }

  private let reader: UnsafeMutablePointer<redisReader>
  private let count: Count
  private let maximumBytes: Int
  /// The number of bytes of the incomplete reply.
  private var pendingBytes = 0
  private let functions: UnsafeMutablePointer<redisReplyObjectFunctions>

  init(maximumBytes: Int, maximumElements: Int = 100_000) {
    self.maximumBytes = maximumBytes
    count = Count(maximumElements: maximumElements)
    functions = .allocate(capacity: 1)
    functions.initialize(to: redisReplyObjectFunctions())
    functions.pointee.createString = { task, text, length in
      let bytes = Array(UnsafeRawBufferPointer(start: text, count: length))
      return ReplyReader.add(
        task,
        by: task!.pointee.type == REDIS_REPLY_STRING
          ? .bytes(bytes)
          : task!.pointee.type == REDIS_REPLY_ERROR
            ? .error(String(decoding: bytes, as: UTF8.self)) : .status(String(decoding: bytes, as: UTF8.self)))
    }
    functions.pointee.createArray = { task, elements in
      ReplyReader.add(task, by: nil, elements: Int(elements))
    }
    functions.pointee.createInteger = { task, value in ReplyReader.add(task, by: .integer(value)) }
    functions.pointee.createNil = { task in ReplyReader.add(task, by: .null) }
    // Parents retain their children, so only the root is released here.
    functions.pointee.freeObject = { object in
      if let object { Unmanaged<Node>.fromOpaque(object).release() }
    }
    guard let reader = redisReaderCreateWithFunctions(functions) else { fatalError("out of memory") }
    self.reader = reader
    reader.pointee.privdata = Unmanaged.passUnretained(count).toOpaque()
  }

  deinit {
    redisReaderFree(reader)
    functions.deallocate()
  }

  /// Parses bytes and calls `body` with each complete reply.
  func feed(_ bytes: UnsafeRawBufferPointer, _ body: (RedisReply) -> Void) throws(Failure) {
    guard let base = bytes.baseAddress, !bytes.isEmpty else { return }
    pendingBytes += bytes.count
    guard redisReaderFeed(reader, base.assumingMemoryBound(to: CChar.self), bytes.count) == 0 else { throw failure }
    while true {
      var object: UnsafeMutableRawPointer?
      guard redisReaderGetReply(reader, &object) == 0 else { throw failure }
      guard let object else { break }
      count.elements = 0
      pendingBytes = reader.pointee.len - reader.pointee.pos
      body(Unmanaged<Node>.fromOpaque(object).takeRetainedValue().value)
    }
    guard pendingBytes <= maximumBytes else { throw .tooLarge }
  }

  private var failure: Failure {
    if count.elements > count.maximumElements { return .tooLarge }
    let text = withUnsafeBytes(of: reader.pointee.errstr) { text in
      String(decoding: text.prefix { $0 != 0 }, as: UTF8.self)
    }
    return .malformed(text)
  }

  /// Adds a node to its parent. Returns `nil` if the reply has too many elements.
  private static func add(
    _ task: UnsafePointer<redisReadTask>?, by reply: RedisReply?, elements: Int = 0
  ) -> UnsafeMutableRawPointer? {
    guard let task else { return nil }
    let count = Unmanaged<Count>.fromOpaque(task.pointee.privdata).takeUnretainedValue()
    count.elements += 1 + max(0, elements)
    guard count.elements <= count.maximumElements else { return nil }
    let node = Node(type: task.pointee.type, reply: reply)
    guard let parent = task.pointee.parent?.pointee.obj else { return Unmanaged.passRetained(node).toOpaque() }
    Unmanaged<Node>.fromOpaque(parent).takeUnretainedValue().children.append(node)
    return Unmanaged.passUnretained(node).toOpaque()
  }
}
