internal import Foundation

/// A folder that nothing else uses and that is gone when its test is.
package struct ScratchFolder: ~Copyable, Sendable {
  private let path: String

  /// Makes the folder, below `parent` or among the temporary files; throws where the disk refuses.
  package init(in parent: String? = nil) throws {
    path = (parent.map { $0 + "/" } ?? NSTemporaryDirectory()) + "coffer-proof-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  /// Where a file of this name lies in the folder.
  package func path(of name: String) -> String { path + "/" + name }

  /// Writes a file and says where it is.
  @discardableResult package func write(_ bytes: [UInt8], to name: String) throws -> String {
    try Data(bytes).write(to: URL(fileURLWithPath: path(of: name)))
    return path(of: name)
  }

  /// Writes a text file and says where it is.
  @discardableResult package func write(_ text: String, to name: String) throws -> String {
    try write(Array(text.utf8), to: name)
  }

  /// Reads a file.
  package func read(_ name: String) throws -> [UInt8] {
    try [UInt8](Data(contentsOf: URL(fileURLWithPath: path(of: name))))
  }

  /// Reads a text file.
  package func readText(_ name: String) throws -> String {
    String(decoding: try read(name), as: UTF8.self)
  }

  /// Reads a file that lies elsewhere.
  package static func bytes(at path: String) throws -> [UInt8] {
    try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}
