internal import SecretMemory
package import TrustedHardware

extension PCRBank {
  /// The digest of bytes, by the bank's hash.
  package func digest(of bytes: [UInt8]) -> [UInt8] { function.digest(of: bytes) }

  /// What a PCR holds once a digest was extended into it: the hash of both.
  package func extend(_ value: [UInt8], by digest: [UInt8]) -> [UInt8] {
    function.digest(of: value + digest)
  }

  /// What a PCR holds after a reset: zeros, and ones in those that only a dynamic launch resets.
  ///
  /// Source: PC Client Platform TPM Profile 1.05, section 4.6.
  package func reset(of index: Int) -> [UInt8] {
    [UInt8](repeating: (17...22).contains(index) ? 0xff : 0, count: digestSize)
  }

  /// The hash.
  var function: HashFunction {
    switch self {
    case .sha1: .sha1
    case .sha256: .sha256
    case .sha384: .sha384
    case .sha512: .sha512
    }
  }
}
