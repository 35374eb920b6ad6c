import AgeFormat
import ProofTools
import SecretMemory
import Testing
import Vocabulary

@testable import Recipients

@Suite("X25519 recipients and identities")
struct X25519Tests {
  private let plaintext = Array("to whom it concerns".utf8)

  private func seal(to recipients: [any Recipient]) throws -> [UInt8] {
    try plaintext.withBytes { try AgeFile.seal($0, to: recipients) }
  }

  private func open(_ file: [UInt8], with identities: [any Identity]) throws -> [UInt8] {
    try file.withBytes { try AgeFile.open($0, with: identities) }
  }

  private func text(of identity: X25519Identity) -> String {
    identity.withText { String(decoding: $0.copied(), as: UTF8.self) }
  }

  @Test("each of several recipients opens what was sealed to all, and nobody else does")
  func several() throws {
    let insiders = (0..<3).map { _ in X25519Identity.generate() }
    let file = try seal(to: insiders.map(\.recipient))
    for insider in insiders {
      #expect(try open(file, with: [X25519Identity.generate(), insider]) == plaintext)
    }
    #expect(throws: AgeError.noIdentityMatches) {
      try open(file, with: [X25519Identity.generate()])
    }
    #expect(throws: AgeError.noIdentityMatches) { try open(file, with: []) }
  }

  @Test("nothing is sealed to nobody")
  func nobody() {
    #expect(throws: AgeError.noRecipients) { try seal(to: []) }
  }

  @Test("keys survive their texts, and have age's lengths")
  func texts() throws {
    let identity = X25519Identity.generate()
    let secret = text(of: identity)
    #expect(secret.count == 74 && identity.recipient.text.count == 62)
    let again = try Array(secret.utf8).withBytes { try X25519Identity(parsing: $0) }
    #expect(again.recipient == identity.recipient)
    #expect(try X25519Recipient(parsing: identity.recipient.text) == identity.recipient)
  }

  @Test("a text in the other case, of the other kind, or with white space is refused")
  func otherTexts() {
    let identity = X25519Identity.generate()
    let recipient = identity.recipient.text
    let secret = text(of: identity)
    for wrong in [recipient.uppercased(), secret, recipient + " ", "\t" + recipient, ""] {
      #expect(throws: OperatorError.self) { try X25519Recipient(parsing: wrong) }
    }
    for wrong in [secret.lowercased(), recipient, secret + "\n", " " + secret, ""] {
      #expect(throws: OperatorError.self) {
        try Array(wrong.utf8).withBytes { _ = try X25519Identity(parsing: $0) }
      }
    }
  }

  @Test("an error about a secret never repeats it, wherever it was given")
  func silence() throws {
    let secret = text(of: .generate())
    let broken = String(secret.dropLast()) + (secret.hasSuffix("Q") ? "P" : "Q")
    for given in [secret, broken, secret.lowercased()] {
      let errors = [
        #expect(throws: OperatorError.self) { try X25519Recipient(parsing: given) },
        #expect(throws: OperatorError.self) { _ = try RecipientRegistry.parse(given) },
      ]
      for error in errors {
        let shown = "\(error as Any)".uppercased()
        #expect(!shown.contains(secret.dropFirst(20).prefix(20)))
      }
    }
    let error = #expect(throws: OperatorError.self) {
      try Array(broken.utf8).withBytes { _ = try X25519Identity(parsing: $0) }
    }
    #expect(!"\(error as Any)".contains(secret.dropFirst(20).prefix(20)))
  }

  @Test("printing, dumping or interpolating an identity shows its recipient alone")
  func printing() {
    let identity = X25519Identity.generate()
    let secret = text(of: identity)
    var dumped = ""
    dump(identity, to: &dumped)
    for shown in ["\(identity)", String(reflecting: identity), dumped, "\([identity])"] {
      #expect(shown.contains(identity.recipient.text))
      #expect(!shown.uppercased().contains(secret.dropFirst(16).prefix(16)))
    }
  }

  @Test("a point of low order is not sealed to")
  func weakPoint() {
    let weak = X25519Recipient(point: [UInt8](repeating: 0, count: 32))
    let error = #expect(throws: OperatorError.self) { try seal(to: [weak]) }
    #expect(error?.code == "recipient.weak")
  }

  @Test("a stanza of our kind that breaks the rules is an error, not a miss")
  func brokenStanzas() throws {
    let identity = X25519Identity.generate()
    let share = Base64.encode(Randomness.bytes(count: 32), padding: .none)
    let zeros = Base64.encode([UInt8](repeating: 0, count: 32), padding: .none)
    let body = [UInt8](repeating: 0, count: 32)
    let broken = [
      Stanza(type: "X25519", arguments: [], body: body),
      Stanza(type: "X25519", arguments: [share, share], body: body),
      Stanza(type: "X25519", arguments: [share + "="], body: body),
      Stanza(type: "X25519", arguments: [String(share.dropLast(2))], body: body),
      Stanza(type: "X25519", arguments: [zeros], body: body),
      Stanza(type: "X25519", arguments: [share], body: body + [0]),
    ]
    for stanza in broken {
      #expect(throws: AgeError.self, "\(stanza)") { _ = try identity.unwrap([stanza]) }
    }
    let foreign = [
      Stanza(type: "X25519", arguments: [share], body: body),
      Stanza(type: "x25519", arguments: [], body: []),
    ]
    let isNone = try identity.unwrap(foreign) == nil
    #expect(isNone)
  }
}
