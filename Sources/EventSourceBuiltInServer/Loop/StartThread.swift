import CEventSourceLinux
import Glibc

/// What a thread is given to run.
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

/// Starts a thread on which no signal is delivered that is meant for the program: its handlers run on its own threads.
/// Those that the thread itself may cause are delivered, or a crash would pass by who reports it.
///
/// - Parameters:
///   - name: At most 15 characters, for `top -H` and debuggers.
///   - atEnd: Called last on the thread, when `body` and what it held are gone.
func startThread(
  named name: String,
  _ body: @escaping @Sendable () -> Void,
  atEnd: @escaping @Sendable () -> Void
) throws(BuiltInServerError) -> pthread_t {
  var blocked = sigset_t()
  var before = sigset_t()
  sigfillset(&blocked)
  for signal in [SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS, SIGPROF] { sigdelset(&blocked, signal) }
  // A new thread inherits the mask of the one that makes it.
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

/// Runs a thread's body, and lets go of it before it answers what is left to call.
private func runThread(_ argument: Unmanaged<ThreadBody>) -> @Sendable () -> Void {
  let thread = argument.takeRetainedValue()
  eventsource_name_thread(thread.name)
  thread.body()
  return thread.atEnd
}
