internal import Vocabulary

/// As whom the SQL of a backup is run and its tables are read.
///
/// A dump is a program: its statements, and the triggers, views and functions that they make, run with
/// the rights of whoever restores or reads them. `SET ROLE` and `SET SESSION AUTHORIZATION` do not
/// help, for a statement can take them back: only a login without rights over the server does.
package struct DatabaseLogin: Sendable, Equatable {
  /// The connection string.
  package let conninfo: String
  /// The role that must be set to make things of the owner's; nil where the login is the owner's.
  package let role: String?
  /// The login, where what runs over it may run programs or write files on the server.
  package let powerfulUser: String?

  /// Finds the login with the fewest rights.
  /// - Parameters:
  ///   - conninfo: a login that the operator gave.
  ///   - owner: the role that is to own what is made; nil for the user of `conninfo`.
  /// - Returns: that one where it has no rights over the server, else the owner's where the server
  ///   lets it in and it has none, else that one all the same.
  /// - Throws: what `PostgresConnection` throws.
  package static func leastPowerful(_ conninfo: String, owner: String?) throws -> DatabaseLogin {
    let info = try ConnectionInfo(conninfo)
    let given = try user(info)
    if given.isPowerful, let owner, owner != given.name {
      do {
        let own = info.setting("user", to: owner)
        if try !user(own).isPowerful {
          return DatabaseLogin(conninfo: own.description, role: nil, powerfulUser: nil)
        }
      } catch let error as OperatorError
        where ["postgres.authentication", "postgres.password-asked"].contains(error.code)
      {
        // Peer authentication lets nobody in but the account of the same name.
      }
    }
    return DatabaseLogin(
      conninfo: conninfo, role: owner == given.name ? nil : owner,
      powerfulUser: given.isPowerful ? given.name : nil)
  }

  private static func user(_ info: ConnectionInfo) throws -> (name: String, isPowerful: Bool) {
    let connection = try PostgresConnection(info.trustingNoSearchPath)
    defer { connection.close() }
    let name = try connection.value("SELECT session_user") ?? ""
    return (name, try RoleRights.arePowerful(name, connection) ?? true)
  }
}
