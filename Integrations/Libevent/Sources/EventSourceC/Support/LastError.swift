import Glibc

/// What went wrong in the last call of each thread that failed, in memory that ends with the thread.
enum LastError {
  /// The longest message, with its NUL.
  private static let capacity = 512

  private static let key: pthread_key_t? = {
    var key = pthread_key_t()
    return pthread_key_create(&key, { free($0) }) == 0 ? key : nil
  }()

  static func set(_ message: String) {
    guard let key else { return }
    if pthread_getspecific(key) == nil { pthread_setspecific(key, calloc(1, capacity)) }
    guard let memory = pthread_getspecific(key) else { return }
    // One line, cut where a character ends.
    var used = 0
    for character in message.unicodeScalars {
      let bytes = UTF8.encode(character.properties.generalCategory == .control ? "?" : character)!
      guard used + bytes.count < capacity else { break }
      for byte in bytes {
        memory.storeBytes(of: byte, toByteOffset: used, as: UInt8.self)
        used += 1
      }
    }
    memory.storeBytes(of: 0, toByteOffset: used, as: UInt8.self)
  }

  static func get() -> UnsafePointer<CChar> {
    if let key, let memory = pthread_getspecific(key) {
      return UnsafePointer(memory.assumingMemoryBound(to: CChar.self))
    }
    let none: StaticString = ""
    return UnsafeRawPointer(none.utf8Start).assumingMemoryBound(to: CChar.self)
  }
}
