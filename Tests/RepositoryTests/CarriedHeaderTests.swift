import AgeFormat
import ProofTools
import Recipients
import SecretMemory
import Testing

@testable import Repository

@Suite("What a new header carries of the one before")
struct CarriedHeaderTests {
  private let type = "coffer-former-header"
  private let former = Array("age-encryption.org/v1\n-> …\n--- …\n".utf8)

  /// A header of a file key, with stanzas beside its recipient's.
  private func header(
    _ fileKey: borrowing FileKey, carrying stanzas: [Stanza]
  ) throws -> AgeHeader {
    let made = try AgeHeader(
      fileKey: fileKey, recipients: [X25519Identity.generate().recipient], carrying: stanzas)
    // As it is read from a file.
    return try AgeHeader(parsing: made.bytes)
  }

  /// Seals any text as what is carried.
  private func stanza(_ text: [UInt8], under fileKey: borrowing FileKey) -> Stanza {
    let salt = Randomness.bytes(count: 16)
    let key = fileKey.withBytes { secret in
      salt.withBytes { salt in
        HKDFSHA256.derive(secret: secret, salt: salt, info: "coffer former header", count: 32)
      }
    }
    var cipher = ChaCha20Poly1305(key: key)
    let body = [UInt8](count: text.count + ChaCha20Poly1305.tagSize) { sealed in
      text.withBytes { cipher.seal($0, nonce: InlineArray(repeating: 0), into: &sealed) }
    }
    return Stanza(type: type, arguments: [Base64.encode(salt, padding: .none)], body: body)
  }

  /// Expects that a header with these stanzas carries nothing that can be read.
  private func expectMalformed(
    _ stanzas: [Stanza], under fileKey: borrowing FileKey, _ what: String,
    _ place: SourceLocation = #_sourceLocation
  ) throws {
    let header = try header(fileKey, carrying: stanzas)
    do {
      _ = try CarriedHeader(in: header, under: fileKey)
      Issue.record("\(what) is read", sourceLocation: place)
    } catch AgeError.malformedStanza(let type, _) {
      #expect(type == self.type, sourceLocation: place)
    }
  }

  @Test("any readers and any bytes come back as they went, and none are none")
  func roundTrip() throws {
    var chance = SeededChance(for: "carried headers")
    let fileKey = FileKey()
    #expect(try CarriedHeader(in: header(fileKey, carrying: []), under: fileKey) == nil)
    for round in 0..<200 {
      let readers = (0..<Int.random(in: 0...5, using: &chance)).map { _ in
        "age1" + String(UInt64.random(in: 0 ... .max, using: &chance), radix: 36)
      }
      var bytes = chance.bytes(Int.random(in: 0...3000, using: &chance))
      // Line ends at the beginning, which could be taken for the end of the readers.
      if round % 4 == 0 { bytes = [10, 10] + bytes }
      let stanza = CarriedHeader(readers: readers, bytes: bytes).stanza(under: fileKey)
      let others = [Stanza(type: "somebody-elses", arguments: ["x"], body: [1, 2, 3])]
      let found = try CarriedHeader(
        in: header(fileKey, carrying: others + [stanza] + others), under: fileKey)
      #expect(found?.readers == readers && found?.bytes == bytes)
    }
  }

  @Test("what is written here is what the format's page says")
  func format() throws {
    let fileKey = FileKey()
    for readers in [[], ["age1one"], ["age1one", "age1two"]] {
      let text = Array((readers + ["", ""]).joined(separator: "\n").utf8)
      // Without readers, the text begins with the empty line.
      let stanza = stanza((readers.isEmpty ? [10] : text) + former, under: fileKey)
      let found = try CarriedHeader(in: header(fileKey, carrying: [stanza]), under: fileKey)
      #expect(found?.readers == readers && found?.bytes == former)
    }
  }

  @Test("a stanza of another shape is refused")
  func shapes() throws {
    let fileKey = FileKey()
    let good = CarriedHeader(readers: ["age1one"], bytes: former).stanza(under: fileKey)
    let salt = good.arguments[0]
    func changed(_ arguments: [String], _ body: [UInt8]? = nil) -> [Stanza] {
      [Stanza(type: type, arguments: arguments, body: body ?? good.body)]
    }
    try expectMalformed(changed([]), under: fileKey, "no salt")
    try expectMalformed(changed([salt, "more"]), under: fileKey, "more than a salt")
    for count in [1, 15, 17, 32] {
      let other = Base64.encode(Randomness.bytes(count: count), padding: .none)
      try expectMalformed(changed([other]), under: fileKey, "a salt of \(count) bytes")
    }
    try expectMalformed(changed([salt + "=="]), under: fileKey, "a salt with padding")
    try expectMalformed(changed(["!" + salt.dropFirst()]), under: fileKey, "no base64")
    for count in 0..<good.body.count {
      try expectMalformed(
        changed([salt], Array(good.body.prefix(count))), under: fileKey, "\(count) bytes of it")
    }
    try expectMalformed(changed([salt], good.body + [0]), under: fileKey, "a byte more")
  }

  @Test("a changed bit, another salt or another file's key is refused")
  func forgeries() throws {
    var chance = SeededChance(for: "forged carried headers")
    let fileKey = FileKey()
    let other = FileKey()
    let good = CarriedHeader(readers: ["age1one"], bytes: former).stanza(under: fileKey)
    for _ in 0..<200 {
      var body = good.body
      let bit = UInt8.random(in: 0..<8, using: &chance)
      body[Int.random(in: 0..<body.count, using: &chance)] ^= 1 << bit
      let stanza = Stanza(type: type, arguments: good.arguments, body: body)
      try expectMalformed([stanza], under: fileKey, "a changed bit")
    }
    let salt = Base64.encode(Randomness.bytes(count: 16), padding: .none)
    let salted = Stanza(type: type, arguments: [salt], body: good.body)
    try expectMalformed([salted], under: fileKey, "another salt")
    try expectMalformed([good], under: other, "another file's")
  }

  @Test("text that does not end its readers is refused, though it is sealed as it should be")
  func texts() throws {
    let fileKey = FileKey()
    for text in ["", "age1one", "age1one\n", "age1one\nage1two", "age1one\nage1two\n"] {
      try expectMalformed(
        [stanza(Array(text.utf8), under: fileKey)], under: fileKey, "'\(text)'")
    }
  }

  @Test("of two that are carried neither counts")
  func ambiguity() throws {
    let fileKey = FileKey()
    let other = FileKey()
    let first = CarriedHeader(readers: [], bytes: former).stanza(under: fileKey)
    let second = CarriedHeader(readers: [], bytes: former + [1]).stanza(under: fileKey)
    let strange = CarriedHeader(readers: [], bytes: former).stanza(under: other)
    for (one, two) in [
      (first, second), (second, first), (first, first), (first, strange), (strange, first),
    ] {
      try expectMalformed([one, two], under: fileKey, "one of two")
    }
  }
}
