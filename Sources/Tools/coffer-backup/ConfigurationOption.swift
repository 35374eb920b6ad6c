import ArgumentParser
import Configuration
import LocalFiles
import Origins
import SystemPackage
import Vocabulary

/// `--config F`, and the reading of it.
struct ConfigurationOption: ParsableArguments {
  @Option(name: .customLong("config"), help: "The configuration file.", completion: .file())
  var path: String

  /// Reads and checks the file.
  func load() throws -> CofferConfiguration {
    let bytes: [UInt8]
    do {
      bytes = try LocalPath(FilePath(path)).read()
    } catch {
      throw OperatorError(
        "config.unreadable", .usage, "cannot read the configuration \(path): \(error)")
    }
    return try CofferConfiguration(
      yaml: String(decoding: bytes, as: UTF8.self), file: path, schemas: OriginRegistry.schemas)
  }
}
