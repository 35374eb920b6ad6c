"""The bridges' databases, configurations and registrations. The bridges themselves do not run: only what they keep matters."""

import json
import secrets
from pathlib import Path
from typing import Any

from . import bridge_tables, cluster
from .bridge_rows import Neighbourhood, Table
from .layout import BRIDGES, SERVER_NAME, bridge_database
from .record import Record
from .synapse import write_secret

SCHEMAS = Path(__file__).with_name("schemas")
ADDED_ROWS = 25
CHANGED_SECRETS = {
    "signal": "UPDATE signalmeow_sessions SET record = %s WHERE ctid IN (SELECT ctid FROM signalmeow_sessions LIMIT 10)",
    "whatsapp": "UPDATE whatsmeow_sessions SET session = %s WHERE ctid IN (SELECT ctid FROM whatsmeow_sessions LIMIT 10)",
    "slack": "UPDATE crypto_account SET account = %s",
    "discord": "UPDATE crypto_account SET account = %s",
}


def bot(bridge: str) -> str:
    """The Matrix user that a bridge speaks as."""
    return f"@{bridge}bot:{SERVER_NAME}"


def write_configurations(record: Record) -> dict[str, str]:
    """config.yaml and registration.yaml of every bridge; gives the appservice tokens."""
    tokens = {}
    for name in BRIDGES:
        place = record.layout.bridge(name)
        place.mkdir(parents=True)
        tokens[name], server_token = secrets.token_urlsafe(48), secrets.token_urlsafe(48)
        write_secret(place / "registration.yaml", registration_text(name, tokens[name], server_token))
        text = discord_text if name == "discord" else bridgev2_text
        write_secret(place / "config.yaml", text(record, name, tokens[name], server_token))
    return tokens


def registration_text(name: str, token: str, server_token: str) -> str:
    """What Synapse reads; no url, so Synapse sends nothing to a bridge that is not there."""
    server = SERVER_NAME.replace(".", "\\\\.")
    return f"""id: {name}
url: null
as_token: {token}
hs_token: {server_token}
sender_localpart: {secrets.token_hex(16)}
rate_limited: false
namespaces:
    users:
        - regex: "^@{name}bot:{server}$"
          exclusive: true
        - regex: "^@{name}_.*:{server}$"
          exclusive: true
de.sorunome.msc2409.push_ephemeral: true
receive_ephemeral: true
"""


def database_uri(record: Record, name: str) -> str:
    """The connection in the form that the bridges take."""
    database = bridge_database(name)
    return json.dumps(f"postgres://{database}@/{database}?host={record.socket_dir}&sslmode=disable")


def bridgev2_text(record: Record, name: str, token: str, server_token: str) -> str:
    """config.yaml of the newer bridges."""
    return f"""bridge:
    command_prefix: "!{name}"
    permissions:
        "{SERVER_NAME}": user
        "@admin:{SERVER_NAME}": admin
database:
    type: postgres
    uri: {database_uri(record, name)}
homeserver:
    address: {record.synapse_url}
    domain: {SERVER_NAME}
appservice:
    address: null
    hostname: 127.0.0.1
    id: {name}
    bot:
        username: {name}bot
        displayname: {name.capitalize()} bridge bot
    as_token: {token}
    hs_token: {server_token}
    username_template: {name}_{{{{.}}}}
provisioning:
    shared_secret: {secrets.token_urlsafe(48)}
double_puppet:
    secrets: {{}}
encryption:
    allow: true
    default: true
    require: true
    pickle_key: {secrets.token_urlsafe(48)}
    self_sign: true
logging:
    min_level: info
"""


def discord_text(record: Record, name: str, token: str, server_token: str) -> str:
    """config.yaml of the old generation: the database under appservice, encryption under bridge, no pickle key."""
    return f"""homeserver:
    address: {record.synapse_url}
    domain: {SERVER_NAME}
appservice:
    address: null
    hostname: 127.0.0.1
    database:
        type: postgres
        uri: {database_uri(record, name)}
    id: {name}
    bot:
        username: {name}bot
    as_token: {token}
    hs_token: {server_token}
bridge:
    username_template: {name}_{{{{.}}}}
    permissions:
        "{SERVER_NAME}": user
        "@admin:{SERVER_NAME}": admin
    encryption:
        allow: true
        default: true
        require: true
    provisioning:
        shared_secret: {secrets.token_urlsafe(48)}
logging:
    min_level: info
"""


def fill(record: Record, near: Neighbourhood) -> None:
    """Make a bridge's tables as its own role, and fill them."""
    schemas = ["matrix", near.bridge] if near.bridge == "discord" else ["matrix", "bridgev2", near.bridge]
    database = bridge_database(near.bridge)
    connection = cluster.connect(record, database, database)
    try:
        with connection.cursor() as cursor:
            cursor.execute("\n".join((SCHEMAS / f"{schema}.sql").read_text() for schema in schemas))
            for table in bridge_tables.tables(near):
                insert(cursor, table)
    finally:
        connection.close()


def insert(cursor: Any, table: Table, first: int = 0) -> None:
    """Put a table's rows into the database."""
    from psycopg2.extras import execute_values

    columns = ", ".join(f'"{column}"' for column in table.columns)
    execute_values(cursor, f'INSERT INTO "{table.name}" ({columns}) VALUES %s', table.rows(first), page_size=500)


def go_on(record: Record, bridge: str) -> None:
    """A bridge's next hours: messages added, a ratchet moved on, one old row gone."""
    database = bridge_database(bridge)
    connection = cluster.connect(record, database, database)
    try:
        with connection.cursor() as cursor:
            near, first = neighbourhood_of(cursor, bridge)
            insert(cursor, bridge_tables.messages(near, ADDED_ROWS), first)
            cursor.execute(CHANGED_SECRETS[bridge], (secrets.token_bytes(1200),))
            cursor.execute("DELETE FROM crypto_message_index WHERE ctid IN (SELECT ctid FROM crypto_message_index LIMIT 1)")
    finally:
        connection.close()


def neighbourhood_of(cursor: Any, bridge: str) -> tuple[Neighbourhood, int]:
    """What a bridge's database itself says about its contacts, and the number of its next message."""
    people = "puppet" if bridge == "discord" else "ghost"
    cursor.execute(f"SELECT id FROM {people} ORDER BY id")
    contacts = [row[0] for row in cursor.fetchall()]
    cursor.execute("SELECT count(*) FROM message")
    return Neighbourhood(bridge, bot(bridge), "", "", [], 0, contacts), cursor.fetchone()[0]


def digests(record: Record, bridge: str) -> dict[str, dict[str, Any]]:
    """Rows and a digest of the ordered rows, for each table."""
    database = bridge_database(bridge)
    names = cluster.query(record, database, "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    parts = [
        f"SELECT '{name}', count(*), md5(coalesce(string_agg(md5(t::text), '' ORDER BY md5(t::text)), '')) FROM \"{name}\" t"
        for (name,) in names
    ]
    if not parts:
        return {}
    rows = cluster.query(record, database, " UNION ALL ".join(parts))
    return {name: {"rows": count, "md5": digest} for name, count, digest in sorted(rows)}


def owners(record: Record, bridge: str) -> set[str]:
    """Who owns a bridge's database and tables."""
    database = bridge_database(bridge)
    rows = cluster.query(
        record,
        database,
        """
        SELECT tableowner FROM pg_tables WHERE schemaname = 'public'
        UNION SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()""",
    )
    return {row[0] for row in rows}
