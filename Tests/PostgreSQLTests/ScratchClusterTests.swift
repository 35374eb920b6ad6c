import FoundationEssentials
import Glibc
import PostgreSQL
import SystemPackage
import Testing
import Vocabulary

@Suite struct ScratchClusterTests {
  struct Enough: Error {}

  private func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

  @Test func aClusterIsThereForItsBlockAndGoneAfterwards() async throws {
    var (folder, major) = ("", 0)
    try await ScratchCluster.withCluster(major: 15) { cluster in
      folder = cluster.folder
      major = try PostgresConnection(conninfo: cluster.conninfo()).serverMajor
      #expect(exists(folder))
    }
    #expect(major == 15)
    #expect(!exists(folder))
  }

  @Test func aClusterIsGoneWhenItsBlockThrows() async throws {
    var folder = ""
    await #expect(throws: Enough.self) {
      try await ScratchCluster.withCluster { cluster in
        folder = cluster.folder
        throw Enough()
      }
    }
    #expect(!folder.isEmpty && !exists(folder))
  }

  @Test func aClusterIsGoneWhenItsTaskIsCancelledOrItsOwnerGoesAway() async throws {
    let parent = TemporaryFolder()
    _ = unsafe chmod(parent.path, 0o755)
    // Somewhere in initdb, in the start of the server, and with the server running.
    for wait in [30, 100, 300, 700, 1500] {
      let task = Task { [path = parent.path] in
        try await ScratchCluster.withCluster(in: path) { _ in
          try await Task.sleep(for: .seconds(60))
        }
      }
      try await Task.sleep(for: .milliseconds(wait))
      task.cancel()
      await #expect(throws: (any Error).self) { try await task.value }
      #expect(try FileManager.default.contentsOfDirectory(atPath: parent.path) == [])
    }
    var cluster: ScratchCluster? = try await ScratchCluster.start()
    let folder = try #require(cluster?.folder)
    #expect(exists(folder))
    cluster = nil
    #expect(!exists(folder))
  }

  @Test func whatAKilledProcessLeftBehindIsRemovedByTheNextCluster() async throws {
    let parent = TemporaryFolder()
    // An account other than ours must be able to pass through.
    _ = unsafe chmod(parent.path, 0o755)
    let left = try await ScratchCluster.start(in: parent.path)
    let process = try #require(try serverProcess(left))
    // A copy is a folder whose maker holds no lock, with a server of its own still running.
    let copy = "\(parent.path)/coffer-pg.killed"
    #expect(unsafe rename(left.folder, copy) == 0)
    _ = unsafe unlink("\(copy)/maker.lock")
    _ = try FileDescriptor.open(
      FilePath("\(copy)/maker.lock"), .writeOnly, options: .create, permissions: .ownerReadWrite
    ).close()
    try await ScratchCluster.withCluster(in: parent.path) { other in
      #expect(!exists(copy))
      #expect(exists(other.folder))
      // A second one leaves the first, whose maker lives, alone.
      try await ScratchCluster.withCluster(in: parent.path) { _ in
        let major = try PostgresConnection(conninfo: other.conninfo()).serverMajor
        #expect(major == other.major)
      }
    }
    #expect(kill(process, 0) != 0)
  }

  private func serverProcess(_ cluster: ScratchCluster) throws -> pid_t? {
    try PostgresConnection(conninfo: cluster.conninfo()).value(
      "SELECT pg_read_file('postmaster.pid')"
    ).flatMap { $0.split(separator: "\n").first }.flatMap { pid_t($0) }
  }

  @Test func aClusterLiesWhereItsServerCanBeReached() throws {
    let folder = TemporaryFolder()
    _ = unsafe chmod(folder.path, 0o755)
    #expect(ScratchCluster.place(within: folder.path) == folder.path)
    let inside = "\(folder.path)/inside"
    try FileManager.default.createDirectory(atPath: inside, withIntermediateDirectories: false)
    #expect(ScratchCluster.place(within: inside) == inside)
    #expect(ScratchCluster.place(within: "\(inside)/missing") == ScratchCluster.usualParent)
    #expect(ScratchCluster.place(within: "inside") == ScratchCluster.usualParent)
    let long = "\(inside)/\(String(repeating: "long", count: 12))"
    try FileManager.default.createDirectory(atPath: long, withIntermediateDirectories: false)
    #expect(ScratchCluster.place(within: long) == ScratchCluster.usualParent)
    guard geteuid() == 0 else { return }
    // Above the folder, not the folder itself.
    _ = unsafe chmod(folder.path, 0o700)
    #expect(ScratchCluster.place(within: inside) == ScratchCluster.usualParent)
  }

  @Test func onlyItsAccountMayEnterItsFolder() async throws {
    let folder = try await SharedCluster.cluster().folder
    var status = stat()
    #expect(unsafe stat(folder, &status) == 0)
    #expect(status.st_mode & 0o777 == 0o700)
    if geteuid() == 0 { #expect(status.st_uid != 0) }
  }

  @Test func missingServerProgramsAreNamed() async {
    let error = await #expect(throws: OperatorError.self) {
      _ = try await ScratchCluster.start(major: 99)
    }
    #expect(error?.status == .missingProgram)
    #expect(error?.hint?.contains("postgresql-99") == true)
  }
}
