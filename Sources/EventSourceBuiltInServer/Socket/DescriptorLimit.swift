import Glibc

/// The process's limit of open descriptors.
enum DescriptorLimit {
  /// Raises the soft limit to the hard one.
  ///
  /// - Returns: The limit before and after. `nil` if the limit is already at its maximum or the system refuses.
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
