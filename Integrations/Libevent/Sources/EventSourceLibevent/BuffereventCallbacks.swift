import CLibevent

/// Intercepts the callbacks of a bufferevent and forwards them to evhttp. On the base's thread only.
///
/// This lets a response learn that its peer has disconnected, without using evhttp's single close callback per
/// connection, which belongs to the program.
final class BuffereventCallbacks {
  private typealias DataCallback = bufferevent_data_cb
  private let bufferevent: UnsafeMutablePointer<bufferevent>
  private let heard: (Event) -> Void
  private var theirs: (write: DataCallback?, event: bufferevent_event_cb?, argument: UnsafeMutableRawPointer?)?

  enum Event {
    /// All data was written.
    case written
    /// The connection failed or ended, or one of its timeouts expired.
    case ended(Int16)
  }

  init(_ bufferevent: UnsafeMutablePointer<bufferevent>, heard: @escaping (Event) -> Void) {
    self.bufferevent = bufferevent
    self.heard = heard
  }

  /// Replaces evhttp's callbacks, which evhttp sets again whenever it starts to write or read. Received bytes stay in
  /// the input, where evhttp reads them later.
  func interpose() {
    let argument = Unmanaged.passUnretained(self).toOpaque()
    guard bufferevent.pointee.cbarg != argument else { return }
    theirs = (bufferevent.pointee.writecb, bufferevent.pointee.errorcb, bufferevent.pointee.cbarg)
    bufferevent_setcb(
      bufferevent, nil,
      { _, argument in
        let callbacks = Unmanaged<BuffereventCallbacks>.fromOpaque(argument!).takeUnretainedValue()
        callbacks.heard(.written)
      },
      { _, what, argument in
        let callbacks = Unmanaged<BuffereventCallbacks>.fromOpaque(argument!).takeUnretainedValue()
        callbacks.heard(.ended(what))
      }, argument)
  }

  /// Restores evhttp's callbacks.
  func withdraw() {
    guard let theirs, bufferevent.pointee.cbarg == Unmanaged.passUnretained(self).toOpaque() else { return }
    bufferevent_setcb(bufferevent, nil, theirs.write, theirs.event, theirs.argument)
  }

  /// Forwards an event to evhttp, which may free the connection.
  func handOn(_ event: Event) {
    guard let theirs else { return }
    switch event {
    case .written: theirs.write?(bufferevent, theirs.argument)
    case .ended(let what): theirs.event?(bufferevent, what, theirs.argument)
    }
  }
}
