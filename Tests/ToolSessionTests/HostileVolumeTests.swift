import Foundation
import ProofTools
import Testing

/// Media that somebody made to harm who puts them in.
@Suite("A hostile volume", .timeLimit(.minutes(10)))
struct HostileVolumeTests {
  /// Rewrites the archive of a volume, its list and the description of its set, as an attacker would.
  private static let forger = """
    import hashlib, json, os, sys
    folder, what, victim = sys.argv[1], sys.argv[2], sys.argv[3]
    path = folder + "/volume-001.tar"
    data = open(path, "rb").read()
    members, at = [], 0
    while data[at]:
        header = data[at:at + 512]
        name = header[:100].rstrip(b"\\0").decode()
        prefix = header[345:500].rstrip(b"\\0").decode()
        size = int(header[124:135], 8)
        members.append([(prefix + "/" if prefix else "") + name, data[at + 512:at + 512 + size], b"0", b""])
        at += 512 + (size + 511) // 512 * 512
    members = members[1:]
    def member(name): return next(m for m in members if m[0] == name)
    if what == "rename": member(victim)[0] = sys.argv[4]
    if what == "type": member(victim)[2:] = [sys.argv[4].encode(), b"/etc/passwd"]
    if what == "twice": members.append(list(member(victim)))
    if what == "flip":
        m = member(victim); middle = len(m[1]) // 2
        m[1] = m[1][:middle] + bytes([m[1][middle] ^ 1]) + m[1][middle + 1:]
    if what == "swap": member(victim)[1] = member(sys.argv[4])[1]
    if what == "remove": members.remove(member(victim))
    if what == "grow": member(victim)[1] += b"x" * 100
    if what == "forge":
        m = member(victim); entry = json.loads(m[1]); entry["hostname"] = "forged"
        m[1] = json.dumps(entry).encode()
    def header(name, size, kind, link):
        h = bytearray(512)
        def put(text, place): h[place:place + len(text)] = text
        name = name.encode()
        prefix = b""
        if len(name) > 100: prefix, name = name.rsplit(b"/", 1)
        put(name, 0); put(prefix, 345)
        put(b"0000600", 100); put(b"0000000", 108); put(b"0000000", 116)
        put(b"%011o" % size, 124); put(b"00000000000", 136)
        put(kind, 156); put(link, 157); put(b"ustar\\0" + b"00", 257); put(b" " * 8, 148)
        put(b"%06o\\0 " % sum(h), 148)
        return bytes(h)
    listing = "".join(hashlib.sha256(m[1]).hexdigest() + "  " + m[0] + "\\n" for m in members).encode()
    out = bytearray()
    for name, content, kind, link in [["volume-001.objects", listing, b"0", b""]] + members:
        claimed = 1 << 32 if what == "claim" and name == victim else len(content)
        out += header(name, claimed, kind, link) + content + bytes(-len(content) % 512)
    out += bytes(1024)
    open(path, "wb").write(out)
    manifest = json.load(open(folder + "/set.json"))
    manifest["volumes"][0].update(bytes=len(out), sha256=hashlib.sha256(out).hexdigest())
    json.dump(manifest, open(folder + "/set.json", "w"))
    """

  private let host: Deployment
  private let volume: String
  private let packs: [String]

  /// A night in one volume.
  init() async throws {
    host = try await Deployment()
    try await host.initialise()
    try await host.night()
    let set = try await host.export("4M", "--parity-volumes", "0", to: "out")
    volume = try set.folders()[0]
    packs = try host.store.packs()
  }

  private func forge(_ what: String, _ victim: String, _ more: String = "") async throws {
    try await host.program("python3").run(["-c", Self.forger, volume, what, victim, more]).expect(0)
  }

  /// Expects that nothing of the set counts, and nothing was written but what was proven.
  private func expectNothing(_ status: Int32, _ code: String?) async throws {
    let before = Set(try FileManager.default.contentsOfDirectory(atPath: host.path("")))
    try await host.takeIn(volume).expect(status, code)
    try expectNoSnapshot()
    let after = try FileManager.default.contentsOfDirectory(atPath: host.path(""))
    #expect(Set(after).subtracting(before).isSubset(of: ["far"]))
  }

