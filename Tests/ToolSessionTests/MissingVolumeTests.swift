import Foundation
import ProofTools
import Testing

/// Folders whose volume is not mounted, and files that are gone: one is no success, the other daily life.
@Suite(.serialized, .timeLimit(.minutes(20))) struct MissingVolumeTests {
  /// A host with media that would be missed.
  private func host(withDatabase: Bool) async throws -> Deployment {
    let host = try await Deployment(withDatabase: withDatabase)
    var chance = SeededChance(for: "a missing volume")
    try await host.writeNoise(300_000, to: "media/local_content/Ff/Ff/large", &chance)
    try await host.initialise()
    return host
  }

  private func unmount(_ host: Deployment) throws {
    try FileManager.default.moveItem(atPath: host.path("media"), toPath: host.path("volume"))
    try FileManager.default.createDirectory(
      atPath: host.path("media/lost+found"), withIntermediateDirectories: true)
  }

  private func mount(_ host: Deployment) throws {
    try host.remove("media")
    try FileManager.default.moveItem(atPath: host.path("volume"), toPath: host.path("media"))
  }

  private func metric(_ host: Deployment, _ name: String) throws -> String? {
    let lines = try host.folder.readText("metrics/coffer.prom").split(separator: "\n")
    let line = lines.first { $0.hasPrefix("\(name){source=\"synapse-media\"} ") }
    return line.flatMap { $0.split(separator: " ").last.map(String.init) }
  }

  @Test(arguments: [true, false])
  func aFolderThatIsSuddenlyEmptyIsPartlySavedAndWhatItHeldIsNotForgotten(
    withDatabase: Bool
  ) async throws {
    let host = try await host(withDatabase: withDatabase)
    try await host.night()
    #expect(try metric(host, "coffer_backup_source_state") == "1")
    try unmount(host)
    // Not once, and not by habit.
    for _ in 0..<2 {
      let night = try await host.backup("run").expect(
        3, naming: "synapse-media", "is its volume mounted?")
      #expect(night.errors.contains("no file is there, where 3 were saved before"), "\(night)")
      #expect(try metric(host, "coffer_backup_source_state") == "0.5")
    }
    try await host.restore("snapshots").expect(0, naming: "synapse-media: partly")
    try await host.verify().expect(0)
    try mount(host)
    let back = try await host.night()
    #expect(try back.stored() < 20_000, "\(back)")
    try await host.drill().expect(0)
    #expect(try metric(host, "coffer_backup_source_state") == "1")
  }

  @Test func theLatestSnapshotIsTheOneThatHasTheVolumeAndThatIsSaid() async throws {
    let host = try await host(withDatabase: false)
    try await host.night()
    let whole = try #require(
      try await host.restore("snapshots", "--json").values(of: "snapshot").last)
    try unmount(host)
    try await host.backup("run").expect(3)
    let passedOver = "(synapse-media: partly); using \(whole)"
    func restore(_ target: String) async throws -> Program.Outcome {
      try await host.restore(
        ["run", "--source", "synapse-media", "--target", host.path(target)] + host.allIdentities,
        from: host.store)
    }
    try await restore("one").expect(0, naming: passedOver, "3 files")
    let map = try await host.map(into: "new")
    try await host.restore(["host", "--map", map] + host.allIdentities, from: host.store)
      .expect(0, naming: passedOver)
    #expect(
      FileManager.default.fileExists(atPath: host.path("new/media/local_content/Ff/Ff/large")))
    try await host.drill().expect(0, naming: passedOver, "snapshot \(whole) can be restored")
    // A source that is whole in the newest snapshot is taken from there.
    let config = try await host.restore(
      ["run", "--source", "bridge-config", "--target", host.path("two")] + host.allIdentities,
      from: host.store
    ).expect(0)
    #expect(!config.errors.contains("using"), "\(config)")
  }

  @Test func whereNoSnapshotHasASourceWholeTheNewestIsTakenWithAWarning() async throws {
    let host = try await host(withDatabase: true)
    try unmount(host)
    try await host.backup("run").expect(3)
    try await host.drill().expect(4, naming: "synapse-media was saved in part only")
    try await host.restore(
      ["run", "--source", "synapse-media", "--target", host.path("one")] + host.allIdentities,
      from: host.store
    ).expect(0, naming: "warning synapse-media was saved in part only")
  }

  @Test func aFolderThatWasEmptyFromTheBeginningIsSaved() async throws {
    let host = try await Deployment()
    try host.remove("bridge/config.yaml")
    try await host.initialise()
    try await host.night()
    try host.write("now\n", to: "bridge/config.yaml")
    try await host.night()
    try host.remove("bridge/config.yaml")
    try await host.backup("run").expect(3, naming: "bridge-config", "put a file into it")
    try host.write("", to: "bridge/empty-on-purpose")
    try await host.night()
    try await host.drill().expect(0)
  }

  @Test func anotherFolderInThePlaceOfTheMediaIsPartlySaved() async throws {
    let host = try await host(withDatabase: true)
    try unmount(host)
    try host.write("of another service\n", to: "media/something/else")
    try await host.backup("run").expect(3, naming: "none of the dump's 2 media rows has its file")
    #expect(try metric(host, "coffer_backup_source_rows_without_file") == "2")
    try mount(host)
    try await host.night()
    #expect(try metric(host, "coffer_backup_source_rows_without_file") == "0")
  }

  @Test func someRowsWithoutTheirFileAreAWarningAndFewOfManyANote() async throws {
    let host = try await host(withDatabase: true)
    try host.remove("media/\(SynapseLike.media.keys.sorted()[0])")
    let night = try await host.night()
    #expect(night.errors.contains("1 of 2 media rows of the dump have no file"), "\(night)")
    #expect(try metric(host, "coffer_backup_source_rows_without_file") == "1")
    for number in 100..<300 {
      try host.write("\(number)", to: "media/local_content/Mm/Mm/m\(number)")
    }
    try SharedServer.execute(
      """
      INSERT INTO local_media_repository
      SELECT 'MmMmm' || n, 3, NULL, NULL, NULL FROM generate_series(100, 299) n
      """, in: host.database ?? "")
    let next = try await host.night()
    #expect(next.output.contains("1 of 202 media rows of the dump have no file"), "\(next)")
    #expect(!next.errors.contains("media rows"), "\(next)")
  }
}
