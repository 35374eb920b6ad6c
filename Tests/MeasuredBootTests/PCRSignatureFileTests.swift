import MeasuredBoot
import ProofTools
import SecretMemory
import SystemPackage
import Testing
import TrustedHardware
import Vocabulary

/// Files of predicted values and of signed policies.
@Suite struct PCRSignatureFileTests {
  @Test func predictedValuesSurviveTheirFile() throws {
    let folder = try ScratchFolder()
    let predicted = PredictedPCRs(
      bank: .sha256, values: [4: [UInt8](repeating: 1, count: 32), 11: Array(0..<32)])
    let path = try folder.write(JSONDocument.pretty(predicted), to: "predicted")
    #expect(try PredictedPCRs(FilePath(path)) == predicted)
  }

  @Test(arguments: [
    "", "[]", "{}", #"{"bank":"sha256","pcrs":{}}"#, #"{"bank":"md5","pcrs":{"1":"00"}}"#,
    #"{"bank":"sha1","pcrs":{"1":"00"}}"#,
    #"{"bank":"sha1","pcrs":{"24":"0000000000000000000000000000000000000000"}}"#,
    #"{"bank":"sha1","pcrs":{"01":"0000000000000000000000000000000000000000"}}"#,
    #"{"bank":"sha1","pcrs":{"1":"000000000000000000000000000000000000000g"}}"#,
    #"{"bank":"sha1","pcrs":{"1":"0000000000000000000000000000000000000000"},"more":1}"#,
  ])
  func whatIsNoFileOfPredictedValuesIsRefused(text: String) throws {
    let folder = try ScratchFolder()
    let path = FilePath(try folder.write(text, to: "predicted"))
    #expect(refusal { _ = try PredictedPCRs(path) }?.code == "predicted.malformed")
  }

  @Test(.enabled(if: StockTool.isInstalled("openssl"), "openssl is not installed"))
  func aSignatureIsWhatOpenSSLVerifiesAndStandsOnceForEachPolicy() throws {
    let keys = try KeyPair()
    let key = try RSASigningKey(pem: keys.secret(), of: "key")
    let foreign =
      #"{"sha1":[{"pcrs":[11],"pkfp":"00","pol":"00","sig":"AA=="}],"sha256":[{"other":true}]}"#
    var file = try PCRSignatureFile(Array(foreign.utf8), of: "file")
    let values = PredictedPCRs(bank: .sha256, values: [11: Array(repeating: 5, count: 32)])
    let others = PredictedPCRs(bank: .sha256, values: [11: Array(repeating: 6, count: 32)])
    for predicted in [values, others, values] { try file.sign(predicted, with: key) }
    #expect(file.count == 4)

    let written = try JSONDocument.decode(JSONValue.self, from: file.bytes)
    guard case .object(let banks) = written, case .list(let entries)? = banks["sha256"],
      case .object(let entry)? = entries.last, case .text(let sig)? = entry["sig"],
      case .text(let pol)? = entry["pol"], case .text(let pkfp)? = entry["pkfp"]
    else {
      Issue.record("not to the format: \(written)")
      return
    }
    #expect(entries.first == .object(["other": .boolean(true)]))
    #expect(banks["sha1"] != nil && entry["pcrs"] == .list([.integer(11)]))
    var policy = PolicyDigest()
    policy.requirePCRs(values.values, of: .sha256)
    #expect(pol == Hexadecimal.encode(policy.bytes))
    #expect(pkfp == (try keys.fingerprint()))
    let signature = try #require(Base64.decode(sig, padding: .required))
    #expect(try keys.verify(signature, over: policy.bytes))
    #expect(try !keys.verify(signature, over: policy.bytes.reversed()))
    #expect(try RSAPublicKey(pem: keys.publicText(), of: "key") == key.publicKey)
  }

  @Test(.enabled(if: StockTool.isInstalled("openssl"), "openssl is not installed"))
  func onlyTheSHA256BankIsSigned() throws {
    let key = try RSASigningKey(pem: KeyPair().secret(), of: "key")
    var file = PCRSignatureFile()
    for bank in [PCRBank.sha1, .sha384, .sha512] {
      let values = PredictedPCRs(
        bank: bank, values: [11: [UInt8](repeating: 5, count: bank.digestSize)])
      #expect(refusal { try file.sign(values, with: key) }?.code == "pcr-signature.bank")
    }
    #expect(file.count == 0)
  }

  @Test(
    .enabled(if: StockTool.isInstalled("openssl"), "openssl is not installed"),
    arguments: [
      ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"],
      ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_pubexp:3"],
      ["-algorithm", "RSA", "-aes256", "-pass", "pass:secret"],
      ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"], ["-algorithm", "ED25519"],
    ])
  func keysThatSystemdOrATPMDoNotTakeAreRefused(options: [String]) throws {
    let keys = try KeyPair(options)
    let refused = refusal { _ = try RSASigningKey(pem: keys.secret(), of: "key") }
    #expect(refused?.code == "policy-key.unusable")
    #expect(refused?.message.contains("secret") == false)
    // A public key in place of the private one, and the reverse.
    let ours = try KeyPair()
    let text = SecretBytes(copyingText: try ours.publicText())
    #expect(refusal { _ = try RSASigningKey(pem: text, of: "key") }?.code == "policy-key.unusable")
    #expect(
      refusal { _ = try RSAPublicKey(pem: Array("-----BEGIN".utf8), of: "key") }?.code
        == "policy-key.unusable")
  }

  @Test(arguments: ["", "[]", "{\"sha256\":{}}", "{\"sha256\":[", "text"])
  func whatIsNoFileOfSignaturesIsRefused(text: String) {
    let refused = refusal { _ = try PCRSignatureFile(Array(text.utf8), of: "file") }
    #expect(refused?.code == "pcr-signature.malformed")
  }
}

extension SecretBytes {
  fileprivate init(copyingText text: [UInt8]) {
    self.init(count: text.count) { bytes in text.withBytes { bytes.copy(from: $0) } }
  }
}

/// A key pair that openssl made, in a folder of its own.
private final class KeyPair {
  private let folder: ScratchFolder
  private let openssl: StockTool

  init(_ options: [String] = ["-algorithm", "RSA"]) throws {
    folder = try ScratchFolder()
    openssl = try #require(StockTool("openssl"))
    let made = try openssl.run(["genpkey"] + options + ["-out", folder.path(of: "key")])
    try #require(made.status == 0, "\(made)")
  }

  func secret() throws -> SecretBytes { SecretBytes(copyingText: try folder.read("key")) }

  func publicText() throws -> [UInt8] {
    let made = try openssl.run(
      ["pkey", "-in", folder.path(of: "key"), "-pubout", "-out", folder.path(of: "public")])
    try #require(made.status == 0, "\(made)")
    return try folder.read("public")
  }

  /// The SHA-256 of the key in PKCS#1 form.
  func fingerprint() throws -> String {
    _ = try publicText()
    let made = try openssl.run([
      "rsa", "-pubin", "-in", folder.path(of: "public"), "-RSAPublicKey_out", "-outform", "DER",
      "-out", folder.path(of: "der"),
    ])
    try #require(made.status == 0, "\(made)")
    return Hexadecimal.encode(HashFunction.sha256.digest(of: try folder.read("der")))
  }

  func verify(_ signature: [UInt8], over message: [UInt8]) throws -> Bool {
    _ = try publicText()
    let outcome = try openssl.run([
      "dgst", "-sha256", "-verify", folder.path(of: "public"), "-signature",
      folder.write(signature, to: "signature"), folder.write(message, to: "message"),
    ])
    return outcome.status == 0
  }
}
