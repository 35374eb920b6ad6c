internal import CPostgres
internal import Vocabulary

/// Where a database is and as whom to reach it: a libpq connection string without a password in it.
///
/// The text may be `keyword=value` pairs or a `postgresql://` address. A password is refused: the
/// text is passed to `pg_dump` as an argument, where every user of the host could read it, and an
/// environment variable or a configuration file would only move it. A `passfile=` may be named.
package struct ConnectionInfo: Sendable, Equatable, CustomStringConvertible {
  private var settings: [String: String]

  /// Reads a connection string.
  /// - Parameter text: what libpq calls a conninfo.
  /// - Throws: `OperatorError` `postgres.conninfo` where libpq cannot read it, or
  ///   `postgres.password-in-conninfo` where it holds a password.
  package init(_ text: String) throws {
    settings = try Self.parse(text)
    guard settings["password"] == nil, settings["sslpassword"] == nil else {
      throw OperatorError(
        "postgres.password-in-conninfo", .usage,
        "the connection string holds a password, which others on this host could read",
        hint: "put the password into a file of mode 0600 and name it with passfile=…, "
          + "or let the server accept peer authentication")
    }
  }

  /// Which database it leads to, with what libpq takes where nothing is said; the same text for two
  /// that lead to the same one, but where a server is called by several names.
  package var destination: String {
    let defaults = Self.defaults
    func value(_ keyword: String) -> String? { settings[keyword] ?? defaults[keyword] }
    var host = settings["hostaddr"] ?? settings["host"] ?? value("hostaddr") ?? value("host") ?? ""
    if Self.ownHost.contains(host) { host = "this host" }
    let name = value("dbname") ?? value("user") ?? ""
    return "database \(name) at \(host), port \(value("port") ?? "5432")"
  }

  private static let ownHost: Set = [
    "", "localhost", "127.0.0.1", "::1", "/run/postgresql", "/var/run/postgresql",
  ]

  /// The database it names, where it names one.
  package var database: String? { settings["dbname"] }

  /// The user it names, where it names one.
  package var user: String? { settings["user"] }

  /// Seconds to wait for a connection; 10 where nothing else is said.
  package var connectTimeout: Int {
    guard let text = settings["connect_timeout"], let seconds = Int(text), seconds > 0 else {
      return 10
    }
    return max(seconds, 2)
  }

  /// The same server and user with another database.
  /// - Parameter database: the database's name.
  /// - Returns: the changed copy.
  package func naming(database: String) -> ConnectionInfo {
    setting("dbname", to: database)
  }

  /// The normal form, safe to pass as one argument: `keyword='value'` pairs in alphabetic order.
  package var description: String {
    settings.sorted { $0.key < $1.key }
      .map { keyword, value in
        let escaped = value.flatMap { $0 == "'" || $0 == "\\" ? ["\\", $0] : [$0] }
        return "\(keyword)='\(String(escaped))'"
      }
      .joined(separator: " ")
  }

  /// The same for a session to which the database's own settings say nothing of where functions and
  /// operators are found.
  ///
  /// Whoever may write to a database may set its search path, and put his own `=` there.
  var trustingNoSearchPath: ConnectionInfo {
    let earlier = settings["options"].map { "\($0) " } ?? ""
    return setting("options", to: earlier + "-c search_path=pg_catalog")
  }

  /// A copy with one keyword changed.
  func setting(_ keyword: String, to value: String) -> ConnectionInfo {
    var copy = self
    copy.settings[keyword] = value
    return copy
  }

  private static func parse(_ text: String) throws -> [String: String] {
    var trouble: UnsafeMutablePointer<CChar>?
    let options = unsafe PQconninfoParse(text, &trouble)
    defer {
      unsafe PQfreemem(trouble)
      unsafe PQconninfoFree(options)
    }
    guard let options = unsafe options else {
      // libpq's message may quote the text, and with it a password: it is not passed on.
      throw OperatorError(
        "postgres.conninfo", .usage, "the connection string cannot be read",
        hint: "write keyword=value pairs, for example \"host=/run/postgresql dbname=synapse\"")
    }
    return unsafe values(options)
  }

  /// What libpq takes from the environment, or has built in.
  private static var defaults: [String: String] {
    let options = unsafe PQconndefaults()
    defer { unsafe PQconninfoFree(options) }
    guard let options = unsafe options else { return [:] }
    return unsafe values(options)
  }

  private static func values(_ options: UnsafeMutablePointer<PQconninfoOption>) -> [String: String]
  {
    var found: [String: String] = [:]
    var option = unsafe options
    while let keyword = unsafe option.pointee.keyword {
      if let value = unsafe option.pointee.val {
        found[unsafe String(cString: keyword)] = unsafe String(cString: value)
      }
      unsafe option += 1
    }
    return found
  }
}
