import FileTrees
import Glibc
import SystemPackage
import Vocabulary

/// A folder of the drill's own, mode 0700, for what is restored in the clear.
struct ScratchFolder {
  let path: FilePath

  /// Makes a folder, lends it, and removes it with everything in it.
  ///
  /// - Parameters:
  ///   - parent: the folder to make it in.
  ///   - body: is lent the folder.
  /// - Returns: what `body` returns.
  /// - Throws: `drill.scratch` where it cannot be made, `drill.leftover` where it cannot be removed,
  ///   and what `body` throws, which then says as well what is left.
  static func with<R>(
    in parent: FilePath, _ body: (ScratchFolder) async throws -> R
  ) async throws -> R {
    let folder = try ScratchFolder(in: parent)
    let result: R
    do {
      result = try await body(folder)
    } catch let error as OperatorError {
      guard let leftover = folder.remove() else { throw error }
      throw OperatorError(
        error.code, error.status, "\(error.message); and \(leftover.message)", hint: leftover.hint)
    }
    if let leftover = folder.remove() { throw leftover }
    return result
  }

  private init(in parent: FilePath) throws {
    var template = parent.appending("coffer-drill-XXXXXX").string.utf8CString.map { $0 }
    let made = unsafe template.withUnsafeMutableBufferPointer { buffer -> Bool in
      guard let base = buffer.baseAddress else { return false }
      return unsafe mkdtemp(base) != nil
    }
    guard made else {
      throw OperatorError(
        "drill.scratch", .failed, "cannot make a folder in \(parent): \(Errno(rawValue: errno))",
        hint: "name another place with --scratch")
    }
    path = FilePath(platformString: template)
  }

  /// Removes the folder; gives back why it could not be.
  private func remove() -> OperatorError? {
    do {
      try FileTreeRemoval.remove(path)
      return nil
    } catch {
      return OperatorError(
        "drill.leftover", .failed,
        "the scratch folder \(path) could not be removed, and holds what was restored: \(error)",
        hint: "remove it by hand: nothing in it is encrypted")
    }
  }
}
