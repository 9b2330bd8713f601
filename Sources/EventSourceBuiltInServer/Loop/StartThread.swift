import CEventSourceLinux
import Glibc

/// The function that a thread runs.
private final class ThreadBody {
  let name: String
  let body: @Sendable () -> Void
  let atEnd: @Sendable () -> Void

  init(name: String, body: @escaping @Sendable () -> Void, atEnd: @escaping @Sendable () -> Void) {
    self.name = name
    self.body = body
    self.atEnd = atEnd
  }
}

/// Starts a thread that does not receive signals meant for the program; their handlers run on the program's own
/// threads. Signals that the thread itself can raise stay unblocked, so that crash reporters still see them.
///
/// - Parameters:
///   - name: At most 15 characters, for `top -H` and debuggers.
///   - atEnd: Called last on the thread, after `body` and everything it held are released.
func startThread(
  named name: String,
  _ body: @escaping @Sendable () -> Void,
  atEnd: @escaping @Sendable () -> Void
) throws(BuiltInServerError) -> pthread_t {
  var blocked = sigset_t()
  var before = sigset_t()
  sigfillset(&blocked)
  for signal in [SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS, SIGPROF] { sigdelset(&blocked, signal) }
  // A new thread inherits the signal mask of its creator.
  pthread_sigmask(SIG_SETMASK, &blocked, &before)
  defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
  let argument = Unmanaged.passRetained(ThreadBody(name: name, body: body, atEnd: atEnd))
  var thread = pthread_t()
  let result = pthread_create(
    &thread,
    nil,
    { argument in
      let atEnd = runThread(Unmanaged<ThreadBody>.fromOpaque(argument!))
      atEnd()
      return nil
    },
    argument.toOpaque()
  )
  if result != 0 {
    argument.release()
    throw .system(call: "pthread_create", errno: result)
  }
  return thread
}

/// Runs a thread's body and releases it, then returns the function to call last.
private func runThread(_ argument: Unmanaged<ThreadBody>) -> @Sendable () -> Void {
  let thread = argument.takeRetainedValue()
  eventsource_name_thread(thread.name)
  thread.body()
  return thread.atEnd
}
