import Glibc

/// How many descriptors the process may have open.
enum DescriptorLimit {
  /// Raises the soft limit to the hard one.
  ///
  /// - Returns: The limit before and after; nil if it is as high as it may be, or the system refuses.
  static func raise() -> (from: UInt, to: UInt)? {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur < limit.rlim_max else {
      return nil
    }
    let before = limit.rlim_cur
    limit.rlim_cur = limit.rlim_max
    guard setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return nil }
    return (UInt(before), UInt(limit.rlim_max))
  }
}
