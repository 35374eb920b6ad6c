import Foundation
import ProofTools
import SealedSecrets
import SecretMemory
import Testing
import TrustedHardware
import Vocabulary

/// What the page of the format says, done with tpm2-tools instead of Coffer.
@Suite(.enabled(if: SoftwareTPM.obstacle == nil, "\(SoftwareTPM.obstacle ?? "")"))
struct StockToolsTests {
  @Test(arguments: [nil, "1234"])
  func stockToolsGetTheKeyOutOfAFile(pin: String?) throws {
    let officer = try Officer()
    let sealed = try officer.seal("secret of the host", pin: pin)
    let bytes = try officer.folder.read("sealed")
    let lines = bytes.split(separator: UInt8(ascii: "\n"), maxSplits: 2)
    let header = try #require(
      try JSONSerialization.jsonObject(with: Data(lines[1])) as? [String: Any])

    // The object's two halves, loaded under the storage root key.
    let blob = try #require(Base64.decode(header["blob"] as? String ?? "", padding: .required))
    let cut = 2 + Int(blob[0]) << 8 + Int(blob[1])
    try officer.tpm.write(Array(blob[..<cut]), to: "private")
    try officer.tpm.write(Array(blob[cut...]), to: "public")
    let (object, session) = (officer.tpm.path(of: "object"), officer.tpm.path(of: "session"))
    try officer.tpm.run(
      "tpm2_load", "-C", "0x81000001", "-r", officer.tpm.path(of: "private"), "-u",
      officer.tpm.path(of: "public"), "-c", object)

    // The policy, step by step.
    let counter = try #require(header["counter"] as? [String: Any])
    let index = try "0x" + #require(counter["index"] as? String)
    let value = try #require(counter["value"] as? Int)
    try officer.tpm.write(
      (0..<8).map { UInt8(truncatingIfNeeded: value >> (56 - 8 * $0)) }, to: "value")
    try officer.tpm.run("tpm2_startauthsession", "--policy-session", "-S", session)
    try officer.tpm.run("tpm2_policypcr", "-S", session, "-l", "sha256:7")
    var told = try officer.tpm.run(
      "tpm2_policynv", "-S", session, "-C", index, "-i", officer.tpm.path(of: "value"), index,
      "ule",
      "-L", officer.tpm.path(of: "policy"))
    var authorization = "session:\(session)"
    if let pin {
      told = try officer.tpm.run(
        "tpm2_policyauthvalue", "-S", session, "-L", officer.tpm.path(of: "policy"))
      let salt = (header["pin"] as? [String: String])?["salt"] ?? ""
      authorization += "+hex:" + self.authorization(pin, try #require(Data(base64Encoded: salt)))
    }
    let policy = try #require(header["policy"] as? String)
    #expect(told.contains(policy) && policy == Hexadecimal.encode(sealed.header.policy.bytes))

    let key = officer.tpm.path(of: "key")
    try officer.tpm.run("tpm2_unseal", "-c", object, "-p", authorization, "-o", key)
    #expect(try decrypted(bytes, with: officer.tpm.read("key")) == "secret of the host")
  }

  /// Step 3 of the policy, as the page has it.
  private func authorization(_ pin: String, _ salt: Data) -> String {
    let stretched = Array(pin.utf8).withBytes {
      PBKDF2.key(from: $0, salt: Array(salt), iterations: 10_000, count: 32)
    }
    let text = stretched.withBytes { Base64.encode($0, padding: .required) }
    var value = SHA256Hasher.digest(of: Array(text.utf8)).bytes
    while value.last == 0 { value.removeLast() }
    return Hexadecimal.encode(value)
  }

  private func decrypted(_ file: [UInt8], with key: [UInt8]) throws -> String {
    let newline = UInt8(ascii: "\n")
    let first = try #require(file.firstIndex(of: newline))
    let second = try #require(file[(first + 1)...].firstIndex(of: newline))
    let ciphertext = Array(file[(second + 1)...].dropLast(32))
    #expect(SHA256Hasher.digest(of: file.dropLast(32)).bytes == Array(file.suffix(32)))
    var cipher = ChaCha20Poly1305(key: key.withBytes { SecretBytes(copying: $0) })
    var isWhole = false
    let secret = [UInt8](count: ciphertext.count - 16) { secret in
      isWhole = ciphertext.withBytes { ciphertext in
        Array(file[...second]).withBytes {
          cipher.open(
            ciphertext, nonce: InlineArray<12, UInt8>(repeating: 0), with: $0, into: &secret)
        }
      }
    }
    #expect(isWhole)
    return String(decoding: secret, as: UTF8.self)
  }
}
