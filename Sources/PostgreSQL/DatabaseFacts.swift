/// What a dump does not say of its database, kept beside it so that it can be made again.
///
/// It holds no secret: roles come without passwords.
package struct DatabaseFacts: Codable, Sendable, Equatable {
  /// The moment the facts and the dump speak of: UTC, RFC 3339, to the microsecond.
  package let snapshotTime: String
  /// The server's version as it writes it.
  package let serverVersion: String
  /// The server's version as a number, 150020 for 15.20.
  package let serverVersionNumber: Int
  /// The database's name.
  package let database: String
  /// Its owner.
  package let owner: String
  /// Its encoding and locale.
  package let locale: DatabaseLocale
  /// Its size on the server's disk, indexes included.
  package let sizeInBytes: Int
  /// Its extensions.
  package let extensions: [ExtensionFact]
  /// The roles that own something in it or were granted something.
  package let roles: [RoleFact]
  /// Its sequences, in manifests from before they were read out of the dump; nil in later ones.
  package let sequences: [SequenceFact]?
  /// Synapse's schema, where it is Synapse's database.
  package let synapseSchema: SynapseSchemaFact?
  /// Session settings that change how values are written as text, as `pg_dump` found them.
  package let outputSettings: [String: String]
  /// Objects that others than the database's owner own; nil in manifests from before it was noted.
  package let ownership: [OwnershipFact]?
  /// What `ALTER DATABASE … SET` and `ALTER ROLE … IN DATABASE … SET` set; nil as above.
  package let settings: [SettingFact]?
  /// Grants on the database itself; nil where there are only PostgreSQL's own, or as above.
  package let privileges: [PrivilegeFact]?

  /// The server's major version.
  package var serverMajor: Int { serverVersionNumber / 10000 }
}

/// An extension and its version.
package struct ExtensionFact: Codable, Sendable, Equatable {
  /// The extension's name.
  package let name: String
  /// Its version.
  package let version: String
  /// The schema it is in; nil in manifests from before it was noted.
  package let schema: String?

  /// Puts a fact together.
  package init(name: String, version: String, schema: String?) {
    (self.name, self.version, self.schema) = (name, version, schema)
  }
}

/// A role, without its password.
package struct RoleFact: Codable, Sendable, Equatable {
  /// The role's name.
  package let name: String
  /// Whether it may log in.
  package let canLogin: Bool
  /// Whether it has its groups' rights without asking.
  package let inherits: Bool
  /// Whether it may make databases.
  package let canCreateDatabases: Bool
  /// Whether it may make roles.
  package let canCreateRoles: Bool
  /// Whether it is a superuser; a restore never makes one.
  package let isSuperuser: Bool
  /// Whether row security does not bind it.
  package let bypassesRowSecurity: Bool
  /// The roles it is a member of.
  package let memberOf: [String]
}

/// The version of Synapse's tables.
package struct SynapseSchemaFact: Codable, Sendable, Equatable {
  /// `schema_version.version`.
  package let version: Int
  /// `schema_compat_version.compat_version`: the oldest Synapse that may run on it.
  package let compatVersion: Int?
}
