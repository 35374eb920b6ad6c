internal import CTSS2

/// The hash of a bank of PCRs.
///
/// The names are those of systemd's tokens.
///
/// Source: TCG Algorithm Registry 1.32, table 3.
package enum PCRBank: String, Sendable, Codable, CaseIterable, Comparable {
  case sha1
  case sha256
  case sha384
  case sha512

  /// The number of the hash, TPM_ALG_ID.
  package var algorithm: UInt16 {
    switch self {
    case .sha1: 0x0004
    case .sha256: 0x000b
    case .sha384: 0x000c
    case .sha512: 0x000d
    }
  }

  /// How many bytes a PCR of the bank has.
  package var digestSize: Int {
    switch self {
    case .sha1: 20
    case .sha256: 32
    case .sha384: 48
    case .sha512: 64
    }
  }

  /// Whether a PCR of this value was ever extended.
  ///
  /// A reset leaves all zeros, or all ones in PCRs 17 to 22 (PC Client Platform TPM Profile 1.05,
  /// section 4.6); no extension leads back there.
  package static func isExtended(_ value: [UInt8]) -> Bool {
    !value.allSatisfy { $0 == 0 } && !value.allSatisfy { $0 == 0xff }
  }

  package static func < (left: Self, right: Self) -> Bool { left.algorithm < right.algorithm }
}

/// The C library's lists of PCRs and digests, copied out of and into its structures.
enum Selection {
  /// The PCRs of each bank that a token can name, in ascending order.
  static func read(_ list: TPML_PCR_SELECTION) -> [(bank: PCRBank, indexes: [Int])] {
    unsafe withUnsafeBytes(of: list.pcrSelections) { bytes in
      let selections = unsafe bytes.bindMemory(to: TPMS_PCR_SELECTION.self)
      return unsafe selections.prefix(Int(list.count)).compactMap { selection in
        guard let bank = PCRBank.allCases.first(where: { $0.algorithm == selection.hash }) else {
          return nil
        }
        return (bank, indexes(of: selection))
      }
    }
  }

  /// The selection of PCRs of one bank.
  static func write(_ indexes: Set<Int>, of bank: PCRBank) -> TPML_PCR_SELECTION {
    var selection = TPMS_PCR_SELECTION()
    selection.hash = bank.algorithm
    // 24 PCRs, as every platform has them.
    selection.sizeofSelect = 3
    unsafe withUnsafeMutableBytes(of: &selection.pcrSelect) { bits in
      for index in indexes where index >= 0 && index < 24 {
        unsafe bits[index / 8] |= 1 << UInt8(index % 8)
      }
    }
    var list = TPML_PCR_SELECTION()
    list.count = 1
    list.pcrSelections.0 = selection
    return list
  }

  /// The bytes of each digest.
  static func digests(_ list: TPML_DIGEST) -> [[UInt8]] {
    unsafe withUnsafeBytes(of: list.digests) { bytes in
      let digests = unsafe bytes.bindMemory(to: TPM2B_DIGEST.self)
      return unsafe digests.prefix(Int(list.count)).map { digest in
        unsafe withUnsafeBytes(of: digest.buffer) { unsafe Array($0.prefix(Int(digest.size))) }
      }
    }
  }

  private static func indexes(of selection: TPMS_PCR_SELECTION) -> [Int] {
    unsafe withUnsafeBytes(of: selection.pcrSelect) { bits in
      (0..<min(Int(selection.sizeofSelect), bits.count) * 8).filter {
        unsafe bits[$0 / 8] & 1 << UInt8($0 % 8) != 0
      }
    }
  }
}
