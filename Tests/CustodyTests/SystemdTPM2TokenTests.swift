import Custody
import Testing
import TrustedHardware
import Vocabulary

/// Tokens as the versions of systemd write them.
@Suite struct SystemdTPM2TokenTests {
  @Test func aTokenOfSystemd252() throws {
    let token = try #require(
      try parse(
        #"""
        {"type":"systemd-tpm2","keyslots":["1"],"tpm2-blob":"AJ4A","tpm2-pcrs":[7,4],
         "tpm2-pcr-bank":"sha256","tpm2-primary-alg":"ecc","tpm2-policy-hash":"E4A9",
         "tpm2-pin":false}
        """#))
    #expect(token.pcrs == [4, 7])
    #expect(token.bank == .sha256)
    #expect(token.policy == [.pcrs])
    #expect(!token.hasPIN)
    #expect(token.parent == .legacyPrimary(kind: "ecc"))
    #expect(token.parent.form == "legacy-primary")
    #expect(token.policyHashes == ["e4a9"])
  }

  @Test func aSaltedPINAndASignedPolicy() throws {
    let token = try #require(
      try parse(
        #"""
        {"type":"systemd-tpm2","keyslots":["1"],"tpm2-blob":"AJ4A","tpm2-pcrs":[],
         "tpm2-pcr-bank":"SHA1","tpm2-policy-hash":"00","tpm2-pin":true,"tpm2_salt":"AAAA",
         "tpm2_pubkey_pcrs":[11],"tpm2_pubkey":"LS0t","tpm2-primary-alg":"rsa"}
        """#))
    #expect(token.policy == [.signedPCRs, .pin])
    #expect(token.publicKeyPCRs == [11])
    #expect(token.bank == .sha1)
    #expect(token.isSalted)
    #expect(token.parent.kind == "rsa")
  }

  /// The serialised reference as `tpm2_evictcontrol -o` writes it, cut after the name.
  @Test(arguments: [
    ("gQAAAQAiAAurq6urq6urq6urq6urq6urq6urq6urq6urq6urq6urqwAAAAE=", "srk", "0x81000001"),
    ("gQABAAAiAAurq6urq6urq6urq6urq6urq6urq6urq6urq6urq6urqwAAAAE=", "persistent", "0x81000100"),
  ])
  func aPinnedParent(_ reference: String, _ form: String, _ handle: String) throws {
    let token = try #require(
      try parse(
        #"""
        {"type":"systemd-tpm2","keyslots":["1"],"tpm2-blob":"AJ4A","tpm2-pcrs":[7],
         "tpm2-policy-hash":"00","tpm2_srk":"\#(reference)"}
        """#))
    #expect(token.parent.form == form)
    #expect(token.parent.handle == handle)
    #expect(token.bank == nil)
    guard case .pinned(_, let name, _, _) = token.parent else {
      Issue.record("not pinned")
      return
    }
    #expect(name == [0x00, 0x0b] + [UInt8](repeating: 0xab, count: 32))
  }

  @Test func shardsOfSystemd257() throws {
    let token = try #require(
      try parse(
        #"""
        {"type":"systemd-tpm2","keyslots":["1"],"tpm2-blob":["AJ4A","AJ4B"],"tpm2-pcrs":[7],
         "tpm2-policy-hash":["00","01"],"tpm2_pubkey_pcrs":[11],"tpm2_pcrlock":true}
        """#))
    #expect(token.policyHashes == ["00", "01"])
    #expect(token.policy == [.signedPCRs, .pcrlock, .pcrs])
  }

  @Test(arguments: [
    #"{}"#,
    #"{"tpm2-blob":"AA","tpm2-pcrs":[24],"tpm2-policy-hash":"00"}"#,
    #"{"tpm2-blob":"AA","tpm2-pcrs":["7"],"tpm2-policy-hash":"00"}"#,
    #"{"tpm2-blob":"AA","tpm2-pcrs":[7],"tpm2-policy-hash":[]}"#,
    #"{"tpm2-blob":1,"tpm2-pcrs":[7],"tpm2-policy-hash":"00"}"#,
    #"{"tpm2-blob":"AA","tpm2-pcrs":[7],"tpm2-policy-hash":"00","tpm2-pcr-bank":"md5"}"#,
    #"{"tpm2-blob":"AA","tpm2-pcrs":[7],"tpm2-policy-hash":"00","tpm2_srk":"gQAAAf//"}"#,
    #"{"tpm2-blob":"AA","tpm2-pcrs":[7],"tpm2-policy-hash":"00","tpm2_srk":7}"#,
  ])
  func whatSystemdDoesNotWriteIsNoToken(_ text: String) throws {
    let token = try parse(text)
    #expect(token == nil)
  }

  private func parse(_ text: String) throws -> SystemdTPM2Token? {
    SystemdTPM2Token(try JSONDocument.decode([String: JSONValue].self, from: Array(text.utf8)))
  }
}
