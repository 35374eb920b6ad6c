internal import Vocabulary

/// PCRs that a secret is to be sealed to; what would protect nothing is refused.
package struct PCRChoice: Sendable {
  /// Which.
  package let indexes: Set<Int>
  /// Of which bank.
  package let bank: PCRBank
  /// Those that are meant to be as a reset leaves them.
  package let unextended: Set<Int>

  package init(_ indexes: Set<Int>, of bank: PCRBank, unextended: Set<Int> = []) {
    self.indexes = indexes
    self.bank = bank
    self.unextended = unextended
  }

  /// The values to seal to.
  ///
  /// - Parameters:
  ///   - tpm: whose live values are taken.
  ///   - predicted: values to come, by index, which are taken instead.
  /// - Returns: values by index; none where no PCR was chosen.
  /// - Throws: `OperatorError` `pcr.no-bank`, `pcr.missing`, `pcr.never-extended`, `tpm.failed`.
  package func values(
    in tpm: borrowing TPMConnection, predicted: [Int: [UInt8]] = [:]
  ) throws -> [Int: [UInt8]] {
    guard !indexes.isEmpty else { return [:] }
    guard let there = try tpm.banks()[bank] else {
      throw OperatorError(
        "pcr.no-bank", .refused, "the TPM does not have the \(bank.rawValue) bank",
        hint: "'luks status' lists the banks that it has")
    }
    let missing = indexes.subtracting(there).sorted()
    guard missing.isEmpty else {
      throw OperatorError(
        "pcr.missing", .refused,
        "the TPM's \(bank.rawValue) bank has no PCR "
          + missing.map(String.init).joined(separator: ", "))
    }
    let expected = predicted.filter { indexes.contains($0.key) }
    let values = try tpm.read(indexes, of: bank).merging(expected) { live, predicted in predicted }
    try requireMeaning(values)
    return values
  }

  private func requireMeaning(_ values: [Int: [UInt8]]) throws {
    let empty = values.filter { !PCRBank.isExtended($0.value) && !unextended.contains($0.key) }
    guard empty.isEmpty else {
      let list = empty.keys.sorted().map(String.init).joined(separator: ", ")
      throw OperatorError(
        "pcr.never-extended", .refused,
        "nothing was ever measured into PCR \(list) of the \(bank.rawValue) bank: sealed to it, the "
          + "secret is given to whatever is booted",
        hint: "leave it out, or, where it is meant to be empty at that moment, name it in "
          + "--unextended too")
    }
  }
}

extension TPMProperties.Lockout {
  /// Refuses to seal where the TPM refuses tries, or soon would: what is sealed must be opened.
  ///
  /// - Throws: `OperatorError` `tpm.locked-out`, `tpm.lockout-near`.
  package func requireRoomForSealing() throws {
    guard !isLockedOut else {
      throw OperatorError(
        "tpm.locked-out", .refused, "the TPM is locked out after too many failed tries",
        hint: hint)
    }
    guard triesLeft > 1 else {
      throw OperatorError(
        "tpm.lockout-near", .refused,
        "\(failedTries) of \(maximumTries) tries of the TPM have failed; nothing is sealed so near a "
          + "lockout",
        hint: hint)
    }
  }

  /// Stops before the last try of a PIN: a wrong one would lock out every secret of the machine.
  ///
  /// - Throws: `OperatorError` `tpm.lockout-near`.
  package func requireTry() throws {
    guard triesLeft <= 1 else { return }
    throw OperatorError(
      "tpm.lockout-near", .refused,
      "\(failedTries) of \(maximumTries) tries of the TPM have failed: one more wrong PIN would lock "
        + "it out, so none is tried",
      hint: hint)
  }

  private var hint: String {
    "it forgets one every \(recoveryTime) seconds; lockoutAuth resets it: tpm2_dictionarylockout -c"
  }
}
