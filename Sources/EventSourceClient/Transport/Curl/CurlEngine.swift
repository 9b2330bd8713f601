#if os(Linux) && !canImport(Musl)
  import CEventSourceCurl
  import Foundation
  import Synchronization

  /// Runs all transfers of the process on one thread, which lives as long as the process.
  // Sendable, because only the engine's thread accesses the transfers, and a lock guards the orders.
  final class CurlEngine: @unchecked Sendable {
    /// The shared engine. `nil` if libcurl is not available.
    static let shared: CurlEngine? = {
      guard eventsource_curl_load() != 0, let handle = eventsource_curl_new_engine() else { return nil }
      let engine = CurlEngine(handle)
      let thread = Thread { engine.run() }
      thread.name = "EventSourceClient"
      thread.start()
      return engine
    }()

    private enum Order {
      case start(CurlTransfer)
      case resume(CurlTransfer)
      case cancel(CurlTransfer)
    }

    private let handle: UnsafeMutableRawPointer
    private let orders = Mutex<[Order]>([])
    /// The transfers that libcurl holds, keyed by the addresses that libcurl knows.
    private var running: [UnsafeMutableRawPointer: CurlTransfer] = [:]

    private init(_ handle: UnsafeMutableRawPointer) { self.handle = handle }

    /// Begins a transfer. This method and the next two can be called from any thread.
    func start(_ transfer: CurlTransfer) { give(.start(transfer)) }

    /// Resumes a transfer that was paused because its inbox was full.
    func resume(_ transfer: CurlTransfer) { give(.resume(transfer)) }

    /// Closes the connection of a transfer.
    func cancel(_ transfer: CurlTransfer) { give(.cancel(transfer)) }

    private func give(_ order: Order) {
      orders.withLock { $0.append(order) }
      eventsource_curl_wake(handle)
    }

    // MARK: The engine's thread

    private func run() {
      eventsource_curl_enter_thread()
      while true {
        for order in orders.withLock({ orders in
          defer { orders = [] }
          return orders
        }) { obey(order) }
        eventsource_curl_perform(handle)
        reap()
        eventsource_curl_wait(handle, 60_000)
      }
    }

    private func obey(_ order: Order) {
      switch order {
      case .start(let transfer):
        guard eventsource_curl_add(handle, transfer.handle) == 0 else { return transfer.finish(27) }
        running[address(transfer)] = transfer
      case .resume(let transfer):
        if running[address(transfer)] != nil { eventsource_curl_go_on(transfer.handle) }
      case .cancel(let transfer):
        guard running.removeValue(forKey: address(transfer)) != nil else { return }
        eventsource_curl_remove(handle, transfer.handle)
      }
    }

    private func reap() {
      var result: Int32 = 0
      while let context = eventsource_curl_next_done(handle, &result) {
        guard let transfer = running.removeValue(forKey: context) else { continue }
        eventsource_curl_remove(handle, transfer.handle)
        transfer.finish(result)
      }
    }

    private func address(_ transfer: CurlTransfer) -> UnsafeMutableRawPointer {
      Unmanaged.passUnretained(transfer).toOpaque()
    }
  }
#endif
