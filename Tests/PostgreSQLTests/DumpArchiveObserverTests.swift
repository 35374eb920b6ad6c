import PostgreSQL
import SecretMemory
import Testing
import Vocabulary

@Suite struct DumpArchiveObserverTests {
  static func observe(_ archive: [UInt8], slices: Int) throws -> ContentFigures {
    var observer = DumpArchiveObserver()
    archive.withBytes { bytes in
      for start in stride(from: 0, to: archive.count, by: slices) {
        observer.observe(bytes.extracting(start..<min(start + slices, archive.count)))
      }
    }
    return try observer.finish()
  }

  static func digest(_ rows: [String]) -> MultisetDigest {
    var digest = MultisetDigest()
    for row in rows { Array(row.utf8).withBytes { digest.add(row: $0) } }
    return digest
  }

  static func sample(minor: UInt8) -> [UInt8] {
    var archive = SyntheticArchive(minor: minor, entries: 6)
    archive.entry(1, "TABLE", tag: "t", schema: "public", copy: nil, hasData: false)
    archive.entry(
      2, "TABLE DATA", tag: "t", schema: "public",
      copy: "COPY public.t (a, \"B \"\"c\") FROM stdin;\n",
      hasData: true)
    archive.entry(
      3, "TABLE DATA", tag: "u", schema: "public", copy: "COPY public.u  FROM stdin;\n",
      hasData: true)
    archive.entry(4, "BLOB METADATA", tag: "9", schema: nil, copy: nil, hasData: false)
    archive.entry(5, "BLOBS", tag: "9..10", schema: nil, copy: nil, hasData: true)
    archive.entry(6, "BLOBS", tag: "11", schema: nil, copy: nil, hasData: true)
    // pg_dump gives one row a piece today; nothing promises that.
    archive.rows(2, ["1\tone\n", "2\tt", "wo\n3\tthree\n", "\n", "\\.\n\n\n"])
    archive.rows(3, ["\\.\n\n\n"])
    archive.largeObjects(5, [(9, ["abc", "def"]), (10, [])])
    archive.largeObjects(6, [(11, ["x"])])
    return archive.bytes
  }

  @Test(arguments: [14, 15, 16] as [UInt8])
  func everyKnownArchiveVersionIsRead(minor: UInt8) throws {
    let figures = try Self.observe(Self.sample(minor: minor), slices: 1 << 20)
    let table = try #require(figures.tables.first)
    #expect(table.name == "public.t")
    #expect(table.columns == ["a", "B \"c"])
    #expect(table.rows == 4)
    #expect(table.bytes == 6 + 6 + 8 + 1)
    #expect(table.digest == Self.digest(["", "3\tthree", "2\ttwo", "1\tone"]))
    #expect(figures.tables.last?.columns == [])
    #expect(figures.tables.last?.rows == 0)
    #expect(figures.largeObjects.objects == 3)
    #expect(figures.largeObjects.bytes == 7)
    #expect(figures.largeObjects.digest == Self.digest(["9 0 abcdef", "10 0 ", "11 0 x"]))
  }

  @Test(arguments: [14, 15, 16] as [UInt8])
  func slicesOfAnySizeGiveTheSameFigures(minor: UInt8) throws {
    let archive = Self.sample(minor: minor)
    let whole = try Self.observe(archive, slices: archive.count)
    for size in 1...64 { #expect(try Self.observe(archive, slices: size) == whole) }
  }

  @Test func aRealDumpOneByteAtATimeGivesTheSameFigures() async throws {
    let source = try await SharedCluster.database(RoundTripTests.everything)
    let saved = try await SavedDatabase.save(source)
    #expect(try Self.observe(saved.archive, slices: 1) == saved.figures)
    #expect(try Self.observe(saved.archive, slices: 4097) == saved.figures)
  }

  @Test(arguments: [14, 15, 16] as [UInt8])
  func anArchiveCutAnywhereIsRefused(minor: UInt8) {
    let archive = Self.sample(minor: minor)
    for length in 0..<archive.count {
      let error = #expect(throws: OperatorError.self) {
        try Self.observe(Array(archive.prefix(length)), slices: 1000)
      }
      #expect(error?.code == "dump.not-observed")
    }
  }

  @Test func garbageIsRefusedAndNeverCrashes() {
    var random = SeededRandom.fromEnvironment()
    let sample = Self.sample(minor: 16)
    for _ in 0..<3000 {
      var archive = sample
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let place = Int.random(in: 0..<archive.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: archive[place] = UInt8.random(in: 0...255, using: &random)
        case 1: archive[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 2: archive.remove(at: place)
        default: archive.insert(UInt8.random(in: 0...255, using: &random), at: place)
        }
      }
      // What a change inside a row gives is for the digest to find; here it must only end.
      let size = Int.random(in: 1...300, using: &random)
      let figures = try? Self.observe(archive, slices: size)
      if let figures { #expect(figures.tables.count <= 3, "seed \(random.seed)") }
    }
    let noise = (0..<100_000).map { _ in UInt8.random(in: 0...255, using: &random) }
    #expect(throws: OperatorError.self) { try Self.observe(noise, slices: 4096) }
    #expect(throws: OperatorError.self) { try Self.observe([], slices: 1) }
  }

  @Test func aCompressedOrUnknownArchiveIsNotObserved() {
    var unknown = Self.sample(minor: 16)
    unknown[6] = 17
    var compressed = Self.sample(minor: 16)
    compressed[11] = 1
    for (archive, word) in [(unknown, "1.17"), (compressed, "compressed")] {
      let error = #expect(throws: OperatorError.self) { try Self.observe(archive, slices: 100) }
      #expect(error?.message.contains(word) == true)
    }
  }

  @Test func whatLooksLikeTheEndOfDataInsideARowDoesNotEndIt() throws {
    var archive = SyntheticArchive(minor: 14, entries: 1)
    archive.entry(
      1, "TABLE DATA", tag: "t", schema: "s", copy: "COPY s.t (a) FROM stdin;\n", hasData: true)
    archive.rows(1, ["\\\\.\n", "\\.\\.\n", "x\\.\n", "\\.\n\n\n"])
    #expect(try Self.observe(archive.bytes, slices: 3).rows == 3)
  }

  @Test func rowsAfterTheEndOfDataAreRefused() {
    var archive = SyntheticArchive(minor: 14, entries: 1)
    archive.entry(
      1, "TABLE DATA", tag: "t", schema: "s", copy: "COPY s.t (a) FROM stdin;\n", hasData: true)
    archive.rows(1, ["a\n", "\\.\n", "b\n"])
    #expect(throws: OperatorError.self) { try Self.observe(archive.bytes, slices: 3) }
  }
}

/// A small generator that can be started again from the same seed.
struct SeededRandom: RandomNumberGenerator {
  let seed: UInt64
  private var state: UInt64

  /// Prints its seed; the first argument of a failing test's message says it, too.
  static func fromEnvironment() -> SeededRandom {
    let seed = UInt64.random(in: 0...UInt64.max)
    print("seed \(seed)")
    return SeededRandom(seed: seed)
  }

  init(seed: UInt64) {
    self.seed = seed
    state = seed
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
