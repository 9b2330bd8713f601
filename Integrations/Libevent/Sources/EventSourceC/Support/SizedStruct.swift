package import CEventSource
import Glibc

/// A struct of the header that begins with its size, so later versions can add fields.
package protocol SizedStruct {
  /// Creates a struct with all fields zero.
  init()
  /// The header's name of the struct.
  static var name: StaticString { get }
}

extension es_authorizer: SizedStruct { package static var name: StaticString { "es_authorizer" } }
extension es_event: SizedStruct { package static var name: StaticString { "es_event" } }
extension es_grant: SizedStruct { package static var name: StaticString { "es_grant" } }
extension es_logger: SizedStruct { package static var name: StaticString { "es_logger" } }
extension es_occupancy_observer: SizedStruct {
  package static var name: StaticString { "es_occupancy_observer" }
}
extension es_origins: SizedStruct { package static var name: StaticString { "es_origins" } }
extension es_repository: SizedStruct { package static var name: StaticString { "es_repository" } }
extension es_run_creator: SizedStruct { package static var name: StaticString { "es_run_creator" } }
extension es_run_observer: SizedStruct { package static var name: StaticString { "es_run_observer" } }
extension es_snapshots: SizedStruct { package static var name: StaticString { "es_snapshots" } }

extension SizedStruct {
  /// An upper bound for the size of the struct in any version.
  private static var mostBytes: Int { 4096 }

  /// Reads a struct of a program that may have been built with an older or a newer header.
  ///
  /// - Throws: `ES_INVALID_VALUE` for a size that no version has used, or if a field that this version does not know is
  ///   set.
  package init(reading pointer: UnsafePointer<Self>) throws(Failure) {
    self.init()
    let size = try Self.size(of: pointer)
    let known = min(size, MemoryLayout<Self>.size)
    _ = withUnsafeMutableBytes(of: &self) { memcpy($0.baseAddress!, pointer, known) }
    let unknown = UnsafeRawBufferPointer(start: UnsafeRawPointer(pointer) + known, count: size - known)
    guard unknown.allSatisfy({ $0 == 0 }) else {
      throw Failure(.invalidValue, "the program sets a field of \(Self.name) that this library does not know")
    }
  }

  /// Reads an array whose elements all have the size of the first.
  package static func array(_ pointer: UnsafePointer<Self>, count: Int) throws(Failure) -> [Self] {
    var elements: [Self] = []
    let stride = try size(of: pointer)
    for index in 0..<count {
      let element = (UnsafeRawPointer(pointer) + index * stride).assumingMemoryBound(to: Self.self)
      guard try size(of: element) == stride else {
        throw Failure(.invalidValue, "the elements of an array of \(name) have different sizes")
      }
      elements.append(try Self(reading: element))
    }
    return elements
  }

  private static func size(of pointer: UnsafePointer<Self>) throws(Failure) -> Int {
    let size = UnsafeRawPointer(pointer).load(as: UInt.self)
    let first = MemoryLayout<Self>.size
    if size == 0 { return first }
    guard size >= first, size <= mostBytes else {
      throw Failure(.invalidValue, "the size in \(name) is \(size), which no version has used; expected \(first)")
    }
    return Int(size)
  }
}

/// Fills in a program's struct of statistics. It may be older or newer than this library: fields that the program does
/// not know are omitted, and fields that the library does not know are 0.
///
/// - Parameter size: The size of the struct in the program.
func fill<Filled>(
  _ memory: UnsafeMutablePointer<Filled>, _ size: Int, with filled: Filled, _ name: StaticString
) throws(Failure) {
  guard (0...4096).contains(size) else { throw Failure(.invalidValue, "\(name) cannot have \(size) bytes") }
  memset(memory, 0, size)
  _ = withUnsafeBytes(of: filled) { memcpy(memory, $0.baseAddress!, min(size, $0.count)) }
}
