import Glibc
import Synchronization

/// An object that a C program holds as a pointer to an incomplete type.
package protocol ProgramObject: AnyObject, Sendable {
  /// The mark of this kind's handles: a number that no other kind has and that is unlikely to occur in other memory.
  static var handleMark: UInt64 { get }
  /// The header's name of the type.
  static var handleName: StaticString { get }
}

/// Handles of C programs. A handle is the address of a record, not of the object. The record outlives the object, so
/// using a freed handle is detected instead of followed.
package enum Handle {
  private struct Record {
    var mark: UInt64
    /// The number of forks that preceded the creation of the object.
    var forks: Int
    var object: UnsafeMutableRawPointer?
  }

  private static let freedMark: UInt64 = 0x6573_2D66_7265_6564
  /// The number of freed records that are kept before the oldest is reused.
  private static let mostFreed = 1024
  private static let freed = Mutex<[UInt]>([])  // Addresses.
  private static let forks = Atomic(0)
  private static let watchForks: Void = {
    _ = pthread_atfork(nil, nil, { Handle.forks.add(1, ordering: .relaxed) })
  }()

  /// Retains an object for the program and returns its handle.
  package static func make<Object: ProgramObject>(_ object: Object) -> OpaquePointer {
    watchForks
    let reused = freed.withLock { $0.count > mostFreed ? $0.removeFirst() : nil }
    let handle =
      reused.flatMap { OpaquePointer(bitPattern: $0) }
      ?? OpaquePointer(UnsafeMutablePointer<Record>.allocate(capacity: 1))
    UnsafeMutablePointer<Record>(handle).initialize(
      to: Record(
        mark: Object.handleMark, forks: forks.load(ordering: .relaxed),
        object: Unmanaged.passRetained(object).toOpaque()))
    return handle
  }

  /// Returns the object of a handle.
  ///
  /// - Throws: `ES_NULL_ARGUMENT` for NULL, `ES_INVALID_HANDLE` if this is not, or no longer, a handle of this kind.
  package static func object<Object: ProgramObject>(
    _ handle: OpaquePointer?, _ name: String, as type: Object.Type = Object.self
  ) throws(Failure) -> Object {
    let record = try record(of: try required(handle, name), name, type)
    return Unmanaged<Object>.fromOpaque(record.pointee.object!).takeUnretainedValue()
  }

  /// Releases the program's object. NULL and invalid handles have no effect.
  package static func free<Object: ProgramObject>(_ handle: OpaquePointer?, as type: Object.Type) {
    guard let handle else { return }
    do {
      let record = try record(of: handle, "what is freed", type)
      let object = Unmanaged<Object>.fromOpaque(record.pointee.object!)
      record.pointee = Record(mark: freedMark, forks: record.pointee.forks, object: nil)
      freed.withLock { $0.append(UInt(bitPattern: handle)) }
      object.release()
    } catch {
      LastError.set(error.message)
    }
  }

  private static func record<Object: ProgramObject>(
    of handle: OpaquePointer, _ name: String, _ type: Object.Type
  ) throws(Failure) -> UnsafeMutablePointer<Record> {
    guard Int(bitPattern: handle) & (MemoryLayout<Record>.alignment - 1) == 0 else {
      throw Failure(.invalidHandle, "\(name) is not an \(type.handleName)")
    }
    let record = UnsafeMutablePointer<Record>(handle)
    guard record.pointee.mark == type.handleMark else {
      throw Failure(
        .invalidHandle,
        record.pointee.mark == freedMark ? "\(name) was already freed" : "\(name) is not an \(type.handleName)")
    }
    guard record.pointee.forks == forks.load(ordering: .relaxed) else {
      throw Failure(.invalidHandle, "\(name) was created before fork(), which its threads do not survive")
    }
    return record
  }
}

/// Returns an argument that must not be NULL.
package func required<Argument>(_ argument: Argument?, _ name: String) throws(Failure) -> Argument {
  guard let argument else { throw Failure(.nullArgument, "\(name) is NULL") }
  return argument
}
