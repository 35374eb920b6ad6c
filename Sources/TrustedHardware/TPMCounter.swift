internal import CTSS2
internal import SecretMemory
internal import Vocabulary

/// A counter in the NV memory of a TPM: it only goes up, and what is sealed to a value that it has
/// passed is given no more.
///
/// It is known by its handle and by its name, the hash of handle and attributes: an index of another
/// kind at the same handle has another name. One that was removed and made again has the same name,
/// and begins above every value that a counter of the TPM ever had.
///
/// Source: TPM 2.0 Library Specification 1.59, part 1, section 16 (names) and 37.2.4 (counters), part
/// 2, sections 13.4 (TPMA_NV) and 13.5 (TPMS_NV_PUBLIC).
package struct TPMCounter: Sendable, Equatable {
  /// The handles that Coffer chooses from, among those that are the owner's (TCG Registry of Reserved
  /// TPM 2.0 Handles and Localities 1.1, section 2.2).
  package static let choice: Range<UInt32> = 0x0180_0100..<0x0180_0200
  /// Every handle that an NV index can have.
  package static let handles: ClosedRange<UInt32> = 0x0100_0000...0x01ff_ffff

  /// The handle.
  package let index: UInt32

  /// Takes the handle of a counter that is there or could be.
  package init(index: UInt32) {
    self.index = index
  }

  /// The name that it has once it was moved for the first time: 34 bytes.
  package var name: [UInt8] { name(of: coffer_nv_counter | coffer_nv_written) }

  /// The name that it has before that.
  var nameBefore: [UInt8] { name(of: coffer_nv_counter) }

  private func name(of attributes: UInt32) -> [UInt8] {
    let hash = Self.bytes(coffer_alg_sha256)
    // Handle, hash, attributes, an empty policy, and the size of a value.
    let area = Self.bytes(index) + hash + Self.bytes(attributes) + [0, 0, 0, 8]
    return hash + SHA256Hasher.digest(of: area).bytes
  }

  /// A number as a TPM has it, big-endian.
  static func bytes(_ number: some FixedWidthInteger) -> [UInt8] {
    unsafe withUnsafeBytes(of: number.bigEndian) { unsafe Array($0) }
  }
}
