import Foundation
import ProofTools
import Testing

/// Nights that travel on media: written, lost in part, taken in, and restored on the other side.
@Suite("Across the air gap", .timeLimit(.minutes(20)))
struct AirGapTests {
  @Test func nightsTravelAVolumeIsLostAndTheyAreDrilledOnTheOtherSide() async throws {
    var chance = SeededChance(for: "nights that travel")
    let host = try await Deployment(withDatabase: true)
    for number in 0..<3 {
      try await host.writeNoise(3_000_000, to: "config/noise-\(number)", &chance)
    }
    try await host.initialise()
    for night in 0..<3 {
      try await host.writeNoise(1_000_000, to: "bridge/noise-\(night)", &chance)
      try await host.night()
    }
    try await host.withoutIdentities {
      let set = try await host.export("10M", to: "out")
      let folders = try set.folders()
      #expect(folders.count > 2)
      // Stock tools alone prove each volume, and what is in it.
      for folder in folders {
        let name = (folder as NSString).lastPathComponent
        var sums = try host.program("sha256sum")
        sums.folder = folder
        try await sums.run(["--strict", "-c", "\(name).sha256"]).expect(0)
      }
      for archive in try set.archives() {
        try host.write("", to: "unpacked/\((archive as NSString).lastPathComponent).here")
        try await host.program("tar").run(["-xf", archive, "-C", host.path("unpacked")]).expect(0)
        var sums = try host.program("sha256sum")
        sums.folder = host.path("unpacked")
        let list = (archive as NSString).lastPathComponent.replacing(".tar", with: ".objects")
        try await sums.run(["--strict", "-c", list]).expect(0)
      }
      let lost = folders.randomElement(using: &chance) ?? ""
      try FileManager.default.removeItem(atPath: lost)
      try await host.takeIn(host.path("out"), dryRun: true).expect(0)
      #expect(!FileManager.default.fileExists(atPath: host.far.path))
      let taken = try await host.takeIn(host.path("out"))
      taken.expect(0, naming: "not at hand or damaged")
      try await host.farKeeper(["scrub"]).expect(0)
    }
    try host.expectTheSame()
    // What stock tar unpacked is the same store.
    let unpacked = Store(path: host.path("unpacked"))
    try await host.verify(of: unpacked).expect(0)
    try await host.verify(of: host.far).expect(0, naming: "ledger head 3 ")
    try await host.drill(of: host.far).expect(0)
    try await host.restore(
      ["run", "--source", "synapse-config", "--target", host.path("restored")] + host.allIdentities,
      from: host.far
    ).expect(0)
    #expect(
      FileManager.default.contentsEqual(
        atPath: host.path("restored/noise-1"), andPath: host.path("config/noise-1")))
  }

  @Test func aSecondTransferCarriesWhatIsNewAndNothingElse() async throws {
    var chance = SeededChance(for: "a second transfer")
    let host = try await Deployment()
    try await host.writeNoise(5_000_000, to: "config/noise", &chance)
    try await host.initialise()
    try await host.night()
    let first = try await host.export("6M", to: "first")
    try await host.takeIn(first.path).expect(0)
    try await host.writeNoise(300_000, to: "config/more", &chance)
    try await host.night()
    try await host.farKeeper(["have", "--to", host.path("have.json")]).expect(0)
    let second = try await host.export("6M", "--since", host.path("have.json"), to: "second")
    let listed = try await host.program("tar").run(["-tf", try second.archives()[0]])
    let carried = listed.output.split(separator: "\n").map(String.init)
    let added = try host.store.added(by: host.store.entries()[1])
    #expect(Set(carried.filter { !$0.hasPrefix("ledger/") && $0.contains("/") }) == Set(added))
    #expect(carried.filter { $0.hasPrefix("ledger/") && $0.contains("00000001") }.isEmpty)
    try await host.takeIn(second.path).expect(0)
    try host.expectTheSame()
    // The receipt of the import says the same as a list.
    let since = ["--since", host.path("far/keeper/receipt.json")]
    try await host.keeper(
      ["export", "--to", host.path("third"), "--volume-size", "4M"] + since
    ).expect(5, "export.nothing")
    try await host.verify(of: host.far).expect(0, naming: "ledger head 2 ")
    try await host.drill(of: host.far).expect(0)
  }

  @Test func volumesArePutInOneAfterTheOther() async throws {
    var chance = SeededChance(for: "one volume after the other")
    let host = try await Deployment()
    for place in ["config", "bridge"] {
      try await host.writeNoise(4_000_000, to: "\(place)/noise", &chance)
    }
    try await host.initialise()
    try await host.night()
    let set = try await host.export("5M", "--parity-volumes", "0", to: "out")
    let folders = try set.folders().shuffled(using: &chance)
    #expect(folders.count > 1)
    for folder in folders.dropLast() {
      try await host.takeIn(folder).expect(3, "import.missing")
      // Nothing counts yet; manifests that wait look as if somebody had taken the ledger away.
      #expect(try await [5, 13].contains(host.verify(of: host.far).status))
    }
    try await host.takeIn(folders[folders.count - 1]).expect(0)
    try host.expectTheSame()
  }

  @Test func aSetIsWrittenOnceAndARehearsalWritesNothing() async throws {
    let host = try await Deployment()
    try await host.initialise()
    try await host.night()
    let arguments = [
      "export", "--to", host.path("out"), "--volume-size", "2M", "--trust",
      host.path("keys/host.pub"),
    ]
    try await host.keeper(arguments + ["--dry-run"]).expect(0, naming: "nothing was written")
    #expect(!FileManager.default.fileExists(atPath: host.path("out")))
    try await host.keeper(arguments).expect(0, naming: "written and read back")
    for (name, mode) in try Volumes(path: host.path("out")).modes() {
      #expect(mode == (name.contains(".") ? 0o600 : 0o700), "\(name)")
    }
    try await host.keeper(arguments).expect(5, "export.exists")
    try await host.keeper(
      ["export", "--to", host.path("out"), "--volume-size", "140000"]
    ).expect(2, "export.volume-size", naming: "use larger volumes")
    try await host.takeIn(host.path("nothing")).expect(2, "import.unreadable")
    try await host.takeIn(host.path("config")).expect(5, "import.no-volumes")
    try host.write("something\n", to: "far/else")
    try await host.takeIn(host.path("out")).expect(14, "import.not-a-store")
  }

  @Test func aHostWhoseKeyIsNotKnownIsLeftOut() async throws {
    let host = try await Deployment()
    try await host.initialise()
    try await host.night()
    let set = try await host.export("2M", to: "out")
    let stranger = try await host.farKeeper(["import", "--from", set.path])
    stranger.expect(5, "keeper.unknown-host", naming: "--trust")
    #expect(try host.far.objects().keys.allSatisfy { $0.hasPrefix("keeper/") })
  }

  @Test func ofTwoHostsTheOneWhoseKeyIsKnownComesIn() async throws {
    let (host, other) = (try await Deployment(), try await Deployment())
    let own = "store: \(other.path("store"))\n"
    let yaml = try other.folder.readText("coffer.yaml")
    try other.write(yaml.replacing(own, with: "store: \(host.store.path)\n"), to: "coffer.yaml")
    for deployment in [host, other] {
      try await deployment.initialise()
      try await deployment.night()
    }
    try await host.keeper(["status", "--trust", other.path("keys/host.pub")]).expect(3)
    let set = try await host.export("6M", to: "out")
    let partly = try await host.takeIn(set.path)
    partly.expect(3, "keeper.unknown-host")
    try await host.verify(of: host.far).expect(0, naming: "ledger head 1 ")
    try await other.verify(of: host.far).expect(13, "ledger.unknown-host")
    let both = ["import", "--trust", other.path("keys/host.pub"), "--from", set.path]
    try await host.farKeeper(both).expect(0, naming: "1 snapshots count now")
    try host.expectTheSame()
    try await other.drill(of: host.far).expect(0)
  }

  @Test func whatIsHurtHereStaysHereAndIsNamed() async throws {
    let host = try await Deployment()
    try await host.initialise()
    try await host.night()
    let pack = try host.store.packs()[0]
    let bytes = try host.store.data(pack)
    try host.store.remove(pack)
    let export = [
      "export", "--to", host.path("out"), "--volume-size", "2M", "--trust",
      host.path("keys/host.pub"),
    ]
    try await host.keeper(export).expect(4, "export.hurt", naming: pack)
    try await host.takeIn(host.path("out")).expect(3, "import.missing", naming: pack)
    #expect(try host.far.entries().isEmpty)
    try host.store.write(bytes, to: pack)
    try await host.farKeeper(["have", "--to", host.path("have.json")]).expect(0)
    let rest = try await host.export("2M", "--since", host.path("have.json"), to: "rest")
    try await host.takeIn(rest.path).expect(0)
    try host.expectTheSame()
  }
  @Test func whatABrokenDiskLostComesBackFromTheOtherSide() async throws {
    var chance = SeededChance(for: "what a broken disk lost")
    let host = try await Deployment()
    try await host.writeNoise(3_000_000, to: "config/noise", &chance)
    try await host.initialise()
    try await host.night()
    try await host.night()
    try await host.takeIn(host.export("6M", to: "out").path).expect(0)
    let needed = try host.store.addedByLedger().shuffled(using: &chance)
    for name in needed.prefix(2) { try host.store.remove(name) }
    try await host.keeper("scrub").expect(4, "scrub.hurt", naming: needed[0], needed[1])
    try await host.keeper("have", "--to", host.path("have.json")).expect(0)
    let back = try await host.farKeeper(
      ["export", "--json", "--to", host.path("back"), "--volume-size", "6M"]
        + ["--since", host.path("have.json")]
    ).expect(0)
    #expect(try back.events().last?.number("objects") == 2)
    let taken = try await host.keeper("import", "--json", "--from", host.path("back")).expect(0)
    #expect(try taken.events().first { $0.name == "import" }?.number("objects") == 2)
    try await host.keeper("scrub").expect(0)
    try host.expectTheSame()
    try await host.drill().expect(0)
  }

  @Test func aStoreThatIsLostIsNotMadeAnewUnderItsKeepersOldFolder() async throws {
    let host = try await Deployment.seenByItsKeeper(nights: 1)
    let set = try await host.export("2M", to: "out")
    try await host.takeIn(set.path).expect(0)
    try host.remove("store")
    let arguments = ["import", "--trust", host.path("keys/host.pub"), "--from", set.path]
    try await host.keeper(arguments + host.keeperState).expect(14, "import.store-lost")
    #expect(!FileManager.default.fileExists(atPath: "\(host.store.path)/coffer.json"))
    let anew = ["--state", host.path("new-keeper")]
    try await host.keeper(arguments + anew).expect(0)
    try await host.keeper(["scrub"] + anew).expect(0)
    try await host.drill().expect(0)
  }
}
