import ProofTools
import Repository
import StoreWire
import Testing
import Vocabulary

@Suite("Payloads of frames")
struct PayloadTests {
  @Test("are read as they were written")
  func roundTrip() throws {
    var chance = SeededChance(for: "payloads, round trip")
    for _ in 0..<200 {
      let (small, large) = (UInt16.random(in: 0 ... .max, using: &chance), chance.next())
      let text = String(repeating: "é", count: Int.random(in: 0...300, using: &chance))
      let rest = chance.bytes(Int.random(in: 0...100, using: &chance))
      var writer = PayloadWriter()
      writer.put(small)
      writer.put(text)
      writer.put(large)
      writer.put(rest)
      var reader = PayloadReader(writer.bytes)
      #expect(try reader.number(UInt16.self) == small)
      #expect(try reader.text() == text)
      #expect(try reader.number(UInt64.self) == large)
      #expect(reader.rest() == rest)
      try reader.end()
    }
  }

  @Test(
    "names that the format does not have are none",
    arguments: [
      "", "/etc/passwd", "../x", "packs/../coffer.json", "packs/aa/../../x", "ledger/../x",
      "ledger/0123456789ABCDEF/00000001.json/../../x", "ledger/0123456789ABCDEF/1.json",
      "ledger/0123456789ABCDEF/00000000.json", "ledger/0123456789abcdef/00000001.json",
      "ledger/0123456789ABCDEF/00000001.json.x", "ledger/0123456789ABCDEF/00000001",
      "coffer.json/", ".tmp/x/lock", "keeper/journal", "packs/aa/aa", "manifests/x.age",
    ])
  func names(text: String) {
    var writer = PayloadWriter()
    writer.put(text)
    var reader = PayloadReader(writer.bytes)
    #expect(throws: WireError.malformed) { _ = try reader.name() }
  }

  @Test("an error that goes over the wire says the same, and obeys no terminal")
  func failures() throws {
    let error = OperatorError("store.full", .failed, "no \u{1B}[2Jspace", hint: "free\nsome")
    let read = try WireFailure.error(in: WireFailure.payload(of: error))
    #expect(read.code == "store.full" && read.status == .failed)
    #expect(read.message == "no \\u{1B}[2Jspace" && read.hint == "free\\u{A}some")
  }
}
