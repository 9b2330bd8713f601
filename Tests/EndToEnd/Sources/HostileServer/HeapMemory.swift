import Glibc

/// What the program has allocated and not freed, as the address sanitizer counts it.
enum HeapMemory {
  /// In bytes, whatever the allocator keeps for later; 0 in a program that was built without the sanitizer.
  static var bytesInUse: Int { count?() ?? 0 }

  private static let count: (@convention(c) () -> Int)? = {
    let symbol = dlsym(dlopen(nil, RTLD_NOW), "__sanitizer_get_current_allocated_bytes")
    return symbol.map { unsafeBitCast($0, to: (@convention(c) () -> Int).self) }
  }()
}
