internal import CPostgres
internal import Glibc
internal import Vocabulary

/// One connection to a PostgreSQL server, closed when its owner goes away.
///
/// Every call blocks until the server answers. It is not `Sendable`: one task owns it. Text goes in
/// and out as UTF-8; the server sees `application_name` coffer. It never asks for a password.
@safe package final class PostgresConnection {
  private let handle: OpaquePointer
  private var isOpen = true

  /// Connects.
  /// - Parameter conninfo: a libpq connection string without a password.
  /// - Throws: `OperatorError`: `postgres.unreachable`, `postgres.password-asked`,
  ///   `postgres.authentication`, `postgres.no-database`, `postgres.unavailable`, or what
  ///   `ConnectionInfo` throws.
  package convenience init(conninfo: String) throws {
    try self.init(ConnectionInfo(conninfo))
  }

  /// Connects.
  /// - Parameter info: where to.
  /// - Throws: as `init(conninfo:)`.
  package init(_ info: ConnectionInfo) throws {
    let text = info.setting("application_name", to: "coffer")
      .setting("client_encoding", to: "UTF8").description
    guard let handle = unsafe PQconnectStart(text) else {
      throw OperatorError("postgres.unreachable", .failed, "no memory for a connection")
    }
    unsafe self.handle = handle
    // From here on deinit closes the handle, even if a line below throws.
    try connect(info)
    unsafe PQsetErrorVerbosity(handle, PQERRORS_DEFAULT)
    // Notices would go to standard error, where only the console may write.
    unsafe PQsetNoticeProcessor(handle, { _, _ in }, nil)
  }

  deinit { close() }

  /// Closes the connection now; anything asked of it later throws.
  package func close() {
    guard isOpen else { return }
    isOpen = false
    unsafe PQfinish(handle)
  }

  /// The server's version as a number, for example 150020 for 15.20.
  package var serverVersion: Int {
    guard isOpen else { return 0 }
    return Int(unsafe PQserverVersion(handle))
  }

  /// The server's major version, for example 15.
  package var serverMajor: Int { serverVersion / 10000 }

  /// Asks one question and returns all rows as text, nil for NULL.
  /// - Parameters:
  ///   - sql: one statement, with `$1`… for the parameters.
  ///   - parameters: their values as text.
  /// - Returns: the rows, each with its columns in order.
  /// - Throws: `OperatorError` `postgres.query` with the server's SQLSTATE and first message.
  package func query(_ sql: String, _ parameters: [String?] = []) throws -> [[String?]] {
    try requireOpen()
    let result = unsafe withCStrings(parameters) { values in
      unsafe PQexecParams(handle, sql, Int32(parameters.count), nil, values, nil, nil, 0)
    }
    defer { unsafe PQclear(result) }
    guard
      unsafe PQresultStatus(result) == PGRES_TUPLES_OK
        || PQresultStatus(result) == PGRES_COMMAND_OK
    else { throw unsafe failure(result) }
    let columns = unsafe PQnfields(result)
    return (0..<(unsafe PQntuples(result))).map { row in
      (0..<columns).map { column in
        guard unsafe PQgetisnull(result, row, column) == 0,
          let value = unsafe PQgetvalue(result, row, column)
        else { return nil }
        return unsafe String(cString: value)
      }
    }
  }

  /// Asks for one value, the first column of the first row.
  /// - Parameters:
  ///   - sql: one statement.
  ///   - parameters: the values for `$1`….
  /// - Returns: the value, nil for NULL or no row.
  /// - Throws: as `query`.
  package func value(_ sql: String, _ parameters: [String?] = []) throws -> String? {
    try query(sql, parameters).first?.first ?? nil
  }

  /// Runs one or more statements and drops what they return.
  /// - Parameter sql: the statements.
  /// - Throws: as `query`.
  package func execute(_ sql: String) throws {
    try requireOpen()
    let result = unsafe PQexec(handle, sql)
    defer { unsafe PQclear(result) }
    let status = unsafe PQresultStatus(result)
    guard
      status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY
    else { throw unsafe failure(result) }
  }

  /// Runs a `COPY … TO STDOUT` and lends each row, with its line feed, as it arrives.
  ///
  /// A row is at most 1 GiB, the server's own limit. Where `row` throws, the copy is cancelled, the
  /// connection stays usable, and the error is passed on.
  /// - Parameters:
  ///   - sql: the COPY statement.
  ///   - row: is lent one row at a time.
  /// - Throws: as `query`, or what `row` throws.
  package func copyOut(_ sql: String, each row: (RawSpan) throws -> Void) throws {
    try requireOpen()
    let start = unsafe PQexec(handle, sql)
    let status = unsafe PQresultStatus(start)
    guard status == PGRES_COPY_OUT else {
      defer { unsafe PQclear(start) }
      throw unsafe failure(start)
    }
    unsafe PQclear(start)
    while true {
      var buffer: UnsafeMutablePointer<CChar>?
      let count = unsafe PQgetCopyData(handle, &buffer, 0)
      guard count > 0, let bytes = unsafe buffer else { break }
      defer { unsafe PQfreemem(bytes) }
      do {
        try row(unsafe RawSpan(_unsafeStart: UnsafeRawPointer(bytes), byteCount: Int(count)))
      } catch {
        cancelCopy()
        throw error
      }
    }
    try finishCopy()
  }

  private func finishCopy() throws {
    var trouble: OperatorError?
    while let result = unsafe PQgetResult(handle) {
      if unsafe PQresultStatus(result) != PGRES_COMMAND_OK, trouble == nil {
        trouble = unsafe failure(result)
      }
      unsafe PQclear(result)
    }
    if let trouble { throw trouble }
  }

  private func cancelCopy() {
    if let cancel = unsafe PQgetCancel(handle) {
      var reason = [CChar](repeating: 0, count: 256)
      _ = unsafe PQcancel(cancel, &reason, 256)
      unsafe PQfreeCancel(cancel)
    }
    var buffer: UnsafeMutablePointer<CChar>?
    while unsafe PQgetCopyData(handle, &buffer, 0) > 0 { unsafe PQfreemem(buffer) }
    while let result = unsafe PQgetResult(handle) { unsafe PQclear(result) }
  }

  private func requireOpen() throws {
    guard isOpen else {
      throw OperatorError("postgres.closed", .failed, "the connection is closed")
    }
  }

  /// Only the first message: detail and context may quote rows.
  private func failure(_ result: OpaquePointer?) -> OperatorError {
    func field(_ code: UInt8) -> String? {
      guard let text = unsafe PQresultErrorField(result, Int32(code)) else { return nil }
      return unsafe String(cString: text)
    }
    guard let state = field(UInt8(ascii: "C")) else {
      return OperatorError(
        "postgres.query", .failed,
        "the connection broke: \(unsafe Self.text(PQerrorMessage(handle)))")
    }
    let message = field(UInt8(ascii: "M")) ?? "no message"
    return OperatorError(
      "postgres.query", .failed, "the server refused: \(message) (SQLSTATE \(state))")
  }

  private func withCStrings<R>(
    _ strings: [String?], _ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> R
  ) -> R {
    var pointers: [UnsafePointer<CChar>?] = unsafe []
    for string in strings {
      guard let string else {
        unsafe pointers.append(nil)
        continue
      }
      unsafe pointers.append(UnsafePointer(strdup(string)))
    }
    defer {
      while let pointer = unsafe pointers.popLast() {
        unsafe free(UnsafeMutablePointer(mutating: pointer))
      }
    }
    return unsafe pointers.withUnsafeBufferPointer { unsafe body($0.baseAddress) }
  }

  static func text(_ message: UnsafePointer<CChar>?) -> String {
    guard let message = unsafe message else { return "no message" }
    return unsafe String(cString: message)
  }
}

