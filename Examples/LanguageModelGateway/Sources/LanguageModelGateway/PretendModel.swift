/// A simulated model that repeats words as numbered tokens at a given rate.
struct PretendModel: Sendable {
  let words: [String]
  let count: Int
  let tokensPerSecond: Double

  /// The tokens: `0:hello `, `1:world `, `2:hello ` …
  var tokens: AsyncThrowingStream<String, any Error> {
    let number = Counter()
    return AsyncThrowingStream {
      let index = await number.next()
      guard index < count else { return nil }
      try await Task.sleep(for: .seconds(1 / tokensPerSecond))
      return "\(index):\(words[index % words.count]) "
    }
  }

  private actor Counter {
    private var value = 0

    func next() -> Int {
      defer { value += 1 }
      return value
    }
  }
}
