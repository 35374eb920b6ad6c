internal import CTSS2
internal import Glibc
internal import Vocabulary

/// A connection to a TPM 2.0, closed when its owner goes away.
///
/// Every call blocks until the TPM answers; one task owns it. What it is asked for in this file needs
/// no authorization and changes nothing in the TPM.
///
/// Source: TPM 2.0 Library Specification 1.59, parts 2 and 3; TSS 2.0 ESAPI 1.00.
@safe package struct TPMConnection: ~Copyable {
  // Fields go after `deinit`: the ESAPI context is gone before the channel that it speaks through.
  private let channel: Channel
  let context: OpaquePointer

  /// Where the TPM of a machine is: the kernel's resource manager.
  package static let defaultTCTI = "device:/dev/tpmrm0"

  /// Connects, and starts a TPM up that no firmware has started.
  ///
  /// - Parameter tcti: where the TPM is, as `driver:configuration`, for example
  ///   `swtpm:path=/run/tpm.sock`; an absolute path is a device.
  /// - Throws: `OperatorError` `tpm.unreachable`, or `tpm.failed` where it does not start up.
  package init(tcti: String) throws {
    let channel = try Channel(tcti.hasPrefix("/") ? "device:\(tcti)" : tcti)
    unsafe context = try Self.start(through: channel)
    self.channel = channel
  }

  private static func start(through channel: borrowing Channel) throws -> OpaquePointer {
    var opened: OpaquePointer?
    let result = unsafe Esys_Initialize(&opened, channel.handle, nil)
    guard result == 0, let context = unsafe opened else {
      throw TPMFailure.error("connect to the TPM", result)
    }
    let started = unsafe Esys_Startup(context, coffer_startup_clear)
    guard started == 0 || started == coffer_rc_initialize else {
      unsafe Esys_Finalize(&opened)
      throw TPMFailure.error("start the TPM up", started)
    }
    return unsafe context
  }

  deinit {
    var context: OpaquePointer? = unsafe context
    unsafe Esys_Finalize(&context)
  }

  /// Who made it, which hierarchies have an authorization, and how far it is from a lockout.
  ///
  /// - Throws: `OperatorError` `tpm.failed`.
  package func properties() throws -> TPMProperties {
    let fixed = try properties(from: coffer_pt_manufacturer, count: 8)
    let variable = try properties(from: coffer_pt_permanent, count: 18)
    func value(_ property: TPM2_PT) throws -> Int {
      guard let value = fixed[property] ?? variable[property] else {
        throw OperatorError(
          "tpm.failed", .failed, "the TPM does not tell property 0x\(String(property, radix: 16))")
      }
      return Int(value)
    }
    let permanent = UInt32(try value(coffer_pt_permanent))
    let firmware = [coffer_pt_firmware_version_1, coffer_pt_firmware_version_2].map {
      String(fixed[$0] ?? 0, radix: 16)
    }
    return TPMProperties(
      manufacturer: Self.text(UInt32(try value(coffer_pt_manufacturer))),
      firmware: firmware.joined(separator: "."),
      ownerAuthSet: permanent & coffer_owner_auth_set != 0,
      endorsementAuthSet: permanent & coffer_endorsement_auth_set != 0,
      lockoutAuthSet: permanent & coffer_lockout_auth_set != 0,
      lockout: .init(
        isLockedOut: permanent & coffer_in_lockout != 0,
        failedTries: try value(coffer_pt_lockout_counter),
        maximumTries: try value(coffer_pt_max_auth_fail),
        recoveryTime: try value(coffer_pt_lockout_interval),
        lockoutRecovery: try value(coffer_pt_lockout_recovery)))
  }

  /// The banks that are allocated, with the PCRs in each, in ascending order.
  ///
  /// Banks of hashes that no token can name are left out.
  ///
  /// - Throws: `OperatorError` `tpm.failed`.
  package func banks() throws -> [PCRBank: [Int]] {
    var banks: [PCRBank: [Int]] = [:]
    try capability(coffer_cap_pcrs, from: 0, count: UInt32(TPM2_MAX_PCRS)) { data in
      let allocated = unsafe data.data.assignedPCR
      for (bank, indexes) in Selection.read(allocated) where !indexes.isEmpty {
        banks[bank] = indexes
      }
    }
    return banks
  }

  /// Reads PCRs of a bank.
  ///
  /// A TPM tells about eight at a time; where one is extended in between, all are read again, so
  /// that the values belong together.
  ///
  /// - Parameters:
  ///   - indexes: which; those that the TPM does not have are left out of the result.
  ///   - bank: of which bank.
  /// - Returns: the values by index, each of `bank.digestSize` bytes.
  /// - Throws: `OperatorError` `tpm.failed`, also where PCRs change faster than they can be read.
  package func read(_ indexes: Set<Int>, of bank: PCRBank) throws -> [Int: [UInt8]] {
    for _ in 0..<Self.patience {
      if let values = try readOnce(indexes, of: bank) { return values }
    }
    throw OperatorError("tpm.failed", .failed, "the TPM's PCRs change faster than they can be read")
  }

  static let patience = 30

  /// Reads them in one go; nil where a PCR changed meanwhile.
  private func readOnce(_ indexes: Set<Int>, of bank: PCRBank) throws -> [Int: [UInt8]]? {
    var values: [Int: [UInt8]] = [:]
    var missing = indexes
    var counter: UInt32?
    while !missing.isEmpty {
      var selection = Selection.write(missing, of: bank)
      var update: UInt32 = 0
      var answered: UnsafeMutablePointer<TPML_PCR_SELECTION>?
      var digests: UnsafeMutablePointer<TPML_DIGEST>?
      let result = unsafe Esys_PCR_Read(
        context, coffer_no_session, coffer_no_session, coffer_no_session, &selection, &update,
        &answered, &digests)
      defer {
        unsafe Esys_Free(answered)
        unsafe Esys_Free(digests)
      }
      guard result == 0, let answered = unsafe answered, let digests = unsafe digests else {
        throw TPMFailure.error("read PCRs", result)
      }
      if let counter, counter != update { return nil }
      counter = update
      let told = unsafe Selection.read(answered.pointee).first { $0.bank == bank }?.indexes ?? []
      // What it leaves out when asked for nothing else, it does not have.
      guard !told.isEmpty else { break }
      let list = unsafe Selection.digests(digests.pointee)
      for (index, value) in zip(told, list) { values[index] = value }
      missing.subtract(told)
    }
    return values
  }

  private func properties(from first: TPM2_PT, count: UInt32) throws -> [TPM2_PT: UInt32] {
    var values: [TPM2_PT: UInt32] = [:]
    try capability(coffer_cap_tpm_properties, from: first, count: count) { data in
      let list = unsafe data.data.tpmProperties
      unsafe withUnsafeBytes(of: list.tpmProperty) { bytes in
        let properties = unsafe bytes.bindMemory(to: TPMS_TAGGED_PROPERTY.self)
        for place in 0..<min(Int(list.count), properties.count) {
          unsafe values[properties[place].property] = properties[place].value
        }
      }
    }
    return values
  }

  func capability(
    _ capability: TPM2_CAP, from first: UInt32, count: UInt32,
    _ body: (borrowing TPMS_CAPABILITY_DATA) -> Void
  ) throws {
    var more: TPMI_YES_NO = 0
    var data: UnsafeMutablePointer<TPMS_CAPABILITY_DATA>?
    let result = unsafe Esys_GetCapability(
      context, coffer_no_session, coffer_no_session, coffer_no_session, capability, first, count,
      &more, &data)
    defer { unsafe Esys_Free(data) }
    guard result == 0, let data = unsafe data else {
      throw TPMFailure.error("ask the TPM for its state", result)
    }
    unsafe body(data.pointee)
  }

  /// Four characters in a number, without the blanks and zeros that fill it.
  private static func text(_ number: UInt32) -> String {
    let bytes = (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) }
    return String(decoding: bytes.filter { $0 > 32 && $0 < 127 }, as: UTF8.self)
  }
}

/// The way to a TPM, a TCTI context.
@safe private struct Channel: ~Copyable {
  let handle: OpaquePointer

  /// - Throws: `OperatorError` `tpm.unreachable`.
  init(_ tcti: String) throws {
    // The library would write its own complaints to standard error, where only the console speaks.
    unsafe setenv("TSS2_LOG", "all+NONE", 0)
    var opened: OpaquePointer?
    let result = unsafe Tss2_TctiLdr_Initialize(tcti, &opened)
    guard result == 0, let handle = unsafe opened else {
      throw OperatorError(
        "tpm.unreachable", .missingProgram,
        "no TPM answers at \(tcti): \(TPMFailure.text(result))",
        hint: "name the TPM with --tcti, for example device:/dev/tpmrm0")
    }
    unsafe self.handle = handle
  }

  deinit {
    var handle: OpaquePointer? = unsafe handle
    unsafe Tss2_TctiLdr_Finalize(&handle)
  }
}
