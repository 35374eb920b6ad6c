import Foundation
import Glibc
import ProofTools
import Testing

extension Tag {
  /// Proofs that take long on a small machine: run by Scripts/test, and not to be timed.
  @Tag static var heavy: Self
}

@Suite(.tags(.heavy), .timeLimit(.minutes(20))) struct MemoryTests {
  private static let files = 200_000
  private static let limit = 300 << 20

  /// A disk takes a minute to make so many files; memory does not.
  private static let quickFolder: String? = {
    let memory = "/dev/shm"
    guard FileManager.default.isWritableFile(atPath: memory),
      let facts = try? FileManager.default.attributesOfFileSystem(forPath: memory),
      let free = facts[.systemFreeSize] as? Int, free > 2 << 30
    else { return nil }
    return memory
  }()

  @Test(.enabled(if: StockTool.isInstalled("time"), "GNU time is not installed"))
  func twoHundredThousandSmallFilesAreSavedInLessThan300MiB() async throws {
    let host = try await Deployment(in: Self.quickFolder)
    try makeFiles(in: host.path("config"))
    try await host.initialise()
    host.backupTool = BuiltTools.fastestBackup
    let clock = ContinuousClock()
    for night in ["first", "second"] {
      let start = clock.now
      let figure = host.path("peak")
      host.wrapper = [try host.program("time").path, "--format=%M", "--output=\(figure)"]
      let outcome = try await host.night()
      let text = try host.folder.readText("peak").trimmingCharacters(in: .whitespacesAndNewlines)
      let peak = try #require(Int(text)) << 10
      print("\(night) night of \(Self.files) files: \(peak >> 20) MiB, \(clock.now - start)")
      #expect(peak < Self.limit)
      #expect(try outcome.events().contains { $0.number("files") ?? 0 >= Self.files })
    }
    #expect(try host.store.entries().count == 2)
  }

  /// Folders of a hundred, every file with something of its own in it.
  private func makeFiles(in folder: String) throws {
    for group in 0..<Self.files / 100 {
      let path = "\(folder)/\(group % 50)/\(group)"
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      for number in 0..<100 {
        // Nothing slower will do: there are many.
        let text = "from: \(group), number: \(number)"
        let file = unsafe open("\(path)/message-\(number)", O_WRONLY | O_CREAT, 0o600)
        let count = unsafe write(file, text, text.utf8.count)
        close(file)
        try #require(count == text.utf8.count)
      }
    }
  }
}
