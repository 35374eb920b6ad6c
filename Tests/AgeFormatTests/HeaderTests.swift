import SecretMemory
import Testing
import Vocabulary

@testable import AgeFormat

/// A recipient that writes what it is told to.
private struct Scribe: Recipient {
  var stanzas = [Stanza(type: "scribe", arguments: ["a"], body: [1, 2, 3])]
  var labels: Set<String> = []

  func wrap(_ fileKey: borrowing FileKey) -> WrappedFileKey {
    WrappedFileKey(stanzas, labels: labels)
  }
}

/// An identity that claims a certain file key, or none.
private struct Claimant: Identity {
  var key: UInt8?

  func unwrap(_ stanzas: [Stanza]) -> FileKey? {
    guard let key else { return nil }
    return FileKey { bytes in
      for offset in 0..<16 { bytes.storeBytes(of: key, toByteOffset: offset, as: UInt8.self) }
    }
  }
}

@Suite("Headers")
struct HeaderTests {
  private func fileKey(_ byte: UInt8) -> FileKey {
    FileKey { bytes in
      for offset in 0..<16 { bytes.storeBytes(of: byte, toByteOffset: offset, as: UInt8.self) }
    }
  }

  private func length(_ bytes: [UInt8]) throws(AgeError) -> Int? {
    try bytes.withBytes { (bytes) throws(AgeError) in
      var scanner = HeaderScanner()
      return try scanner.end(in: bytes)
    }
  }

  @Test("a header is read as it was written, and leaves what follows alone")
  func roundTrip() throws {
    let bodies = [0, 1, 47, 48, 49, 95, 96, 97].map { [UInt8](repeating: 7, count: $0) }
    let stanzas = bodies.map { Stanza(type: "x", arguments: ["y", "!~"], body: $0) }
    let header = try AgeHeader(fileKey: fileKey(1), recipients: [Scribe(stanzas: stanzas)])
    let read = try AgeHeader(parsing: header.bytes + Array("\n---\nwhat follows".utf8))
    #expect(read == header && read.stanzas == stanzas)
  }

  @Test("its end is known with its last byte and not before")
  func length() throws {
    let bytes = try AgeHeader(fileKey: fileKey(1), recipients: [Scribe(), Scribe()]).bytes
    for count in 0..<bytes.count { #expect(try length(Array(bytes[..<count])) == nil) }
    #expect(try length(bytes) == bytes.count)
    #expect(try length(bytes + [0, 10, 45, 45, 45, 10]) == bytes.count)
  }

  @Test("what is no age file is known from its first wrong byte")
  func otherFiles() {
    #expect(throws: AgeError.notAnAgeFile) { try length([0]) }
    #expect(throws: AgeError.notAnAgeFile) { try length(Array("age-encryption_".utf8)) }
    #expect(throws: AgeError.unsupportedVersion) {
      try length(Array("age-encryption.org/v2".utf8))
    }
  }

  @Test("a claimed key that does not fit, and a changed header, fail the code")
  func code() throws {
    var bytes = try AgeHeader(fileKey: fileKey(1), recipients: [Scribe()]).bytes
    _ = try AgeHeader(parsing: bytes).fileKey(for: [Claimant(key: nil), Claimant(key: 1)])
    #expect(throws: AgeError.headerMACMismatch) {
      _ = try AgeHeader(parsing: bytes).fileKey(for: [Claimant(key: 2)])
    }
    #expect(throws: AgeError.noIdentityMatches) {
      _ = try AgeHeader(parsing: bytes).fileKey(for: [Claimant(key: nil)])
    }
    bytes[30] = UInt8(ascii: "S")
    #expect(throws: AgeError.headerMACMismatch) {
      _ = try AgeHeader(parsing: bytes).fileKey(for: [Claimant(key: 1)])
    }
  }

  @Test("recipients that must not share a file do not")
  func mixing() {
    let passphrase = Scribe(stanzas: [Stanza(type: "scrypt", arguments: [], body: [])])
    for pair in [[Scribe(), Scribe(labels: ["postquantum"])], [passphrase, Scribe()]] {
      #expect(throws: AgeError.recipientsDoNotMix) {
        _ = try AgeHeader(fileKey: FileKey(), recipients: pair)
      }
    }
    #expect(throws: AgeError.noRecipients) {
      _ = try AgeHeader(fileKey: FileKey(), recipients: [Scribe(stanzas: [])])
    }
  }

  @Test("a stanza with an argument that is empty or has a space is not written")
  func arguments() {
    for argument in ["", "a b", "é", "\n"] {
      let scribe = Scribe(stanzas: [Stanza(type: "x", arguments: [argument], body: [])])
      #expect(throws: AgeError.self) {
        _ = try AgeHeader(fileKey: FileKey(), recipients: [scribe])
      }
    }
  }

  @Test("a header without stanzas is refused")
  func noStanzas() {
    let code = Base64.encode([UInt8](repeating: 0, count: 32), padding: .none)
    #expect(throws: AgeError.self) {
      _ = try AgeHeader(parsing: Array("age-encryption.org/v1\n--- \(code)\n".utf8))
    }
  }

  @Test("1,024 stanzas are read and one more is not; so with 2 MiB")
  func limits() throws {
    let stanza = Stanza(type: "x", arguments: [], body: [])
    let full = Scribe(stanzas: Array(repeating: stanza, count: 1_024))
    let bytes = try AgeHeader(fileKey: fileKey(1), recipients: [full]).bytes
    #expect(try AgeHeader(parsing: bytes).stanzas.count == 1_024)
    #expect(throws: AgeError.tooManyStanzas) {
      _ = try AgeHeader(fileKey: fileKey(1), recipients: [full, Scribe()])
    }
    let inserted = try HeaderParser.versionLine + stanza.encoded() + bytes[22...]
    #expect(throws: AgeError.tooManyStanzas) { _ = try AgeHeader(parsing: inserted) }

    let huge = Stanza(type: "x", arguments: [], body: [UInt8](repeating: 0, count: 2 << 20))
    #expect(throws: AgeError.headerTooLarge) {
      _ = try AgeHeader(fileKey: fileKey(1), recipients: [Scribe(stanzas: [huge])])
    }
    #expect(throws: AgeError.headerTooLarge) {
      _ = try AgeHeader(parsing: HeaderParser.versionLine + huge.encoded())
    }
  }

  @Test("an error tells the operator the file and the exit status")
  func operatorErrors() {
    let error = AgeError.noIdentityMatches.operatorError(about: "a.age")
    #expect(error.status == .noIdentity && error.message.hasPrefix("a.age: "))
    #expect(AgeError.chunkDamaged(index: 3).operatorError(about: "b").status == .mismatch)
  }
}
