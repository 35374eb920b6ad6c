import Foundation
import ProofTools
import Testing

/// A set of volumes as it lies on media.
struct Volumes: Sendable {
  let path: String

  /// The folders of the volumes, in their order.
  func folders() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: path).sorted().map { "\(path)/\($0)" }
  }

  /// The modes of all that lies there, by name.
  func modes() throws -> [String: Int] {
    let names = try FileManager.default.subpathsOfDirectory(atPath: path)
    return try Dictionary(
      uniqueKeysWithValues: names.map { name in
        let facts = try FileManager.default.attributesOfItem(atPath: "\(path)/\(name)")
        return (name, facts[.posixPermissions] as? Int ?? 0)
      })
  }

  /// The archives of the volumes that hold objects.
  func archives() throws -> [String] {
    try folders().map { "\($0)/\(($0 as NSString).lastPathComponent).tar" }
      .filter { FileManager.default.fileExists(atPath: $0) }
  }
}

extension Deployment {
  /// The copy of the store on the other side of the gap.
  var far: Store { Store(path: path("far")) }

  /// Runs a verb of `coffer-store` on the other side.
  func farKeeper(
    _ arguments: [String], while body: (Program.Running) async throws -> Void = { _ in }
  ) async throws -> Program.Outcome {
    try await Program(path: BuiltTools.store, environment: environment).run(
      arguments + ["--store", far.path], while: body)
  }

  /// Takes a set, or some volumes of it, in on the other side, trusting this host's key.
  func takeIn(
    _ places: String..., dryRun: Bool = false,
    while body: (Program.Running) async throws -> Void = { _ in }
  ) async throws -> Program.Outcome {
    try await farKeeper(
      ["import", "--json", "--trust", path("keys/host.pub")] + (dryRun ? ["--dry-run"] : [])
        + ["--from"] + places, while: body)
  }

  /// Writes a set that must come about.
  func export(_ size: String, _ arguments: String..., to name: String) async throws -> Volumes {
    try await export(size, arguments, to: name)
  }

  /// Writes a set that must come about.
  func export(_ size: String, _ arguments: [String], to name: String) async throws -> Volumes {
    let export = try await keeper(
      [
        "export", "--json", "--to", path(name), "--volume-size", size, "--trust",
        path("keys/host.pub"),
      ] + arguments)
    export.expect(0)
    return Volumes(path: try #require(try export.values(of: "folder").last))
  }

  /// The names of all that a set carries, as stock tar lists it.
  func carried(by set: Volumes) async throws -> Set<String> {
    var names = Set<String>()
    for archive in try set.archives() {
      let listed = try await program("tar").run(["-tf", archive])
      names.formUnion(listed.output.split(separator: "\n").map(String.init))
    }
    return names
  }

  /// Does something while no identity is anywhere on this machine.
  func withoutIdentities<Result>(_ body: () async throws -> Result) async throws -> Result {
    let identities = [officers, bridgeTeam].map { ($0.identity, Data(contentsOf: $0.identity)) }
    for (path, _) in identities { try FileManager.default.removeItem(atPath: path) }
    let result = try await body()
    for (path, bytes) in identities { try bytes.write(to: URL(fileURLWithPath: path)) }
    return result
  }

  /// Expects that the other side has the same objects as this one, byte for byte.
  func expectTheSame(sourceLocation: SourceLocation = #_sourceLocation) throws {
    let (here, there) = (try store.objects().keys, try far.objects().keys)
    let mine = { (name: String) in !name.hasPrefix("keeper/") }
    #expect(Set(here.filter(mine)) == Set(there.filter(mine)), sourceLocation: sourceLocation)
    for name in here.filter(mine) {
      let isSame = try store.data(name) == far.data(name)
      #expect(isSame, "\(name)", sourceLocation: sourceLocation)
    }
  }
}

extension Data {
  fileprivate init(contentsOf path: String) {
    self = FileManager.default.contents(atPath: path) ?? Data()
  }
}
