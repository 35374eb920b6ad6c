/// The kind of a TPM's storage key.
package enum KeyKind: String, Sendable, Codable, CaseIterable {
  /// NIST P-256.
  case ecc
  /// RSA of 2048 bits.
  case rsa
}

/// The key of a TPM under which a secret is sealed.
package enum StorageParent: Sendable, Equatable {
  /// Made anew each time in the owner hierarchy from a template without noDA; nothing is pinned.
  ///
  /// Source: systemd 252, `src/shared/tpm2-util.c`, `tpm2_make_primary`.
  case legacyPrimary(KeyKind)
  /// Persistent, and pinned: what `Esys_TR_Serialize` wrote, the key's name in it.
  ///
  /// Source: tpm2-tss 3.2.1, `src/tss2-esys/esys_mu.c`.
  case persistent(reference: [UInt8])
}

/// A key to be persistent in a TPM.
package enum PersistentKey: Sendable {
  /// The storage root key at 0x81000001 (TCG TPM v2.0 Provisioning Guidance 1.0, section 7.8), as
  /// systemd takes it from 254 on: used as it is found, else made from the template with noDA.
  case storageRootKey
  /// The legacy primary, kept at the first free handle from 0x81000100 on, so that it can be pinned.
  case legacyPrimary(KeyKind)
}