  private func expectNoSnapshot() throws {
    let there = (try? host.far.objects()) ?? [:]
    #expect(!there.keys.contains { $0.hasPrefix("ledger/") }, "\(there)")
    for (name, _) in there where !name.hasPrefix("keeper/") {
      #expect(try host.far.data(name) == host.store.data(name), "\(name)")
    }
  }

  @Test func thatNobodyForgedPassesThroughTheForgersHands() async throws {
    try await forge("nothing", packs[0])
    try await host.takeIn(volume).expect(0)
    try host.expectTheSame()
  }

  @Test(arguments: [
    "../../escaped", "/tmp/escaped", "packs/../../escaped", "keeper/hosts/0000000000000000.pub",
    ".tmp/x",
    "parity/00/x.json", "ledger/../x.json", "coffer.json",
  ])
  func withANameThatNoObjectHasIsRefused(name: String) async throws {
    try await forge("rename", packs[0], name)
    try await expectNothing(4, "volume.malformed")
  }

  @Test(
    "with a link, a device or a folder is refused", arguments: ["1", "2", "3", "5", "6", "x", "L"])
  func kinds(kind: String) async throws {
    try await forge("type", packs[0], kind)
    try await expectNothing(4, "volume.malformed")
  }

  @Test(
    "that holds a thing twice, or claims more than there is, is refused",
    arguments: ["twice", "claim"])
  func malformed(what: String) async throws {
    try await forge(what, packs[0])
    try await expectNothing(4, "volume.malformed")
  }

  @Test(
    "whose objects are not what the host signed for brings no snapshot",
    arguments: ["flip", "swap"])
  func otherObjects(what: String) async throws {
    try await forge(what, packs[0], packs[packs.count - 1])
    try await expectNothing(3, what == "flip" ? "volume.lost-object" : nil)
    #expect(try !host.far.packs().contains(packs[0]))
  }

  @Test(
    "that withholds an object, or makes it longer, brings no snapshot",
    arguments: ["remove", "grow"])
  func withheld(what: String) async throws {
    try await forge(what, packs[0])
    try await expectNothing(3, "import.missing")
  }

  @Test func withAForgedEntryBringsNothingOfThatHost() async throws {
    try await forge("forge", try host.store.entries()[0])
    try await expectNothing(13, "ledger.bad-signature")
  }

  @Test func withoutASignatureBringsNothingOfThatHost() async throws {
    try await forge("remove", try host.store.entries()[0].replacing(".json", with: ".minisig"))
    try await expectNothing(13, "ledger.unsigned")
  }

  @Test func thatIsALinkOrAPipeIsNotOpened() async throws {
    let archive = "\(volume)/volume-001.tar"
    try FileManager.default.moveItem(atPath: archive, toPath: host.path("elsewhere"))
    try FileManager.default.createSymbolicLink(
      atPath: archive, withDestinationPath: host.path("elsewhere"))
    try await expectNothing(4, "volume.unreadable")
    try FileManager.default.removeItem(atPath: archive)
    try await host.program("mkfifo").run([archive]).expect(0)
    try await expectNothing(4, "volume.unreadable")
    try FileManager.default.moveItem(
      atPath: "\(volume)/set.json", toPath: "\(volume)/other.json")
    try FileManager.default.createSymbolicLink(
      atPath: "\(volume)/set.json", withDestinationPath: "other.json")
    try await expectNothing(5, "import.no-volumes")
  }

  @Test(arguments: [
    "", "{}", "[", #"{"type":"coffer-volumes","format":1,"set":"../../x","store":"x"}"#,
  ])
  func whoseDescriptionIsNoneIsPassedOver(text: String) async throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: "\(volume)/set.json"))
    try await expectNothing(5, "import.no-volumes")
  }

  @Test func ofAnotherSetDoesNotMixWithOurs() async throws {
    try FileManager.default.copyItem(atPath: volume, toPath: host.path("out/other"))
    try await forge("flip", packs[0])
    try await host.takeIn(host.path("out")).expect(2, "import.several-sets")
    try expectNoSnapshot()
  }

  @Test func ofAnotherStoreIsRefused() async throws {
    let other = try await Deployment()
    try await other.initialise()
    try await other.night()
    let set = try await other.export("4M", to: "out")
    try await host.takeIn(volume).expect(0)
    try await host.farKeeper(["import", "--from", set.path]).expect(2, "import.other-store")
    try host.expectTheSame()
  }
}
