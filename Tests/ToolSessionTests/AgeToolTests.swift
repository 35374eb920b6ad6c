import Foundation
import ProofTools
import Testing

/// `coffer-age` as it is typed.
@Suite(.timeLimit(.minutes(20))) struct AgeToolTests {
  private let plaintext = Array("what nobody else may read\n".utf8)

  @Test func aFileGoesThereAndBackByRecipientFileAndIdentity() async throws {
    let session = try AgeToolSession()
    let alice = try await session.key("alice")
    let bob = try await session.key("bob")
    try session.write(plaintext, to: "in")
    try session.write("# the team\n\n\(bob)\r\n", to: "team")
    try await session.age("-r", alice, "-R", "team", "-o", "out.age", "in").expect(0)
    for key in ["alice", "bob"] {
      try await session.age("-d", "-i", key, "-o", "back", "out.age").expect(0)
      #expect(try session.read("back") == plaintext)
    }
    try await session.age("-e", "-i", "alice", "-a", "-o", "text.age", "in").expect(0)
    try await session.age("--decrypt", "--identity", "alice", "-o", "back2", "text.age").expect(0)
    #expect(try session.read("back2") == plaintext)
    #expect(try session.mode("out.age") == 0o600)
  }

  @Test func ageAndCofferAgeOpenEachOthersFilesThroughPipes() async throws {
    let session = try AgeToolSession()
    let recipient = try await session.key("key")
    for line in [
      "head -c 300000 /dev/zero | $age -r \(recipient) | age -d -i key | cmp - <(head -c 300000 /dev/zero)",
      "head -c 300000 /dev/zero | age -r \(recipient) | $age -d -i key | cmp - <(head -c 300000 /dev/zero)",
      "head -c 65536 /dev/zero | $age -a -r \(recipient) | age -d -i key | wc -c | grep -qx 65536",
      "head -c 65536 /dev/zero | age -a -r \(recipient) | $age -d -i key | wc -c | grep -qx 65536",
      ": | $age -r \(recipient) | $age -d -i key | wc -c | grep -qx 0",
    ] {
      try await session.shell(line).expect(0)
    }
  }

  @Test func flagsMayBeWrittenAsGoWritesThem() async throws {
    let session = try AgeToolSession()
    let recipient = try await session.key("key")
    try session.write(plaintext, to: "in")
    try await session.age("-encrypt", "-r=\(recipient)", "-output=out", "in").expect(0)
    try await session.age("--decrypt", "-identity", "key", "-o=back", "--", "out").expect(0)
    #expect(try session.read("back") == plaintext)
  }

  @Test func aFailedRunLeavesNoFileAndNotLessThanThereWas() async throws {
    let session = try AgeToolSession()
    let recipient = try await session.key("key")
    try session.write([UInt8](repeating: 7, count: 200_000), to: "in")
    try await session.age("-r", recipient, "-o", "good.age", "in").expect(0)
    var damaged = try session.read("good.age")
    damaged[150_000] ^= 1
    try session.write(damaged, to: "bad.age")
    let before = try session.names()
    try await session.age("-d", "-i", "key", "-o", "new", "bad.age").expect(4, "age.payload")
    try await session.age("-d", "-i", "key", "-o", "in", "bad.age").expect(4, "age.payload")
    try await session.age("-r", recipient, "-o", "new", "missing").expect(1, "input.unreadable")
    #expect(try session.names() == before)
    #expect(try session.read("in").count == 200_000)
    // What is authentic is not kept back from a pipe.
    let salvaged = try await session.shell("$age -d -i key bad.age | wc -c")
    #expect(salvaged.output.contains("131072") && salvaged.status == 4, "\(salvaged)")
  }

  @Test func aResultNeverTakesThePlaceOfWhatItWasMadeOf() async throws {
    let session = try AgeToolSession()
    let recipient = try await session.key("key")
    try session.write(plaintext, to: "in")
    for output in ["in", "./in"] {
      try await session.age("-r", recipient, "-o", output, "in").expect(2, "output.is-input")
    }
    try await session.age("-e", "-i", "key", "-o", "key", "in").expect(2, "output.is-input")
    #expect(try session.read("in") == plaintext)
  }

  @Test func devicesLinksAndPipesAreWrittenToAsTheyAre() async throws {
    let session = try AgeToolSession()
    let recipient = try await session.key("key")
    try session.write(plaintext, to: "in")
    try session.write("", to: "target")
    try FileManager.default.createSymbolicLink(
      atPath: session.path("link"), withDestinationPath: "target")
    try await session.age("-r", recipient, "-o", "/dev/null", "in").expect(0)
    try await session.age("-r", recipient, "-o", "link", "in").expect(0)
    try await session.age("-d", "-i", "key", "-o", "back", "target").expect(0)
    #expect(try session.read("back") == plaintext)
  }

  @Test func aRunThatIsEndedLeavesNothing() async throws {
    let session = try AgeToolSession()
    let recipient = try await session.key("key")
    let before = try session.names()
    for signal in ["TERM", "INT", "KILL"] {
      // Something was written, and more is waited for.
      let input = "<(head -c 3000000 /dev/zero; sleep 3)"
      let outcome = try await session.shell(
        "timeout -s \(signal) 1 $age -r \(recipient) -o out < \(input)")
      #expect(outcome.status != 0)
      #expect(try session.names() == before, "after SIG\(signal)")
    }
  }

  @Test(arguments: [
    (["-d", "-a"], "armor is noticed"), (["-d", "-p"], "a passphrase is asked for"),
    (["-d", "-r", "age1x"], "name an identity by -i"), (["-d", "-e"], "exclude each other"),
    (["-i", "key"], "add -d"), ([], "nobody to encrypt to"),
    (["-p", "-r", "age1x"], "stands alone"),
    (["-r", "age1x", "one", "two"], "one INPUT at a time"), (["--decript"], "Unknown option"),
    (["-R", "-", "-r", "age1x"], "one thing only"),
  ])
  func flagsThatContradictEachOtherAreWrongUsage(arguments: [String], reason: String) async throws {
    let session = try AgeToolSession()
    let outcome = try await Program(path: BuiltTools.age, folder: session.path("")).run(arguments)
    let text = outcome.errors.lowercased()
    #expect(outcome.status == 2 && text.contains(reason.lowercased()), "\(outcome)")
    #expect(outcome.errors.hasPrefix("coffer-age: error: "), "\(outcome)")
  }

  @Test func whatIsNotMineIsAnotherThingThanWhatIsBroken() async throws {
    let session = try AgeToolSession()
    let recipient = try await session.key("mine")
    _ = try await session.key("other")
    try session.write(plaintext, to: "in")
    try await session.age("-r", recipient, "-o", "out", "in").expect(0)
    try await session.age("-d", "-i", "other", "out").expect(12, "age.no-identity")
    try await session.age("-d", "out").expect(2, "identity.missing", naming: "hint:")
    try await session.age("-d", "-i", "mine", "in").expect(1, "age.not-age")
    var bytes = try session.read("out")
    bytes[30] = UInt8(ascii: " ")
    try session.write(bytes, to: "broken")
    try await session.age("-d", "-i", "mine", "broken").expect(4, "age.header")
    try session.write("age1qqqq\n", to: "no-identity")
    try await session.age("-d", "-i", "no-identity", "out").expect(2, "identity.recipient")
    try await session.age("-r", "age1pq1qqqq", "in").expect(2, "recipient.malformed")
    try await session.age("-r", "age1nothing1qqqqqq", "in").expect(2, "recipient.malformed")
  }

  @Test func aFileIsInspectedWithoutAnyKey() async throws {
    let session = try AgeToolSession()
    let recipient = try await session.key("key")
    let hybrid = try await session.key("pq", "--pq")
    try session.write([UInt8](repeating: 1, count: 70_000), to: "in")
    struct Found: Decodable {
      struct Sizes: Decodable {
        let header, armor, overhead, min_payload, max_payload, min_padding, max_padding: Int
      }
      let version, postquantum: String
      let armor: Bool
      let stanza_types: [String]
      let sizes: Sizes
    }
    for (recipient, types, postquantum) in [
      (recipient, ["X25519"], "no"), (hybrid, ["mlkem768x25519"], "yes"),
    ] {
      for flags in [[], ["-a"]] {
        let name = "out\(flags.count)"
        try await session.age("-r", recipient, "-o", name, "in", flags.first ?? "-e").expect(0)
        for line in ["$age inspect --json \(name)", "cat \(name) | $age inspect --json"] {
          let outcome = try await session.shell(line).expect(0)
          let found = try JSONDecoder().decode(Found.self, from: Data(outcome.output.utf8))
          #expect(found.version == "age-encryption.org/v1" && found.stanza_types == types)
          #expect(found.postquantum == postquantum && found.armor == !flags.isEmpty)
          let sizes = found.sizes
          #expect(sizes.min_payload == 70_000 && sizes.overhead == 16 + 2 * 16)
          let sum = sizes.header + sizes.armor + sizes.overhead + sizes.max_payload
          #expect(try sum == session.read(name).count)
        }
        try await session.age("inspect", name).expect(0, naming: types[0], "70000 bytes")
      }
    }
    try await session.age("inspect", "in").expect(1, "age.not-age")
  }

  @Test func theRescueToolNeedsNothingButTheRuntimeAndItsTwoLibraries() async throws {
    let allowed: Set = [
      "libsodium.so.23", "libcrypto.so.3", "libc.so.6", "libm.so.6", "libgcc_s.so.1",
      "libstdc++.so.6", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1",
    ]
    let session = try AgeToolSession()
    for tool in [BuiltTools.age, BuiltTools.agePlugin] {
      let outcome = try await session.shell(
        "readelf -d \(tool) | sed -n 's/.*NEEDED.*\\[\\(.*\\)\\]/\\1/p'")
      let needed = Set(outcome.output.split(separator: "\n").map(String.init))
      #expect(!needed.isEmpty && needed.isSubset(of: allowed), "\(needed)")
    }
  }
}
