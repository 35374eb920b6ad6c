import Foundation
import ProofTools

extension Deployment {
  /// Runs a verb of `coffer-store` on this host's store.
  func keeper(
    _ arguments: String..., while body: (Program.Running) async throws -> Void = { _ in }
  ) async throws -> Program.Outcome {
    try await keeper(arguments, while: body)
  }

  /// Runs a verb of `coffer-store` on this host's store.
  func keeper(
    _ arguments: [String], while body: (Program.Running) async throws -> Void = { _ in }
  ) async throws -> Program.Outcome {
    try await Program(path: BuiltTools.store, environment: environment)
      .run(arguments + ["--store", store.path], while: body)
  }

  /// Runs a verb of `coffer-store` on this host's store, trusting its key.
  func trustingKeeper(
    _ arguments: String..., while body: (Program.Running) async throws -> Void = { _ in }
  ) async throws -> Program.Outcome {
    try await Program(path: BuiltTools.store, environment: environment).run(
      arguments + ["--store", store.path, "--trust", path("keys/host.pub")], while: body)
  }
}

extension Deployment {
  /// Runs a verb of `coffer-store`, and has coreutils stop it: a test's own clock may be late.
  func stoppingKeeper(after seconds: Int, _ arguments: String...) async throws -> Program.Outcome {
    try await Program(path: "/usr/bin/timeout", environment: environment).run(
      ["--preserve-status", "\(seconds)", BuiltTools.store] + arguments + ["--store", store.path])
  }

  /// What the keeper's folder in the store says of checks so far.
  var keepersChecks: String {
    (try? store.data("keeper/checks")).map { String(decoding: $0, as: UTF8.self) } ?? ""
  }
}

extension Deployment {
  /// The snapshot of an entry of the ledger.
  func snapshot(of entry: String, in place: Store? = nil) throws -> String {
    struct Entry: Decodable { let snapshot: String }
    return try JSONDecoder().decode(Entry.self, from: (place ?? store).data(entry)).snapshot
  }

  /// Flips a bit of an object, cuts it off, lets it grow, or loses it.
  func damage(_ name: String, _ chance: inout SeededChance) throws {
    var bytes = try store.data(name)
    switch Int.random(in: 0..<4, using: &chance) {
    case 0:
      bytes[Int.random(in: bytes.indices, using: &chance)] ^=
        1 << UInt8.random(in: 0..<8, using: &chance)
    case 1: bytes = bytes.prefix(Int.random(in: 0..<bytes.count, using: &chance))
    case 2: bytes.append(0)
    default: return try store.remove(name)
    }
    try store.write(bytes, to: name)
  }
}
