import FileTrees
import Configuration
import LocalFiles
import PostgreSQL
package import Repository
import SecretMemory
import SystemPackage
import Vocabulary

/// Checks that need several sources of one deployment: Synapse's rows against its media, and its
/// signing key against the events it signed.
package struct DeploymentChecks {
  /// A source and where it now stands.
  package struct Place: Sendable {
    package let record: SourceRecord
    package let target: RestoreTarget

    package init(record: SourceRecord, target: RestoreTarget) {
      self.record = record
      self.target = target
    }
  }

  private static let mostNamed = 20

  private let places: [Place]

  package init(_ places: [Place]) {
    self.places = places
  }

  /// Runs the checks that can be run; one that cannot is a warning, never silence.
  package func run() throws -> [Finding] {
    guard let synapse = places.first(where: { $0.record.profile == "synapse" }) else { return [] }
    do {
      return try PostgresOrigin.reading(synapse.record, synapse.target) { conninfo in
        let connection = try PostgresConnection(conninfo: conninfo)
        defer { connection.close() }
        return try media(connection) + signingKey(connection)
      }
    } catch let error as OperatorError {
      return [Finding(.bad, error.code, error.message)]
    }
  }

  private func media(_ connection: PostgresConnection) throws -> [Finding] {
    guard let place = places.first(where: { $0.record.profile == FilesOrigin.mediaProfile }),
      case .path(let root) = place.target
    else {
      return [
        Finding(.warning, "media.unchecked", "media rows were not checked: no media was restored")
      ]
    }
    var problems: [Finding] = []
    var (rows, bad) = (0, 0)
    try SynapseChecks(connection).eachMediaRow { row in
      rows += 1
      guard let problem = Self.problem(with: row, below: root) else { return }
      bad += 1
      if problems.count < Self.mostNamed {
        problems.append(Finding(.bad, "media.\(problem.0)", "media file \(row.path) \(problem.1)"))
      }
    }
    guard bad > 0 else {
      return [Finding(.good, "media.equal", "\(rows) media rows have their files")]
    }
    let rest = bad - problems.count
    return rest == 0
      ? problems : problems + [Finding(.bad, "media.more", "and \(rest) media files more")]
  }

  private static func problem(with row: MediaRow, below root: FilePath) -> (String, String)? {
    guard let path = try? RelativePath(row.path) else { return ("path", "has a hostile path") }
    let file = root.appending(bytes: path.bytes)
    guard LocalPath(file).exists else { return ("missing", "is missing") }
    guard LocalPath(file).size == row.length else {
      return ("size", "has another size than its row")
    }
    guard let expected = row.sha256 else { return nil }
    guard let digest = try? file.sha256() else { return ("unreadable", "cannot be read") }
    return digest.hex == expected ? nil : ("content", "has another SHA-256 than its row")
  }

  /// Every key that signed this server's events must be there, as the key or among the old ones.
  private func signingKey(_ connection: PostgresConnection) throws -> [Finding] {
    let checks = SynapseChecks(connection)
    guard let server = try checks.serverName() else { return [] }
    let needed = try checks.signingKeyIDs(serverName: server)
    let folders = places.compactMap { place -> SigningKeySearch.Place? in
      guard place.record.kind == FilesOrigin.schema.kind, case .path(let path) = place.target,
        place.record.profile != FilesOrigin.mediaProfile
      else { return nil }
      return SigningKeySearch.Place(origin: place.record.origin, folder: path)
    }
    guard !folders.isEmpty else {
      return [
        Finding(
          .warning, "signing-key.unchecked",
          "the signing key was not checked: no configuration was restored")
      ]
    }
    let found = try SigningKeySearch.keys(below: folders)
    let missing = needed.filter { found.usable[$0] == nil && !found.retired.contains($0) }
    guard missing.isEmpty else {
      let there =
        found.usable.isEmpty ? "none" : found.usable.keys.sorted().joined(separator: ", ")
      return missing.map {
        Finding(
          .bad, "signing-key.missing",
          "\($0) signed events of \(server), but is not in the restored configuration, which holds \(there)"
        )
      }
    }
    guard !found.usable.isEmpty else {
      return [
        Finding(
          .bad, "signing-key.missing",
          "the restored configuration holds no signing key: Synapse would make a new one")
      ]
    }
    return try proof(found.usable, of: server, checks, needed)
  }

  /// A key of the right name may still be another key: the newest event says.
  private func proof(
    _ keys: [String: [UInt8]], of server: String, _ checks: SynapseChecks, _ needed: [String]
  ) throws -> [Finding] {
    let names = needed.joined(separator: ", ")
    guard let event = try checks.latestSignedMessage(serverName: server) else {
      return [
        Finding(.good, "signing-key.there", "\(names) signed events of \(server) and is restored")
      ]
    }
    let verdict = SignedEvent(event.json, roomVersion: event.roomVersion)?.verdict(server, keys)
    switch verdict {
    case .genuine(let key):
      return [
        Finding(
          .good, "signing-key.genuine",
          "\(names) signed events of \(server) and is restored; \(key) made the newest message's "
            + "signature")
      ]
    case .forged(let key):
      return [
        Finding(
          .bad, "signing-key.another",
          "the restored \(key) is another key: it did not sign \(event.id)")
      ]
    case .unknown, nil:
      return [
        Finding(
          .warning, "signing-key.unproven",
          "\(names) is restored, but no restored key could be held against \(event.id)")
      ]
    }
  }
}
