import Foundation
import ProofTools
import Testing

/// What `coffer-store` says where there is nothing to do, or it cannot be done from here.
@Suite("A keeper's page")
struct KeeperPageTests {
  @Test func saysThatNothingWasCheckedWhereNoNightCameYet() async throws {
    let host = try await Deployment()
    try await host.initialise()
    let scrub = try await host.trustingKeeper("scrub", "--json").expect(5, "scrub.nothing")
    #expect(try scrub.events().first { $0.name == "scrubbed" }?.number("objects") == 0)
    try await host.keeper("export", "--to", host.path("out"), "--volume-size", "1G")
      .expect(5, "export.nothing", naming: "holds no snapshot")
    try await host.night()
    try await host.keeper("scrub").expect(0)
  }

  @Test(arguments: ["scrub", "protect", "status", "have"])
  func turnsAwayAStoreOnAnotherMachineAndMakesNothingHere(verb: String) async throws {
    let folder = try ScratchFolder()
    var program = Program(path: BuiltTools.store)
    program.folder = folder.path(of: "")
    try await program.run([verb, "--store", "ssh://keeper@nowhere.invalid/srv"])
      .expect(2, "keeper.remote", naming: "where a store lies")
    #expect(try contents(of: folder.path(of: "")).isEmpty)
  }

  @Test func aStoreThatTakesNothingIsCheckedAllTheSame() async throws {
    let host = try await Deployment.seenByItsKeeper(nights: 2)
    try await host.night()
    // In the place of the folder for temporary files, so that it holds for root, too.
    try FileManager.default.removeItem(atPath: host.path("store/.tmp/keeper"))
    try host.write("", to: "store/.tmp/keeper")
    try await host.keeper(["scrub"] + host.keeperState)
      .expect(0, naming: "no receipts were made", "every object was checked since")
    try await host.keeper(["scrub", "--repair"] + host.keeperState).expect(1, "store.failed")
    try host.remove("store/.tmp/keeper")
    try await host.keeper(["scrub"] + host.keeperState).expect(0)
  }

  @Test func tellsHurtParityFromHurtBackupsAndMendedFromLost() async throws {
    let host = try await Deployment()
    try await host.initialise()
    try await host.night()
    try await host.trustingKeeper("protect").expect(0)
    let shards = try host.store.names("parity").filter { !$0.hasSuffix(".json") }
    try host.store.flipAByte(of: shards[0])
    try await host.keeper("scrub")
      .expect(4, "scrub.hurt", naming: "1 objects of parity", "no backup is", "--repair mends")
    // What was made anew is not called missing any more.
    let repair = try await host.keeper("scrub", "--repair").expect(0, naming: shards[0])
    #expect(!repair.text.contains("have no parity") && !repair.text.contains("no snapshot needs"))
    for name in try host.store.addedByLedger() { try host.store.remove(name) }
    let lost = try await host.keeper("scrub", "--repair")
    lost.expect(4, "scrub.hurt", naming: "parity.too-weak", "look for another copy")
    #expect(!lost.errors.contains("--repair mends"), "\(lost)")
  }

  @Test func namesTheVerbWhoseHelpIsMeantAndDefaultsAsTheyAreTyped() async throws {
    let store = Program(path: BuiltTools.store)
    try await store.run(["scrub", "--store", "s", "--fraction", "2/1"])
      .expect(2, "usage", naming: "'coffer-store scrub --help'")
    try await store.run(["hold", "2026", "--reason", " ", "--store", "s"])
      .expect(2, "usage", naming: "--reason", "'coffer-store hold --help'")
    try await store.run(["scrub", "--help"]).expect(0, naming: "(default: 1)")
    try await Program(path: BuiltTools.custody).run(["recipients", "rewrap"])
      .expect(2, "usage", naming: "'coffer-custody recipients rewrap --help'")
  }

  @Test func aResultThatNobodyCouldWriteIsAFailure() async throws {
    let host = try await Deployment()
    try await host.initialise()
    try await host.night()
    try await host.trustingKeeper("status").expect(0)
    let have = "\(BuiltTools.store) have --store \(host.store.path)"
    let shell = Program(path: "/bin/sh")
    try await shell.run(["-c", "\(have) >/dev/full"]).expect(1, "output.failed", naming: "No space")
    // A reader that goes away, or never was, is no failure.
    try await shell.run(["-c", "\(have) >&- 2>&- <&-"]).expect(0)
    try await shell.run(["-c", "{ \(have); echo $? >\(host.path("status")); } | :"]).expect(0)
    #expect(try host.folder.readText("status") == "0\n")
    // What is no file is not replaced by one.
    try await shell.run(["-c", "\(have) --to /dev/stdout >\(host.path("out"))"])
      .expect(1, "have.unwritable")
  }

  @Test func warnsWhoLooksAtAKeepersStoreFromAnotherFolder() async throws {
    let host = try await Deployment.seenByItsKeeper(nights: 2)
    let other = ["--state", host.path("other"), "--trust", host.path("keys/host.pub")]
    for verb in ["scrub", "protect", "status", "have"] {
      try await host.keeper([verb] + other)
        .expect(0, naming: "is not his folder", "--state names his")
      let own = try await host.keeper([verb] + host.keeperState).expect(0)
      #expect(!own.errors.contains("warning"), "\(own)")
    }
  }

  @Test func namesSomeOfWhatAMediumLacksAndCountsTheRest() async throws {
    var chance = SeededChance(for: "some of what a medium lacks")
    let host = try await Deployment()
    try await host.initialise()
    for night in 0..<3 {
      try await host.writeNoise(2_000_000, to: "config/\(night)", &chance)
      try await host.night()
    }
    let folders = try await host.export("3M", to: "out").folders()
    try await Program(path: BuiltTools.store).run(
      ["import", "--store", "ssh://keeper@nowhere.invalid/srv", "--from", host.path("out")]
    ).expect(2, "keeper.remote")
    // The last of them holds parity, and no object.
    try await host.takeIn(folders[folders.count - 1])
      .expect(5, "import.parity-alone", naming: "put in volumes with objects")
    let first = try await host.takeIn(folders[0]).expect(3, "import.missing", naming: " more of ")
    #expect(first.errors.split(separator: "\n").count { $0.contains("[import.missing]") } <= 4)
    try await host.takeIn(host.path("out")).expect(0)
  }
}
