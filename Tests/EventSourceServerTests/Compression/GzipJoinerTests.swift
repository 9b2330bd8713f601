import EventSourceZlib
import Testing

@testable import EventSourceServer

/// Members that are joined from shared blocks and a reader's own, decoded by zlib.
@Suite struct GzipJoinerTests {
  /// What happens between two shared blocks, or with one.
  private enum Step: CaseIterable {
    /// A shared block, which refers to those before it.
    case block
    /// A shared block that is a key frame.
    case keyFrame
    /// The reader stops following, is sent something of its own, and follows again.
    case own
    /// The reader stops following and follows again.
    case pause
    /// Twice as much of its own as one stored block holds.
    case large
  }

  /// Shared blocks, and one reader that is sent them compressed where its decoder can continue, and stored otherwise.
  private struct Scene {
    let deflater = ZlibCompressor().makeDeflater()!
    var joiner = GzipJoiner()
    var shared = ContentDigest()
    var keyFrame: UInt64 = 0
    var end: UInt64 = 0
    var isFollowing = false
    var sent: [UInt8] = []
    var expected: [UInt8] = []
    var compressedBlocks = 0

    init() {
      write(Array(":\n".utf8))
      joiner.follow(from: shared)
    }

    mutating func write(_ content: [UInt8]) {
      var memory = [UInt8](repeating: 0, count: joiner.headerCount + GzipJoiner.storedCount(of: content.count))
      memory.withUnsafeMutableBytes { memory in content.withUnsafeBytes { joiner.writeOwn($0, to: memory) } }
      sent += memory
      expected += content
    }

    mutating func stop() {
      let position = GzipJoiner.SharedPosition(keyFrame: keyFrame, end: end)
      joiner.unfollow(at: shared, position: isFollowing ? position : nil)
    }

    mutating func resume() {
      isFollowing = joiner.position == GzipJoiner.SharedPosition(keyFrame: keyFrame, end: end)
      joiner.follow(from: shared)
    }

    mutating func take(_ step: Step, _ number: Int) {
      switch step {
      case .block, .keyFrame:
        let content = Array("id: \(number)\ndata: {\"name\":\"the same text again\",\"number\":\(number)}\n\n".utf8)
        if step == .keyFrame || keyFrame == 0 {
          deflater.reset()
          keyFrame += 1
          isFollowing = true
        }
        var block: [UInt8] = []
        _ = content.withUnsafeBytes { deflater.deflate($0, into: &block) }
        content.withUnsafeBytes { shared.append($0) }
        end += UInt64(content.count)
        expected += content
        if isFollowing {
          compressedBlocks += 1
          sent += block
        } else {
          var memory = [UInt8](repeating: 0, count: GzipJoiner.storedCount(of: content.count))
          memory.withUnsafeMutableBytes { memory in content.withUnsafeBytes { GzipJoiner.writeStored($0, to: memory) } }
          sent += memory
        }
      case .own:
        stop()
        write(Array(":\n\n".utf8))
        resume()
      case .pause:
        stop()
        resume()
      case .large:
        stop()
        write(Array(repeating: UInt8(number), count: 2 * GzipJoiner.largestStored + 1))
        resume()
      }
    }

    mutating func finish() {
      stop()
      var memory = [UInt8](repeating: 0, count: joiner.headerCount + GzipJoiner.trailerCount)
      memory.withUnsafeMutableBytes { joiner.writeTrailer(to: $0) }
      sent += memory
    }
  }

  /// Every sequence of up to five steps. The first two may be large.
  @Test func everySequenceIsOneValidMember() {
    var sequences: [[Step]] = [[]]
    for length in 0...5 {
      for steps in sequences {
        var scene = Scene()
        for (number, step) in steps.enumerated() { scene.take(step, number) }
        scene.finish()
        let decoder = GzipDecoder()
        let decoded = decoder.decode(scene.sent)
        #expect(decoded == scene.expected && decoder.isFinished && decoder.flaw == nil, "\(steps)")
      }
      let steps = length > 1 ? Step.allCases.filter { $0 != .large } : Step.allCases
      sequences = sequences.flatMap { before in steps.map { before + [$0] } }
    }
  }

  @Test func everyBlockIsDecodedWhenItsLastByteHasCome() {
    var scene = Scene()
    let decoder = GzipDecoder()
    var decoded = decoder.decode(scene.sent)
    var sent = scene.sent.count
    for number in 0..<200 {
      scene.take(Step.allCases[number * 7 % 4], number)
      for byte in scene.sent[sent...] { decoded += decoder.decode([byte]) }
      sent = scene.sent.count
      #expect(decoded == scene.expected)
    }
    scene.finish()
    for byte in scene.sent[sent...] { decoded += decoder.decode([byte]) }
    #expect(decoded == scene.expected && decoder.isFinished && decoder.flaw == nil)
    #expect(scene.compressedBlocks > 50)
  }

  @Test func aReaderGoesOnAfterAPauseButNotAfterItsOwnBytes() {
    var scene = Scene()
    for (number, step) in [Step.block, .block, .pause, .block].enumerated() { scene.take(step, number) }
    #expect(scene.compressedBlocks == 3)
    scene.take(.own, 4)
    scene.take(.block, 5)
    #expect(scene.compressedBlocks == 3)
    scene.take(.keyFrame, 6)
    scene.take(.block, 7)
    #expect(scene.compressedBlocks == 5)
  }

  @Test func aMemberWithoutContentIsValid() {
    var joiner = GzipJoiner()
    var memory = [UInt8](repeating: 0, count: joiner.headerCount + GzipJoiner.trailerCount)
    memory.withUnsafeMutableBytes { joiner.writeTrailer(to: $0) }
    let decoder = GzipDecoder()
    #expect(decoder.decode(memory) == [] && decoder.isFinished && decoder.flaw == nil)
  }
}
