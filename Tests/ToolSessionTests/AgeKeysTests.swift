import Foundation
import ProofTools
import Testing

/// Keys and passphrases of `coffer-age`.
@Suite(.timeLimit(.minutes(20))) struct AgeKeysTests {
  private let plaintext = Array("what nobody else may read\n".utf8)

  @Test func aNewKeyIsForItsOwnerAloneAndNeverWrittenOver() async throws {
    let session = try AgeToolSession()
    let made = try await session.age("keygen", "-o", "key").expect(0, naming: "Public key: age1")
    #expect(try session.mode("key") == 0o600)
    let text = try session.folder.readText("key")
    #expect(text.contains("# created: 20") && text.contains("\nAGE-SECRET-KEY-1"), "\(made)")
    try await session.age("keygen", "-o", "key").expect(14, "output.exists")
    #expect(try session.folder.readText("key") == text)
    // Debian's age-keygen reads it the same.
    try await session.shell("diff <($age keygen -y key) <(age-keygen -y key)").expect(0)
    try await session.shell("$age keygen | $age keygen -y | grep -q '^age1'").expect(0)
    #expect(!made.text.contains("AGE-SECRET-KEY"))
  }

  @Test func aPostQuantumKeyComesInBothFormsEachExplained() async throws {
    let session = try AgeToolSession()
    let recipient = try await session.key("pq", "--pq")
    #expect(recipient.hasPrefix("age1pq1") && recipient.count == 1959)
    let text = try session.folder.readText("pq")
    let lines = text.split(separator: "\n")
    #expect(lines.contains { $0.hasPrefix("AGE-SECRET-KEY-PQ-1") && $0.count == 77 })
    #expect(lines.contains { $0.hasPrefix("# AGE-PLUGIN-PQ-1") })
    #expect(text.contains("from 1.3 on") && text.contains("age-plugin-pq"))
    try session.write(plaintext, to: "in")
    try await session.age("-r", recipient, "-o", "out", "in").expect(0)
    // Either form opens it, and the plugin makes one of the other.
    try await session.shell("grep -o 'AGE-PLUGIN-PQ-1.*' pq > form").expect(0)
    try await session.shell("\(BuiltTools.agePlugin) -identity pq | diff - form").expect(0)
    for key in ["pq", "form"] {
      try await session.age("-d", "-i", key, "-o", "back-\(key)", "out").expect(0)
      #expect(try session.read("back-\(key)") == plaintext)
    }
  }

  @Test func postQuantumAndClassicRecipientsNeverShareAFile() async throws {
    let session = try AgeToolSession()
    let classic = try await session.key("classic")
    let hybrid = try await session.key("hybrid", "--pq")
    try session.write(plaintext, to: "in")
    try await session.age("-r", classic, "-r", hybrid, "-o", "out", "in").expect(
      2, "age.recipients")
    #expect(!session.exists("out"))
  }

  @Test func aPassphraseComesOverADescriptor() async throws {
    let session = try AgeToolSession()
    try session.write(plaintext, to: "in")
    try session.write("correct horse\n", to: "passphrase")
    try session.write("wrong horse\n", to: "wrong")
    try await session.shell("$age -p --passphrase-fd 3 -o out in 3<passphrase").expect(0)
    try await session.shell("AGE_PASSPHRASE_FD=5 $age -d -o back out 5<passphrase").expect(0)
    #expect(try session.read("back") == plaintext)
    try await session.shell("$age -d --passphrase-fd 3 out 3<wrong").expect(12, "passphrase.wrong")
    try await session.shell("$age -d --passphrase-fd 9 out").expect(2, "passphrase.descriptor")
    try await session.shell("AGE_PASSPHRASE_FD=x $age -d out").expect(2, "passphrase.descriptor")
    try await session.shell("$age -p --passphrase-fd 3 -o none in 3</dev/null").expect(
      2, "passphrase.empty")
    _ = try await session.key("key")
    try await session.age("-d", "-i", "key", "out").expect(12, "passphrase.needed")
    // Without a terminal there is nobody to ask.
    try await session.age("-d", "out").expect(2, "dialogue.no-terminal", naming: "--passphrase-fd")
    // No file takes another's word for how much work a guess must cost.
    let header = try session.read("out").prefix { $0 != UInt8(ascii: "\n") }.count
    #expect(header > 0)
    let stanza = try #require(
      String(decoding: session.read("out"), as: UTF8.self).split(separator: "\n").dropFirst().first)
    #expect(stanza.hasPrefix("-> scrypt ") && stanza.hasSuffix(" 18"))
  }

  @Test func aPassphraseIsTypedTwiceAndNotShown() async throws {
    let session = try AgeToolSession()
    try session.write(plaintext, to: "in")
    let typed = try await session.terminal(
      "$age -p -o out in", typing: "my passphrase", "my passphrase")
    #expect(typed.status == 0 && !typed.text.contains("my passphrase"), "\(typed)")
    let opened = try await session.terminal("$age -d -o back out", typing: "my passphrase")
    #expect(opened.status == 0 && !opened.text.contains("my passphrase"), "\(opened)")
    #expect(try session.read("back") == plaintext)
    let other = try await session.terminal("$age -p -o none in", typing: "one", "two")
    #expect(other.status == 2 && other.text.contains("passphrase.differ"), "\(other)")
    #expect(!session.exists("none"))
    let made = try await session.terminal("$age -p -o made in", typing: "")
    #expect(made.status == 0 && made.text.contains("The passphrase is: "), "\(made)")
  }

  @Test func binaryDoesNotGoToATerminalUnlessToldTo() async throws {
    let session = try AgeToolSession()
    let recipient = try await session.key("key")
    try session.write(plaintext, to: "in")
    let refused = try await session.terminal("$age -r \(recipient) in")
    #expect(refused.status == 2 && refused.text.contains("output.terminal"), "\(refused)")
    let armored = try await session.terminal("$age -a -r \(recipient) in")
    #expect(armored.status == 0 && armored.text.contains("-----BEGIN AGE"), "\(armored)")
    let forced = try await session.terminal("$age -r \(recipient) -o - in | cat")
    #expect(forced.status == 0 && forced.text.contains("age-encryption.org"), "\(forced)")
  }

  @Test func anIdentityFileMayBeEncryptedItself() async throws {
    let session = try AgeToolSession()
    let recipient = try await session.key("key")
    try session.write(plaintext, to: "in")
    try session.write("sesame", to: "passphrase")
    try await session.age("-r", recipient, "-o", "out", "in").expect(0)
    for flags in ["", "-a"] {
      try await session.shell("$age -p \(flags) --passphrase-fd 3 -o key.age key 3<passphrase")
        .expect(0)
      try await session.shell("$age -d -i key.age --passphrase-fd 3 -o back out 3<passphrase")
        .expect(0)
      #expect(try session.read("back") == plaintext)
      try await session.shell("$age -e -i key.age --passphrase-fd 3 -o out2 in 3<passphrase")
        .expect(0)
      try await session.age("-d", "-i", "key", "-o", "back2", "out2").expect(0)
      try await session.shell("$age -d -i key.age --passphrase-fd 3 out 3<<<wrong").expect(
        12, "identity.locked")
    }
  }

  @Test func sshKeysOfTypeEd25519AreRecipientsAndIdentities() async throws {
    let session = try AgeToolSession()
    try session.write(plaintext, to: "in")
    try await session.shell("ssh-keygen -q -t ed25519 -N '' -C me@here -f id").expect(0)
    try await session.age("-R", "id.pub", "-o", "out", "in").expect(0)
    try await session.age("-d", "-i", "id", "-o", "back", "out").expect(0)
    #expect(try session.read("back") == plaintext)
    try await session.shell("age -d -i id out | cmp - in").expect(0)
    try await session.shell("age -R id.pub in | $age -d -i id | cmp - in").expect(0)
    try await session.shell("ssh-keygen -q -t rsa -b 2048 -N '' -f rsa").expect(0)
    try await session.age("-R", "rsa.pub", "in").expect(2, "recipient.unsupported")
    try await session.age("-d", "-i", "rsa", "out").expect(2, "identity.unsupported")
    try await session.shell("ssh-keygen -q -t ed25519 -N secret -f locked").expect(0)
    try await session.age("-d", "-i", "locked", "out").expect(
      2, "identity.unsupported", naming: "hint:")
  }
}
