internal import CTSS2
internal import SecretMemory

/// Public areas as systemd has them: a byte more or less, and it is another key.
///
/// Source: systemd 252 to 261, `src/shared/tpm2-util.c`; TCG EK Credential Profile 2.5, templates
/// L-1 and L-2.
enum Template {
  /// A storage key, made by the TPM; its `unique` field is empty.
  static func storageKey(_ kind: KeyKind, noDA: Bool) -> TPM2B_PUBLIC {
    var area = TPMT_PUBLIC()
    area.nameAlg = coffer_alg_sha256
    area.objectAttributes = coffer_object_storage | (noDA ? coffer_object_no_da : 0)
    var cipher = TPMT_SYM_DEF_OBJECT()
    cipher.algorithm = coffer_alg_aes
    unsafe cipher.keyBits.aes = 128
    unsafe cipher.mode.aes = coffer_alg_cfb
    switch kind {
    case .ecc:
      area.type = coffer_alg_ecc
      var parameters = TPMS_ECC_PARMS()
      parameters.symmetric = cipher
      parameters.scheme.scheme = coffer_alg_null
      parameters.curveID = coffer_curve_p256
      parameters.kdf.scheme = coffer_alg_null
      unsafe area.parameters.eccDetail = parameters
    case .rsa:
      area.type = coffer_alg_rsa
      var parameters = TPMS_RSA_PARMS()
      parameters.symmetric = cipher
      parameters.scheme.scheme = coffer_alg_null
      parameters.keyBits = 2048
      unsafe area.parameters.rsaDetail = parameters
    }
    return TPM2B_PUBLIC(size: 0, publicArea: area)
  }

  /// A sealed secret that only its policy opens.
  ///
  /// Without noDA a wrong authorization value counts as a failed try.
  static func sealedSecret(policy: [UInt8], noDA: Bool) -> TPM2B_PUBLIC {
    var area = TPMT_PUBLIC()
    area.type = coffer_alg_keyed_hash
    area.nameAlg = coffer_alg_sha256
    area.objectAttributes = coffer_object_sealed | (noDA ? coffer_object_no_da : 0)
    area.authPolicy = TPM2B_DIGEST(policy)
    unsafe area.parameters.keyedHashDetail.scheme.scheme = coffer_alg_null
    unsafe area.unique.keyedHash.size = 32
    return TPM2B_PUBLIC(size: 0, publicArea: area)
  }

  /// A key that checks signatures, with the attributes and the exponent that systemd gives it.
  static func verifier(modulus: [UInt8]) -> TPM2B_PUBLIC {
    var area = TPMT_PUBLIC()
    area.type = coffer_alg_rsa
    area.nameAlg = coffer_alg_sha256
    area.objectAttributes = coffer_object_verifier
    var parameters = TPMS_RSA_PARMS()
    parameters.symmetric.algorithm = coffer_alg_null
    parameters.scheme.scheme = coffer_alg_null
    parameters.keyBits = UInt16(modulus.count * 8)
    parameters.exponent = 65537
    unsafe area.parameters.rsaDetail = parameters
    unsafe area.unique.rsa.size = UInt16(modulus.count)
    unsafe withUnsafeMutableBytes(of: &area.unique.rsa.buffer) {
      unsafe $0.copyBytes(from: modulus)
    }
    return TPM2B_PUBLIC(size: 0, publicArea: area)
  }

  /// What encrypts the parameters of a session: AES-128-CFB.
  static var sessionCipher: TPMT_SYM_DEF {
    var cipher = TPMT_SYM_DEF()
    cipher.algorithm = coffer_alg_aes
    unsafe cipher.keyBits.aes = 128
    unsafe cipher.mode.aes = coffer_alg_cfb
    return cipher
  }
}

extension TPM2B_DIGEST {
  /// Takes at most 64 bytes.
  init(_ bytes: [UInt8]) {
    self.init()
    size = UInt16(bytes.count)
    unsafe withUnsafeMutableBytes(of: &buffer) { unsafe $0.copyBytes(from: bytes) }
  }

  /// The bytes that count.
  var bytes: [UInt8] {
    unsafe withUnsafeBytes(of: buffer) { unsafe Array($0.prefix(Int(size))) }
  }

  /// Copies a secret of at most 64 bytes in; `wipe` follows.
  mutating func fill(from secret: RawSpan) {
    size = UInt16(secret.byteCount)
    unsafe withUnsafeMutableBytes(of: &buffer) { target in
      unsafe secret.withUnsafeBytes { unsafe target.copyBytes(from: $0) }
    }
  }
}

extension TPM2B_SENSITIVE_DATA {
  /// Copies a secret of at most 128 bytes in; `wipe` follows.
  mutating func fill(from secret: RawSpan) {
    size = UInt16(secret.byteCount)
    unsafe withUnsafeMutableBytes(of: &buffer) { target in
      unsafe secret.withUnsafeBytes { unsafe target.copyBytes(from: $0) }
    }
  }
}

/// Wipes a structure of the C library's that a secret had to lie in.
func wipe<Structure>(_ structure: inout Structure) {
  unsafe withUnsafeMutableBytes(of: &structure) { bytes in
    var span = unsafe MutableRawSpan(_unsafeBytes: bytes)
    span.wipe()
  }
}