extension PostgresConnection {
  /// Connects step by step, because only then can the server's SQLSTATE be asked for: its words
  /// are in the server's language, its codes are not.
  private func connect(_ info: ConnectionInfo) throws {
    unsafe PQsetErrorVerbosity(handle, PQERRORS_VERBOSE)
    let clock = ContinuousClock()
    let deadline = clock.now + .seconds(info.connectTimeout)
    var step = PGRES_POLLING_WRITING
    while unsafe PQstatus(handle) != CONNECTION_BAD, step != PGRES_POLLING_OK {
      guard step != PGRES_POLLING_FAILED else { break }
      let events = step == PGRES_POLLING_READING ? POLLIN : POLLOUT
      var descriptor = pollfd(
        fd: unsafe PQsocket(handle), events: Int16(events), revents: 0)
      let left = clock.now.duration(to: deadline)
      let milliseconds =
        left.components.seconds * 1000 + left.components.attoseconds / 1_000_000_000_000_000
      guard milliseconds > 0 else {
        throw OperatorError(
          "postgres.unreachable", .failed,
          "the server did not answer within \(info.connectTimeout) seconds",
          hint: "check host and port in the connection string, and that the server runs")
      }
      _ = unsafe poll(&descriptor, 1, Int32(milliseconds))
      step = unsafe PQconnectPoll(handle)
    }
    guard unsafe PQstatus(handle) != CONNECTION_OK else { return }
    throw ConnectionFailure(
      message: unsafe Self.text(PQerrorMessage(handle)),
      needsPassword: unsafe PQconnectionNeedsPassword(handle) != 0,
      info: info
    ).error
  }
}
