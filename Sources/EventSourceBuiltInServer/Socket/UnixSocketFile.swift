import Glibc

/// The file of a UNIX socket that this process has bound; removed when its owner ends, unless the path has become
/// somebody else's meanwhile.
struct UnixSocketFile: ~Copyable, Sendable {
  private let path: String
  private let device: dev_t
  private let inode: ino_t

  /// Takes over the file that `bind` has made; nil for an abstract name, which has none.
  init?(_ name: String) {
    var status = stat()
    guard !name.hasPrefix("@"), lstat(name, &status) == 0 else { return nil }
    path = name
    device = status.st_dev
    inode = status.st_ino
  }

  deinit {
    var status = stat()
    guard lstat(path, &status) == 0, status.st_dev == device, status.st_ino == inode else { return }
    unlink(path)
  }
}
