import Foundation
import Keeping
import Repository
import Retention
import Signatures
import Stores
import SystemPackage
import Vocabulary

extension Deployment {
  /// The arguments that name the keeper's folder, outside the store.
  var keeperState: [String] { ["--state", path("keeper")] }

  /// A host with nights that its keeper saw one a day, from a month ago on.
  static func seenByItsKeeper(nights: Int = 6) async throws -> Deployment {
    let host = try await Deployment()
    try await host.beSeenByItsKeeper(nights: nights)
    return host
  }

  /// Makes the store, and nights in it that its keeper saw one a day, from a month ago on.
  func beSeenByItsKeeper(nights: Int) async throws {
    try await initialise()
    for number in 0..<30 { try write("number \(number)\n", to: "config/many/\(number)") }
    for night in 0..<nights {
      try write(String(repeating: "night \(night)\n", count: 2_000), to: "config/night")
      try await self.night()
      try onDay(night) { _, _, _ in }
    }
  }

  /// A keeper's work on some day of the past month, done with the tool's own parts: no clock is turned.
  func onDay<Result>(
    _ day: Int, _ work: (inout KeeperRecord, any BlobStore, KnownHosts) throws -> Result
  ) throws -> Result {
    let path = FilePath(store.path)
    let store = DirectoryStore(path, writer: "keeper")
    let lease = try store.prepareForWriting()
    defer { lease.release() }
    let folder = try KeeperFolder(FilePath(self.path("keeper")), of: path)
    let hosts = KnownHosts(in: folder)
    try hosts.remember(VerifyingKey(hostKeyAt: FilePath(self.path("keys/host.pub"))))
    let now = Timestamp.now() + .days(day - 30)
    var record = try KeeperRecord(in: store, of: folder, clock: { now })
    _ = try Reception(in: store, of: hosts).receive(into: &record)
    return try work(&record, store, hosts)
  }

  /// Marks, on a day of the past month, what `--keep-last 1` lets go of: the grace is over by now.
  func markWhatMayGo(on day: Int = 20) throws {
    try onDay(day) { record, store, hosts in
      let run = RetentionRun(in: store, of: hosts, interruption: Interruption())
      let policy = try RetentionPolicy(last: 1, periods: [:], within: nil, floors: .least)
      try run.mark(run.plan(policy, record), grace: .days(3), in: &record)
    }
  }

  /// Runs `retain --keep-last 1`.
  func retain(
    _ arguments: String..., while body: (Program.Running) async throws -> Void = { _ in }
  ) async throws -> Program.Outcome {
    try await keeper(["retain", "--keep-last", "1"] + keeperState + arguments, while: body)
  }
}
