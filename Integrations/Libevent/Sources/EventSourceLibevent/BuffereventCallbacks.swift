import CLibevent

/// Stands between a bufferevent and evhttp's callbacks for it, and hands on what it hears. On the base's thread only.
///
/// That is how a response learns that its peer has left without taking the one close callback that evhttp has for each
/// connection, which is the program's.
final class BuffereventCallbacks {
  private typealias DataCallback = bufferevent_data_cb
  private let bufferevent: UnsafeMutablePointer<bufferevent>
  private let heard: (Event) -> Void
  private var theirs: (write: DataCallback?, event: bufferevent_event_cb?, argument: UnsafeMutableRawPointer?)?

  enum Event {
    /// Everything was written.
    case written
    /// The connection has failed or ended, or one of its timeouts is over.
    case ended(Int16)
  }

  init(_ bufferevent: UnsafeMutablePointer<bufferevent>, heard: @escaping (Event) -> Void) {
    self.bufferevent = bufferevent
    self.heard = heard
  }

  /// Takes the place of evhttp's callbacks, which it sets anew whenever it begins to write or read. What is read stays
  /// in the input, for evhttp to be read later.
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

  /// Gives evhttp its place again.
  func withdraw() {
    guard let theirs, bufferevent.pointee.cbarg == Unmanaged.passUnretained(self).toOpaque() else { return }
    bufferevent_setcb(bufferevent, nil, theirs.write, theirs.event, theirs.argument)
  }

  /// Tells evhttp what was heard; it may free the connection.
  func handOn(_ event: Event) {
    guard let theirs else { return }
    switch event {
    case .written: theirs.write?(bufferevent, theirs.argument)
    case .ended(let what): theirs.event?(bufferevent, what, theirs.argument)
    }
  }
}
