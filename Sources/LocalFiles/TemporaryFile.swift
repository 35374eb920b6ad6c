import Glibc
import SystemPackage

/// A synced file that still has its temporary name.
struct TemporaryFile {
  let temporary: FilePath
  let final: FilePath

  /// Gives the file its own name; it is gone where that cannot be done.
  func publish(taken: DurableFile.Taken) throws {
    do {
      switch taken {
      case .replace: try rename()
      case .refuse: try link()
      }
    } catch {
      discard()
      throw error
    }
  }

  private func rename() throws {
    unsafe try bothNames { unsafe Glibc.rename($0, $1) }
  }

  /// A hard link, unlike a rename, fails where the name is taken.
  private func link() throws {
    do {
      unsafe try bothNames { unsafe Glibc.link($0, $1) }
      discard()
    } catch Errno.notPermitted, Errno.notSupported {
      // File systems of removable media know no links; one writer holds the lock.
      guard unsafe final.withPlatformString({ unsafe access($0, F_OK) }) != 0 else {
        throw Errno.fileExists
      }
      try rename()
    }
  }

  private func bothNames(
    _ call: (UnsafePointer<CChar>, UnsafePointer<CChar>) -> Int32
  ) throws {
    let result = unsafe temporary.withPlatformString { old in
      unsafe final.withPlatformString { new in unsafe call(old, new) }
    }
    guard result == 0 else { throw Errno(rawValue: errno) }
  }

  /// Removes the file.
  func discard() {
    _ = unsafe temporary.withPlatformString { unsafe unlink($0) }
  }
}
