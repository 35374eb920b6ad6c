import ProofTools
import Recipients
import SecretMemory
import Stores
import Signatures
import Testing
import Vocabulary

@testable import Repository

@Suite(
  "Stores and Debian's programs",
  .enabled(
    if: ["age", "tar", "minisign", "zstd"].allSatisfy(StockTool.isInstalled),
    "age, tar, minisign or zstd is not installed"))
struct StockReaderTests {
  private let host: SmallHost
  private let compartment: SmallCompartment
  private let content: [UInt8]

  init() throws {
    var chance = SeededChance(for: "stock readers")
    let (host, compartment) = (try SmallHost(), try SmallCompartment("core"))
    content = chance.bytes(30_000) + Array(String(repeating: "rows and rows, ", count: 200).utf8)
    try host.publish([(compartment, [host.save(content, .coarse, in: compartment)])])
    (self.host, self.compartment) = (host, compartment)
    let officer = compartment.officer.withText { $0.copied() }
    try host.folder.write(officer, to: "officer.key")
    try host.folder.write(compartment.indexIdentity.withText { $0.copied() }, to: "index.key")
  }

  private func open(_ file: String, with key: String, to name: String) throws -> [UInt8]? {
    let opened = try #require(StockTool("age")).run([
      "-d", "-i", host.folder.path(of: key), "-o", host.folder.path(of: name), file,
    ])
    guard opened.status == 0 else { return nil }
    return try host.folder.read(name)
  }

  @Test("age opens a header and its payload put together, and tar and zstd give the chunks")
  func packs() throws {
    let folder = host.folder.path(of: "out")
    _ = try #require(StockTool("mkdir")).run([folder])
    for name in try host.objects().needed.objects.keys
    where name.path.hasPrefix("packs/") && !name.path.hasSuffix(".header") {
      let header = try host.folder.read("store/\(name).header")
      let file = try host.folder.write(header + host.store.read(name), to: "pack.age")
      let plaintext = try #require(try open(file, with: "officer.key", to: "pack.tar"))
      #expect(plaintext.count == PadmeSize.holding(plaintext.count))
      #expect(try open(file, with: "index.key", to: "other.tar") == nil)
      let tar = try #require(StockTool("tar")).run([
        "-xf", host.folder.path(of: "pack.tar"), "-C", folder,
      ])
      #expect(tar.status == 0, "\(tar.text)")
    }
    _ = try #require(StockTool("sh")).run([
      "-c", "cd '\(folder)' && zstd -q -d --rm *.zst 2>&1; cat frame-* > all",
    ])
    // One chunk, so one frame: a coarse chunk is at least 256 KiB, or all there is.
    let isSame = try host.folder.read("out/all") == content
    #expect(isSame)
  }

  @Test("age opens an index for the officer and the host, and a manifest for the officer alone")
  func indexesAndManifests() throws {
    for name in try host.objects().needed.objects.keys where !name.path.hasPrefix("packs/") {
      let file = host.path(name)
      let officers = try #require(try open(file, with: "officer.key", to: "officers"))
      let hosts = try open(file, with: "index.key", to: "hosts")
      if name.index != nil {
        #expect(hosts == officers)
        #expect(try IndexFile.decode(officers).count == 1)
      } else {
        #expect(hosts == nil)
        let manifest = try JSONDocument.decode(Manifest.self, from: officers)
        #expect(manifest.compartment == compartment.name)
        #expect(officers.count == PadmeSize.holding(officers.count))
      }
    }
  }

  @Test("minisign verifies a ledger entry and shows what its trusted comment says of it")
  func ledger() throws {
    let keyID = host.key.verifyingKey.keyID
    let entry = host.path(.ledgerEntry(keyID, .first))
    let signature = host.path(.ledgerSignature(keyID, .first))
    let publicKey = try host.folder.write(host.key.verifyingKey.text, to: "host.pub")
    let minisign = try #require(StockTool("minisign"))
    let accepted = try minisign.run(["-VHm", entry, "-x", signature, "-p", publicKey])
    #expect(accepted.status == 0, "\(accepted.text)")
    let head = try #require(host.head)
    for word in [host.format.store, keyID.description, head.sha256.hex, "sequence 1"] {
      #expect(accepted.text.contains(word))
    }
    var altered = try host.store.read(.ledgerEntry(keyID, .first))
    altered[altered.count / 2] ^= 1
    try host.overwrite(.ledgerEntry(keyID, .first), altered)
    #expect(try minisign.run(["-VHm", entry, "-x", signature, "-p", publicKey]).status != 0)
  }
}
