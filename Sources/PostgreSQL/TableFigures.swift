/// What one table's rows come to, from a dump as it passes or from a live database.
package struct TableFigures: Codable, Sendable, Equatable {
  /// The table's schema.
  package let schema: String
  /// The table.
  package let table: String
  /// The columns the rows were written with, in order; generated columns are not among them.
  package let columns: [String]
  /// The number of rows.
  package let rows: Int
  /// The bytes of all rows as COPY text, line feeds counted.
  package let bytes: Int
  /// The digest of the rows in no order.
  package let digest: MultisetDigest

  /// Puts figures together.
  /// - Parameters:
  ///   - schema: the table's schema.
  ///   - table: the table.
  ///   - columns: the columns the rows were written with.
  ///   - rows: the number of rows.
  ///   - bytes: the bytes of all rows.
  ///   - digest: the digest of the rows.
  package init(
    schema: String, table: String, columns: [String], rows: Int, bytes: Int, digest: MultisetDigest
  ) {
    self.schema = schema
    self.table = table
    self.columns = columns
    self.rows = rows
    self.bytes = bytes
    self.digest = digest
  }

  /// The table's name with its schema, as people write it: `public.users`.
  package var name: String { "\(schema).\(table)" }
}

/// What the large objects of a database come to.
package struct LargeObjectFigures: Codable, Sendable, Equatable {
  /// The number of large objects.
  package internal(set) var objects = 0
  /// The bytes of all of them.
  package internal(set) var bytes = 0
  /// The digest of all their blocks, each with its object's number and its place.
  package internal(set) var digest = MultisetDigest()

  /// No large objects.
  package init() {}
}

/// All that a dump's stream, or a live database, shows of its content.
package struct ContentFigures: Codable, Sendable, Equatable {
  /// One entry a table that has rows saved, by schema and name.
  package let tables: [TableFigures]
  /// The large objects together.
  package let largeObjects: LargeObjectFigures
  /// Where the dump sets the sequences; nil in manifests from before they were read out of it.
  package let sequences: [SequenceFact]?

  /// Puts figures together.
  /// - Parameters:
  ///   - tables: the tables, in any order.
  ///   - largeObjects: the large objects.
  ///   - sequences: the sequences, in any order.
  package init(
    tables: [TableFigures], largeObjects: LargeObjectFigures, sequences: [SequenceFact]
  ) {
    self.tables = tables.sorted { ($0.schema, $0.table) < ($1.schema, $1.table) }
    self.largeObjects = largeObjects
    self.sequences = sequences.sorted { ($0.schema, $0.name) < ($1.schema, $1.name) }
  }

  /// Whether these figures of a dump are those that a manifest has of it.
  package func areThose(of manifest: ContentFigures) -> Bool {
    tables == manifest.tables && largeObjects == manifest.largeObjects
      && (manifest.sequences == nil || sequences == manifest.sequences)
  }

  /// The rows of all tables together.
  package var rows: Int { tables.reduce(0) { $0 + $1.rows } }
}
