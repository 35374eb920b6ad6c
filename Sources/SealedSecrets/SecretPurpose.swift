/// What a sealed secret is for: a label that cannot be changed without its being noticed.
package enum SecretPurpose: String, Sendable, Codable, CaseIterable {
  /// An age identity file.
  case ageIdentity = "age-identity"
  /// A minisign secret key, the host's for example.
  case minisignKey = "minisign-key"
  /// Anything else.
  case other
}
