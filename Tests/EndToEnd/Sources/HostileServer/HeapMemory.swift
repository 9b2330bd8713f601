import Glibc

/// The program's heap memory, as counted by the address sanitizer.
enum HeapMemory {
  /// The bytes allocated and not freed, without the allocator's reserve. 0 in a program built without the sanitizer.
  static var bytesInUse: Int { count?() ?? 0 }

  private static let count: (@convention(c) () -> Int)? = {
    let symbol = dlsym(dlopen(nil, RTLD_NOW), "__sanitizer_get_current_allocated_bytes")
    return symbol.map { unsafeBitCast($0, to: (@convention(c) () -> Int).self) }
  }()
}
